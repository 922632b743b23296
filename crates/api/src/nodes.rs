//! `/v1/nodes`: who follows the purge log, how far, for how long each may still answer unasked; and who is gone for good.

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;

use crate::problem::{Refused, json};
use crate::purges::PurgeApi;

pub async fn list(State(api): State<PurgeApi>) -> Response {
    json(StatusCode::OK, &api.purges.nodes())
}

/// Declares a node gone: the answer is the nodes that are left.
pub async fn forget(State(api): State<PurgeApi>, Path(name): Path<String>) -> Result<Response, Refused> {
    Ok(json(StatusCode::OK, &api.purges.forget_node(&name, "api").await?))
}
