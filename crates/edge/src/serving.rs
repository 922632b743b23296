//! What this node serves by, at one moment.

use std::sync::{Arc, PoisonError, RwLock};

use dialect::SigningKey;
use snapshot::{Site, Snapshot};

/// A snapshot, with what is derived from it made once.
#[derive(Debug)]
pub struct Serving {
    pub snapshot: Snapshot,
    pub keys: Vec<SigningKey>,
    /// Answers hosts that no site names.
    pub default_site: Site,
}

impl Serving {
    pub fn new(snapshot: Snapshot) -> Self {
        Self { keys: snapshot.signing_keys(), snapshot, default_site: Site::default() }
    }

    pub fn site_for(&self, host: &str) -> &Site {
        self.snapshot.site_for(host).unwrap_or(&self.default_site)
    }
}

/// The current one; replaced as a whole.
#[derive(Debug)]
pub struct CurrentServing(RwLock<Option<Arc<Serving>>>);

impl CurrentServing {
    /// Of a node that has not been told yet.
    pub fn unknown() -> Self {
        Self(RwLock::new(None))
    }

    pub fn replace(&self, serving: Serving) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(serving));
    }

    pub fn get(&self) -> Option<Arc<Serving>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
