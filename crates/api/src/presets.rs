//! `/v1/presets`: parameters that URLs name together. Keeping and dropping one purges what was made with it.

use std::sync::Arc;

use api_types::{PresetList, PresetRequest, PurgeView, Scope};
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::{Request, StatusCode};
use purge::{Asker, PresetError, Purges, Tenants};
use url::form_urlencoded;

use crate::body::read_json;
use crate::list::MalformedList;
use crate::principal::Principal;
use crate::problem::{Refused, json};
use crate::purges::accepted;

#[derive(Clone)]
pub struct PresetApi {
    pub purges: Arc<Purges>,
    pub tenants: Tenants,
}

/// What a request says beside the preset's name.
#[derive(Debug, thiserror::Error)]
pub enum MalformedQuery {
    #[error(transparent)]
    Parameter(#[from] MalformedList),
    #[error("force is true or false, not {0:?}")]
    Force(String),
    #[error("there is no tenant {0:?} in the configuration, or it is not yours")]
    Tenant(String),
}

struct Query {
    /// The one who asks, bounded to the tenant whose preset it is.
    asker: Asker,
    force: bool,
}

impl PresetApi {
    fn query(&self, principal: &Principal, query: Option<&str>) -> Result<Query, MalformedQuery> {
        let mut read = Query { asker: principal.asker.clone(), force: false };
        for (name, value) in form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
            match (&*name, &*value) {
                ("force", "true") => read.force = true,
                ("force", "false") => read.force = false,
                ("force", _) => return Err(MalformedQuery::Force(short(&value))),
                ("tenant", tenant) => match self.tenants.get(tenant) {
                    Some(own) if principal.asker.sees(Some(tenant)) => {
                        read.asker.tenant = Some(Arc::clone(own))
                    }
                    _ => return Err(MalformedQuery::Tenant(short(tenant))),
                },
                _ => {
                    let (found, allowed) = (short(&name), "tenant and force");
                    return Err(MalformedList::UnknownParameter { found, allowed }.into());
                }
            }
        }
        Ok(read)
    }
}

fn short(text: &str) -> String {
    text.chars().take(100).collect()
}

pub async fn keep(
    State(api): State<PresetApi>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    request: Request<Body>,
) -> Result<Response, Refused> {
    principal.may(Scope::Preset)?;
    let Query { asker, force } = api.query(&principal, query.as_deref())?;
    let (_, PresetRequest { parameters }) = read_json(request).await?;
    let (view, is_new) = api.purges.keep_preset(&name, &parameters, force, &asker).await?;
    Ok(json(if is_new { StatusCode::CREATED } else { StatusCode::OK }, &view))
}

/// The answer is the purge that announces it.
pub async fn forget(
    State(api): State<PresetApi>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    principal.may(Scope::Preset)?;
    let Query { asker, .. } = api.query(&principal, query.as_deref())?;
    let id = api.purges.drop_preset(&name, &asker).await?;
    let view: Option<PurgeView> = api.purges.get(&id).await?;
    match view {
        Some(view) => Ok(accepted(&view)),
        None => {
            Err(PresetError::from(catalog::CatalogError::Unreadable(format!("purge {id} is gone"))).into())
        }
    }
}

pub async fn show(
    State(api): State<PresetApi>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    principal.may(Scope::Read)?;
    let Query { asker, .. } = api.query(&principal, query.as_deref())?;
    Ok(json(StatusCode::OK, &api.purges.preset(&name, &asker).await?))
}

pub async fn list(
    State(api): State<PresetApi>,
    Extension(principal): Extension<Principal>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    principal.may(Scope::Read)?;
    let Query { asker, .. } = api.query(&principal, query.as_deref())?;
    Ok(json(StatusCode::OK, &PresetList { presets: api.purges.presets(&asker).await? }))
}
