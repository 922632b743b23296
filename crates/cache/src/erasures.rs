//! The erasures that are being carried out.

use std::sync::{Arc, Mutex, PoisonError};

use purge_protocol::{AsOf, Tags};

/// Whether an erasure concerns a response of these tags and this stamp.
pub(crate) type Concerns = Arc<dyn Fn(&Tags, AsOf) -> bool + Send + Sync>;

/// The one door to the memory tier and to the write queue: while an erasure looks for what to remove, nothing that
/// it concerns may come in behind its back.
#[derive(Default)]
pub(crate) struct Erasures {
    under_way: Mutex<Vec<Concerns>>,
}

/// One erasure under way, until it is dropped.
pub(crate) struct Erasing<'a> {
    erasures: &'a Erasures,
    concerns: Concerns,
}

impl Erasures {
    pub fn begin(&self, concerns: Concerns) -> Erasing<'_> {
        self.lock().push(concerns.clone());
        Erasing { erasures: self, concerns }
    }

    /// Does what stores a response of these tags and this stamp, unless an erasure concerns it.
    pub fn admit<T>(&self, tags: &Tags, as_of: AsOf, store: impl FnOnce() -> T) -> Option<T> {
        let under_way = self.lock();
        let concerned = under_way.iter().any(|concerns| concerns(tags, as_of));
        // Still locked: an erasure that begins now finds what was stored.
        (!concerned).then(store)
    }

    /// Does what nothing may come in between.
    pub fn shut_out(&self, remove: impl FnOnce()) {
        let _under_way = self.lock();
        remove();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Concerns>> {
        // The list is whole at any time; a panic of somebody's predicate does not spoil it.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Erasing<'_> {
    fn drop(&mut self) {
        self.erasures.lock().retain(|other| !Arc::ptr_eq(other, &self.concerns));
    }
}
