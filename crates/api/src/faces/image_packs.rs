//! Packs and locations as a tenant image service has them managed: `/adminAPI/imagePack/{id}` and
//! `/adminAPI/imageLocationConfig/{name}`, with a bearer token.

use std::sync::Arc;

use api_types::{LocationConfig, PackRequest, Scope};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::request::Parts;
use http::{Request, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::tenant_service::{HOW, error_body};
use super::{Face, FaceError};
use crate::authorization::bearer;
use crate::body::read_body;
use crate::principal::Principal;
use crate::problem::json as answer;

const PACK: &str = "/adminAPI/imagePack/{id}";
const LOCATION: &str = "/adminAPI/imageLocationConfig/{name}";

pub(super) fn routes(face: Arc<Face>) -> Router {
    Router::new()
        .route(PACK, get(show_pack).put(keep_pack).delete(drop_pack))
        .route(LOCATION, get(show_location).put(keep_location))
        .with_state(face)
}

async fn show_pack(
    State(face): State<Arc<Face>>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Response {
    face.managed(request, Scope::Read, async |principal, _, _| {
        Ok(answer(StatusCode::OK, &face.doors.purges.pack(&id, &principal.asker).await?))
    })
    .await
}

async fn keep_pack(
    State(face): State<Arc<Face>>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Response {
    face.managed(request, Scope::Preset, async |principal, parts, body| {
        without_query(&parts)?;
        let wanted: PackRequest = read(body).await?;
        let (view, is_new) = face.doors.purges.keep_pack(&id, wanted, &principal.asker).await?;
        Ok(answer(if is_new { StatusCode::CREATED } else { StatusCode::OK }, &view))
    })
    .await
}

async fn drop_pack(
    State(face): State<Arc<Face>>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Response {
    face.managed(request, Scope::Preset, async |principal, _, _| {
        let purge = face.doors.purges.drop_pack(&id, &principal.asker).await?;
        Ok(answer(StatusCode::ACCEPTED, &json!({"imagePackId": id, "invalidationId": purge})))
    })
    .await
}

async fn show_location(
    State(face): State<Arc<Face>>,
    Path(name): Path<String>,
    request: Request<Body>,
) -> Response {
    face.managed(request, Scope::Read, async |principal, _, _| {
        Ok(answer(StatusCode::OK, &face.doors.purges.location(&name, &principal.asker).await?))
    })
    .await
}

async fn keep_location(
    State(face): State<Arc<Face>>,
    Path(name): Path<String>,
    request: Request<Body>,
) -> Response {
    face.managed(request, Scope::Preset, async |principal, parts, body| {
        let force = match parts.uri.query() {
            None | Some("" | "force=false") => false,
            Some("force=true") => true,
            Some(_) => {
                return Err(FaceError::BadPaths(vec!["the query is force=true, or nothing".to_owned()]));
            }
        };
        let config: LocationConfig = read(body).await?;
        let view = face.doors.purges.keep_location(&name, &config, force, &principal.asker).await?;
        Ok(answer(StatusCode::OK, &view))
    })
    .await
}

impl Face {
    /// Does what somebody may who has this scope, or says why not.
    async fn managed(
        &self,
        request: Request<Body>,
        scope: Scope,
        run: impl AsyncFnOnce(&Principal, Parts, Body) -> Result<Response, FaceError>,
    ) -> Response {
        let (parts, body) = request.into_parts();
        let path: String = parts.uri.path().chars().take(200).collect();
        let what = format!("{} {path}", parts.method);
        let principal = match self.admit(bearer(&parts.headers), HOW).await {
            Ok(principal) => principal,
            Err(error) => return self.refuse(None, &what, error, error_body).await,
        };
        let done = match principal.may(scope) {
            Ok(()) => run(&principal, parts, body).await,
            Err(error) => Err(error.into()),
        };
        match done {
            Ok(response) => response,
            Err(error) => self.refuse(Some(&principal), &what, error, error_body).await,
        }
    }
}

fn without_query(parts: &Parts) -> Result<(), FaceError> {
    match parts.uri.query() {
        None | Some("") => Ok(()),
        Some(_) => Err(FaceError::BadPaths(vec!["a pack is kept without a query".to_owned()])),
    }
}

async fn read<T: DeserializeOwned>(body: Body) -> Result<T, FaceError> {
    let body = read_body(body).await?;
    serde_json::from_slice(&body).map_err(|error| FaceError::Malformed(error.to_string()))
}
