//! Connections in, whole requests to a service, within limits.
//!
//! [`Listener::run`] accepts; the life of one connection, top to bottom, is in `connection.rs`. Nothing here knows what
//! a request means.

mod answer;
mod body;
mod connection;
mod farewell;
mod form;
#[cfg(feature = "http3")]
mod http3;
mod interim;
mod limits;
mod line;
mod listener;
mod pace;
mod place;
mod proxy;
mod proxy_header;
mod quick;
mod refusal;
pub mod tls;

#[cfg(feature = "http3")]
pub use http3::Http3Error;
pub use interim::Inform;
pub use limits::Limits;
pub use listener::{Listener, Service};
pub use place::Places;
pub use proxy::Proxies;
