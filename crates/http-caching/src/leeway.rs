//! What RFC 9111 leaves to whoever runs the cache.

use std::time::Duration;

/// The default keeps nothing on a guess and no cookies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leeway {
    /// For how long at most a response is fresh that nobody gave a lifetime ([`heuristic`](crate::freshness::heuristic)).
    pub heuristic_lifetime: Duration,
    /// Whether a response is stored with its `Set-Cookie`, and so shared with everyone.
    pub store_cookies: bool,
}
