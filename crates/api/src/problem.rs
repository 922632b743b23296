//! The one place of the control plane where an error becomes words and a status.
//!
//! Every variant is named here, so that adding an error is a compile error until someone has decided what an operator
//! learns of it.

use api_types::Problem;
use api_types::problem::MEDIA_TYPE;
use axum::response::{IntoResponse, Response};
use catalog::CatalogError;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use purge::{AcceptError, ChangeError, EstimateError, ForgetNodeError, LiftError, PresetError, VerifyError};
use purge_protocol::ForgetError;
use serde::Serialize;

use crate::authorization::Unauthorized;
use crate::body::{BodyError, JsonError};
use crate::bucket_events::EventError;
use crate::host::Misdirected;
use crate::idempotency::IdempotencyKeyError;
use crate::jwt::JwtError;
use crate::keys::KeyError;
use crate::list::MalformedList;
use crate::presets::MalformedQuery;
use crate::principal::Forbidden;
use crate::purges::{MalformedRequest, NoReceipt};
use crate::sender::SenderError;
use crate::sns::SnsError;
use crate::watch::WatchError;
use crate::why::MalformedWhy;

/// A request that is answered with a problem (RFC 9457).
#[derive(Debug)]
pub struct Refused(pub Problem);

pub async fn no_such_path(uri: Uri) -> Refused {
    let path: String = uri.path().chars().take(200).collect();
    Refused(Problem::new(404, "no-such-path", "No such path", format!("there is nothing at {path}")))
}

/// The router adds `Allow`.
pub async fn method_not_allowed(method: Method) -> Refused {
    let detail = format!("{method} is not allowed here; Allow names the methods that are");
    Refused(Problem::new(405, "method-not-allowed", "Method not allowed", detail))
}

impl From<AcceptError> for Refused {
    fn from(error: AcceptError) -> Self {
        let detail = error.to_string();
        Refused(match error {
            AcceptError::NoSelectors => Problem::new(400, "no-selectors", "No selectors", detail),
            AcceptError::TooManySelectors { .. } => {
                Problem::new(400, "too-many-selectors", "Too many selectors", detail)
            }
            AcceptError::Malformed { .. } => {
                Problem::new(400, "malformed-selector", "Malformed selector", detail)
            }
            AcceptError::UnknownSource { .. } => {
                Problem::new(422, "unknown-source", "Unknown source", detail)
            }
            AcceptError::UnknownCdn { .. } => Problem::new(422, "unknown-cdn", "Unknown CDN", detail),
            AcceptError::ExternalsAlone => Problem::new(422, "externals-alone", "Not ours, and ours", detail),
            AcceptError::EraseNeedsOriginals => {
                Problem::new(422, "erase-needs-originals", "Erase needs originals", detail)
            }
            AcceptError::MalformedReason { .. } => {
                Problem::new(400, "malformed-reason", "Malformed reason", detail)
            }
            AcceptError::MalformedTime { .. } => {
                Problem::new(400, "malformed-time", "Malformed time", detail)
            }
            AcceptError::TooMany { .. } => {
                Problem::new(429, "too-many-purges", "Too many purges for now", detail)
            }
            AcceptError::TooWarm { .. } => Problem::new(400, "malformed-purge", "Malformed purge", detail),
            AcceptError::NothingToWarm => Problem::new(422, "nothing-to-warm", "Nothing to warm", detail),
            AcceptError::DryRun => Problem::new(400, "malformed-purge", "Malformed purge", detail),
            AcceptError::BeyondTenant { .. } => Problem::new(403, "beyond-tenant", "Beyond tenant", detail),
            AcceptError::QueueFull(_) => Problem::new(503, "purge-queue-full", "Too many purges", detail),
            AcceptError::Catalog(error) => return error.into(),
        })
    }
}

impl From<EstimateError> for Refused {
    fn from(error: EstimateError) -> Self {
        let detail = error.to_string();
        match error {
            EstimateError::TooMany => {
                Refused(Problem::new(503, "too-many-dry-runs", "Too many dry runs", detail))
            }
            EstimateError::Accept(error) => error.into(),
        }
    }
}

impl From<LiftError> for Refused {
    fn from(error: LiftError) -> Self {
        let detail = error.to_string();
        Refused(match error {
            LiftError::NotErased { .. } => Problem::new(404, "no-such-erasure", "No such erasure", detail),
            LiftError::UnderWay { .. } => Problem::new(409, "erasure-under-way", "Erasure under way", detail),
            LiftError::Name(error) => return error.into(),
            LiftError::Catalog(error) => return error.into(),
        })
    }
}

impl From<ChangeError> for Refused {
    fn from(error: ChangeError) -> Self {
        let detail = error.to_string();
        Refused(match error {
            ChangeError::Unknown { .. } => Problem::new(404, "no-such-purge", "No such purge", detail),
            ChangeError::TooLate { .. } => Problem::new(409, "purge-has-begun", "Purge has begun", detail),
            ChangeError::NotFailed { .. } => {
                Problem::new(409, "purge-has-not-failed", "Purge has not failed", detail)
            }
            ChangeError::Accept(error) => return error.into(),
            ChangeError::Catalog(error) => return error.into(),
        })
    }
}

