//! The log from the tier above, over HTTP.

use std::future::Future;
use std::pin::Pin;

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

pub struct HttpFeed {
    client: origin::Client,
    upstream: Url,
    /// The cluster's secret; a tier above on the same machine may take us without one.
    secret: Option<String>,
}

impl HttpFeed {
    pub fn new(client: origin::Client, upstream: Url, secret: Option<String>) -> Self {
        Self { client, upstream, secret }
    }

    /// What this node must know to serve.
    pub async fn snapshot(&self) -> Result<Snapshot, FeedError> {
        let body = self.call(Method::GET, SNAPSHOT_PATH, Bytes::new()).await?;
        serde_json::from_slice(&body).map_err(|error| FeedError::Nonsense(error.to_string()))
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, FeedError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.upstream.authority())
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(secret) = &self.secret {
            request = request.header(NODE_KEY, secret);
        }
        let request = request.body(body).map_err(|error| FeedError::Refused(error.to_string()))?;
        let limits = origin::FetchLimits { body_bytes: ANSWER_BYTES_MAX, ..Default::default() };
        // The operator named this address, so it may be anywhere.
        let answer = self.client.forward(&self.upstream, true, &limits, request).await;
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

impl Feed for HttpFeed {
    fn ask<'a>(
        &'a self,
        request: &'a FollowRequest,
    ) -> Pin<Box<dyn Future<Output = Result<FollowAnswer, FeedError>> + Send + 'a>> {
        Box::pin(async move {
            let body = serde_json::to_vec(request).map_err(|error| FeedError::Nonsense(error.to_string()))?;
            let body = self.call(Method::POST, FOLLOW_PATH, body.into()).await?;
            serde_json::from_slice(&body).map_err(|error| FeedError::Nonsense(error.to_string()))
        })
    }
}
