//! What a node answers to other nodes besides pictures: the purge log, and what they must know to serve.
//!
//! A node without the control role relays both to the tier above, so that an edge needs to reach nobody but its own
//! upstream.

use std::sync::Arc;

use api_types::node::{
    COUNT_PATH, FOLLOW_PATH, PURGES_PATH, PurgeOrder, READY_PATH, SNAPSHOT_PATH, WHY_PATH,
};
use api_types::why::WhyQuestion;
use api_types::{CountQuestion, FollowRequest, Problem};
use bus::FeedError;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};

use crate::body::EdgeBody;
use crate::count;
use crate::problem;
use crate::serve::Edge;
use crate::why;

pub async fn answer(edge: &Arc<Edge>, request: &Request<Bytes>, is_node: bool) -> Response<EdgeBody> {
    // To anyone else, these addresses do not exist.
    if !is_node {
        return refuse(404, "not-found", "there is nothing here");
    }
    match (request.method(), request.uri().path()) {
        (&Method::POST, FOLLOW_PATH) => follow(edge, request.body()).await,
        (&Method::POST, PURGES_PATH) => purge(edge, request.body()).await,
        (&Method::POST, WHY_PATH) => why(edge, request.body()).await,
        (&Method::POST, COUNT_PATH) => count(edge, request.body()).await,
        (&Method::GET, SNAPSHOT_PATH) => match edge.serving.get() {
            Some(serving) => json(serde_json::to_vec(&serving.snapshot)),
            None => problem::answer(&problem::starting(), 0),
        },
        (&Method::GET, READY_PATH) => match readiness(edge) {
            Ok(()) => json(serde_json::to_vec(&edge.name)),
            Err(why) => refuse(503, "not-ready", &why),
        },
        _ => refuse(404, "not-found", "the node protocol has no such address"),
    }
}

/// Whether this node may answer unasked, and knows what; else why not.
pub fn readiness(edge: &Edge) -> Result<(), String> {
    let mut reasons = Vec::new();
    if edge.serving.get().is_none() {
        reasons.push("it has not been told yet what to serve");
    }
    if edge.view.log().is_none() {
        reasons.push("it has not heard from the purge log");
    } else if edge.view.lease_remaining() == 0 {
        reasons.push("its lease has ended: it cannot reach the purge log");
    }
    if reasons.is_empty() { Ok(()) } else { Err(reasons.join("; ")) }
}

async fn follow(edge: &Arc<Edge>, body: &Bytes) -> Response<EdgeBody> {
    let question: FollowRequest = match serde_json::from_slice(body) {
        Ok(question) => question,
        Err(error) => return refuse(400, "malformed", &format!("not a question for the log: {error}")),
    };
    match edge.feed.ask(&question).await {
        Ok(answer) => json(serde_json::to_vec(&answer)),
        Err(FeedError::DeclaredGone) => refuse(410, "declared-gone", &FeedError::DeclaredGone.to_string()),
        Err(FeedError::Refused(why)) => refuse(403, "refused", &why),
        Err(error) => refuse(503, "log-unreachable", &error.to_string()),
    }
}

async fn purge(edge: &Arc<Edge>, body: &Bytes) -> Response<EdgeBody> {
    let order: PurgeOrder = match serde_json::from_slice(body) {
        Ok(order) => order,
        Err(error) => return refuse(400, "malformed", &format!("not a purge: {error}")),
    };
    match edge.purge_door.purge(&order.request, &order.cause).await {
        Ok(view) => json(serde_json::to_vec(&view)),
        Err(problem) => problem::answer(&problem, 0),
    }
}

async fn why(edge: &Arc<Edge>, body: &Bytes) -> Response<EdgeBody> {
    let question: WhyQuestion = match serde_json::from_slice(body) {
        Ok(question) => question,
        Err(error) => return refuse(400, "malformed", &format!("not a question: {error}")),
    };
    match why::explain(edge, &question).await {
        Ok(explanation) => json(serde_json::to_vec(&explanation)),
        Err(problem) => problem::answer(&problem, 0),
    }
}

async fn count(edge: &Arc<Edge>, body: &Bytes) -> Response<EdgeBody> {
    let question: CountQuestion = match serde_json::from_slice(body) {
        Ok(question) => question,
        Err(error) => return refuse(400, "malformed", &format!("not a question: {error}")),
    };
    match count::count(edge, question).await {
        Ok(count) => json(serde_json::to_vec(&count)),
        Err(error) => refuse(400, "malformed", &error.to_string()),
    }
}

fn json(body: serde_json::Result<Vec<u8>>) -> Response<EdgeBody> {
    match body {
        Ok(body) => {
            let mut response = Response::new(EdgeBody::from(Bytes::from(body)));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => refuse(500, "internal", &error.to_string()),
    }
}

fn refuse(status: u16, slug: &str, detail: &str) -> Response<EdgeBody> {
    problem::answer(&Problem::new(status, slug, "Node protocol", detail), 0)
}
