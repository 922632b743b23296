//! What a data-plane node must know to serve without asking.
//!
//! Plain data: the control plane makes a [`Snapshot`] from its configuration, edges fetch it from their upstream as
//! JSON, and everything that answers a client reads one.

mod host;
mod limits;
mod signing_key;
mod site;
mod upstreams;

pub use host::{HostPattern, InvalidHostPattern};
pub use limits::RequestLimits;
pub use signing_key::SigningKeyData;
pub use site::{Site, SiteKind, Storing};
pub use upstreams::{HealthCheck, Patience, Places, Server, Upstreams};

use dialect::SigningKey;
use purge_protocol::TagKey;
use serde::{Deserialize, Serialize};

use host::RequestHost;

/// Contains secrets: it travels only between nodes that have shown the cluster's secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    pub sites: Vec<Site>,
    pub keys: Vec<SigningKeyData>,
    pub tag_key: TagKey,
    pub limits: RequestLimits,
}

impl Snapshot {
    /// The site that answers for a `Host` field (RFC 9110 §7.2); of several, the one that names it most precisely.
    ///
    /// `None` also for a host that is none. Compares with each pattern, which is less work than a hash as long as
    /// there are dozens.
    pub fn site_for(&self, host: &str) -> Option<&Site> {
        let host = RequestHost::parse(host)?;
        let candidates =
            self.sites.iter().flat_map(|site| site.hosts.iter().map(move |pattern| (pattern, site)));
        candidates
            .filter_map(|(pattern, site)| Some((pattern.precision_for(&host)?, site)))
            .max_by_key(|(precision, _)| *precision)
            .map(|(_, site)| site)
    }

    /// The keys in the form that verifies.
    pub fn signing_keys(&self) -> Vec<SigningKey> {
        self.keys.iter().map(|key| key.key().clone()).collect()
    }

