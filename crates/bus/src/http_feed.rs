//! The log from the tier above, over HTTP: through one of the nodes there, and through the next when that one fails.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api_types::node::{FOLLOW_PATH, NODE_KEY, PURGES_PATH, PurgeOrder, SNAPSHOT_PATH};
use api_types::{FollowAnswer, FollowRequest, Problem, PurgeView};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
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
        self.call(Method::GET, SNAPSHOT_PATH, Bytes::new(), Duration::ZERO).await
    }

    /// Hands a purge on towards the control plane; it says itself what is wrong with one.
    pub async fn purge(&self, order: &PurgeOrder) -> Result<PurgeView, Problem> {
        let unreachable = |why: String| {
            Problem::new(503, "control-unreachable", "The control plane cannot be reached", why)
        };
        let body = serde_json::to_vec(order).map_err(|error| unreachable(error.to_string()))?;
        let answered = self.send(Method::POST, PURGES_PATH, body.into(), Duration::ZERO).await;
        let (turn, status, body) = answered.map_err(|error| unreachable(error.to_string()))?;
        if status == StatusCode::OK {
            let view = serde_json::from_slice(&body).map_err(|error| unreachable(error.to_string()))?;
            turn.keep();
            return Ok(view);
        }
        if status.is_client_error() {
            // The purge is at fault, not the node that says so.
            turn.keep();
        }
        Err(serde_json::from_slice(&body).unwrap_or_else(|_| unreachable(format!("it answered {status}"))))
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        held_open: Duration,
    ) -> Result<T, FeedError> {
        let (turn, status, body) = self.send(method, path, body, held_open).await?;
        match status {
            StatusCode::OK => {
                let answer =
                    serde_json::from_slice(&body).map_err(|error| FeedError::Nonsense(error.to_string()))?;
                turn.keep();
                Ok(answer)
            }
            // An answer like any other: whoever gives it relays what the authority says.
            StatusCode::GONE => {
                turn.keep();
                Err(FeedError::DeclaredGone)
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                Err(FeedError::Refused(format!("{status}; do both know the same cluster secret?")))
            }
            _ => Err(FeedError::Unreachable(format!("it answered {status}"))),
        }
    }

    /// Whatever the node answers whose turn it is.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        held_open: Duration,
    ) -> Result<(Turn<'_>, StatusCode, Bytes), FeedError> {
        let turn = Turn::take(self);
        let none = || FeedError::Unreachable("no node above is known".to_owned());
        let upstream = self.upstreams.get(turn.taken % self.upstreams.len().max(1)).ok_or_else(none)?;
        let (status, body) = self.ask_one(upstream, method, path, body, held_open).await?;
        Ok((turn, status, body))
    }

    async fn ask_one(
        &self,
        upstream: &Url,
        method: Method,
        path: &str,
        body: Bytes,
        held_open: Duration,
    ) -> Result<(StatusCode, Bytes), FeedError> {
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
        Ok((status, body))
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
            self.call(Method::POST, FOLLOW_PATH, body.into(), held_open).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A server that says this to everything, or nothing at all.
    async fn server(says: Option<&'static str>) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = [0; 4096];
                let _ = stream.read(&mut asked).await;
                if let Some(body) = says {
                    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ";
                    let answer = format!("{head}{}\r\n\r\n{body}", body.len());
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
                held.push(stream);
            }
        });
        format!("http://{address}").parse().unwrap()
    }

    async fn ask(feed: &HttpFeed) -> Result<String, FeedError> {
        feed.call(Method::GET, "/", Bytes::new(), Duration::ZERO).await
    }

    #[tokio::test]
    async fn one_node_is_asked_until_it_fails_and_then_the_next() {
        let gone = {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            format!("http://{}", listener.local_addr().unwrap()).parse().unwrap()
        };
        let (hangs, babbles) = (server(None).await, server(Some("nonsense")).await);
        let (one, other) = (server(Some("\"one\"")).await, server(Some("\"other\"")).await);
        let feed = HttpFeed::new(origin::Client::new(), vec![one, other, gone, hangs, babbles], None);
        let answer = async || ask(&feed).await;
        for _ in 0..3 {
            assert_eq!(answer().await.unwrap(), "one");
        }
        // As if that had failed.
        drop(Turn::take(&feed));
        assert_eq!(answer().await.unwrap(), "other");
        drop(Turn::take(&feed));
        assert!(matches!(answer().await, Err(FeedError::Unreachable(_))));
        let given_up = tokio::time::timeout(Duration::from_millis(50), answer()).await;
        given_up.expect_err("it hangs");
        assert!(matches!(answer().await, Err(FeedError::Nonsense(_))));
        assert_eq!(answer().await.unwrap(), "one", "and so round");
    }

    #[tokio::test]
    async fn two_questions_that_fail_together_move_on_by_one() {
        let (one, other) = (server(None).await, server(Some("\"other\"")).await);
        let feed = HttpFeed::new(origin::Client::new(), vec![one, other], None);
        let (first, second) = (Turn::take(&feed), Turn::take(&feed));
        drop((first, second));
        assert_eq!(ask(&feed).await.unwrap(), "other");
    }
}
