//! The rules by which a purge becomes true everywhere, as data and functions.
//!
//! Pure: no clock, no I/O, no async, no randomness. Time and messages are arguments, so that the planes and the
//! simulation call the very same code. No other crate compares positions.
//!
//! Read in this order: [`position`] and [`tag`] are the nouns, [`record`] is the log, [`fences`] decides what may
//! answer, [`fill`] stamps what was fetched, [`follower`] keeps a node up with the log, [`lease`] says for how long it
//! may answer unasked and when a purge is done.

pub mod fences;
pub mod fill;
pub mod follower;
pub mod lease;
pub mod position;
pub mod record;
pub mod tag;

pub use fences::{Fences, Reason, SavedFences, Verdict};
pub use fill::{AsOf, Fill, Readiness};
pub use follower::{Batch, Erasure, Follower, Received};
pub use lease::{Drift, Grant, HeldLease, Leases, Moment, NodeId, Settlement};
pub use position::{CheckedAt, LogId, Position, Revision};
pub use record::{Mode, Record};
pub use tag::{Subject, Tag, TagKey, Tags, TooManyTags};
