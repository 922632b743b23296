//! The log from the tier above, over HTTP: through one of the nodes there, and through the next when that one fails.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api_types::node::{FOLLOW_PATH, NODE_KEY, SNAPSHOT_PATH};
use api_types::{FollowAnswer, FollowRequest};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use snapshot::Snapshot;
use url::Url;

use crate::feed::{Feed, FeedError};

/// A batch has at most 1,000 records of a few tags; anything near this is not an authority's answer.
const ANSWER_BYTES_MAX: u64 = 16 << 20;

/// Asks through one node at a time. Each of them passes the question on to the authority, so that through whichever of
/// them an answer comes, it is the authority's.
pub struct HttpFeed {
    client: origin::Client,
    /// At least one.
    upstreams: Vec<Url>,
    /// Counts the failures; the node that is asked is this one, modulo their number.
    turn: AtomicUsize,
    /// The cluster's secret; a tier above on the same machine may take us without one.
    secret: Option<String>,
}

impl HttpFeed {
    pub fn new(client: origin::Client, upstreams: Vec<Url>, secret: Option<String>) -> Self {
        Self { client, upstreams, turn: AtomicUsize::new(0), secret }
    }

    /// What this node must know to serve.
    pub async fn snapshot(&self) -> Result<Snapshot, FeedError> {
        let body = self.call(Method::GET, SNAPSHOT_PATH, Bytes::new(), Duration::ZERO).await?;
        serde_json::from_slice(&body).map_err(|error| FeedError::Nonsense(error.to_string()))
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        held_open: Duration,
    ) -> Result<Bytes, FeedError> {
        let turn = Turn::take(self);
        let none = || FeedError::Unreachable("no node above is known".to_owned());
        let upstream = self.upstreams.get(turn.taken % self.upstreams.len().max(1)).ok_or_else(none)?;
        let answer = self.ask_one(upstream, method, path, body, held_open).await?;
        turn.keep();
        Ok(answer)
    }

    async fn ask_one(
        &self,
        upstream: &Url,
        method: Method,
        path: &str,
        body: Bytes,
        held_open: Duration,
    ) -> Result<Bytes, FeedError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, upstream.authority())
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(secret) = &self.secret {
            request = request.header(NODE_KEY, secret);
        }
        let request = request.body(body).map_err(|error| FeedError::Refused(error.to_string()))?;
        let limits = origin::FetchLimits::default();
        let limits = origin::FetchLimits {
            body_bytes: ANSWER_BYTES_MAX,
            first_byte: limits.first_byte + held_open,
            total: limits.total + held_open,
            ..limits
        };
        // The operator named this address, so it may be anywhere.
        let answer = self.client.forward(upstream, true, &limits, request).await;
        let answer = answer.map_err(|error| FeedError::Unreachable(error.to_string()))?;
        let status = answer.status();
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| FeedError::Unreachable(error.to_string()))?.to_bytes();
        match status {
            StatusCode::OK => Ok(body),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                Err(FeedError::Refused(format!("{status}; do both know the same cluster secret?")))
            }
            _ => Err(FeedError::Unreachable(format!("it answered {status}"))),
        }
    }
}

/// The turn of the node that is asked. Dropped without an answer, also because nobody waits for it any more, it is the
/// next node's.
struct Turn<'a> {
    turn: &'a AtomicUsize,
    taken: usize,
    is_kept: bool,
}

impl<'a> Turn<'a> {
    fn take(feed: &'a HttpFeed) -> Self {
        Self { turn: &feed.turn, taken: feed.turn.load(Ordering::Relaxed), is_kept: false }
    }

    fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            // Of two questions that fail together, one moves on.
            let next = self.taken.wrapping_add(1);
            let _ = self.turn.compare_exchange(self.taken, next, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

impl Feed for HttpFeed {
    fn ask<'a>(
        &'a self,
        request: &'a FollowRequest,
    ) -> Pin<Box<dyn Future<Output = Result<FollowAnswer, FeedError>> + Send + 'a>> {
        Box::pin(async move {
            let body = serde_json::to_vec(request).map_err(|error| FeedError::Nonsense(error.to_string()))?;
            let held_open = Duration::from_millis(request.wait_millis);
            let body = self.call(Method::POST, FOLLOW_PATH, body.into(), held_open).await?;
            serde_json::from_slice(&body).map_err(|error| FeedError::Nonsense(error.to_string()))
        })
    }
}
