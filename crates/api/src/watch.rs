//! Following one purge until it ends, or all of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use api_types::PurgeView;
use catalog::{CatalogError, PurgeFilter};
use futures_util::{Stream, stream};
use purge::{Asker, Purges};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Each holds a connection open, so there is an end to them.
const WATCHES_MAX: usize = 256;

/// Of those whose changes were missed.
const CATCH_UP: u32 = 200;

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

impl Watches {
    /// Each purge that the asker may see, as it is after each change from now on. Of changes that come faster than they
    /// are taken, the last of each purge is what is sure to be told.
    pub fn watch_all(
        &self,
        asker: Asker,
    ) -> Result<impl Stream<Item = PurgeView> + Send + use<>, WatchError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| WatchError::TooMany)?;
        let all = WatchAll {
            changes: self.purges.changes(),
            purges: Arc::clone(&self.purges),
            asker,
            catching_up: VecDeque::new(),
            _place: place,
        };
        Ok(stream::unfold(all, async |mut all| Some((all.next().await?, all))))
    }
}

struct WatchAll {
    purges: Arc<Purges>,
    changes: Receiver<String>,
    asker: Asker,
    /// After having missed some: the newest as they are, oldest first.
    catching_up: VecDeque<PurgeView>,
    _place: OwnedSemaphorePermit,
}

impl WatchAll {
    async fn next(&mut self) -> Option<PurgeView> {
        loop {
            if let Some(view) = self.catching_up.pop_front() {
                return Some(view);
            }
            let found = match self.changes.recv().await {
                Ok(id) => self.purges.get(&id).await.map(|view| {
                    view.into_iter().filter(|view| self.asker.sees(view.tenant.as_deref())).collect()
                }),
                Err(RecvError::Lagged(_)) => {
                    let tenant = self.asker.tenant.as_ref().map(|tenant| tenant.name.clone());
                    let filter = PurgeFilter { tenant, ..PurgeFilter::default() };
                    self.purges.list(&filter, CATCH_UP).await.map(|views| views.into_iter().rev().collect())
                }
                // The server stops.
                Err(RecvError::Closed) => return None,
            };
            match found {
                Ok(views) => self.catching_up = views,
                Err(error) => {
                    tracing::warn!(%error, "purges can be watched no longer");
                    return None;
                }
            }
        }
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
