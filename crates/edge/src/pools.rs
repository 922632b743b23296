//! The pools of upstreams behind the pass-through sites.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use origin::{Balance, Client, FetchLimits, HealthRules, MemberReport, Places, Pool, PoolSettings, Probe};
use snapshot::{Patience, Server, SiteKind, Snapshot, Upstreams};
use url::Url;

use crate::fill::FillError;

/// One for all sites with the same upstreams and the same patience: what these may be asked counts for all of them.
pub struct Pools(HashMap<(Arc<Upstreams>, bool), Pool>);

impl Pools {
    /// Within a runtime, on which the upstreams' health is checked.
    pub fn of_sites(snapshot: &Snapshot, client: &Client) -> Result<Self, url::ParseError> {
        let mut pools = HashMap::new();
        for site in &snapshot.sites {
            let SiteKind::PassThrough { upstreams, allow_private, .. } = &site.kind else { continue };
            if let Entry::Vacant(entry) = pools.entry((Arc::clone(upstreams), *allow_private)) {
                entry.insert(Pool::new(client.clone(), settings(upstreams, *allow_private)?));
            }
        }
        Ok(Self(pools))
    }

    /// The upstreams of one site.
    pub fn of(&self, upstreams: &Arc<Upstreams>, allow_private: bool) -> Result<&Pool, FillError> {
        let pool = self.0.get(&(Arc::clone(upstreams), allow_private));
        pool.ok_or_else(|| FillError::Unreachable("this node does not ask upstreams of sites".to_owned()))
    }

    pub fn report(&self) -> Vec<MemberReport> {
        self.0.values().flat_map(Pool::report).collect()
    }
}

fn settings(upstreams: &Upstreams, allow_private: bool) -> Result<PoolSettings, url::ParseError> {
    let member = |server: &Server| Url::parse(&server.url).map(|url| (url, server.weight));
    Ok(PoolSettings {
        members: upstreams.servers.iter().map(member).collect::<Result<_, _>>()?,
        balance: Balance::LeastOutstanding,
        allow_private,
        limits: passing_limits(&upstreams.patience),
        places: places(&upstreams.places),
        health: HealthRules::default(),
        probe: upstreams.health.as_ref().map(|health| Probe {
            path: health.path.clone(),
            interval: millis(health.interval),
            expect: health.expect,
            headers: HeaderMap::new(),
        }),
    })
}

/// How long one may take whom we ask.
pub fn limits(patience: &Patience) -> FetchLimits {
    FetchLimits {
        connect: millis(patience.connect),
        first_byte: millis(patience.first_byte),
        idle: millis(patience.idle),
        total: millis(patience.total),
        ..FetchLimits::default()
    }
}

/// What streams through may be of any size; what is kept of it has limits of its own.
pub fn passing_limits(patience: &Patience) -> FetchLimits {
    FetchLimits { body_bytes: u64::MAX, ..limits(patience) }
}

/// How much one is given at a time whom we ask.
pub fn places(places: &snapshot::Places) -> Places {
    Places { requests: places.requests, queue: places.queue, wait: millis(places.wait) }
}

fn millis(millis: u32) -> Duration {
    Duration::from_millis(millis.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use purge_protocol::TagKey;
    use snapshot::{RequestLimits, Site};

    #[tokio::test]
    async fn sites_share_the_pool_of_the_same_upstreams() {
        let site = |url: &str, allow_private| {
            let upstreams = Arc::new(Upstreams::one(url));
            let kind = SiteKind::PassThrough {
                upstreams,
                allow_private,
                strip_tags: false,
                purge_from: Vec::new(),
                storing: Default::default(),
            };
            Site { kind, ..Site::default() }
        };
        let sites = vec![
            site("http://a", true),
            site("http://b", true),
            site("http://a", true),
            site("http://a", false),
            Site::default(),
        ];
        let snapshot =
            Snapshot { sites, keys: vec![], tag_key: TagKey::new([1; 16]), limits: RequestLimits::default() };
        let pools = Pools::of_sites(&snapshot, &Client::new()).expect("URLs");
        assert_eq!(pools.report().len(), 3);
        assert!(pools.of(&Arc::new(Upstreams::one("http://b")), true).is_ok());
        assert!(pools.of(&Arc::new(Upstreams::one("http://b")), false).is_err(), "nobody said that it may");
    }
}
