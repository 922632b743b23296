//! The management API, on the control listener.
//!
//! [`router`] serves it together with the console's pages; [`operations_router`] is all that a node without the control
//! role shows. Everything under `/v1` asks for the API token; metrics and probes ask for nothing.

mod authorization;
mod body;
mod erasures;
mod host;
mod idempotency;
mod list;
mod nodes;
mod operations;
pub mod problem;
mod purges;
mod token;
mod watch;
mod why;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get};
use http::{HeaderValue, header};
use purge::Purges;

pub use body::{BODY_BYTES_MAX, BodyError, read_body};
pub use host::HostRule;
pub use operations::Operations;
pub use token::ApiToken;
pub use watch::{WatchError, Watches};
pub use why::Explainer;

/// What the control listener serves from.
pub struct Control {
    pub purges: Arc<Purges>,
    pub token: ApiToken,
    pub operations: Operations,
    pub hosts: HostRule,
    pub explainer: Arc<dyn Explainer>,
}

/// The whole control listener: the API, metrics and probes, and `pages` beside them.
pub fn router(control: Control, pages: Router) -> Router {
    let Control { purges, token, operations, hosts, explainer } = control;
    let state = purges::PurgeApi { watches: Watches::new(Arc::clone(&purges)), purges };
    let v1 = Router::new()
        .route("/purges", get(purges::list).post(purges::accept))
        .route("/purges/{id}", get(purges::show))
        .route("/purges/{id}/events", get(purges::events))
        .route("/erasures", get(erasures::list))
        .route("/erasures/{*original}", get(erasures::show).delete(erasures::lift))
        .route("/audit", get(erasures::audit))
        .route("/nodes", get(nodes::list))
        .route("/nodes/{name}", delete(nodes::forget))
        .with_state(state)
        .merge(Router::new().route("/why", get(why::explain)).with_state(explainer))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(middleware::from_fn_with_state(token, authorization::require));
    let all = Router::new().nest("/v1", v1).merge(operations::routes(operations)).merge(pages);
    guarded(all, hosts)
}

/// Metrics and probes of a node without the control role.
pub fn operations_router(operations: Operations, hosts: HostRule) -> Router {
    guarded(operations::routes(operations), hosts)
}

fn guarded(routes: Router, hosts: HostRule) -> Router {
    routes
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(middleware::from_fn_with_state(hosts, host::require))
        .layer(middleware::from_fn(unless_said_otherwise))
}

/// Nothing here is for a cache, and every answer is what its type says.
async fn unless_said_otherwise(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    response
}
