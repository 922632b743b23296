//! `GET /v1/nodes`: who follows the purge log, how far, and for how long each may still answer unasked.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use crate::problem::json;
use crate::purges::PurgeApi;

pub async fn list(State(api): State<PurgeApi>) -> Response {
    json(StatusCode::OK, &api.purges.nodes())
}
