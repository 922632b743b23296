//! The rules by which a purge becomes true everywhere, as data and functions.
//!
//! Pure: no clock, no I/O, no async, no randomness. Time and messages are arguments, so that the planes and the
//! simulation call the very same code. No other crate compares positions: their type has no order outside.
//!
//! Read in this order: [`position`] and [`tag`] are the nouns, [`selector`] is what operators write, [`web_url`] how
//! URLs are named, [`record`] is the log. [`fences`] decides what may answer, [`fill`] stamps what was fetched,
//! [`flight`] says who may share it, [`follower`] keeps a node up with the log, [`lease`] says for how long it may
//! answer unasked. [`authority`] is the log's own side, [`retention`] how much of it is kept, [`receipt`] what a purge
//! can show for itself, [`tombstone`] what answers after an erasure.
//! `docs/purge-protocol.md` tells it as a story, with the proofs.

pub mod authority;
pub mod fences;
pub mod fill;
pub mod flight;
pub mod follower;
pub mod lease;
pub mod position;
pub mod receipt;
pub mod record;
pub mod retention;
pub mod selector;
pub mod tag;
pub mod tombstone;
pub mod web_url;

pub use authority::{Authority, Refused, Renewal, SavedLog};
pub use fences::{Fences, Reason, SavedFences, Verdict};
pub use fill::{AsOf, Fill, Readiness};
pub use flight::{Arrival, Flight, Landing};
pub use follower::{Batch, Erasure, Follower, Received};
pub use lease::{
    DeclaredGone, Drift, ForgetError, Grant, HeldLease, Isolation, Leases, Leave, Moment, NodeId, Settlement,
};
pub use position::{CheckedAt, LogId, Position, Revision};
pub use receipt::{Erased, NodeLine, Outcome, Receipt};
pub use record::{Mode, Record};
pub use retention::Retention;
pub use selector::{Selector, SelectorError};
pub use tag::{Subject, Tag, TagKey, Tags, TooManyTags, UnknownSubject};
pub use tombstone::{Gone, Tombstone, Tombstones};