impl From<NoReceipt> for Refused {
    fn from(error: NoReceipt) -> Self {
        Refused(Problem::new(409, "purge-under-way", "Purge under way", error.to_string()))
    }
}

impl From<EventError> for Refused {
    fn from(error: EventError) -> Self {
        let detail = error.to_string();
        Refused(match error {
            EventError::UnknownKind(_) => Problem::new(404, "no-such-path", "No such path", detail),
            EventError::Malformed { .. } => Problem::new(400, "malformed-event", "Malformed event", detail),
            EventError::TooMany(_) => Problem::new(400, "too-many-events", "Too many events", detail),
        })
    }
}

impl From<ForgetNodeError> for Refused {
    fn from(error: ForgetNodeError) -> Self {
        let detail = error.to_string();
        Refused(match error {
            ForgetNodeError::Forget(ForgetError::Unknown { .. }) => {
                Problem::new(404, "no-such-node", "No such node", detail)
            }
            ForgetNodeError::Forget(ForgetError::HoldsLease { .. }) => {
                Problem::new(409, "node-holds-lease", "Node holds a lease", detail)
            }
            ForgetNodeError::Catalog(error) => return error.into(),
        })
    }
}

/// What the database says is for the log: it may name files of the server.
impl From<CatalogError> for Refused {
    fn from(error: CatalogError) -> Self {
        tracing::error!(%error, "the catalog failed");
        if error.is_away() {
            let detail = "the server's catalog cannot be reached now; try again shortly";
            return Refused(Problem::new(503, "catalog-away", "Catalog away", detail));
        }
        let detail = "the server's catalog failed; its log says how";
        Refused(Problem::new(500, "internal", "Internal error", detail))
    }
}

impl From<WatchError> for Refused {
    fn from(error: WatchError) -> Self {
        let detail = error.to_string();
        Refused(match error {
            WatchError::Unknown(_) => Problem::new(404, "no-such-purge", "No such purge", detail),
            WatchError::TooMany => Problem::new(503, "too-many-watches", "Too many watches", detail),
            WatchError::Catalog(error) => return error.into(),
        })
    }
}

impl From<MalformedRequest> for Refused {
    fn from(error: MalformedRequest) -> Self {
        let detail = error.to_string();
        Refused(match error {
            MalformedRequest::NotJson => Problem::new(415, "not-json", "Not JSON", detail),
            MalformedRequest::NotAPurge(_) => Problem::new(400, "malformed-purge", "Malformed purge", detail),
        })
    }
}

impl From<VerifyError> for Refused {
    fn from(error: VerifyError) -> Self {
        let detail = error.to_string();
        Refused(match error {
            VerifyError::NotAUrl(_) | VerifyError::Malformed(_) => {
                Problem::new(400, "malformed-question", "Malformed question", detail)
            }
            VerifyError::NotAPicture { .. } => {
                Problem::new(422, "not-a-picture", "Not a picture of ours", detail)
            }
        })
    }
}

impl From<MalformedWhy> for Refused {
    fn from(error: MalformedWhy) -> Self {
        let detail = error.to_string();
        Refused(match error {
            MalformedWhy::UnknownParameter(_) => {
                Problem::new(400, "unknown-parameter", "Unknown parameter", detail)
            }
            MalformedWhy::NoUrl | MalformedWhy::Url(_) | MalformedWhy::Field(_) => {
                Problem::new(400, "malformed-parameter", "Malformed parameter", detail)
            }
        })
    }
}

impl From<MalformedList> for Refused {
    fn from(error: MalformedList) -> Self {
        let detail = error.to_string();
        Refused(match error {
            MalformedList::UnknownParameter { .. } => {
                Problem::new(400, "unknown-parameter", "Unknown parameter", detail)
            }
            MalformedList::Limit(_)
            | MalformedList::State(_)
            | MalformedList::Time { .. }
            | MalformedList::Length(_) => {
                Problem::new(400, "malformed-parameter", "Malformed parameter", detail)
            }
        })
    }
}

impl From<IdempotencyKeyError> for Refused {
    fn from(error: IdempotencyKeyError) -> Self {
        let detail = error.to_string();
        Refused(match error {
            IdempotencyKeyError::Repeated | IdempotencyKeyError::Malformed => {
                Problem::new(400, "malformed-idempotency-key", "Malformed Idempotency-Key", detail)
            }
            IdempotencyKeyError::UsedForAnother => {
                Problem::new(422, "idempotency-key-reused", "Idempotency-Key used before", detail)
            }
        })
    }
}

impl From<BodyError> for Refused {
    fn from(error: BodyError) -> Self {
        let detail = error.to_string();
        Refused(match error {
            BodyError::TooLarge => Problem::new(413, "body-too-large", "Body too large", detail),
            BodyError::TooSlow => Problem::new(408, "body-timeout", "Timeout", detail),
            BodyError::Incomplete => Problem::new(400, "body-incomplete", "Body incomplete", detail),
        })
    }
}

