//! APIs of other vendors, for tools that speak them already: the same purges by other doors.
//!
//! Each is served on a listener of its own, to whoever shows a key of ours in the vendor's way. What a face says about a
//! picture is understood as a path of one host that we serve.

mod cloudimage;
mod image_packs;
mod imgix;
mod originals;
mod rokka;
mod tenant_service;
mod warm_up;

use std::sync::Arc;

use api_types::{PurgeRequest, PurgeView};
use axum::Router;
use axum::response::Response;
use bus::clock::unix_millis;
use http::{StatusCode, header};
use purge::{AcceptError, Asker, Meter, PackError, Purges, Rate};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::authorization::{Guests, Unauthorized};
use crate::body::BodyError;
use crate::principal::{Forbidden, Principal};
use crate::problem::{self, json};

/// Which vendor's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaceKind {
    Cloudimage,
    Imgix,
    Rokka,
    /// `DELETE /images/{tenant}/{pack}`
    TenantService,
}

impl FaceKind {
    pub const ALL: [FaceKind; 4] =
        [FaceKind::Cloudimage, FaceKind::Imgix, FaceKind::Rokka, FaceKind::TenantService];

    pub fn as_str(self) -> &'static str {
        match self {
            FaceKind::Cloudimage => "cloudimage",
            FaceKind::Imgix => "imgix",
            FaceKind::Rokka => "rokka",
            FaceKind::TenantService => "tenant-service",
        }
    }
}

/// What all faces work with.
#[derive(Clone)]
pub struct Doors {
    pub purges: Arc<Purges>,
    pub guests: Guests,
    pub warmer: Arc<dyn Warmer>,
}

/// Whoever asks for URLs so that they are stored when clients come.
pub trait Warmer: Send + Sync {
    /// How many of them are going to be asked for: those for which there is room.
    fn warm(&self, urls: Vec<Url>) -> usize;
}

