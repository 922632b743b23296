//! rokka's cache endpoints of source images: `DELETE /sourceimages/{org}/{hash}/cache`, and the same of an alias.
//!
//! An organization is a tenant; a hash or an alias is the name of an original in its sources.

use std::sync::Arc;

use api_types::{PurgeRequest, Selector};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::delete;
use bus::clock::unix_millis;
use http::{HeaderMap, HeaderName, StatusCode};
use purge::{Rate, Standing};
use purge_protocol::Mode;
use serde_json::{Value, json};

use super::{Face, FaceError};
use crate::authorization::bearer;
use crate::problem::json as answer;

const HOW: &str = "send Api-Key";
const NAME_LEN_MAX: usize = 64;

pub(super) fn routes(face: Arc<Face>) -> Router {
    Router::new()
        .route("/sourceimages/{org}/{hash}/cache", delete(image))
        .route("/sourceimages/{org}/alias/{alias}/cache", delete(alias))
        .with_state(face)
}

async fn image(
    State(face): State<Arc<Face>>,
    Path((org, hash)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let rate = face.rates.images;
    purge(&face, &headers, ("source images", rate), &org, &hash).await
}

async fn alias(
    State(face): State<Arc<Face>>,
    Path((org, alias)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let rate = face.rates.aliases;
    purge(&face, &headers, ("aliases", rate), &org, &alias).await
}

async fn purge(
    face: &Face,
    headers: &HeaderMap,
    counted: (&'static str, Rate),
    org: &str,
    name: &str,
) -> Response {
    let what = "DELETE /sourceimages";
    let key = headers.get("api-key").and_then(|value| value.to_str().ok()).or_else(|| bearer(headers));
    let principal = match face.admit(key, HOW).await {
        Ok(principal) => principal,
        Err(error) => return face.refuse(None, what, error, error_body).await,
    };
    let accepted = async {
        let principal = face.of_tenant(&principal, org)?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if !(1..=NAME_LEN_MAX).contains(&name.len()) || !name.bytes().all(is_name) {
            let why = format!("a hash or an alias has 1 to {NAME_LEN_MAX} letters, digits, _, - and .");
            return Err(FaceError::BadPaths(vec![why]));
        }
        let selectors =
            face.in_each_source(&principal, |source| Selector::Original(format!("{source}/{name}")))?;
        let items: Vec<String> = selectors
            .iter()
            .map(|selector| match selector {
                Selector::Original(name) => format!("/{name}"),
                other => other.to_string(),
            })
            .collect();
        let request = PurgeRequest { selectors, mode: Mode::Hard, force: true, ..PurgeRequest::default() };
        principal.may_ask_for(&request)?;
        let standing = face.count(&principal, counted.0, counted.1)?;
        face.accept(&principal, request).await?;
        Ok((items, standing))
    };
    match accepted.await {
        Ok((items, standing)) => rated(answer(StatusCode::OK, &json!({"items": items})), standing),
        Err(FaceError::TooMany { limit, seconds }) => {
            let at = unix_millis() / 1000 + seconds;
            let body = json!({
                "status": "too many requests", "X-RateLimit-Retry-After-readable": format!("in {seconds} seconds"),
            });
            let resets_in = std::time::Duration::from_secs(seconds);
            let standing = Standing { limit, remaining: 0, resets_in };
            let mut response = rated(answer(StatusCode::TOO_MANY_REQUESTS, &body), standing);
            response.headers_mut().insert(HeaderName::from_static("x-ratelimit-retry-after"), at.into());
            response
        }
        Err(error) => face.refuse(Some(&principal), what, error, error_body).await,
    }
}

fn rated(mut response: Response, standing: Standing) -> Response {
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-ratelimit-limit"), standing.limit.into());
    headers.insert(HeaderName::from_static("x-ratelimit-remaining"), standing.remaining.into());
    response
}

fn error_body(status: u16, message: String) -> Value {
    json!({"error": {"code": status, "message": message}})
}
