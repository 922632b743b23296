//! `[[site]]`: host names and what they serve.

use std::collections::HashSet;

use snapshot::{HostPattern, Site, SiteKind};

use super::delivery::Lifetimes;
use super::section::Section;
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
        SiteKind::Images { unsigned } => out.plain("unsigned", unsigned),
        SiteKind::PassThrough { upstream, allow_private, strip_tags } => {
            out.text("upstream", upstream);
            out.plain("allow_private", allow_private);
            out.plain("strip_tags", strip_tags);
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
    let upstream = section.parsed_with("upstream", "a URL in quotes", web_address::server);
    let [unsigned, allow_private, strip_tags] =
        ["unsigned", "allow_private", "strip_tags"].map(|key| section.boolean(key));
    if !section.is_set("upstream") {
        for key in ["allow_private", "strip_tags"] {
            if section.is_set(key) {
                section.complain(key, format!("`{key}` has no meaning for a site without `upstream`"));
            }
        }
        return Some(SiteKind::Images { unsigned: unsigned.unwrap_or(false) });
    }
    if section.is_set("unsigned") {
        let message =
            "`unsigned` has no meaning for a site with `upstream`: whatever that serves has no signature";
        section.complain("unsigned", message.to_owned());
    }
    Some(SiteKind::PassThrough {
        upstream: web_address::written(&upstream?).to_owned(),
        allow_private: allow_private.unwrap_or(false),
        strip_tags: strip_tags.unwrap_or(false),
    })
}
