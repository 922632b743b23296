//! Following one purge until it ends.

use std::sync::Arc;
use std::time::Duration;

use api_types::PurgeView;
use catalog::CatalogError;
use futures_util::{Stream, stream};
use purge::Purges;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Each holds a connection open, so there is an end to them.
const WATCHES_MAX: usize = 256;

/// Another process may be the one that works on the purge, and it tells us nothing: look anyway, now and then.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Watches {
    purges: Arc<Purges>,
    places: Arc<Semaphore>,
}

#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error("there is no purge {0:?}")]
    Unknown(String),
    #[error("{WATCHES_MAX} purges are being watched already; try again shortly")]
    TooMany,
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl Watches {
    pub fn new(purges: Arc<Purges>) -> Self {
        Self { purges, places: Arc::new(Semaphore::new(WATCHES_MAX)) }
    }

    /// The purge as it is, then as it is after each change; ends when the purge has.
    pub async fn watch(&self, id: &str) -> Result<impl Stream<Item = PurgeView> + Send + use<>, WatchError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| WatchError::TooMany)?;
        // Before the first look, so that no change falls between the two.
        let changes = self.purges.changes();
        let purges = Arc::clone(&self.purges);
        let first = purges.get(id).await?.ok_or_else(|| WatchError::Unknown(id.to_owned()))?;
        let watch = Watch { purges, changes, seen: first.clone(), _place: place };
        Ok(stream::unfold((watch, Some(first)), async |(mut watch, first)| {
            let view = match first {
                Some(first) => first,
                None => watch.next().await?,
            };
            Some((view, (watch, None)))
        }))
    }
}

struct Watch {
    purges: Arc<Purges>,
    changes: Receiver<String>,
    seen: PurgeView,
    _place: OwnedSemaphorePermit,
}

impl Watch {
    async fn next(&mut self) -> Option<PurgeView> {
        while !self.seen.state.has_ended() {
            match timeout(LOOK_ANYWAY, self.changes.recv()).await {
                Ok(Ok(id)) if id != self.seen.id => continue,
                // The server stops.
                Ok(Err(RecvError::Closed)) => return None,
                Ok(Ok(_) | Err(RecvError::Lagged(_))) | Err(_) => {}
            }
            match self.purges.get(&self.seen.id).await {
                Ok(Some(view)) if view != self.seen => {
                    self.seen = view.clone();
                    return Some(view);
                }
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => {
                    tracing::warn!(purge = self.seen.id, %error, "a purge can be watched no longer");
                    return None;
                }
            }
        }
        None
    }
}
