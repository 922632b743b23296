//! Servers that this one asks: which they are, how long they may take, how much they are given at a time.

use std::collections::HashSet;
use std::time::Duration;

use dialect::Excerpt;
use http::uri::PathAndQuery;
use snapshot::{HealthCheck, Patience, Places, Server};
use url::Url;

use super::section::Section;
use super::web_address;
use super::writer::Writer;

/// More are hardly asked by one node, and each is looked at for each request.
const SERVERS_MAX: usize = 64;

/// The settings that have a meaning only where somebody is asked.
pub(super) const PATIENCE: [&str; 4] =
    ["connect_timeout", "first_byte_timeout", "idle_timeout", "total_timeout"];
pub(super) const PLACES: [&str; 3] = ["upstream_requests", "upstream_queue", "upstream_wait"];

pub(super) fn read_patience(section: &mut Section, default: Patience) -> Patience {
    let [connect, first_byte, idle, total] = PATIENCE;
    let minute = Duration::from_secs(60);
    Patience {
        connect: millis(section, connect, default.connect, minute),
        first_byte: millis(section, first_byte, default.first_byte, 60 * minute),
        idle: millis(section, idle, default.idle, 60 * minute),
        total: millis(section, total, default.total, 24 * 60 * minute),
    }
}

pub(super) fn read_places(section: &mut Section) -> Places {
    let [requests, queue, wait] = PLACES;
    let default = Places::default();
    Places {
        requests: section.count(requests, default.requests, 1..=100_000),
        queue: section.count(queue, default.queue, 0..=100_000),
        wait: millis(section, wait, default.wait, Duration::from_secs(60)),
    }
}

pub(super) fn write_patience(patience: Patience, out: &mut Writer) {
    let Patience { connect, first_byte, idle, total } = patience;
    for (key, millis) in PATIENCE.into_iter().zip([connect, first_byte, idle, total]) {
        out.duration(key, Duration::from_millis(millis.into()));
    }
}

pub(super) fn write_places(places: Places, out: &mut Writer) {
    let [requests, queue, wait] = PLACES;
    out.plain(requests, places.requests);
    out.plain(queue, places.queue);
    out.duration(wait, Duration::from_millis(places.wait.into()));
}

/// `upstream`, one or several nodes.
pub(super) fn read_nodes(section: &mut Section) -> Option<Vec<Url>> {
    let texts = section.one_or_more("upstream", "a URL in quotes, or a list of them")?;
    if texts.is_empty() {
        section.complain("upstream", "`upstream` is empty: it names at least one node".to_owned());
    }
    if texts.len() > SERVERS_MAX {
        section.complain("upstream", too_many("upstream"));
    }
    let mut taken = HashSet::new();
    let mut nodes = Vec::new();
    for (at, text) in texts.into_iter().take(SERVERS_MAX) {
        match web_address::server(&text) {
            Ok(url) if taken.insert(url.clone()) => nodes.push(url),
            Ok(url) => {
                let url = web_address::written(&url).to_owned();
                section.complain_at(at, format!("`upstream`: {url} is named twice"));
            }
            Err(error) => section.complain_at(at, format!("`upstream`: {error}")),
        }
    }
    (!nodes.is_empty()).then_some(nodes)
}

/// `upstreams = ["http://a", { url = "http://b", weight = 2 }]`
pub(super) fn read_servers(section: &mut Section) -> Option<Vec<Server>> {
    let mut taken = HashSet::new();
    let mut count = 0;
    let servers = section.entries("upstreams", "url", |entry| {
        count += 1;
        if !entry.is_set("url") {
            entry.complain("url", "a server needs `url`".to_owned());
        }
        let url = entry.parsed_with("url", "a URL in quotes", web_address::server);
        let weight = entry.count("weight", 1, 1..=1000);
        let url = web_address::written(&url?).to_owned();
        if !taken.insert(url.clone()) {
            entry.complain("url", format!("`upstreams`: {url} is named twice"));
        }
        Some(Server { url, weight })
    })?;
    if count == 0 {
        section.complain("upstreams", "`upstreams` is empty: it names at least one server".to_owned());
    }
    if count > SERVERS_MAX {
        section.complain("upstreams", too_many("upstreams"));
    }
    (!servers.is_empty()).then_some(servers)
}

/// `upstream` for one, `upstreams` for several or one with a weight.
pub(super) fn write_servers(servers: &[Server], out: &mut Writer) {
    match servers {
        [Server { url, weight: 1 }] => out.text("upstream", url),
        _ => {
            let entries = servers
                .iter()
                .map(|Server { url, weight }| [("url", Writer::quoted(url)), ("weight", weight.to_string())]);
            out.tables("upstreams", entries);
        }
    }
}

/// `health = { path = "/up", interval = "5s", expect = 200 }`
pub(super) fn read_health(section: &mut Section) -> Option<HealthCheck> {
    section.table("health", |entry| {
        if !entry.is_set("path") {
            entry.complain("path", "`health` needs `path`, such as \"/up\"".to_owned());
        }
        let path = entry.parsed_with("path", "a path in quotes", path);
        let second = Duration::from_secs(1);
        let interval = entry.duration("interval", 5 * second, second / 10..=3600 * second);
        let expect = entry.count("expect", 200, 200..=599);
        let interval = u32::try_from(interval.as_millis()).unwrap_or(u32::MAX);
        Some(HealthCheck { path: path?, interval, expect })
    })
}

pub(super) fn write_health(health: &HealthCheck, out: &mut Writer) {
    let interval = super::duration::written(Duration::from_millis(health.interval.into()));
    let entries = [
        ("path", Writer::quoted(&health.path)),
        ("interval", Writer::quoted(interval)),
        ("expect", health.expect.to_string()),
    ];
    out.table("health", entries);
}

fn path(text: &str) -> Result<String, String> {
    const LEN_MAX: usize = 1024;
    let is_path = text.starts_with('/') && text.len() <= LEN_MAX && text.parse::<PathAndQuery>().is_ok();
    if is_path && !text.contains('#') {
        return Ok(text.to_owned());
    }
    Err(format!("{} is not a path: it begins with / and is encoded as in a URL", Excerpt::of(text)))
}

fn millis(section: &mut Section, key: &'static str, default: u32, max: Duration) -> u32 {
    let default = Duration::from_millis(default.into());
    let found = section.duration(key, default, Duration::from_millis(1)..=max);
    u32::try_from(found.as_millis()).unwrap_or(u32::MAX)
}

fn too_many(key: &str) -> String {
    format!("`{key}` names more than {SERVERS_MAX}: that many are allowed")
}
