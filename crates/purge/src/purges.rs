//! The door for whoever wants a purge, or wants to see one.

use std::sync::Arc;

use api_types::{AuditView, ErasureView, NodeList, PurgeRequest, PurgeView, Selector};
use bus::clock::unix_millis;
use catalog::{Accepted as Stored, AuditEntry, Catalog, CatalogError, Erasure, Lifted, NewPurge};
use purge_protocol::{Gone, Mode, Subject};
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::authority::{Authority, ForgetNodeError};
use crate::selectors::Selectors;

/// Purges that have not ended: what is asked beyond them is refused, so that nothing accepted is ever lost.
const OPEN_MAX: u64 = 100_000;

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
    #[error("mode \"erase\" takes originals only: what is erased must be named one by one")]
    EraseNeedsOriginals,
    #[error("a reason has 1 to {limit} characters without line breaks, and goes with mode \"erase\" only")]
    MalformedReason { limit: usize },
    #[error("{limit} purges are waiting already; try again when some have ended")]
    QueueFull { limit: u64 },
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

#[derive(Debug, Clone)]
pub struct Accepted {
    pub view: PurgeView,
    /// False when the same idempotency key was accepted before.
    pub new: bool,
}

pub struct Purges {
    catalog: Catalog,
    authority: Arc<Authority>,
    selectors: Selectors,
    changes: broadcast::Sender<String>,
}

impl Purges {
    pub fn new(catalog: Catalog, authority: Arc<Authority>, selectors: Selectors) -> Self {
        Self { catalog, authority, selectors, changes: broadcast::Sender::new(1024) }
    }

    /// Checks a purge and stores it. When this has returned, it is never lost.
    pub async fn accept(
        &self,
        request: PurgeRequest,
        idempotency_key: Option<String>,
        cause: &str,
    ) -> Result<Accepted, AcceptError> {
        self.selectors.resolve_all(&request.selectors, request.mode)?;
        Selectors::check_reason(request.reason.as_deref(), request.mode)?;
        self.has_room().await?;
        let purge = NewPurge {
            id: Uuid::now_v7().to_string(),
            idempotency_key,
            cause: cause.to_owned(),
            selectors: request.selectors,
            mode: request.mode,
            force: request.force,
            reason: request.reason,
            urgent: request.urgent,
        };
        let (id, new) = match self.catalog.accept_purge(&purge, unix_millis()).await? {
            Stored::New(id) => (id, true),
            Stored::Before(id) => (id, false),
        };
        let view = self.catalog.purge(&id).await?;
        let view = view.ok_or_else(|| CatalogError::Unreadable(format!("purge {id} is gone")))?;
        self.changed(&id);
        Ok(Accepted { view, new })
    }

    async fn has_room(&self) -> Result<(), AcceptError> {
        if self.catalog.open_purges().await? >= OPEN_MAX {
            return Err(AcceptError::QueueFull { limit: OPEN_MAX });
        }
        Ok(())
    }

    /// Lets an erased original be fetched again. `operator` is who asks: there is one API token, so that the door is
    /// all that is known of them. The purge that announces it fences what answered in its place.
    pub async fn lift(&self, original: &str, operator: &str) -> Result<PurgeView, LiftError> {
        let (source, path) = self.selectors.original(original)?;
        self.has_room().await?;
        let name = format!("{source}/{path}");
        let announce = NewPurge {
            id: Uuid::now_v7().to_string(),
            idempotency_key: None,
            cause: operator.to_owned(),
            selectors: vec![Selector::Original(name.clone())],
            mode: Mode::Hard,
            force: true,
            reason: None,
            urgent: false,
        };
        let subject = Subject::Original(name.clone());
        match self.catalog.lift_erasure(&subject, &announce, unix_millis()).await? {
            Lifted::Lifted => {}
            Lifted::NotErased => return Err(LiftError::NotErased { original: name }),
            Lifted::UnderWay { purge } => return Err(LiftError::UnderWay { original: name, purge }),
        }
        tracing::info!(original = name, operator, purge = announce.id, "an erasure is lifted");
        let view = self.catalog.purge(&announce.id).await?;
        let view = view.ok_or_else(|| CatalogError::Unreadable(format!("purge {} is gone", announce.id)))?;
        self.changed(&announce.id);
        Ok(view)
    }

    /// What is erased now, the newest first.
    pub async fn erasures(&self, limit: u32) -> Result<Vec<ErasureView>, CatalogError> {
        Ok(self.catalog.erasures(limit).await?.into_iter().map(erasure_view).collect())
    }

    pub async fn erasure(&self, original: &str) -> Result<Option<ErasureView>, CatalogError> {
        let subject = Subject::Original(original.to_owned());
        Ok(self.catalog.erasure(&subject).await?.map(erasure_view))
    }

    /// What operators did that no purge shows, the newest first.
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

    /// The newest, without their events.
    pub async fn list(&self, limit: u32) -> Result<Vec<PurgeView>, CatalogError> {
        self.catalog.purges(limit).await
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
