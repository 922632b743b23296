//! `[listen]`: what the delivery listeners put up with from those who connect.

use std::net::IpAddr;
use std::time::Duration;

use dialect::Excerpt;
use ipnet::IpNet;

use super::section::Section;
use super::writer::Writer;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// Open at the same time.
    pub connections: u32,
    pub connections_per_client: u32,
    /// One after the other.
    pub requests_per_connection: u32,
    /// At the same time, in HTTP/2.
    pub streams_per_connection: u32,
    /// Until a connection has said what it wants.
    pub header_time: Duration,
    /// Between two requests.
    pub idle_time: Duration,
    /// For which a client may take nothing of its answer.
    pub stall_time: Duration,
    /// Who is believed when it says whose connection it passes on.
    pub proxies: Vec<IpNet>,
}

impl Listen {
    pub(super) fn read(section: &mut Section) -> Self {
        let second = Duration::from_secs(1);
        let time = second..=3600 * second;
        Self {
            connections: section.count("connections", 10_000, 1..=1_000_000),
            connections_per_client: section.count("connections_per_client", 1000, 1..=1_000_000),
            requests_per_connection: section.count("requests_per_connection", 10_000, 1..=1_000_000_000),
            streams_per_connection: section.count("streams_per_connection", 128, 1..=1000),
            header_time: section.duration("header_time", 15 * second, time.clone()),
            idle_time: section.duration("idle_time", 75 * second, time.clone()),
            stall_time: section.duration("stall_time", 60 * second, time),
            proxies: read_proxies(section),
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section("[listen]");
        out.plain("connections", self.connections);
        out.plain("connections_per_client", self.connections_per_client);
        out.plain("requests_per_connection", self.requests_per_connection);
        out.plain("streams_per_connection", self.streams_per_connection);
        out.duration("header_time", self.header_time);
        out.duration("idle_time", self.idle_time);
        out.duration("stall_time", self.stall_time);
        out.list("proxies", &self.proxies);
    }
}

fn read_proxies(section: &mut Section) -> Vec<IpNet> {
    let mut proxies = Vec::new();
    for (at, text) in section.list("proxies").unwrap_or_default() {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        match address.or_else(|_| text.parse::<IpNet>()) {
            Ok(network) => proxies.push(network.trunc()),
            Err(_) => section.complain_at(
                at,
                format!(
                    "`proxies`: {} is neither an address nor a network: allowed are such as \"10.0.0.7\" and \
                     \"10.1.0.0/16\"",
                    Excerpt::of(&text)
                ),
            ),
        }
    }
    proxies
}
