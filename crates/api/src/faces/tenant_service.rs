//! The emergency door of tenant image services: `DELETE /images/{tenant}/{pack}`, with a bearer token.
//!
//! Where the catalog has such a pack, it is purged; else a pack is a folder of that name in each of the tenant's sources. CDNs
//! are told at once, whatever their windows.

use std::sync::Arc;

use api_types::{PurgeRequest, Selector};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::delete;
use http::{HeaderMap, StatusCode};
use purge::PackError;
use purge_protocol::Mode;
use serde_json::{Value, json};

use super::{Face, FaceError};
use crate::authorization::bearer;
use crate::principal::Principal;
use crate::problem::json as answer;

pub(super) const HOW: &str = "send Authorization: Bearer …";

pub(super) fn routes(face: Arc<Face>) -> Router {
    Router::new()
        .route("/images/{tenant}/{pack}", delete(take_down))
        // As the services themselves have it: `prod-lof/images/…`
        .route("/{environment}/images/{tenant}/{pack}", delete(take_down_there))
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
    let selectors = match face.doors.purges.pack(pack, &principal.asker).await {
        Ok(_) => vec![Selector::Pack(format!("{tenant}/{pack}"))],
        Err(PackError::UnknownPack { .. }) => {
            let folders = face.in_each_source(&principal, |source| format!("{source}/{pack}"))?;
            folders.into_iter().map(Selector::Folder).collect()
        }
        Err(error) => return Err(error.into()),
    };
    let request =
        PurgeRequest { selectors, mode: Mode::Hard, force: true, urgent: true, ..PurgeRequest::default() };
    Ok(face.accept(&principal, request).await?.id)
}

pub(super) fn error_body(status: u16, message: String) -> Value {
    json!({"status": status, "error": message})
}
