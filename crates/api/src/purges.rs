//! `/v1/purges`: asking for a purge, and reading what became of it.

use std::convert::Infallible;
use std::sync::Arc;

use api_types::{PurgeList, PurgeRequest, PurgeState, PurgeView, Scope};
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use catalog::CatalogError;
use futures_util::StreamExt;
use http::{HeaderName, HeaderValue, Request, StatusCode, header};
use purge::{AcceptError, ChangeError, Estimator, Purges, Standing};

use crate::body::{is_json, read_body};
use crate::idempotency::{IdempotencyKeyError, idempotency_key};
use crate::list::purge_filter;
use crate::principal::Principal;
use crate::problem::{Refused, json};
use crate::receipts::ReceiptKey;
use crate::watch::{WatchError, Watches};

#[derive(Clone)]
pub struct PurgeApi {
    pub purges: Arc<Purges>,
    pub estimator: Arc<Estimator>,
    pub watches: Watches,
    pub receipt_key: Arc<ReceiptKey>,
}

/// What is wrong with the body of `POST /v1/purges` before anybody looks at the selectors.
#[derive(Debug, thiserror::Error)]
pub enum MalformedRequest {
    #[error("the body is JSON: send it with `Content-Type: application/json`")]
    NotJson,
    #[error(
        "the body is not a purge: {0}. An example: {{\"selectors\": [{{\"original\": \"shop/cat.jpg\"}}], \"mode\": \
         \"hard\", \"force\": false}}"
    )]
    NotAPurge(serde_json::Error),
}

/// A receipt is about something that is over.
#[derive(Debug, thiserror::Error)]
#[error("purge {id} is {state}: there is a receipt when it has ended")]
pub struct NoReceipt {
    pub id: String,
    pub state: PurgeState,
}

pub async fn accept(
    State(api): State<PurgeApi>,
    Extension(principal): Extension<Principal>,
    request: Request<Body>,
) -> Result<Response, Refused> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return Err(MalformedRequest::NotJson.into());
    }
    let key = idempotency_key(&parts.headers)?;
    let wanted: PurgeRequest =
        serde_json::from_slice(&read_body(body).await?).map_err(MalformedRequest::NotAPurge)?;
    principal.may_ask_for(&wanted)?;
    if wanted.dry_run {
        let impact = api.estimator.impact(wanted, &principal.asker).await?;
        return Ok(json(StatusCode::OK, &impact));
    }

    let purge = match api.purges.accept(wanted, key, &principal.asker).await {
        Ok(purge) => purge,
        Err(error) => return Ok(refused(error)),
    };
    if !purge.is_as_asked {
        // Answering 202 here would make somebody believe that something is being purged which is not.
        return Err(IdempotencyKeyError::UsedForAnother.into());
    }
    Ok(rated(accepted(&purge.view), purge.standing))
}

/// What was refused for having asked too often says when to come back (RFC 6585 §4).
fn refused(error: AcceptError) -> Response {
    let standing = match &error {
        AcceptError::TooMany { standing, .. } => Some(*standing),
        _ => None,
    };
    let mut response = rated(Refused::from(error).into_response(), standing);
    if let Some(standing) = standing {
        response.headers_mut().insert(header::RETRY_AFTER, seconds(standing).into());
    }
    response
}

fn rated(mut response: Response, standing: Option<Standing>) -> Response {
    if let Some(standing) = standing {
        let fields = [
            ("x-ratelimit-limit", u64::from(standing.limit)),
            ("x-ratelimit-remaining", u64::from(standing.remaining)),
            ("x-ratelimit-reset", seconds(standing)),
        ];
        let headers = response.headers_mut();
        headers.extend(fields.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from(value))));
    }
    response
}

/// Rounded up, so that whoever comes back then is not too early.
fn seconds(standing: Standing) -> u64 {
    standing.resets_in.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}

/// Takes a purge back: the answer is the purge as it ended.
pub async fn cancel(
    State(api): State<PurgeApi>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    principal.may(Scope::Write)?;
    Ok(json(StatusCode::OK, &api.purges.cancel(&id, &principal.asker).await?))
}

/// Tries again what failed: the answer is a purge of its own.
pub async fn retry(
    State(api): State<PurgeApi>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    principal.may_ask_for(&api.purges.failed(&id, &principal.asker).await?)?;
    match api.purges.retry(&id, &principal.asker).await {
        Ok(purge) => Ok(rated(accepted(&purge.view), purge.standing)),
        Err(ChangeError::Accept(error)) => Ok(refused(error)),
        Err(error) => Err(error.into()),
    }
}

/// The purge as it ended, signed.
pub async fn receipt(
    State(api): State<PurgeApi>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    principal.may(Scope::Read)?;
    let view = seen(&api, &principal, &id).await?;
    if !view.state.has_ended() {
        return Err(NoReceipt { id: view.id, state: view.state }.into());
    }
    match api.receipt_key.sign(&view) {
        Ok(receipt) => Ok(json(StatusCode::OK, &receipt)),
        Err(error) => Err(Refused::from(CatalogError::from(error))),
    }
}

/// For everybody: what receipts are checked with.
pub async fn receipt_keys(State(api): State<PurgeApi>) -> Response {
    json(StatusCode::OK, &api.receipt_key.public())
}

/// A purge that is on its way, and where to see it.
pub fn accepted(view: &PurgeView) -> Response {
    let mut response = json(StatusCode::ACCEPTED, view);
    if let Ok(location) = HeaderValue::try_from(format!("/v1/purges/{}", view.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

pub async fn list(
    State(api): State<PurgeApi>,
    Extension(principal): Extension<Principal>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    principal.may(Scope::Read)?;
    let (mut filter, limit) = purge_filter(query.as_deref())?;
    if let Some(tenant) = &principal.asker.tenant {
        filter.tenant = Some(tenant.name.clone());
    }
    let purges = api.purges.list(&filter, limit).await?;
    Ok(json(StatusCode::OK, &PurgeList { purges }))
}

pub async fn show(
    State(api): State<PurgeApi>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    principal.may(Scope::Read)?;
    Ok(json(StatusCode::OK, &seen(&api, &principal, &id).await?))
}

pub async fn events(
    State(api): State<PurgeApi>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    principal.may(Scope::Read)?;
    seen(&api, &principal, &id).await?;
    let views = api.watches.watch(&id).await?;
    let events = views.map(|view| Ok::<_, Infallible>(event(&view)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// Every purge that they may see, whenever it changes.
pub async fn all_events(
    State(api): State<PurgeApi>,
    Extension(principal): Extension<Principal>,
) -> Result<Response, Refused> {
    principal.may(Scope::Read)?;
    let views = api.watches.watch_all(principal.asker)?;
    let events = views.map(|view| Ok::<_, Infallible>(event(&view)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// What is not theirs is not there.
async fn seen(api: &PurgeApi, principal: &Principal, id: &str) -> Result<PurgeView, Refused> {
    let view = api.purges.get(id).await?.filter(|view| principal.asker.sees(view.tenant.as_deref()));
    Ok(view.ok_or_else(|| WatchError::Unknown(id.chars().take(100).collect()))?)
}

fn event(view: &PurgeView) -> Event {
    // A view is plain data: it can always be written.
    Event::default().event("purge").data(serde_json::to_string(view).unwrap_or_default())
}
