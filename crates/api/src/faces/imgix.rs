//! imgix's `POST /api/v1/purge`: one original, whose source is asked; what it has not changed is left alone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api_types::PurgeRequest;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use http::{HeaderValue, Request, StatusCode, header};
use purge_protocol::Mode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use super::originals::{Site, host_of};
use super::{Face, FaceError};
use crate::authorization::bearer;
use crate::body::read_body;
use crate::principal::Principal;
use crate::problem::json as answer;

const MEDIA_TYPE: &str = "application/vnd.api+json";
const HOW: &str = "send Authorization: Bearer …";
/// Within this time the same URL is the same purge.
const SAME: Duration = Duration::from_secs(10);
const REMEMBERED_MAX: usize = 10_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    data: Data,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    #[serde(rename = "type")]
    kind: String,
    attributes: Attributes,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    url: String,
    /// Pictures that are composed of it go with it anyway.
    #[serde(default)]
    sub_image: bool,
    #[serde(default)]
    source_id: Option<String>,
}

/// What was asked for just now, and by whom.
#[derive(Debug, Default)]
pub(super) struct Duplicates(Mutex<VecDeque<(Instant, String)>>);

impl Duplicates {
    /// Whether it was there already; else it is from now on.
    fn note(&self, what: String, now: Instant) -> bool {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while recent.front().is_some_and(|(at, _)| now.duration_since(*at) >= SAME)
            || recent.len() >= REMEMBERED_MAX
        {
            recent.pop_front();
        }
        if recent.iter().any(|(_, one)| *one == what) {
            return true;
        }
        recent.push_back((now, what));
        false
    }

    fn forget(&self, what: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, one)| one != what);
    }
}

pub(super) fn routes(face: Arc<Face>) -> Router {
    Router::new().route("/api/v1/purge", post(purge)).with_state(face)
}

async fn purge(State(face): State<Arc<Face>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let what = "POST /api/v1/purge";
    let mut response = match face.admit(bearer(&parts.headers), HOW).await {
        Err(error) => face.refuse(None, what, error, errors).await,
        Ok(principal) => match accept(&face, &principal, body).await {
            Ok(document) => answer(StatusCode::OK, &document),
            Err(error) => face.refuse(Some(&principal), what, error, errors).await,
        },
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    response
}

async fn accept(face: &Face, principal: &Principal, body: Body) -> Result<Value, FaceError> {
    let url = parse(&read_body(body).await?)?;
    let Some(site) = &face.site else {
        return Err(FaceError::NotFound("this face has no site".to_owned()));
    };
    let has_pictures = face.doors.purges.delivers_pictures(&host_of(site));
    let path = path_below(&url, site).map_err(|why| FaceError::BadPaths(vec![why]))?;
    let selector = Site { url: site, has_pictures }.original(&path);
    let selector = selector.map_err(|why| FaceError::BadPaths(vec![why]))?;
    face.count(principal, "purges", face.rates.imgix)?;
    let same = format!("{} {url}", principal.asker.name);
    if face.duplicates.note(same.clone(), Instant::now()) {
        return Err(FaceError::Duplicate(SAME.as_secs()));
    }
    let request = PurgeRequest { selectors: vec![selector], mode: Mode::Hard, ..PurgeRequest::default() };
    match face.accept(principal, request).await {
        Ok(view) => Ok(json!({
            "jsonapi": {"version": "1.0"},
            "data": {"id": view.id, "type": "purges", "attributes": {"url": url}},
        })),
        Err(error) => {
            // It was not asked for after all.
            face.duplicates.forget(&same);
            Err(error)
        }
    }
}

fn parse(body: &[u8]) -> Result<String, FaceError> {
    let document: Document =
        serde_json::from_slice(body).map_err(|error| FaceError::Malformed(error.to_string()))?;
    let Data { kind, attributes: Attributes { url, sub_image, source_id } } = document.data;
    if kind != "purges" {
        return Err(FaceError::Malformed("the type is \"purges\"".to_owned()));
    }
    if sub_image && source_id.is_none() {
        return Err(FaceError::Malformed("sub_image needs source_id".to_owned()));
    }
    Ok(url)
}

/// The path of a URL that is the site's.
fn path_below(url: &str, site: &Url) -> Result<String, String> {
    let shown: String = url.chars().take(200).collect();
    let parsed: Url = url.parse().map_err(|_| format!("{shown:?} is not an absolute URL"))?;
    if !matches!(parsed.scheme(), "http" | "https") || host_of(&parsed) != host_of(site) {
        return Err(format!("{shown:?} is not at {}, which this API purges", host_of(site)));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(format!("{shown:?}: leave out the parameters; all sizes of a picture go at once"));
    }
    if parsed.path().ends_with('*') {
        return Err(format!("{shown:?}: there are no wildcards here"));
    }
    Ok(parsed.path().to_owned())
}

/// JSON:API 1.0, errors.
fn errors(status: u16, message: String) -> Value {
    let title = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let error = json!({"status": status.to_string(), "title": title.unwrap_or("Error"), "detail": message});
    json!({"jsonapi": {"version": "1.0"}, "errors": [error]})
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_within_ten_seconds_is_a_duplicate() {
        let recent = Duplicates::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!recent.note("a".to_owned(), at(0)));
        assert!(recent.note("a".to_owned(), at(9)));
        assert!(!recent.note("b".to_owned(), at(9)));
        assert!(!recent.note("a".to_owned(), at(10)));
        recent.forget("a");
        assert!(!recent.note("a".to_owned(), at(11)));
    }

    proptest! {
        #[test]
        fn any_body_is_a_purge_of_a_path_of_this_site_or_is_not(
            url in "https?://(demo|other)\\.test(/[a-z.%*?#]{0,12})?|\\PC{0,30}", sub_image: bool
        ) {
            let body = json!({"data": {"type": "purges", "attributes": {"url": url, "sub_image": sub_image}}});
            let site: Url = "https://demo.test".parse().unwrap();
            if let Ok(url) = parse(body.to_string().as_bytes()) && let Ok(path) = path_below(&url, &site) {
                prop_assert!(path.starts_with('/') && !sub_image);
            }
            let _ = parse(url.as_bytes());
        }
    }
}
