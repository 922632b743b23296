//! The door for whoever wants a purge, or wants to see one.

use std::sync::Arc;
use std::time::Duration;

use api_types::{AuditView, ErasureView, NodeList, PurgeRequest, PurgeState, PurgeView, Selector};
use bus::clock::unix_millis;
use catalog::{
    Accepted as Stored, AuditEntry, Cancelling, Catalog, CatalogError, Erasure, Lifted, NewPurge, PurgeFilter,
};
use purge_protocol::{Gone, Mode, Subject};
use tokio::sync::broadcast;
use tokio::time::Instant;
use uuid::Uuid;

use crate::authority::{Authority, ForgetNodeError};
use crate::failpoint;
use crate::rates::{Kind, Meter, Rates, Standing};
use crate::room::{Full, Room};
use crate::selectors::{Resolved, Selectors, is_wholesale};
use crate::tenant::{Asker, Tenant};

/// How far ahead a purge may be.
const AHEAD_DAYS_MAX: u64 = 366;
/// Clocks differ: a time that passed just now means now.
const BEHIND_MAX_MS: u64 = 60_000;

/// Derivatives that one purge may make before its new versions become current.
const WARM_MAX: u32 = 100;

#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    #[error(
        "a purge needs at least one selector, as in {{\"selectors\":[{{\"original\":\"demo/cat.jpg\"}}]}}"
    )]
    NoSelectors,
    #[error("a purge has at most {limit} selectors, this one has {found}")]
    TooManySelectors { found: usize, limit: usize },
    #[error("the selector \"{selector}\" cannot be understood: {why}")]
    Malformed { selector: String, why: String },
    #[error("there is no source named {name:?}")]
    UnknownSource { name: String },
    #[error("there is no CDN named {name:?}: [[cdn]] sections of the configuration name them")]
    UnknownCdn { name: String },
    #[error("URLs that are not ours are purged by themselves, not together with what is")]
    ExternalsAlone,
    #[error("mode \"erase\" takes originals only: what is erased must be named one by one")]
    EraseNeedsOriginals,
    #[error("a reason has 1 to {limit} characters without line breaks, and goes with mode \"erase\" only")]
    MalformedReason { limit: usize },
    #[error("\"{selector}\" is beyond tenant {tenant}: {why}")]
    BeyondTenant { selector: String, tenant: String, why: &'static str },
    #[error(
        "`at` is in Unix milliseconds, not in the past and at most {AHEAD_DAYS_MAX} days ahead; {found} is not"
    )]
    MalformedTime { found: u64 },
    #[error("tenant {tenant} has asked for {} {what} already, as many as it may in {} s", standing.limit, per.as_secs())]
    TooMany { tenant: String, what: &'static str, per: Duration, standing: Standing },
    #[error("a purge warms at most {WARM_MAX} derivatives, not {found}")]
    TooWarm { found: u32 },
    #[error(
        "nothing here can be warmed: what is erased never comes back, and only pictures of ours are made anew"
    )]
    NothingToWarm,
    #[error("a dry run is asked for at POST /v1/purges; this door only purges")]
    DryRun,
    #[error(transparent)]
    QueueFull(#[from] Full),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

#[derive(Debug, thiserror::Error)]
pub enum LiftError {
    #[error("{original} is not erased")]
    NotErased { original: String },
    #[error("{original} is still being erased, by purge {purge}; it can be lifted when that has ended")]
    UnderWay { original: String, purge: String },
    #[error(transparent)]
    Name(#[from] AcceptError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// Why a purge that is there cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("there is no purge {id:?}")]
    Unknown { id: String },
    #[error("purge {id} is {state} already: it can be taken back only before it has begun")]
    TooLate { id: String, state: PurgeState },
    #[error("purge {id} is {state}: only one that failed is tried again")]
    NotFailed { id: String, state: PurgeState },
    #[error(transparent)]
    Accept(#[from] AcceptError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

#[derive(Debug, Clone)]
pub struct Accepted {
    pub view: PurgeView,
    /// False when the same idempotency key was accepted before for a purge of something else, which this one shows.
    pub is_as_asked: bool,
    /// How the asker's tenant stands with what it may ask for.
    pub standing: Option<Standing>,
}

pub struct Purges {
    pub(crate) catalog: Catalog,
    authority: Arc<Authority>,
    pub(crate) selectors: Selectors,
    changes: broadcast::Sender<String>,
    meter: Meter<(String, Kind)>,
    pub(crate) room: Room,
}

impl Purges {
    pub fn new(catalog: Catalog, authority: Arc<Authority>, selectors: Selectors) -> Self {
        Self {
            catalog,
            authority,
            selectors,
            changes: broadcast::Sender::new(1024),
            meter: Meter::default(),
            room: Room::default(),
        }
    }

    /// Checks a purge and stores it. When this has returned, it is never lost.
    pub async fn accept(
        &self,
        request: PurgeRequest,
        idempotency_key: Option<String>,
        asker: &Asker,
    ) -> Result<Accepted, AcceptError> {
        self.take_in(request, idempotency_key, asker, None).await
    }

    /// What is asked for, if it can be understood and is the asker's to ask for; `all` as what is theirs.
    pub(crate) fn checked(
        &self,
        mut request: PurgeRequest,
        asker: &Asker,
    ) -> Result<PurgeRequest, AcceptError> {
        let now = unix_millis();
        let resolved = self.selectors.resolve_all(&request.selectors, request.mode)?;
        Selectors::check_reason(request.reason.as_deref(), request.mode)?;
        if request.warm > WARM_MAX {
            return Err(AcceptError::TooWarm { found: request.warm });
        }
        if request.warm > 0 && !warms(&resolved, request.mode) {
            return Err(AcceptError::NothingToWarm);
        }
        if let Some(at) = request.at
            && (at.saturating_add(BEHIND_MAX_MS) < now || at > now + AHEAD_DAYS_MAX * 86_400_000)
        {
            return Err(AcceptError::MalformedTime { found: at });
        }
        if let Some(tenant) = &asker.tenant {
            request.selectors = self.selectors.within(request.selectors, tenant)?;
        } else {
            Selectors::check_whose(&request.selectors)?;
        }
        Ok(request)
    }

    async fn take_in(
        &self,
        request: PurgeRequest,
        idempotency_key: Option<String>,
        asker: &Asker,
        retry_of: Option<String>,
    ) -> Result<Accepted, AcceptError> {
        if request.dry_run {
            return Err(AcceptError::DryRun);
        }
        let now = unix_millis();
        let wholesale = request.selectors.iter().any(is_wholesale);
        let request = self.checked(request, asker)?;
        let mut standing = None;
        if let Some(tenant) = &asker.tenant {
            standing = Some(self.meter(tenant, wholesale, request.mode)?);
        }
        let purge = NewPurge {
            id: Uuid::now_v7().to_string(),
            idempotency_key: idempotency_key.map(|key| asker.own_key(key)),
            cause: asker.name.clone(),
            selectors: request.selectors.clone(),
            mode: request.mode,
            force: request.force,
            reason: request.reason.clone(),
            urgent: request.urgent,
            warm: request.warm,
            tenant: asker.tenant.as_ref().map(|tenant| tenant.name.clone()),
            at_ms: request.at,
            retry_of,
        };
        self.room.take(&self.catalog, purge.whose()).await??;
        failpoint::before(PurgeState::Received);
        let (id, new) = match self.catalog.accept_purge(&purge, now).await? {
            Stored::New(id) => {
                failpoint::after(PurgeState::Received);
                (id, true)
            }
            Stored::Before(id) => (id, false),
        };
        let view = self.catalog.purge(&id).await?;
        let view = view.ok_or_else(|| CatalogError::Unreadable(format!("purge {id} is gone")))?;
        self.changed(&id);
        let is_as_asked = new || asks_for(&request, &view);
        Ok(Accepted { view, is_as_asked, standing })
    }

    /// Of what counts several times, that which leaves least.
    pub(crate) fn meter(
        &self,
        tenant: &Tenant,
        wholesale: bool,
        mode: Mode,
    ) -> Result<Standing, AcceptError> {
        let now = Instant::now();
        let Rates { any, wholesale: whole, erase } = tenant.rates;
        let kinds = [
            (true, Kind::Any, any, "purges"),
            (wholesale, Kind::Wholesale, whole, "purges of whole sources or hosts"),
            (mode == Mode::Erase, Kind::Erase, erase, "erasures"),
        ];
        let mut least: Option<Standing> = None;
        for (_, kind, rate, what) in kinds.into_iter().filter(|(concerns, ..)| *concerns) {
            let standing = self.meter.count((tenant.name.clone(), kind), rate, now);
            let standing = standing.map_err(|standing| AcceptError::TooMany {
                tenant: tenant.name.clone(),
                what,
                per: rate.per,
                standing,
            })?;
            if least.is_none_or(|least| standing.remaining < least.remaining) {
                least = Some(standing);
            }
        }
        least.ok_or(AcceptError::NoSelectors)
    }

    /// Takes a purge back that has not begun.
    pub async fn cancel(&self, id: &str, asker: &Asker) -> Result<PurgeView, ChangeError> {
        let unknown = || ChangeError::Unknown { id: id.to_owned() };
        let view = self.catalog.purge(id).await?.filter(|view| asker.sees(view.tenant.as_deref()));
        view.ok_or_else(unknown)?;
        match self.catalog.cancel_purge(id, &asker.name, unix_millis()).await? {
            Cancelling::Cancelled => {}
            Cancelling::TooLate(state) => return Err(ChangeError::TooLate { id: id.to_owned(), state }),
            Cancelling::Unknown => return Err(unknown()),
        }
        self.changed(id);
        self.catalog.purge(id).await?.ok_or_else(unknown)
    }

    /// What `retry` would ask for.
    pub async fn failed(&self, id: &str, asker: &Asker) -> Result<PurgeRequest, ChangeError> {
        let view = self.catalog.purge(id).await?.filter(|view| asker.sees(view.tenant.as_deref()));
        let view = view.ok_or_else(|| ChangeError::Unknown { id: id.to_owned() })?;
        if !view.state.failed() {
            return Err(ChangeError::NotFailed { id: id.to_owned(), state: view.state });
        }
        Ok(PurgeRequest {
            selectors: view.selectors,
            mode: view.mode,
            // What it had fenced before it failed is as the source has it by now: others must be told all the same.
            force: view.force || view.receipt.position.is_some(),
            reason: view.reason,
            urgent: view.urgent,
            warm: view.warm,
            ..PurgeRequest::default()
        })
    }

    /// Asks once more for what a purge that failed was to do: a purge of its own.
    pub async fn retry(&self, id: &str, asker: &Asker) -> Result<Accepted, ChangeError> {
        let request = self.failed(id, asker).await?;
        Ok(self.take_in(request, None, asker, Some(id.to_owned())).await?)
    }

    /// Lets an erased original be fetched again. The purge that announces it fences what answered in its place.
    pub async fn lift(&self, original: &str, asker: &Asker) -> Result<PurgeView, LiftError> {
        let (source, path) = self.selectors.original(original)?;
        self.check_reach(original, asker)?;
        let name = format!("{source}/{path}");
        let selectors = vec![Selector::Original(name.clone())];
        let announce = NewPurge {
            force: true,
            tenant: asker.tenant.as_ref().map(|tenant| tenant.name.clone()),
            ..NewPurge::of(Uuid::now_v7().to_string(), asker.name.clone(), selectors)
        };
        self.room.take(&self.catalog, announce.whose()).await?.map_err(AcceptError::from)?;
        let subject = Subject::Original(name.clone());
        match self.catalog.lift_erasure(&subject, &announce, unix_millis()).await? {
            Lifted::Lifted => {}
            Lifted::NotErased => return Err(LiftError::NotErased { original: name }),
            Lifted::UnderWay { purge } => return Err(LiftError::UnderWay { original: name, purge }),
        }
        tracing::info!(original = name, operator = asker.name, purge = announce.id, "an erasure is lifted");
        let view = self.catalog.purge(&announce.id).await?;
        let view = view.ok_or_else(|| CatalogError::Unreadable(format!("purge {} is gone", announce.id)))?;
        self.changed(&announce.id);
        Ok(view)
    }

    /// Whether a host has pictures of ours, named by source and path; else it passes through.
    pub fn delivers_pictures(&self, host: &str) -> bool {
        self.selectors.delivers_pictures(host)
    }

    /// Whether an original is the asker's.
    pub fn check_reach(&self, original: &str, asker: &Asker) -> Result<(), AcceptError> {
        if let Some(tenant) = &asker.tenant {
            self.selectors.within(vec![Selector::Original(original.to_owned())], tenant)?;
        }
        Ok(())
    }

    /// What is erased now, the newest first.
    pub async fn erasures(&self, limit: u32) -> Result<Vec<ErasureView>, CatalogError> {
        Ok(self.catalog.erasures(limit).await?.into_iter().map(erasure_view).collect())
    }

    pub async fn erasure(&self, original: &str) -> Result<Option<ErasureView>, CatalogError> {
        let subject = Subject::Original(original.to_owned());
        Ok(self.catalog.erasure(&subject).await?.map(erasure_view))
    }

    /// What operators did that no purge shows, and what others were refused; the newest first.
    pub async fn audit(&self, limit: u32) -> Result<Vec<AuditView>, CatalogError> {
        let entries = self.catalog.audit(limit).await?.into_iter();
        let view = |entry: AuditEntry| AuditView {
            at: entry.at_ms,
            operator: entry.operator,
            action: entry.action.as_str().to_owned(),
            subject: entry.subject,
            purge: entry.purge,
        };
        Ok(entries.map(view).collect())
    }

    pub async fn get(&self, id: &str) -> Result<Option<PurgeView>, CatalogError> {
        self.catalog.purge(id).await
    }

    /// The newest that the filter lets through, without their events.
    pub async fn list(&self, filter: &PurgeFilter, limit: u32) -> Result<Vec<PurgeView>, CatalogError> {
        self.catalog.purges(filter, limit).await
    }

    /// Ids of purges that changed. Whoever lags looks again.
    pub fn changes(&self) -> broadcast::Receiver<String> {
        self.changes.subscribe()
    }

    /// Says that a node is gone for good: see [`Authority::declare_gone`].
    pub async fn forget_node(&self, name: &str, operator: &str) -> Result<NodeList, ForgetNodeError> {
        self.authority.declare_gone(name, operator).await?;
        Ok(self.nodes())
    }

    pub fn nodes(&self) -> NodeList {
        self.authority.nodes()
    }

    pub(crate) fn changed(&self, id: &str) {
        // Nobody listens: nobody needs to know.
        let _ = self.changes.send(id.to_owned());
    }
}

/// Whether some of it are pictures of which there may be new ones.
fn warms(resolved: &[Resolved], mode: Mode) -> bool {
    let is_of_pictures = |one: &Resolved| matches!(one, Resolved::Original { .. } | Resolved::Bulk { .. });
    mode != Mode::Erase && resolved.iter().any(is_of_pictures)
}

fn asks_for(wanted: &PurgeRequest, view: &PurgeView) -> bool {
    wanted.selectors == view.selectors
        && wanted.mode == view.mode
        && wanted.force == view.force
        && wanted.reason == view.reason
        && wanted.urgent == view.urgent
        && wanted.at == view.at
}

fn erasure_view(erasure: Erasure) -> ErasureView {
    let Erasure { subject, tombstone, cause } = erasure;
    let status = tombstone.gone.status();
    let reason = match tombstone.gone {
        Gone::Removed => None,
        Gone::Forbidden { reason } => Some(reason),
    };
    let original = match subject {
        Subject::Original(name) => name,
        other => other.to_string(),
    };
    ErasureView { original, status, reason, at: tombstone.at, operator: cause, purge: tombstone.purge }
}
