//! Cloudimage's invalidation API: `POST /invalidate`, `GET /invalidate/{id}`.
//!
//! Its originals are dropped without asking their source, so that its purges are forced.

use std::sync::Arc;

use api_types::{PurgeRequest, PurgeState, PurgeView, Scope as Right, Selector};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, Request, StatusCode};
use purge_protocol::Mode;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::originals::{Site, host_of};
use super::{Face, FaceError};
use crate::body::read_body;
use crate::civil::civil;
use crate::principal::Principal;
use crate::problem::json as answer;

/// As its documents and its form say.
const ORIGINALS_MAX: usize = 10;
const URLS_MAX: usize = 100;
pub(super) const HOW: &str = "send X-Client-Key";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Invalidation {
    scope: String,
    #[serde(default)]
    urls: Option<Vec<String>>,
    /// Of the older API: the sizes of the originals that are meant. All of them go, so that these do too.
    #[serde(default)]
    transformations: Option<Vec<String>>,
}

pub(super) fn routes(face: Arc<Face>) -> Router {
    Router::new()
        .route("/invalidate", post(invalidate))
        .route("/invalidate/{id}", get(status))
        .with_state(face)
}

async fn invalidate(State(face): State<Arc<Face>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let principal = match face.admit(key(&parts.headers), HOW).await {
        Ok(principal) => principal,
        Err(error) => return face.refuse(None, "POST /invalidate", error, error_body).await,
    };
    match accept(&face, &principal, body).await {
        Ok(view) => {
            let invalidation =
                json!({"status": word(view.state), "uuid": view.id, "added_at": added_at(view.received)});
            let body = json!({
                "status": "success", "msg": "Your invalidation request has been received",
                "invalidation": invalidation,
            });
            answer(StatusCode::CREATED, &body)
        }
        Err(error) => face.refuse(Some(&principal), "POST /invalidate", error, error_body).await,
    }
}

async fn accept(face: &Face, principal: &Principal, body: Body) -> Result<PurgeView, FaceError> {
    let wanted = parse(&read_body(body).await?)?;
    let selectors = match &face.site {
        Some(url) => {
            let has_pictures = face.doors.purges.delivers_pictures(&host_of(url));
            selectors(&wanted, Site { url, has_pictures })?
        }
        None => return Err(FaceError::NotFound("this face has no site".to_owned())),
    };
    let request = PurgeRequest { selectors, mode: Mode::Hard, force: true, ..PurgeRequest::default() };
    face.accept(principal, request).await
}

fn parse(body: &[u8]) -> Result<Invalidation, FaceError> {
    serde_json::from_slice(body).map_err(|error| FaceError::Malformed(error.to_string()))
}

/// All or nothing; whatever is wrong is said at once.
fn selectors(wanted: &Invalidation, site: Site) -> Result<Vec<Selector>, FaceError> {
    let wrong = |why: String| FaceError::BadPaths(vec![why]);
    let urls = match (&wanted.urls, wanted.scope.as_str()) {
        (None, "all") if wanted.transformations.is_none() => return Ok(vec![Selector::All(true)]),
        (_, "all") => return Err(wrong("the scope \"all\" takes nothing else".to_owned())),
        (Some(urls), "original" | "urls") if !urls.is_empty() => urls,
        (_, "original" | "urls") => return Err(wrong(format!("the scope {:?} needs urls", wanted.scope))),
        _ => return Err(wrong("scope is one of original, urls and all".to_owned())),
    };
    let is_original = wanted.scope == "original";
    let most = if is_original { ORIGINALS_MAX } else { URLS_MAX };
    if urls.len() > most {
        return Err(wrong(format!("at most {most} urls in one request, not {}", urls.len())));
    }
    let (mut selectors, mut errors) = (Vec::new(), Vec::new());
    for transformation in wanted.transformations.iter().flatten() {
        if !is_original || !transformation.starts_with('?') {
            let shown: String = transformation.chars().take(200).collect();
            errors
                .push(format!("{shown:?}: transformations go with the scope \"original\", as in \"?w=200\""));
        }
    }
    for url in urls {
        match if is_original { site.original(url) } else { site.exact(url) } {
            Ok(selector) => selectors.push(selector),
            Err(why) => errors.push(why),
        }
    }
    if errors.is_empty() { Ok(selectors) } else { Err(FaceError::BadPaths(errors)) }
}

