//! The door for whoever wants a purge, or wants to see one.

use std::sync::Arc;

use api_types::{NodeList, PurgeRequest, PurgeView};
use bus::clock::unix_millis;
use catalog::{Accepted as Stored, Catalog, CatalogError, NewPurge};
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::authority::Authority;
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
    #[error("{limit} purges are waiting already; try again when some have ended")]
    QueueFull { limit: u64 },
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
        if self.catalog.open_purges().await? >= OPEN_MAX {
            return Err(AcceptError::QueueFull { limit: OPEN_MAX });
        }
        let purge = NewPurge {
            id: Uuid::now_v7().to_string(),
            idempotency_key,
            cause: cause.to_owned(),
            selectors: request.selectors,
            mode: request.mode,
            force: request.force,
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

    pub fn nodes(&self) -> NodeList {
        self.authority.nodes()
    }

    pub(crate) fn changed(&self, id: &str) {
        // Nobody listens: nobody needs to know.
        let _ = self.changes.send(id.to_owned());
    }
}