#[derive(Debug, Clone)]
pub struct FaceSettings {
    pub kind: FaceKind,
    /// The host whose paths are meant, as in `https://img.example.com`. Rokka and the tenant service need none.
    pub site: Option<Url>,
    pub rates: FaceRates,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaceRates {
    /// Purges of one asker by the imgix face.
    pub imgix: Rate,
    /// By the rokka face, of source images, of aliases and of stacks.
    pub images: Rate,
    pub aliases: Rate,
    pub stacks: Rate,
}

/// One face as it is served.
pub struct Face {
    doors: Doors,
    site: Option<Url>,
    rates: FaceRates,
    meter: Meter<(String, &'static str)>,
    duplicates: imgix::Duplicates,
}

/// The faces of one listener, which has each of them at most once.
pub fn router(faces: impl IntoIterator<Item = FaceSettings>, doors: &Doors) -> Router {
    let mut all = Router::new();
    for FaceSettings { kind, site, rates } in faces {
        let (meter, duplicates) = (Meter::default(), imgix::Duplicates::default());
        let face = Arc::new(Face { doors: doors.clone(), site, rates, meter, duplicates });
        all = all.merge(match kind {
            FaceKind::Cloudimage => cloudimage::routes(Arc::clone(&face)).merge(warm_up::routes(face)),
            FaceKind::Imgix => imgix::routes(face),
            FaceKind::Rokka => rokka::routes(face),
            FaceKind::TenantService => {
                tenant_service::routes(Arc::clone(&face)).merge(image_packs::routes(face))
            }
        });
    }
    all.fallback(problem::no_such_path).method_not_allowed_fallback(problem::method_not_allowed)
}

/// Why a face says no. Each says it in its vendor's words, with this status.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    #[error("the request shows no key: {0}")]
    NoKey(&'static str),
    #[error("the body cannot be read: {0}")]
    Malformed(String),
    #[error("{}", .0.join("; "))]
    BadPaths(Vec<String>),
    #[error("{0}")]
    NotFound(String),
    /// It is somebody else's: as if it were not there.
    #[error("{0}")]
    NotTheirs(String),
    #[error("this was asked for less than {0} s ago: that purge is the one")]
    Duplicate(u64),
    #[error("too many requests: at most {limit}; the next one in {seconds} s")]
    TooMany { limit: u32, seconds: u64 },
    #[error(transparent)]
    Unauthorized(#[from] Unauthorized),
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Accept(#[from] AcceptError),
    #[error(transparent)]
    Pack(PackError),
    #[error("the server's catalog failed; its log says how")]
    Catalog,
}

impl From<PackError> for FaceError {
    fn from(error: PackError) -> Self {
        match error {
            PackError::Accept(error) => FaceError::Accept(error),
            error => FaceError::Pack(error),
        }
    }
}

impl FaceError {
    fn status(&self) -> u16 {
        use crate::problem::Refused;
        match self {
            FaceError::NoKey(_) => 401,
            FaceError::Malformed(_) | FaceError::BadPaths(_) => 400,
            FaceError::NotFound(_) | FaceError::NotTheirs(_) => 404,
            FaceError::Pack(PackError::UnknownPack { .. } | PackError::UnknownLocation { .. }) => 404,
            FaceError::Pack(PackError::Full { .. }) => 409,
            FaceError::Pack(_) => 400,
            FaceError::Duplicate(_) => 409,
            FaceError::TooMany { .. } => 429,
            FaceError::Forbidden(_) => 403,
            FaceError::Catalog => 500,
            FaceError::Unauthorized(Unauthorized::Forbidden(_)) => 403,
            FaceError::Unauthorized(Unauthorized::Catalog(_)) => 500,
            FaceError::Unauthorized(_) => 401,
            FaceError::Body(error) => Refused::from(*error).0.status,
            FaceError::Accept(AcceptError::BeyondTenant { .. }) => 403,
            FaceError::Accept(AcceptError::TooMany { .. }) => 429,
            FaceError::Accept(AcceptError::QueueFull(_)) => 503,
            FaceError::Accept(AcceptError::Catalog(_)) => 500,
            FaceError::Accept(_) => 400,
        }
    }

    /// Whether it was more than somebody may whom we know.
    fn is_refusal(&self) -> bool {
        matches!(self, FaceError::NotTheirs(_)) || self.status() == 403
    }

    fn seconds_to_wait(&self) -> Option<u64> {
        match self {
            FaceError::TooMany { seconds, .. } => Some(*seconds),
            FaceError::Accept(AcceptError::TooMany { standing, .. }) => {
                Some(standing.resets_in.as_secs() + 1)
            }
            other => (other.status() == 503).then_some(1),
        }
    }

    /// What may be told: what the database says is for our log.
    fn message(&self) -> String {
        match self {
            FaceError::Accept(AcceptError::Catalog(error))
            | FaceError::Unauthorized(Unauthorized::Catalog(error)) => {
                tracing::error!(%error, "the catalog failed");
                FaceError::Catalog.to_string()
            }
            other => other.to_string(),
        }
    }
}

impl Face {
    /// Whose key this is.
    async fn admit(&self, shown: Option<&str>, how: &'static str) -> Result<Principal, FaceError> {
        let shown = shown.ok_or(FaceError::NoKey(how))?;
        Ok(self.doors.guests.admit(shown).await?)
    }

    async fn accept(&self, principal: &Principal, request: PurgeRequest) -> Result<PurgeView, FaceError> {
        principal.may_ask_for(&request)?;
        Ok(self.doors.purges.accept(request, None, &principal.asker).await?.view)
    }

    fn count(
        &self,
        principal: &Principal,
        what: &'static str,
        rate: Rate,
    ) -> Result<purge::Standing, FaceError> {
        let who = (principal.asker.name.clone(), what);
        self.meter.count(who, rate, Instant::now()).map_err(|standing| FaceError::TooMany {
            limit: standing.limit,
            seconds: standing.resets_in.as_secs() + 1,
        })
    }

    /// The same somebody, bounded to this tenant; what is another's is as if it were not there.
    fn of_tenant(&self, principal: &Principal, name: &str) -> Result<Principal, FaceError> {
        let shown: String = name.chars().take(64).collect();
        let words = format!("there is no tenant {shown:?}");
        let Some(tenant) = self.doors.guests.keys.tenants.get(name) else {
            return Err(FaceError::NotFound(words));
        };
        if !principal.asker.sees(Some(name)) {
            return Err(FaceError::NotTheirs(words));
        }
        let asker = Asker { name: principal.asker.name.clone(), tenant: Some(Arc::clone(tenant)) };
        Ok(Principal { asker, ..principal.clone() })
    }

    /// A name in each source of the principal's tenant.
    fn in_each_source(
        &self,
        principal: &Principal,
        name: impl Fn(&str) -> String,
    ) -> Result<Vec<String>, FaceError> {
        let sources = principal.asker.tenant.iter().flat_map(|tenant| &tenant.sources);
        let names: Vec<_> = sources.map(|source| name(source)).collect();
        let none = || FaceError::NotFound("the tenant has no sources".to_owned());
        if names.is_empty() { Err(none()) } else { Ok(names) }
    }

    /// Writes down what somebody whom we know was refused, then answers in the vendor's words.
    async fn refuse(
        &self,
        who: Option<&Principal>,
        what: &str,
        error: FaceError,
        body: impl FnOnce(u16, String) -> Value,
    ) -> Response {
        let name = match (&error, who) {
            (FaceError::Unauthorized(Unauthorized::Forbidden(Forbidden::NoTenant { who, .. })), _) => {
                Some(who)
            }
            (_, who) => who.map(|who| &who.asker.name),
        };
        let (status, message) = (error.status(), error.message());
        if error.is_refusal()
            && let Some(name) = name
        {
            let (why, catalog) = (format!("{what}: {message}"), &self.doors.guests.keys.catalog);
            if let Err(error) = catalog.note_refusal(name, &why, unix_millis()).await {
                tracing::error!(who = name, what, %error, "a refusal cannot be written down");
            }
        }
        let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json(code, &body(status, message));
        if let Some(seconds) = error.seconds_to_wait() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
