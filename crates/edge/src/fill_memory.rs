//! How many bytes all fills under way may hold together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One for each node. A fill that finds it used up goes on, for those who wait already, and is not stored.
#[derive(Debug, Clone)]
pub struct FillMemory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    max: u64,
    used: AtomicU64,
}

/// One body's share, given back when it is dropped.
#[derive(Debug)]
pub struct Held {
    memory: FillMemory,
    bytes: u64,
}

impl FillMemory {
    pub fn new(max: u64) -> Self {
        Self(Arc::new(Shared { max, used: AtomicU64::new(0) }))
    }

    pub fn hold(&self) -> Held {
        Held { memory: self.clone(), bytes: 0 }
    }

    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }
}

impl Held {
    /// Counts the bytes in any case; false if that is more than there may be.
    pub fn take(&mut self, bytes: u64) -> bool {
        self.bytes += bytes;
        let before = self.memory.0.used.fetch_add(bytes, Ordering::Relaxed);
        before.saturating_add(bytes) <= self.memory.0.max
    }

    pub fn give_back(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.memory.0.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}
