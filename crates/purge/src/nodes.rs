//! Asks nodes what only they know.

use std::sync::Arc;
use std::time::Duration;

use api_types::node::NODE_KEY;
use api_types::{NodeView, Problem};
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use origin::FetchLimits;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::authority::Authority;

const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// A question of the node protocol: where it is asked, and for how long an answer is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a, Q> {
    pub path: &'static str,
    pub body: &'a Q,
    pub patience: Duration,
}

/// All nodes that the authority knows.
#[derive(Clone)]
pub struct Nodes {
    pub authority: Arc<Authority>,
    pub client: origin::Client,
    /// What nodes show each other.
    pub secret: Option<String>,
}

impl Nodes {
    /// Each node's answer, or why there is none.
    pub async fn ask_all<Q: Serialize, A: DeserializeOwned>(
        &self,
        question: Question<'_, Q>,
    ) -> Vec<(String, Result<A, String>)> {
        let nodes = self.authority.nodes().nodes;
        let asked = nodes.iter().map(|node| self.ask(node, &question));
        let answers: Vec<Result<A, String>> = join_all(asked).await;
        nodes.into_iter().map(|node| node.name).zip(answers).collect()
    }

    async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        node: &NodeView,
        question: &Question<'_, Q>,
    ) -> Result<A, String> {
        if node.lease_millis == 0 {
            return Err("it has not been heard of lately".to_owned());
        }
        let address = node.delivery.as_deref().ok_or("it serves no clients")?;
        let address: Url = address.parse().map_err(|error| format!("{address:?} is no URL: {error}"))?;
        let body = serde_json::to_vec(question.body).map_err(|error| error.to_string())?;
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(question.path)
            .header(header::HOST, address.authority())
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(secret) = &self.secret {
            request = request.header(NODE_KEY, secret);
        }
        let request = request.body(Bytes::from(body)).map_err(|error| error.to_string())?;
        let limits = FetchLimits {
            connect: question.patience,
            first_byte: question.patience,
            total: question.patience,
            body_bytes: ANSWER_BYTES_MAX,
            ..FetchLimits::default()
        };
        // The node said itself where it is; the operator let it into the cluster.
        let answer = self.client.forward(&address, true, &limits, request).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        match status {
            StatusCode::OK => serde_json::from_slice(&body).map_err(|error| error.to_string()),
            _ => Err(serde_json::from_slice::<Problem>(&body)
                .map_or_else(|_| format!("it answered {status}"), |problem| problem.detail)),
        }
    }
}
