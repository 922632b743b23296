//! What a client's request may be.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestLimits {
    /// Of path and query together; RFC 9110 §4.1 asks for at least 8000.
    pub url_bytes: u32,
    /// Of all field lines together.
    pub header_bytes: u32,
    /// Of a body that a pass-through site hands on.
    pub body_bytes: u64,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self { url_bytes: 8192, header_bytes: 16 << 10, body_bytes: 1 << 20 }
    }
}
