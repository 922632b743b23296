//! The pages for people: pictures, purges and their receipts, nodes.
//!
//! Rendered here, swapped into the page by htmx, filled in live over server-sent events. Everything a page needs is
//! embedded; its policy allows no inline script or style, and pictures from the delivery listener only.

mod asset;
mod cdn_line;
mod change;
mod clock_face;
mod demo_source;
mod erasures;
mod form;
mod home;
mod invalidation_form;
mod invalidations;
mod lists;
mod login;
mod page;
mod picture;
mod policy;
mod preview;
mod purging;
mod receipt;
mod same_origin;
mod session;

use std::sync::Arc;

use api::{ApiToken, Watches};
use axum::Router;
use axum::middleware;
use axum::response::Redirect;
use axum::routing::{get, post};
use purge::{Estimator, Purges};
use url::Url;

pub use demo_source::DemoSource;

use session::Sessions;

pub struct ConsoleSettings {
    pub purges: Arc<Purges>,
    /// What previews ask.
    pub estimator: Arc<Estimator>,
    /// What people show to get in.
    pub token: ApiToken,
    /// Where browsers reach the delivery listener, as in `http://127.0.0.1:8080`.
    pub delivery: Url,
    /// Its pictures can be seen, changed and purged on the first page.
    pub demo: Option<DemoSource>,
}

/// What every page is made from.
struct Console {
    purges: Arc<Purges>,
    estimator: Arc<Estimator>,
    watches: Watches,
    token: ApiToken,
    sessions: Sessions,
    delivery: Url,
    demo: Option<DemoSource>,
}

/// Everything under `/console`, and a way there from `/`.
pub fn router(settings: ConsoleSettings) -> Router {
    let ConsoleSettings { purges, estimator, token, delivery, demo } = settings;
    let policy = policy::Policy::for_pictures_from(&delivery);
    let watches = Watches::new(Arc::clone(&purges));
    let sessions = Sessions::default();
    let console = Arc::new(Console { purges, estimator, watches, token, sessions, delivery, demo });
    let inside = Router::new()
        .route("/console", get(home::show))
        .route("/console/purges", get(lists::purges))
        .route("/console/nodes", get(lists::nodes))
        .route("/console/erasures", get(erasures::list))
        .route("/console/erasures/lift", post(erasures::lift))
        .route("/console/nodes/forget", post(lists::forget))
        .route("/console/invalidations", get(invalidations::show).post(invalidations::invalidate))
        .route("/console/invalidations/preview", post(preview::preview))
        .route("/console/invalidations/log", get(invalidations::log))
        .route("/console/invalidations/{id}/links", get(invalidations::links))
        .route("/console/invalidations/{id}/retry", post(invalidations::retry))
        .route("/console/purge", post(purging::purge))
        .route("/console/purges/{id}", get(purging::show))
        .route("/console/purges/{id}/events", get(purging::events))
        .route("/console/change", post(change::change))
        .route("/console/logout", post(login::log_out))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&console), session::require));
    let outside = Router::new()
        .route("/console/login", get(login::show).post(login::log_in))
        .route("/console/assets/{digest}/{name}", get(asset::serve))
        .route("/console/{*path}", get(page::not_found));
    inside
        .merge(outside)
        .with_state(console)
        .layer(middleware::from_fn(same_origin::require))
        .layer(middleware::from_fn_with_state(policy, policy::apply))
        .route("/", get(async || Redirect::to("/console")))
        .route("/console/", get(async || Redirect::to("/console")))
}
