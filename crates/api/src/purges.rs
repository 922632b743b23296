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
use url::form_urlencoded;

use crate::body::read_body;
use crate::idempotency::{IdempotencyKeyError, idempotency_key};
use crate::problem::{Refused, json};
use crate::watch::{WatchError, Watches};

const LIST_DEFAULT: u32 = 50;
const LIST_MAX: u32 = 200;

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

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedList {
    #[error("{0:?} is not a parameter here; allowed is limit")]
    UnknownParameter(String),
    #[error("limit is a number from 1 to {LIST_MAX}, not {0:?}")]
    Limit(String),
}

pub async fn accept(State(api): State<PurgeApi>, request: Request<Body>) -> Result<Response, Refused> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return Err(MalformedRequest::NotJson.into());
    }
    let key = idempotency_key(&parts.headers)?;
    let wanted: PurgeRequest =
        serde_json::from_slice(&read_body(body).await?).map_err(MalformedRequest::NotAPurge)?;

    let accepted = api.purges.accept(wanted.clone(), key, "api").await?;
    if !accepted.new && !asks_for(&wanted, &accepted.view) {
        // Answering 202 here would make somebody believe that something is being purged which is not.
        return Err(IdempotencyKeyError::UsedForAnother.into());
    }
    let mut response = json(StatusCode::ACCEPTED, &accepted.view);
    if let Ok(location) = HeaderValue::try_from(format!("/v1/purges/{}", accepted.view.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
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
    wanted.selectors == view.selectors && wanted.mode == view.mode && wanted.force == view.force
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = value.split(';').next().unwrap_or("");
    essence.trim().eq_ignore_ascii_case("application/json")
}

fn list_limit(query: Option<&str>) -> Result<u32, MalformedList> {
    let mut limit = LIST_DEFAULT;
    for (name, value) in form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
        if name != "limit" {
            return Err(MalformedList::UnknownParameter(name.chars().take(100).collect()));
        }
        limit = match value.parse() {
            Ok(limit @ 1..=LIST_MAX) => limit,
            _ => return Err(MalformedList::Limit(value.chars().take(100).collect())),
        };
    }
    Ok(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_as_long_as_asked_within_bounds() {
        let limit = |value: &str| Err(MalformedList::Limit(value.to_owned()));
        for (query, wanted) in [
            (None, Ok(50)),
            (Some(""), Ok(50)),
            (Some("limit=1"), Ok(1)),
            (Some("limit=200"), Ok(200)),
            (Some("limit=0"), limit("0")),
            (Some("limit=201"), limit("201")),
            (Some("limit=-1"), limit("-1")),
            (Some("limit="), limit("")),
            (Some("limit=99999999999999999999"), limit("99999999999999999999")),
            (Some("state=done"), Err(MalformedList::UnknownParameter("state".to_owned()))),
        ] {
            assert_eq!(list_limit(query), wanted, "{query:?}");
        }
    }

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
