//! Sources over HTTP behind an egress guard.
//!
//! [`Client::fetch`] brings one original from a [`Source`]; [`Client::forward`] passes one request on,
//! to a site's upstream or to another node. Both go through the same guard, which judges the *resolved* address of
//! every new connection: names, literals, redirects and DNS that changes its mind are one case.

mod body;
mod client;
mod connector;
mod error;
mod exchange;
mod fetched;
mod guard;
mod lifetime;
mod redirect;
mod source;

pub use body::UpstreamBody;
pub use client::Client;
pub use error::{FetchError, Stage};
pub use fetched::{Fetched, Original};
pub use guard::{Guard, Neighbourhood, neighbourhood};
pub use source::{FetchLimits, Source, Validators};
