//! rokka's cache endpoints: `DELETE /sourceimages/{org}/{hash}/cache`, the same of an alias, and of a stack.
//!
//! An organization is a tenant; a hash or an alias is the name of an original in its sources. A stack is nothing that URLs
//! name here: all of the organization's pictures are made anew.

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

use super::{Face, FaceError, FaceRates};
use crate::authorization::bearer;
use crate::problem::json as answer;

const HOW: &str = "send Api-Key";
const NAME_LEN_MAX: usize = 64;

/// What an organization has in its cache, and is counted for itself.
#[derive(Debug, Clone, Copy)]
enum Cached {
    Image,
    Alias,
    Stack,
}

impl Cached {
    fn counted(self, rates: &FaceRates) -> (&'static str, Rate) {
        match self {
            Cached::Image => ("source images", rates.images),
            Cached::Alias => ("aliases", rates.aliases),
            Cached::Stack => ("stacks", rates.stacks),
        }
    }

    fn what(self) -> &'static str {
        match self {
            Cached::Image => "DELETE /sourceimages/…/cache",
            Cached::Alias => "DELETE /sourceimages/…/alias/…/cache",
            Cached::Stack => "DELETE /stacks/…/cache",
        }
    }

    fn check(self, name: &str) -> Result<(), FaceError> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let is_all = matches!(self, Cached::Stack) && name == "*";
        if is_all || (1..=NAME_LEN_MAX).contains(&name.len()) && name.bytes().all(is_name) {
            return Ok(());
        }
        let why = format!("a hash, an alias or a stack has 1 to {NAME_LEN_MAX} letters, digits, _, - and .");
        Err(FaceError::BadPaths(vec![why]))
    }
}

pub(super) fn routes(face: Arc<Face>) -> Router {
    Router::new()
        .route("/sourceimages/{org}/{hash}/cache", delete(image))
        .route("/sourceimages/{org}/alias/{alias}/cache", delete(alias))
        .route("/stacks/{org}/{stack}/cache", delete(stack))
        .with_state(face)
}

type Named = Path<(String, String)>;

async fn image(State(face): State<Arc<Face>>, named: Named, headers: HeaderMap) -> Response {
    purge(&face, &headers, Cached::Image, &named).await
}

async fn alias(State(face): State<Arc<Face>>, named: Named, headers: HeaderMap) -> Response {
    purge(&face, &headers, Cached::Alias, &named).await
}

async fn stack(State(face): State<Arc<Face>>, named: Named, headers: HeaderMap) -> Response {
    purge(&face, &headers, Cached::Stack, &named).await
}

async fn purge(face: &Face, headers: &HeaderMap, cached: Cached, Path((org, name)): &Named) -> Response {
    let key = headers.get("api-key").and_then(|value| value.to_str().ok()).or_else(|| bearer(headers));
    let principal = match face.admit(key, HOW).await {
        Ok(principal) => principal,
        Err(error) => return face.refuse(None, cached.what(), error, error_body).await,
    };
    let accepted = async {
        let principal = face.of_tenant(&principal, org)?;
        cached.check(name)?;
        let (selectors, told) = match cached {
            Cached::Stack => (vec![Selector::All(true)], json!({"status": "ok"})),
            Cached::Image | Cached::Alias => {
                let originals = face.in_each_source(&principal, |source| format!("{source}/{name}"))?;
                let items: Vec<String> = originals.iter().map(|name| format!("/{name}")).collect();
                (originals.into_iter().map(Selector::Original).collect(), json!({"items": items}))
            }
        };
        let request = PurgeRequest { selectors, mode: Mode::Hard, force: true, ..PurgeRequest::default() };
        principal.may_ask_for(&request)?;
        let (what, rate) = cached.counted(&face.rates);
        let standing = face.count(&principal, what, rate)?;
        face.accept(&principal, request).await?;
        Ok((told, standing))
    };
    match accepted.await {
        Ok((told, standing)) => rated(answer(StatusCode::OK, &told), standing),
        Err(FaceError::TooMany { limit, seconds }) => too_many(limit, seconds),
        Err(error) => face.refuse(Some(&principal), cached.what(), error, error_body).await,
    }
}

/// When to come back is told in Unix seconds here, not from now.
fn too_many(limit: u32, seconds: u64) -> Response {
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

fn rated(mut response: Response, standing: Standing) -> Response {
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-ratelimit-limit"), standing.limit.into());
    headers.insert(HeaderName::from_static("x-ratelimit-remaining"), standing.remaining.into());
    response
}

fn error_body(status: u16, message: String) -> Value {
    json!({"error": {"code": status, "message": message}})
}
