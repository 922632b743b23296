//! The management API, on the control listener.
//!
//! [`router`] serves it together with the console's pages; [`operations_router`] is all that a node without the control
//! role shows. Everything under `/v1` asks for the API token or a key, or for a signature where events are told; metrics and
//! probes ask for nothing.

mod authorization;
mod body;
mod bucket_events;
mod civil;
mod document;
mod erasures;
pub mod faces;
mod host;
mod idempotency;
mod jwt;
mod key_set;
mod keys;
mod list;
mod nodes;
mod operations;
mod presets;
mod principal;
pub mod problem;
mod purges;
pub mod receipts;
mod sender;
mod sns;
mod token;
mod verify;
mod watch;
mod why;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, post};
use http::{HeaderValue, header};
use purge::{Estimator, Purges};

use bucket_events::EventApi;
use presets::PresetApi;

pub use authorization::Guests;
pub use body::{BODY_BYTES_MAX, BodyError, read_body};
pub use bucket_events::BucketSource;
pub use civil::civil;
pub use host::HostRule;
pub use jwt::{ALGORITHMS as JWT_ALGORITHMS, Granted, Issuers, JwtSettings};
pub use key_set::JwtKeys;
pub use operations::Operations;
pub use receipts::ReceiptKey;
pub use sender::{SenderSettings, Senders, Signs};
pub use sns::{NotATopic, TopicArn};
pub use token::ApiToken;
pub use verify::{Examiner, Verified};
pub use watch::{WatchError, Watches};
pub use why::Explainer;

/// What the control listener serves from.
pub struct Control {
    pub purges: Arc<Purges>,
    pub estimator: Arc<Estimator>,
    pub guests: Guests,
    /// Whose objects concern us, for those who tell of changes in buckets.
    pub buckets: Vec<BucketSource>,
    /// Who of them needs no key.
    pub senders: Senders,
    pub receipt_key: Arc<ReceiptKey>,
    pub operations: Operations,
    pub hosts: HostRule,
    pub explainer: Arc<dyn Explainer>,
    pub examiner: Arc<dyn Examiner>,
}

/// The whole control listener: the API, metrics and probes, and `pages` beside them.
pub fn router(control: Control, pages: Router) -> Router {
    let Control {
        purges,
        estimator,
        guests,
        buckets,
        senders,
        receipt_key,
        operations,
        hosts,
        explainer,
        examiner,
    } = control;
    let keys = guests.keys.clone();
    let presets = PresetApi { purges: Arc::clone(&purges), tenants: keys.tenants.clone() };
    let watches = Watches::new(Arc::clone(&purges));
    let state = purges::PurgeApi { watches, purges, estimator, receipt_key };
    let events = EventApi {
        purges: state.clone(),
        guests: guests.clone(),
        senders: Arc::new(senders),
        buckets: Arc::new(buckets),
    };
    let for_the_owner = Router::new()
        .route("/erasures", get(erasures::list))
        .route("/audit", get(erasures::audit))
        .route("/nodes", get(nodes::list))
        .route("/nodes/{name}", delete(nodes::forget))
        .with_state(state.clone())
        .merge(
            Router::new()
                .route("/keys", get(keys::list).post(keys::create))
                .route("/keys/{name}", delete(keys::revoke))
                .with_state(keys),
        )
        .merge(Router::new().route("/why", get(why::explain)).with_state(explainer))
        .merge(Router::new().route("/verify", post(verify::verify)).with_state(examiner))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .route_layer(middleware::from_fn(authorization::require_owner));
    let v1 = Router::new()
        .route("/purges", get(purges::list).post(purges::accept))
        .route("/purges/events", get(purges::all_events))
        .route("/purges/{id}", get(purges::show).delete(purges::cancel))
        .route("/purges/{id}/events", get(purges::events))
        .route("/purges/{id}/retry", post(purges::retry))
        .route("/purges/{id}/receipt", get(purges::receipt))
        .route("/erasures/{*original}", get(erasures::show).delete(erasures::lift))
        .with_state(state.clone())
        .merge(
            Router::new()
                .route("/presets", get(presets::list))
                .route("/presets/{name}", get(presets::show).put(presets::keep).delete(presets::forget))
                .with_state(presets),
        )
        .merge(for_the_owner)
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(middleware::from_fn_with_state(guests, authorization::require))
        // They may be signed instead.
        .merge(Router::new().route("/events/{kind}", post(bucket_events::take)).with_state(events))
        .method_not_allowed_fallback(problem::method_not_allowed);
    let keys = Router::new().route(receipts::KEYS_PATH, get(purges::receipt_keys)).with_state(state);
    let all = Router::new().nest("/v1", v1).merge(keys).merge(operations::routes(operations)).merge(pages);
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
