//! Other people's CDNs in the life of a purge: what they are to be told, who tells them, and what the receipt says of it.

mod receipts;
mod wishes;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use cdn::{Driver, Terms};
use edge::Serving;
use snapshot::SiteKind;

pub(crate) use receipts::{PARTIAL, failure, receipts};
pub(crate) use wishes::{Wanted, Wishes};
pub use worker::CdnWorker;

use crate::verifier::PublicHost;

/// One CDN, as its operator describes it.
#[derive(Debug)]
pub struct Cdn {
    /// In receipts, and where its work is kept: a CDN under another name is another CDN.
    pub name: String,
    pub driver: Driver,
    pub terms: Terms,
    /// How long it waits for more to tell with the same calls.
    pub window: Duration,
    /// Attempts at one call.
    pub attempts: u32,
    /// Whether our responses carry their tags for it.
    pub has_tags: bool,
    /// Whether it stands before somebody else's server, so that purges of ours are nothing to it.
    pub only_by_name: bool,
    /// Whether purges look at its sites afterwards.
    pub verify: bool,
    /// Whether these looks may reach loopback and private networks.
    pub allow_private: bool,
}

/// Where the clients of these CDNs ask for pictures of ours, each address once.
pub(crate) fn public_hosts<'a>(
    cdns: impl IntoIterator<Item = &'a Arc<Cdn>>,
    serving: &Serving,
) -> Vec<PublicHost> {
    let mut hosts: Vec<PublicHost> = Vec::new();
    for cdn in cdns.into_iter().filter(|cdn| cdn.verify) {
        for site in &cdn.terms.sites {
            let at = match hosts.iter().position(|host| host.site == *site) {
                Some(at) => at,
                None => {
                    hosts.push(PublicHost { site: site.clone(), cdns: Vec::new(), allow_private: false });
                    hosts.len() - 1
                }
            };
            hosts[at].cdns.push(cdn.name.clone());
            hosts[at].allow_private |= cdn.allow_private;
        }
    }
    hosts.retain(|host| matches!(serving.site_for(host.host()).kind, SiteKind::Images { .. }));
    hosts
}
