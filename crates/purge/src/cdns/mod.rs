//! Other people's CDNs in the life of a purge: what they are to be told, who tells them, and what the receipt says of it.

mod receipts;
mod wishes;
mod worker;

use std::time::Duration;

use cdn::{Driver, Terms};

pub(crate) use receipts::{failure, receipts};
pub(crate) use wishes::Wishes;
pub use worker::CdnWorker;

/// One CDN, as its operator describes it.
#[derive(Debug)]
pub struct Cdn {
    /// In receipts, and where its work is kept: a CDN under another name is another CDN.
    pub name: String,
    pub driver: Driver,
    pub terms: Terms,
    /// How long it waits for more to tell with the same calls.
    pub window: Duration,
    /// Attempts at one call.
    pub attempts: u32,
    /// Whether our responses carry their tags for it.
    pub has_tags: bool,
}
