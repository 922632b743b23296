//! `/v1/purges`: asking for a purge, and reading what became of it.

use std::convert::Infallible;
use std::sync::Arc;

use api_types::{PurgeList, PurgeRequest, PurgeView};
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use purge::Purges;

use crate::body::read_body;
use crate::idempotency::{IdempotencyKeyError, idempotency_key};
use crate::list::list_limit;
use crate::problem::{Refused, json};
use crate::watch::{WatchError, Watches};

#[derive(Clone)]
pub struct PurgeApi {
    pub purges: Arc<Purges>,
    pub watches: Watches,
}

/// What is wrong with the body of `POST /v1/purges` before anybody looks at the selectors.
#[derive(Debug, thiserror::Error)]
pub enum MalformedRequest {
    #[error("the body of a purge is JSON: send it with `Content-Type: application/json`")]
    NotJson,
    #[error(
        "the body is not a purge: {0}. An example: {{\"selectors\": [{{\"original\": \"shop/cat.jpg\"}}], \"mode\": \
         \"hard\", \"force\": false}}"
    )]
    NotAPurge(serde_json::Error),
}

pub async fn accept(State(api): State<PurgeApi>, request: Request<Body>) -> Result<Response, Refused> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return Err(MalformedRequest::NotJson.into());
    }
    let key = idempotency_key(&parts.headers)?;
    let wanted: PurgeRequest =
        serde_json::from_slice(&read_body(body).await?).map_err(MalformedRequest::NotAPurge)?;

    let purge = api.purges.accept(wanted.clone(), key, "api").await?;
    if !purge.new && !asks_for(&wanted, &purge.view) {
        // Answering 202 here would make somebody believe that something is being purged which is not.
        return Err(IdempotencyKeyError::UsedForAnother.into());
    }
    Ok(accepted(&purge.view))
}

/// A purge that is on its way, and where to see it.
pub fn accepted(view: &PurgeView) -> Response {
    let mut response = json(StatusCode::ACCEPTED, view);
    if let Ok(location) = HeaderValue::try_from(format!("/v1/purges/{}", view.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

pub async fn list(State(api): State<PurgeApi>, RawQuery(query): RawQuery) -> Result<Response, Refused> {
    let purges = api.purges.list(list_limit(query.as_deref())?).await?;
    Ok(json(StatusCode::OK, &PurgeList { purges }))
}

pub async fn show(State(api): State<PurgeApi>, Path(id): Path<String>) -> Result<Response, Refused> {
    let view = api.purges.get(&id).await?.ok_or(WatchError::Unknown(id))?;
    Ok(json(StatusCode::OK, &view))
}

pub async fn events(State(api): State<PurgeApi>, Path(id): Path<String>) -> Result<Response, Refused> {
    let views = api.watches.watch(&id).await?;
    let events = views.map(|view| Ok::<_, Infallible>(event(&view)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

fn event(view: &PurgeView) -> Event {
    // A view is plain data: it can always be written.
    Event::default().event("purge").data(serde_json::to_string(view).unwrap_or_default())
}

fn asks_for(wanted: &PurgeRequest, view: &PurgeView) -> bool {
    wanted.selectors == view.selectors
        && wanted.mode == view.mode
        && wanted.force == view.force
        && wanted.reason == view.reason
        && wanted.urgent == view.urgent
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = value.split(';').next().unwrap_or("");
    essence.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_what_says_so_whatever_its_parameters() {
        for (value, json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/json", false),
            ("application/x-www-form-urlencoded", false),
            ("application/jsonx", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().expect("a field value"));
            assert_eq!(is_json(&headers), json, "{value:?}");
        }
    }
}