async fn status(State(face): State<Arc<Face>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let principal = match face.admit(key(&headers), HOW).await {
        Ok(principal) => principal,
        Err(error) => return face.refuse(None, "GET /invalidate", error, error_body).await,
    };
    match find(&face, &principal, &id).await {
        Ok(view) => {
            let paths: Vec<String> = view.selectors.iter().map(path_of).collect();
            let failed: &[String] = if view.state.failed() { &paths } else { &[] };
            let invalidated: &[String] = if view.state.succeeded() { &paths } else { &[] };
            let invalidation = json!({
                "status": word(view.state), "uuid": view.id, "added_at": added_at(view.received),
                "urls": {"received": paths, "invalidated": invalidated, "failed": failed},
                "scope": scope_of(&view),
            });
            answer(StatusCode::OK, &json!({"status": "success", "invalidation": invalidation}))
        }
        Err(error) => face.refuse(Some(&principal), "GET /invalidate", error, error_body).await,
    }
}

async fn find(face: &Face, principal: &Principal, id: &str) -> Result<PurgeView, FaceError> {
    principal.may(Right::Read)?;
    let view = face.doors.purges.get(id).await.map_err(|error| {
        tracing::error!(%error, "the catalog failed");
        FaceError::Catalog
    })?;
    let view = view.filter(|view| principal.asker.sees(view.tenant.as_deref()));
    view.ok_or_else(|| FaceError::NotFound("there is no such invalidation".to_owned()))
}

pub(super) fn key(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-client-key").and_then(|value| value.to_str().ok())
}

pub(super) fn error_body(_: u16, message: String) -> Value {
    json!({"status": "error", "msg": message})
}

fn word(state: PurgeState) -> &'static str {
    match state {
        PurgeState::Received => "RECEIVED",
        PurgeState::Preparing => "PREPARING",
        PurgeState::FlushingOrigin | PurgeState::FlushingServers => "FLUSHINGCLOUDIMAGESERVER",
        PurgeState::FlushingCdn | PurgeState::Verifying => "FLUSHINGCDNSERVERS",
        PurgeState::Done | PurgeState::Unchanged => "DONE",
        PurgeState::ErrorCdn | PurgeState::ErrorCdnNode => "ERROR_CDN_NODE",
        PurgeState::Error | PurgeState::Cancelled => "ERROR",
    }
}

fn scope_of(view: &PurgeView) -> &'static str {
    match view.selectors.first() {
        Some(Selector::All(_) | Selector::Source(_)) => "all",
        Some(Selector::Url(_)) => "urls",
        _ => "original",
    }
}

fn path_of(selector: &Selector) -> String {
    match selector {
        Selector::All(_) => "/*".to_owned(),
        Selector::Original(name) => format!("/{name}"),
        Selector::Source(name) | Selector::Folder(name) => format!("/{name}/*"),
        Selector::Tag(name) | Selector::Preset(name) | Selector::Pack(name) | Selector::Location(name) => {
            name.clone()
        }
        Selector::Url(url) | Selector::Prefix(url) | Selector::External { url, .. } => {
            match url.parse::<Url>() {
                Ok(url) => url[url::Position::BeforePath..].to_owned(),
                Err(_) => url.clone(),
            }
        }
    }
}

/// `2023-08-08 13:39:52.636000`, in UTC.
fn added_at(millis: u64) -> String {
    let (day, of_day) = (millis / 86_400_000, millis % 86_400_000);
    let (year, month, date) = civil(day);
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60);
    format!("{year}-{month:02}-{date:02} {hour:02}:{minute:02}:{second:02}.{:03}000", of_day % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_moment_is_written_as_cloudimage_does() {
        assert_eq!(added_at(1_691_501_992_636), "2023-08-08 13:39:52.636000");
    }

    proptest! {
        #[test]
        fn any_body_is_an_invalidation_within_bounds_or_is_not(
            body in "\\PC{0,60}|\\{\"scope\":\"(original|urls|all|x)\"(,\"urls\":\\[(\"[/a-z*?.]{0,9}\",?){0,12}\\])?\\}"
        ) {
            let url: Url = "https://img.test".parse().unwrap();
            if let Ok(wanted) = parse(body.as_bytes())
                && let Ok(selectors) = selectors(&wanted, Site { url: &url, has_pictures: true })
            {
                prop_assert!((1..=URLS_MAX).contains(&selectors.len()));
            }
        }
    }
}
