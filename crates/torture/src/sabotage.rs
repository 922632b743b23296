//! Things that break the promise, to see that the run finds it. A checker that cannot fail proves nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use testkit::Seen;

use crate::journal::Broken;
use crate::web::UrlNumber;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    CachingFront,
    ReturningBytes,
    LostCatalog,
    ColdCache,
    FrozenEdge,
}

impl Sabotage {
    pub const ALL: [Sabotage; 5] = [
        Sabotage::CachingFront,
        Sabotage::ReturningBytes,
        Sabotage::LostCatalog,
        Sabotage::ColdCache,
        Sabotage::FrozenEdge,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Sabotage::CachingFront => "caching-front",
            Sabotage::ReturningBytes => "returning-bytes",
            Sabotage::LostCatalog => "lost-catalog",
            Sabotage::ColdCache => "cold-cache",
            Sabotage::FrozenEdge => "frozen-edge",
        }
    }

    pub fn what(self) -> &'static str {
        match self {
            Sabotage::CachingFront => "a cache before an edge that no purge reaches",
            Sabotage::ReturningBytes => "erased bytes are put back into a node's cache",
            Sabotage::LostCatalog => "the catalog is deleted while purges are under way",
            Sabotage::ColdCache => "pictures are stored for no time at all",
            Sabotage::FrozenEdge => "an edge stays stopped when all else is healed",
        }
    }

    /// What has to be reported then.
    pub fn breaks(self) -> Broken {
        match self {
            Sabotage::CachingFront => Broken::Promise,
            Sabotage::ReturningBytes => Broken::ErasedBytes,
            Sabotage::LostCatalog => Broken::PurgeLost,
            Sabotage::ColdCache => Broken::ColdCache,
            Sabotage::FrozenEdge => Broken::NoProgress,
        }
    }

    /// Settings of the origin.
    pub fn settings(self) -> &'static str {
        match self {
            Sabotage::ColdCache => "[delivery]\nedge_lifetime = \"0s\"\n",
            _ => "",
        }
    }
}

/// What answers from before purges: it keeps what it saw before the storm, and never hears of any purge.
#[derive(Default)]
pub struct Front {
    kept: Mutex<HashMap<UrlNumber, Seen>>,
}

impl Front {
    pub fn has(&self, url: UrlNumber) -> Option<Seen> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&url).cloned()
    }

    pub fn keep(&self, url: UrlNumber, seen: &Seen) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(url, seen.clone());
    }
}
