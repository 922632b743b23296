//! Metrics and probes, for those who look after a node.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};

/// prometheus-client writes OpenMetrics.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone)]
pub struct Operations {
    /// All metrics of this moment, as OpenMetrics text.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Whether this node should be sent requests; if not, why.
    pub ready: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
}

pub fn routes(operations: Operations) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .with_state(operations)
}

async fn metrics(State(operations): State<Operations>) -> Response {
    ([(header::CONTENT_TYPE, METRICS_TYPE)], (operations.metrics)()).into_response()
}

async fn readyz(State(operations): State<Operations>) -> Response {
    match (operations.ready)() {
        Ok(()) => "ready\n".into_response(),
        Err(reasons) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reasons}\n")).into_response(),
    }
}
