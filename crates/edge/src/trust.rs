//! Who is taken for a node of this cluster.
//!
//! A node may ask for the purge log, for the snapshot with its signing keys, and for derivatives without a signature.

use std::net::SocketAddr;

use api_types::node::NODE_KEY;
use http::HeaderMap;

use crate::forwarding::came_through_a_proxy;

#[derive(Clone)]
pub struct Trust {
    /// The cluster's secret.
    pub secret: Option<String>,
    /// Whether processes of this machine need none. Meant for one machine on which one operator runs everything.
    pub loopback: bool,
}

impl Trust {
    pub fn is_node(&self, peer: SocketAddr, headers: &HeaderMap) -> bool {
        if let (Some(secret), Some(shown)) = (&self.secret, headers.get(NODE_KEY)) {
            return same(secret.as_bytes(), shown.as_bytes());
        }
        self.loopback && peer.ip().is_loopback() && !came_through_a_proxy(headers)
    }
}

/// Compares digests, so that the time taken says nothing about where the difference is.
fn same(one: &[u8], other: &[u8]) -> bool {
    blake3::hash(one) == blake3::hash(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_shows_the_secret_or_comes_from_this_machine_if_that_is_enough() {
        let secret = Trust { secret: Some("s3cret".into()), loopback: false };
        let loopback = Trust { secret: None, loopback: true };
        let here: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let there: SocketAddr = "192.0.2.1:1".parse().unwrap();
        let fields = |list: &[(&'static str, &str)]| -> HeaderMap {
            list.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
        };
        for (trust, peer, headers, trusted) in [
            (&secret, there, &[(NODE_KEY, "s3cret")][..], true),
            (&secret, there, &[(NODE_KEY, "wrong")], false),
            (&secret, here, &[], false),
            (&loopback, here, &[], true),
            (&loopback, there, &[], false),
            (&loopback, here, &[("x-forwarded-for", "198.51.100.7")], false),
            (&loopback, here, &[("via", "1.1 nginx")], false),
        ] {
            assert_eq!(trust.is_node(peer, &fields(headers)), trusted, "{peer} {headers:?}");
        }
    }
}