impl From<Unauthorized> for Refused {
    fn from(error: Unauthorized) -> Self {
        let detail = error.to_string();
        match error {
            Unauthorized::Catalog(error) => error.into(),
            Unauthorized::Forbidden(error) => error.into(),
            Unauthorized::Jwt(JwtError::NoKeys) => {
                Refused(Problem::new(503, "issuer-unreachable", "Issuer unreachable", detail))
            }
            Unauthorized::Sender(SenderError::Sns(SnsError::NoCertificate | SnsError::Unconfirmed)) => {
                Refused(Problem::new(503, "sender-unverifiable", "Sender unverifiable", detail))
            }
            Unauthorized::NoToken
            | Unauthorized::WrongToken
            | Unauthorized::Jwt(_)
            | Unauthorized::Sender(_) => Refused(Problem::new(401, "unauthorized", "Unauthorized", detail)),
        }
    }
}

impl From<Forbidden> for Refused {
    fn from(error: Forbidden) -> Self {
        let detail = error.to_string();
        Refused(match error {
            Forbidden::NoScope { .. } => Problem::new(403, "scope-missing", "Scope missing", detail),
            Forbidden::OwnerOnly { .. } => Problem::new(403, "owner-only", "For the owner only", detail),
            Forbidden::NoTenant { .. } => Problem::new(403, "unknown-tenant", "Unknown tenant", detail),
        })
    }
}

impl From<KeyError> for Refused {
    fn from(error: KeyError) -> Self {
        let detail = error.to_string();
        Refused(match error {
            KeyError::Name(_) | KeyError::NoScopes => {
                Problem::new(400, "malformed-key", "Malformed key", detail)
            }
            KeyError::UnknownTenant(_) => Problem::new(422, "unknown-tenant", "Unknown tenant", detail),
            KeyError::NameTaken(_) => Problem::new(409, "key-name-taken", "Name taken", detail),
            KeyError::Full => Problem::new(409, "too-many-keys", "Too many keys", detail),
            KeyError::Unknown(_) => Problem::new(404, "no-such-key", "No such key", detail),
            KeyError::NoRandomness => {
                tracing::error!("the system has no random bytes");
                Problem::new(500, "internal", "Internal error", detail)
            }
            KeyError::Catalog(error) => return error.into(),
        })
    }
}

impl From<PresetError> for Refused {
    fn from(error: PresetError) -> Self {
        let detail = error.to_string();
        Refused(match error {
            PresetError::Name(_) | PresetError::Parameters(_) => {
                Problem::new(400, "malformed-preset", "Malformed preset", detail)
            }
            PresetError::Full => Problem::new(409, "too-many-presets", "Too many presets", detail),
            PresetError::Unknown { .. } => Problem::new(404, "no-such-preset", "No such preset", detail),
            PresetError::Accept(error) => return error.into(),
        })
    }
}

impl From<MalformedQuery> for Refused {
    fn from(error: MalformedQuery) -> Self {
        let detail = error.to_string();
        Refused(match error {
            MalformedQuery::Parameter(error) => return error.into(),
            MalformedQuery::Force(_) => {
                Problem::new(400, "malformed-parameter", "Malformed parameter", detail)
            }
            MalformedQuery::Tenant(_) => Problem::new(422, "unknown-tenant", "Unknown tenant", detail),
        })
    }
}

impl From<JsonError> for Refused {
    fn from(error: JsonError) -> Self {
        let detail = error.to_string();
        Refused(match error {
            JsonError::NotJson => Problem::new(415, "not-json", "Not JSON", detail),
            JsonError::Unexpected(_) => Problem::new(400, "malformed-body", "Malformed body", detail),
            JsonError::Body(error) => return error.into(),
        })
    }
}

impl From<Misdirected> for Refused {
    fn from(error: Misdirected) -> Self {
        let detail = error.to_string();
        Refused(match error {
            Misdirected::NoHost => Problem::new(400, "no-host", "No host", detail),
            Misdirected::Foreign(_) => Problem::new(421, "misdirected", "Misdirected request", detail),
        })
    }
}

/// Why a request was more than its sender may; an extension of the answer, for the audit.
#[derive(Debug, Clone)]
pub struct Refusal(pub String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Refused(problem) = self;
        // Whoever knows who asked writes it down.
        let refusal = (problem.status == 403).then(|| Refusal(problem.detail.clone()));
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], problem.to_json()).into_response();
        let headers = response.headers_mut();
        match problem.status {
            401 => headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            503 => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1")),
            _ => None,
        };
        if let Some(refusal) = refusal {
            response.extensions_mut().insert(refusal);
        }
        response
    }
}

/// Plain data as an answer.
pub fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            let detail = "the answer cannot be written; the server's log says why";
            Refused(Problem::new(500, "internal", "Internal error", detail)).into_response()
        }
    }
}
