//! Sources over HTTP behind an egress guard.
//!
//! [`Client::fetch`] brings one original from a [`Source`]; [`Client::forward`] passes one request on to one server, and
//! [`Pool::forward`] to the member of a [`Pool`] that is to have it. All go through the same guard, which judges the
//! *resolved* address of every new connection: names, literals, redirects and DNS that changes its mind are one case.

mod balance;
mod body;
mod client;
mod connector;
mod error;
mod exchange;
mod fetched;
mod guard;
mod health;
mod heard;
mod lifetime;
mod member;
mod pool;
mod probe;
mod redirect;
mod retry;
mod source;

pub use balance::Balance;
pub use body::UpstreamBody;
pub use client::Client;
pub use error::{FetchError, Stage};
pub use exchange::{Inform, remote_address};
pub use fetched::{Fetched, Original};
pub use guard::{Guard, Neighbourhood, neighbourhood};
pub use health::HealthRules;
pub use member::{MemberReport, Places};
pub use pool::{Pool, PoolSettings};
pub use probe::Probe;
pub use source::{FetchLimits, Source, Validators};
