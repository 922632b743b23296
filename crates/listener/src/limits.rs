//! What one listener puts up with.

use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection has said what it wants: for a PROXY header, for a TLS handshake, and for each request's
    /// header section from its first byte to its last.
    pub header_time: Duration,
    /// Request line and header section together.
    pub header_bytes: usize,
    /// For a whole request body to arrive.
    pub body_time: Duration,
    pub body_bytes: usize,
    /// How long a connection may stay open between two requests.
    pub idle_time: Duration,
    /// How long a client may take next to nothing of an answer that is there for it.
    pub stall_time: Duration,
    /// HTTP/2 requests at the same time on one connection.
    pub streams: u32,
    /// One after the other on one connection; then it is closed politely.
    pub requests: u64,
    /// How long open requests may still take when the listener stops.
    pub drain: Duration,
}
