//! `[[tenant]]`: sources and sites that somebody has for themselves.

use std::collections::{BTreeSet, HashSet};

use dialect::Excerpt;
use purge::{Rate, Rates, Tenant};
use purge_protocol::TagKey;
use snapshot::{HostPattern, RequestLimits, Site, SiteKind, Snapshot};

use super::section::Section;
use super::source::Source;
use super::writer::Writer;

/// What `all` means to a tenant is one purge, with a selector for each.
const PARTS_MAX: usize = 100;

pub(super) fn read(
    section: &mut Section,
    taken: &mut HashSet<String>,
    sources: &[Source],
    sites: &[Site],
) -> Option<Tenant> {
    if !section.is_set("name") {
        section.complain("name", "a tenant needs `name`, such as \"shop\"".to_owned());
    }
    let name = section.parsed_with("name", "a text in quotes", valid_name);
    if let Some(name) = &name
        && !taken.insert(name.clone())
    {
        section.complain("name", format!("`name`: there are two tenants named {name}"));
    }
    let mut own_sources = BTreeSet::new();
    for (at, text) in section.list("sources").unwrap_or_default() {
        if sources.iter().any(|source| source.name.as_str() == text) {
            own_sources.insert(text);
        } else {
            section.complain_at(at, format!("`sources`: there is no source named {}", Excerpt::of(&text)));
        }
    }
    let mut hosts = BTreeSet::new();
    for (at, text) in section.list("hosts").unwrap_or_default() {
        match host(&text, sites) {
            Ok(host) => _ = hosts.insert(host),
            Err(why) => section.complain_at(at, format!("`hosts`: {} {why}", Excerpt::of(&text))),
        }
    }
    let parts = own_sources.len() + hosts.len();
    if !section.is_set("sources") && !section.is_set("hosts") {
        section.complain("sources", "a tenant needs `sources` or `hosts`".to_owned());
    } else if parts > PARTS_MAX {
        let message = format!("a tenant has at most {PARTS_MAX} sources and hosts together, not {parts}");
        section.complain("sources", message);
    }
    let Rates { any, wholesale, erase } = Rates::default();
    let rate = |section: &mut Section, key, default: Rate| Rate {
        count: section.count(key, default.count, 0..=1_000_000),
        ..default
    };
    let rates = Rates {
        any: rate(section, "purges_per_minute", any),
        wholesale: rate(section, "wholesale_per_hour", wholesale),
        erase: rate(section, "erasures_per_hour", erase),
    };
    Some(Tenant { name: name?, sources: own_sources, hosts, rates })
}

pub(super) fn write(tenant: &Tenant, out: &mut Writer) {
    out.section("[[tenant]]");
    out.text("name", &tenant.name);
    out.list("sources", &tenant.sources);
    out.list("hosts", &tenant.hosts);
    out.plain("purges_per_minute", tenant.rates.any.count);
    out.plain("wholesale_per_hour", tenant.rates.wholesale.count);
    out.plain("erasures_per_hour", tenant.rates.erase.count);
}

fn valid_name(text: &str) -> Result<String, String> {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=63).contains(&text.len()) && text.bytes().all(is_allowed) {
        return Ok(text.to_owned());
    }
    Err(format!("{} is not allowed: 1 to 63 of a-z, 0-9 and -", Excerpt::of(text)))
}

/// One host, of a site that passes through: pictures of ours are named by their source.
fn host(text: &str, sites: &[Site]) -> Result<String, &'static str> {
    let pattern: HostPattern = text.parse().map_err(|_| "is not a host")?;
    let written = pattern.to_string();
    if written.contains('*') {
        return Err("is not one host: a tenant has each by its name");
    }
    let (tag_key, limits) = (TagKey::new([0; 16]), RequestLimits::default());
    let snapshot = Snapshot { sites: sites.to_vec(), keys: Vec::new(), tag_key, limits };
    match snapshot.site_for(&written).map(|site| &site.kind) {
        Some(SiteKind::PassThrough { .. }) => Ok(written),
        _ => Err("belongs to no site with an upstream: pictures are named by their source"),
    }
}
