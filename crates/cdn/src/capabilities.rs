//! What a vendor's API can be asked for, and how much of it at a time.

use std::time::Duration;

/// The bounds of one call for one kind of target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    pub items: usize,
    /// Of all items of a call together, a byte between each two.
    pub bytes: usize,
    pub item_bytes: usize,
}

impl Batch {
    /// A bound of ours where the vendor names none: no call grows without end.
    const BYTES: usize = 256 << 10;
    const ITEM_BYTES: usize = 4000;

    pub const fn of(items: usize) -> Option<Self> {
        Some(Self { items, bytes: Self::BYTES, item_bytes: Self::ITEM_BYTES })
    }
}

/// How a vendor says that a call has taken effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// It is asked until it says so.
    Polled,
    /// With its answer.
    Immediate,
    /// It says nothing but an estimate, or nothing at all.
    Unknown,
}

/// How many calls may begin: a bucket that holds `burst` and is refilled evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub burst: u32,
    /// From one call to the next once the bucket is empty.
    pub every: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    pub url: Option<Batch>,
    /// A path with every query.
    pub path: Option<Batch>,
    pub prefix: Option<Batch>,
    pub tag: Option<Batch>,
    pub all: bool,
    /// Whether a soft purge stays soft; elsewhere it is a hard one.
    pub soft: bool,
    /// Whether it tells host names apart.
    pub by_host: bool,
    pub rate: Rate,
    /// How many calls may be waiting for their completion.
    pub in_progress: usize,
    pub completion: Completion,
}

impl Capabilities {
    /// Nothing at all, to begin a vendor's own from.
    pub const NONE: Self = Self {
        url: None,
        path: None,
        prefix: None,
        tag: None,
        all: false,
        soft: false,
        by_host: true,
        rate: Rate { burst: 100, every: Duration::from_millis(10) },
        in_progress: 1,
        completion: Completion::Immediate,
    };
}
