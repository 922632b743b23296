//! The emergency door of tenant image services: `DELETE /images/{tenant}/{pack}` with a bearer token.
//!
//! A pack is a folder of that name in each of the tenant's sources. CDNs are told at once, whatever their windows.

use std::sync::Arc;

use api_types::{PurgeRequest, Selector};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::delete;
use http::{HeaderMap, StatusCode};
use purge::Asker;
use purge_protocol::Mode;
use serde_json::{Value, json};

use super::{Face, FaceError};
use crate::authorization::bearer;
use crate::principal::Principal;
use crate::problem::json as answer;

const HOW: &str = "send Authorization: Bearer …";
const PACK_LEN_MAX: usize = 128;

pub(super) fn routes(face: Arc<Face>) -> Router {
    Router::new().route("/images/{tenant}/{pack}", delete(take_down)).with_state(face)
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
    let selectors = face.in_each_source(&principal, |source| Selector::Folder(format!("{source}/{pack}")))?;
    let request =
        PurgeRequest { selectors, mode: Mode::Hard, force: true, urgent: true, ..PurgeRequest::default() };
    Ok(face.accept(&principal, request).await?.id)
}

impl Face {
    /// The same somebody, bounded to this tenant; what is another's is as if it were not there.
    pub(super) fn of_tenant(&self, principal: &Principal, name: &str) -> Result<Principal, FaceError> {
        let tenant = self.doors.guests.keys.tenants.get(name).filter(|_| principal.asker.sees(Some(name)));
        let shown: String = name.chars().take(64).collect();
        let tenant = tenant.ok_or_else(|| FaceError::NotFound(format!("there is no tenant {shown:?}")))?;
        let asker = Asker { name: principal.asker.name.clone(), tenant: Some(Arc::clone(tenant)) };
        Ok(Principal { asker, ..principal.clone() })
    }

    pub(super) fn in_each_source(
        &self,
        principal: &Principal,
        selector: impl Fn(&str) -> Selector,
    ) -> Result<Vec<Selector>, FaceError> {
        let sources = principal.asker.tenant.iter().flat_map(|tenant| &tenant.sources);
        let selectors: Vec<_> = sources.map(|source| selector(source)).collect();
        let none = || FaceError::NotFound("the tenant has no sources".to_owned());
        if selectors.is_empty() { Err(none()) } else { Ok(selectors) }
    }
}

fn error_body(status: u16, message: String) -> Value {
    json!({"status": status, "error": message})
}
