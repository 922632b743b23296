//! Certificates from a certificate authority, by ACME (RFC 8555) and its challenge http-01.
//!
//! What comes of it are files: one for each host, key and chain together, which the listener follows like any other.

mod challenges;
mod client;
mod keeper;
mod order;
mod schedule;
mod store;

pub use challenges::{CHALLENGE_PATH, Challenges};
pub use keeper::{Keeper, Settings};
pub use store::Store;
