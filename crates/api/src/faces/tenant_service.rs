//! The doors of tenant image services: `DELETE /images/{tenant}/{pack}`, for emergencies, and
//! `PUT /adminAPI/imageLocationConfig/{name}?force=true`, both with a bearer token.
//!
//! A pack is a folder of that name in each of the tenant's sources. CDNs are told at once, whatever their windows. A location
//! is nothing that URLs name here, and its configuration nothing that is kept: to force it is to purge all of the tenant.

use std::sync::Arc;

use api_types::{PurgeRequest, Selector};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{delete, put};
use http::{HeaderMap, Request, StatusCode};
use purge_protocol::Mode;
use serde_json::{Map, Value, json};

use super::{Face, FaceError};
use crate::authorization::bearer;
use crate::body::read_body;
use crate::principal::Principal;
use crate::problem::json as answer;

const HOW: &str = "send Authorization: Bearer …";
const PACK_LEN_MAX: usize = 128;
const LOCATION_LEN_MAX: usize = 64;

pub(super) fn routes(face: Arc<Face>) -> Router {
    Router::new()
        .route("/images/{tenant}/{pack}", delete(take_down))
        // As the services themselves have it: `prod-lof/images/…`
        .route("/{environment}/images/{tenant}/{pack}", delete(take_down_there))
        .route("/adminAPI/imageLocationConfig/{name}", put(configure))
        .with_state(face)
}

async fn take_down_there(
    face: State<Arc<Face>>,
    Path((_, tenant, pack)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    take_down(face, Path((tenant, pack)), headers).await
}

async fn take_down(
    State(face): State<Arc<Face>>,
    Path((tenant, pack)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let what = format!("DELETE /images/{}", tenant.chars().take(64).collect::<String>());
    let principal = match face.admit(bearer(&headers), HOW).await {
        Ok(principal) => principal,
        Err(error) => return face.refuse(None, &what, error, error_body).await,
    };
    match accept(&face, &principal, &tenant, &pack).await {
        Ok(id) => {
            let body = json!({"tenant": tenant, "imagePackId": pack, "invalidationId": id});
            answer(StatusCode::ACCEPTED, &body)
        }
        Err(error) => face.refuse(Some(&principal), &what, error, error_body).await,
    }
}

async fn accept(face: &Face, principal: &Principal, tenant: &str, pack: &str) -> Result<String, FaceError> {
    let principal = face.of_tenant(principal, tenant)?;
    let is_id = (1..=PACK_LEN_MAX).contains(&pack.len())
        && pack.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_id {
        // What follows a dash in a URL of such a service is no part of the id.
        let why = format!("an image pack's id has 1 to {PACK_LEN_MAX} letters, digits and _");
        return Err(FaceError::BadPaths(vec![why]));
    }
    let folders = face.in_each_source(&principal, |source| format!("{source}/{pack}"))?;
    let selectors = folders.into_iter().map(Selector::Folder).collect();
    let request =
        PurgeRequest { selectors, mode: Mode::Hard, force: true, urgent: true, ..PurgeRequest::default() };
    Ok(face.accept(&principal, request).await?.id)
}

async fn configure(
    State(face): State<Arc<Face>>,
    Path(name): Path<String>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let what = "PUT /adminAPI/imageLocationConfig";
    let principal = match face.admit(bearer(&parts.headers), HOW).await {
        Ok(principal) => principal,
        Err(error) => return face.refuse(None, what, error, error_body).await,
    };
    match renew(&face, &principal, &name, parts.uri.query(), body).await {
        Ok(id) => answer(StatusCode::ACCEPTED, &json!({"location": name, "invalidationId": id})),
        Err(error) => face.refuse(Some(&principal), what, error, error_body).await,
    }
}

async fn renew(
    face: &Face,
    principal: &Principal,
    name: &str,
    query: Option<&str>,
    body: Body,
) -> Result<String, FaceError> {
    let wrong = |why: String| FaceError::BadPaths(vec![why]);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if !(1..=LOCATION_LEN_MAX).contains(&name.len()) || !name.bytes().all(is_name) {
        let why = format!("a location's name has 1 to {LOCATION_LEN_MAX} letters, digits, _, - and .");
        return Err(wrong(why));
    }
    let body = read_body(body).await?;
    if !body.is_empty() {
        serde_json::from_slice::<Map<String, Value>>(&body)
            .map_err(|error| FaceError::Malformed(error.to_string()))?;
    }
    if query != Some("force=true") {
        let why = "sizes stand in URLs here, so that there is no configuration to keep; with ?force=true, and nothing \
                   else, everything of the tenant is purged";
        return Err(wrong(why.to_owned()));
    }
    if principal.asker.tenant.is_none() {
        return Err(wrong(
            "whose locations are meant says the key's tenant, and this key has none".to_owned(),
        ));
    }
    let selectors = vec![Selector::All(true)];
    let request = PurgeRequest { selectors, mode: Mode::Hard, force: true, ..PurgeRequest::default() };
    Ok(face.accept(principal, request).await?.id)
}

fn error_body(status: u16, message: String) -> Value {
    json!({"status": status, "error": message})
}