    /// Changes whenever anything in the snapshot does; two nodes with the same digest serve by the same rules.
    pub fn digest(&self) -> String {
        // A struct's fields are written in the order of their declaration, so that the text is canonical. It cannot
        // fail: there is no map whose keys are not texts.
        let text = serde_json::to_vec(self).unwrap_or_default();
        blake3::hash(&text).to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn site(hosts: &[&str], upstream: &str) -> Site {
        let hosts = hosts.iter().map(|host| host.parse().expect("a pattern")).collect();
        let kind = SiteKind::PassThrough {
            upstreams: Upstreams::one(upstream).into(),
            allow_private: false,
            strip_tags: false,
            purge_from: Vec::new(),
            storing: Storing::default(),
        };
        Site { hosts, kind, ..Site::default() }
    }

    fn snapshot(sites: Vec<Site>) -> Snapshot {
        let key = SigningKeyData::new("k1".parse().expect("a key id"), b"sixteen bytes ..".to_vec());
        Snapshot {
            sites,
            keys: vec![key.expect("long enough")],
            tag_key: TagKey::new([7; 16]),
            limits: RequestLimits::default(),
        }
    }

    fn found<'a>(snapshot: &'a Snapshot, host: &str) -> Option<&'a str> {
        match &snapshot.site_for(host)?.kind {
            SiteKind::PassThrough { upstreams, .. } => Some(&upstreams.servers[0].url),
            SiteKind::Images { .. } => Some("images"),
        }
    }

    #[test]
    fn the_most_precise_pattern_wins_wherever_it_stands() {
        let mut sites = vec![
            site(&["*"], "any"),
            site(&["*:9000"], "any on 9000"),
            site(&["*.example.com"], "under"),
            site(&["*.img.example.com"], "deeper under"),
            site(&["img.example.com", "127.0.0.1"], "exact"),
            site(&["img.example.com:8080"], "exact on 8080"),
            site(&["[::1]"], "six"),
        ];
        for turn in 0..2 {
            let snapshot = snapshot(sites.clone());
            for (host, wanted) in [
                ("img.example.com", "exact"),
                ("IMG.Example.COM", "exact"),
                ("img.example.com.", "exact"),
                ("img.example.com:80", "exact"),
                ("img.example.com:8080", "exact on 8080"),
                ("img.example.com:9000", "exact"),
                ("cdn.example.com", "under"),
                ("cdn.example.com:9000", "under"),
                ("a.b.example.com", "under"),
                ("a.img.example.com", "deeper under"),
                ("example.com", "any"),
                ("notexample.com", "any"),
                ("example.org:9000", "any on 9000"),
                ("127.0.0.1:8080", "exact"),
                ("[::1]:8080", "six"),
                ("[0:0:0:0:0:0:0:1]", "six"),
                ("[::2]", "any"),
            ] {
                assert_eq!(found(&snapshot, host), Some(wanted), "{host} in turn {turn}");
            }
            sites.reverse();
        }
    }

    #[test]
    fn a_host_that_is_none_has_no_site() {
        let snapshot = snapshot(vec![site(&["*"], "any")]);
        for host in
            ["", ":80", "a b", "a:b", "a:99999", "a:1:2", "[::1", "::1", "[::g]", "[::1]8", "a/b", "a@b", "é"]
        {
            assert_eq!(found(&snapshot, host), None, "{host:?}");
        }
    }

    #[test]
    fn without_a_fitting_pattern_there_is_no_site() {
        assert_eq!(found(&snapshot(vec![site(&["a.example"], "a")]), "b.example"), None);
    }

    #[test]
    fn a_snapshot_travels_as_json_and_keeps_its_digest() {
        let before =
            snapshot(vec![Site::default(), site(&["*.example.com:8080", "[::1]"], "http://127.0.0.1:8000")]);
        let json = serde_json::to_string_pretty(&before).expect("JSON");
        expect![[r#"
            {
              "sites": [
                {
                  "hosts": [
                    "*"
                  ],
                  "kind": {
                    "kind": "images",
                    "unsigned": false
                  },
                  "edge_lifetime": 2592000,
                  "browser_lifetime": 300,
                  "stale_if_error": 86400,
                  "stale_while_revalidate": 60,
                  "error_lifetime": 5
                },
                {
                  "hosts": [
                    "*.example.com:8080",
                    "[::1]"
                  ],
                  "kind": {
                    "kind": "pass_through",
                    "upstreams": {
                      "servers": [
                        {
                          "url": "http://127.0.0.1:8000",
                          "weight": 1
                        }
                      ],
                      "health": null,
                      "patience": {
                        "connect": 3000,
                        "first_byte": 10000,
                        "idle": 10000,
                        "total": 3600000
                      },
                      "places": {
                        "requests": 256,
                        "queue": 256,
                        "wait": 5000
                      }
                    },
                    "allow_private": false,
                    "strip_tags": false,
                    "purge_from": [],
                    "storing": {
                      "heuristic_lifetime": 0,
                      "cookies": false
                    }
                  },
                  "edge_lifetime": 2592000,
                  "browser_lifetime": 300,
                  "stale_if_error": 86400,
                  "stale_while_revalidate": 60,
                  "error_lifetime": 5
                }
              ],
              "keys": [
                {
                  "id": "k1",
                  "secret": "c2l4dGVlbiBieXRlcyAuLg=="
                }
              ],
              "tag_key": [
                7,
                7,
                7,
                7,
                7,
                7,
                7,
                7,
                7,
                7,
                7,
                7,
                7,
                7,
                7,
                7
              ],
              "limits": {
                "url_bytes": 8192,
                "header_bytes": 16384,
                "body_bytes": 1048576
              }
            }"#]]
        .assert_eq(&json);
        let after: Snapshot = serde_json::from_str(&json).expect("a snapshot");
        assert_eq!(after.digest(), before.digest());
        assert_eq!(after.sites, before.sites);
    }

    #[test]
    fn a_snapshot_from_before_there_were_pools_is_read() {
        let old =
            r#"{"kind":"pass_through","upstream":"http://h:1","allow_private":true,"strip_tags":false}"#;
        let read: SiteKind = serde_json::from_str(old).expect("a site's kind");
        let upstreams = Upstreams::one("http://h:1").into();
        assert_eq!(
            read,
            SiteKind::PassThrough {
                upstreams,
                allow_private: true,
                strip_tags: false,
                purge_from: Vec::new(),
                storing: Storing::default(),
            }
        );
    }

    #[test]
    fn any_change_gives_another_digest() {
        let base = snapshot(vec![Site::default()]);
        let mut others = vec![base.clone(); 4];
        others[0].sites[0].browser_lifetime += 1;
        others[1].keys.clear();
        others[2].tag_key = TagKey::new([8; 16]);
        others[3].limits.url_bytes += 1;
        for (n, other) in others.iter().enumerate() {
            assert_ne!(other.digest(), base.digest(), "change {n}");
        }
    }

    #[test]
    fn no_secret_shows_in_debug_output() {
        let shown = format!("{:?}", snapshot(vec![]));
        for secret in ["sixteen", "c2l4dGVlbi", "115, 105"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
