//! Asks every node why it answers as it does.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use api::Explainer;
use api_types::node::{NODE_KEY, WHY_PATH};
use api_types::why::{Explanation, NodeWhy, WhyList, WhyQuestion};
use api_types::{NodeView, Problem};
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use origin::FetchLimits;
use purge::Purges;
use url::Url;

const PATIENCE: Duration = Duration::from_secs(3);
const ANSWER_BYTES_MAX: u64 = 1 << 20;

pub struct AllNodes {
    pub purges: Arc<Purges>,
    pub client: origin::Client,
    pub secret: Option<String>,
}

impl AllNodes {
    async fn ask(&self, node: &NodeView, question: &WhyQuestion) -> Result<Explanation, String> {
        if node.lease_millis == 0 {
            return Err("it has not been heard of lately".to_owned());
        }
        let address = node.delivery.as_deref().ok_or("it serves no clients")?;
        let address: Url = address.parse().map_err(|error| format!("{address:?} is no URL: {error}"))?;
        let body = serde_json::to_vec(question).map_err(|error| error.to_string())?;
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(WHY_PATH)
            .header(header::HOST, address.authority())
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(secret) = &self.secret {
            request = request.header(NODE_KEY, secret);
        }
        let request = request.body(Bytes::from(body)).map_err(|error| error.to_string())?;
        let limits = FetchLimits {
            connect: PATIENCE,
            first_byte: PATIENCE,
            total: PATIENCE,
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

impl Explainer for AllNodes {
    fn explain<'a>(
        &'a self,
        url: &'a Url,
        question: &'a WhyQuestion,
    ) -> Pin<Box<dyn Future<Output = WhyList> + Send + 'a>> {
        Box::pin(async move {
            let nodes = self.purges.nodes().nodes;
            let asked = nodes.iter().map(|node| async move {
                match self.ask(node, question).await {
                    Ok(explanation) => NodeWhy::Explained(Box::new(explanation)),
                    Err(why) => NodeWhy::Unknown { node: node.name.clone(), why },
                }
            });
            WhyList { url: url.to_string(), nodes: join_all(asked).await }
        })
    }
}
