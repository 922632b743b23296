//! One line a request, with the reason for going forward.

use std::net::SocketAddr;
use std::time::Duration;

use http::Method;

pub struct Access<'a> {
    pub peer: SocketAddr,
    pub method: &'a Method,
    pub host: &'a str,
    pub target: &'a str,
    pub status: u16,
    /// The `Cache-Status` member of this node.
    pub cache_status: &'a str,
    pub bytes: Option<u64>,
    pub took: Duration,
    /// The node that asked, when it was not a client.
    pub node: Option<&'a str>,
}

/// Whether anybody reads the line, so that nobody else puts it together.
pub fn is_access_logged() -> bool {
    tracing::enabled!(target: "access", tracing::Level::INFO)
}

/// Under the target `access`, so that `PENTIMENTO_LOG=access=off` silences just this.
pub fn log_access(access: &Access<'_>) {
    tracing::info!(
        target: "access",
        peer = %access.peer,
        method = %access.method,
        host = access.host,
        target = access.target,
        status = access.status,
        cache = access.cache_status,
        bytes = access.bytes,
        took_us = u64::try_from(access.took.as_micros()).unwrap_or(u64::MAX),
        node = access.node,
    );
}
