//! `/v1/erasures`: what was erased, and letting it be fetched again; `/v1/audit`: who did so.

use api_types::{AuditList, ErasureList, Scope};
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use purge::LiftError;

use crate::list::list_limit;
use crate::principal::Principal;
use crate::problem::{Refused, json};
use crate::purges::{PurgeApi, accepted};

pub async fn list(State(api): State<PurgeApi>, RawQuery(query): RawQuery) -> Result<Response, Refused> {
    let erasures = api.purges.erasures(list_limit(query.as_deref())?).await?;
    Ok(json(StatusCode::OK, &ErasureList { erasures }))
}

pub async fn show(
    State(api): State<PurgeApi>,
    Extension(principal): Extension<Principal>,
    Path(original): Path<String>,
) -> Result<Response, Refused> {
    principal.may(Scope::Read)?;
    api.purges.check_reach(&original, &principal.asker)?;
    let erasure = api.purges.erasure(&original).await?.ok_or(LiftError::NotErased { original })?;
    Ok(json(StatusCode::OK, &erasure))
}

/// Lifts an erasure: the answer is the purge that announces it.
pub async fn lift(
    State(api): State<PurgeApi>,
    Extension(principal): Extension<Principal>,
    Path(original): Path<String>,
) -> Result<Response, Refused> {
    principal.may(Scope::Write)?;
    principal.may(Scope::Erase)?;
    Ok(accepted(&api.purges.lift(&original, &principal.asker).await?))
}

pub async fn audit(State(api): State<PurgeApi>, RawQuery(query): RawQuery) -> Result<Response, Refused> {
    let entries = api.purges.audit(list_limit(query.as_deref())?).await?;
    Ok(json(StatusCode::OK, &AuditList { entries }))
}
