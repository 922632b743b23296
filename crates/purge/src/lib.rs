//! The life of a purge: a durable state machine, leases, verifier, receipts.
//!
//! [`Purges`] is the door for whoever wants one or wants to see one; [`Worker`] carries them through their states;
//! [`Authority`] owns the log that nodes follow, and knows who has acknowledged what.

mod authority;
mod cdns;
mod purges;
mod rounds;
mod selectors;
mod verifier;
mod verifying;
mod worker;

pub use authority::{Authority, ForgetNodeError, Keeping, Settling, SnapshotDigest};
pub use cdns::{Cdn, CdnWorker};
pub use purges::{AcceptError, Accepted, LiftError, Purges};
pub use selectors::{Resolved, Selectors};
pub use verifier::{PublicHost, Verifier};
pub use worker::{Worker, WorkerSettings};
