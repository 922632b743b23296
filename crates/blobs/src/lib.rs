//! Bytes by digest, on local disk.
//!
//! Immutable: a name says what the bytes are (originals) or what they were made from (derivatives), so nothing in here
//! can be stale, only unreachable. Nothing in here is the only copy either: what is missing is fetched or rendered again,
//! which is why everything that looks wrong counts as absent.

mod blobs;
mod digest;
mod kind;
mod layout;
mod ledger;

pub use blobs::{Blobs, DeleteError, OpenError, PutError, Usage};
pub use digest::{Digest, InvalidDigest};
pub use kind::Kind;
