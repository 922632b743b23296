//! `[[site]]`: host names and what they serve.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use dialect::{Excerpt, SourceName, pack};
use ipnet::IpNet;
use snapshot::{HostPattern, Patience, Server, Site, SiteKind, Storing, Upstreams};

use super::delivery::Lifetimes;
use super::section::Section;
use super::upstream;
use super::web_address;
use super::writer::Writer;

/// `taken` has the hosts of the sites before this one.
pub(super) fn read(
    section: &mut Section,
    default: Lifetimes,
    taken: &mut HashSet<HostPattern>,
) -> Option<Site> {
    let hosts = read_hosts(section, taken);
    let kind = read_kind(section);
    let lifetimes = Lifetimes::read(section, default);
    Some(with_lifetimes(hosts?, kind?, lifetimes))
}

/// The site of hosts that no other one names.
pub(super) fn implicit(lifetimes: Lifetimes) -> Site {
    let Site { hosts, kind, .. } = Site::default();
    with_lifetimes(hosts, kind, lifetimes)
}

pub(super) fn write(site: &Site, out: &mut Writer) {
    out.section("[[site]]");
    out.list("hosts", &site.hosts);
    match &site.kind {
        SiteKind::Images { unsigned, packs } => {
            out.plain("unsigned", unsigned);
            if let Some(tenant) = packs.as_ref().and_then(pack::tenant_of) {
                out.text("packs", tenant);
            }
        }
        SiteKind::PassThrough { upstreams, allow_private, strip_tags, purge_from, storing } => {
            upstream::write_servers(&upstreams.servers, out);
            if let Some(health) = &upstreams.health {
                upstream::write_health(health, out);
            }
            upstream::write_patience(upstreams.patience, out);
            upstream::write_places(upstreams.places, out);
            out.plain("allow_private", allow_private);
            out.plain("strip_tags", strip_tags);
            out.list("purge_from", purge_from);
            out.lifetime("heuristic_lifetime", storing.heuristic_lifetime);
            out.plain("store_cookies", storing.cookies);
        }
    }
    Lifetimes::of(site).write(out);
}

fn with_lifetimes(hosts: Vec<HostPattern>, kind: SiteKind, lifetimes: Lifetimes) -> Site {
    let Lifetimes { edge, browser, stale_if_error, stale_while_revalidate, error } = lifetimes;
    Site {
        hosts,
        kind,
        edge_lifetime: edge,
        browser_lifetime: browser,
        stale_if_error,
        stale_while_revalidate,
        error_lifetime: error,
    }
}

fn read_hosts(section: &mut Section, taken: &mut HashSet<HostPattern>) -> Option<Vec<HostPattern>> {
    const MISSING: &str = "a site needs `hosts`, such as [\"img.example.com\"] or [\"*\"]";
    if !section.is_set("hosts") {
        section.complain("hosts", MISSING.to_owned());
    }
    let texts = section.list("hosts")?;
    if texts.is_empty() {
        section.complain("hosts", MISSING.to_owned());
    }
    let mut hosts = Vec::new();
    for (at, text) in texts {
        match text.parse::<HostPattern>() {
            Ok(host) if taken.insert(host.clone()) => hosts.push(host),
            Ok(host) => section.complain_at(at, format!("`hosts`: {host} is named twice")),
            Err(error) => section.complain_at(at, format!("`hosts`: {error}")),
        }
    }
    Some(hosts)
}

fn read_kind(section: &mut Section) -> Option<SiteKind> {
    let one = section.parsed_with("upstream", "a URL in quotes", web_address::server);
    let several = upstream::read_servers(section);
    let health = upstream::read_health(section);
    let patience = upstream::read_patience(section, Patience::default());
    let places = upstream::read_places(section);
    let [unsigned, allow_private, strip_tags, store_cookies] =
        ["unsigned", "allow_private", "strip_tags", "store_cookies"].map(|key| section.boolean(key));
    let heuristic_lifetime = section.lifetime("heuristic_lifetime", 0);
    let packs = section.parsed_with("packs", "a text in quotes", packs_of);
    if !section.is_set("upstream") && !section.is_set("upstreams") {
        let others =
            ["allow_private", "strip_tags", "purge_from", "heuristic_lifetime", "store_cookies", "health"];
        let others = others.into_iter();
        for key in others.chain(upstream::PATIENCE).chain(upstream::PLACES) {
            if section.is_set(key) {
                section.complain(key, format!("`{key}` has no meaning for a site without `upstream`"));
            }
        }
        return Some(SiteKind::Images { unsigned: unsigned.unwrap_or(false), packs });
    }
    if section.is_set("packs") {
        let message = "`packs` has no meaning for a site with `upstream`";
        section.complain("packs", message.to_owned());
    }
    if section.is_set("unsigned") {
        let message =
            "`unsigned` has no meaning for a site with `upstream`: whatever that serves has no signature";
        section.complain("unsigned", message.to_owned());
    }
    if section.is_set("upstream") && section.is_set("upstreams") {
        let message = "`upstreams` names all servers of the site: leave `upstream` out";
        section.complain("upstreams", message.to_owned());
    }
    let one = one.map(|url| vec![Server { url: web_address::written(&url).to_owned(), weight: 1 }]);
    let purge_from = read_purge_from(section);
    Some(SiteKind::PassThrough {
        upstreams: Arc::new(Upstreams { servers: several.or(one)?, health, patience, places }),
        allow_private: allow_private.unwrap_or(false),
        strip_tags: strip_tags.unwrap_or(false),
        purge_from,
        storing: Storing { heuristic_lifetime, cookies: store_cookies.unwrap_or(false) },
    })
}

/// Whether there is such a tenant is seen when all have been read.
fn packs_of(tenant: &str) -> Result<SourceName, String> {
    let too_long =
        || format!("{} has no packs: its name would have 1 to 57 of a-z, 0-9 and -", Excerpt::of(tenant));
    pack::source_of(tenant).ok_or_else(too_long)
}

fn read_purge_from(section: &mut Section) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for (at, text) in section.list("purge_from").unwrap_or_default() {
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        match network {
            Ok(network) => networks.push(network),
            Err(_) => {
                let message =
                    format!("`purge_from`: {text:?} is no address and no network, such as \"10.0.0.0/8\"");
                section.complain_at(at, message);
            }
        }
    }
    networks
}
