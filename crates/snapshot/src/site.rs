//! Host names, what they serve, and for how long.

use std::sync::Arc;

use dialect::SourceName;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::host::HostPattern;
use crate::upstreams::Upstreams;

/// All times in seconds but those of [`Upstreams`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    pub hosts: Vec<HostPattern>,
    pub kind: SiteKind,
    /// How long our own nodes keep a response fresh. Long, because a purge reaches them.
    pub edge_lifetime: u32,
    /// How long a browser may; short, because no purge reaches it.
    pub browser_lifetime: u32,
    /// How long past its lifetime a response may stand in for an origin that fails (RFC 5861 §4).
    pub stale_if_error: u32,
    /// How long past its lifetime a response may answer while it is validated (RFC 5861 §3).
    pub stale_while_revalidate: u32,
    /// How long an error is remembered, so that a failing origin is not asked for every request.
    pub error_lifetime: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SiteKind {
    /// Our own pictures of every source, in the native dialect.
    Images {
        /// Whether URLs without a signature are served: anyone may then have any size of any original made.
        unsigned: bool,
        /// The source by which the packs go that are asked for here in the dialect of tenant image services.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        packs: Option<SourceName>,
    },
    /// Whatever an HTTP server answers.
    PassThrough {
        #[serde(alias = "upstream", with = "crate::upstreams::shared")]
        upstreams: Arc<Upstreams>,
        /// Whether they may be on loopback or in a private network.
        allow_private: bool,
        /// Whether their tags (`Surrogate-Key`, `Cache-Tag`, `xkey`) are kept from clients.
        strip_tags: bool,
        /// Whose `PURGE` requests are carried out; nobody's if it is empty.
        #[serde(default)]
        purge_from: Vec<IpNet>,
        #[serde(default)]
        storing: Storing,
    },
}

impl SiteKind {
    pub fn purge_from(&self) -> &[IpNet] {
        match self {
            SiteKind::Images { .. } => &[],
            SiteKind::PassThrough { purge_from, .. } => purge_from,
        }
    }
}

/// What HTTP leaves to whoever runs the cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storing {
    /// How long at most a response is kept that nobody gave a lifetime, by a tenth of the time since it last changed
    /// (RFC 9111 §4.2.2). Zero: it is validated each time.
    pub heuristic_lifetime: u32,
    /// Whether a response is stored with its `Set-Cookie`, which everyone then gets (RFC 9111 §7.3).
    pub cookies: bool,
}

/// The site of hosts that no site names: signed pictures.
impl Default for Site {
    fn default() -> Self {
        Self {
            hosts: vec![HostPattern::any()],
            kind: SiteKind::Images { unsigned: false, packs: None },
            edge_lifetime: 30 * 86_400,
            browser_lifetime: 300,
            stale_if_error: 86_400,
            stale_while_revalidate: 60,
            error_lifetime: 5,
        }
    }
}
