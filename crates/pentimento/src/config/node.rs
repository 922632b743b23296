//! `[node]`: what this process is and where it listens.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use dialect::Excerpt;
use snapshot::{Patience, Places};
use url::Url;

use super::role::{Role, Roles};
use super::section::Section;
use super::upstream;
use super::web_address;
use super::writer::Writer;

pub(super) const DEFAULT_DATA: &str = "./pentimento-data";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Unique in its cluster: leases and receipts go by it.
    pub name: String,
    pub roles: Roles,
    /// Where clients and other nodes ask.
    pub listen: SocketAddr,
    /// Where operators ask. A node without the control role has such a listener only if somebody says so.
    pub control_listen: Option<SocketAddr>,
    /// Everything that the node keeps is below this folder.
    pub data: PathBuf,
    /// A folder of fonts for texts, of a renderer.
    pub fonts: Option<PathBuf>,
    pub upstream: Option<NodesAbove>,
}

/// The nodes that this one asks for what it does not have, and whose purge log it follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodesAbove {
    /// Each URL has one of them that is asked for it.
    pub urls: Vec<Url>,
    pub patience: Patience,
    pub places: Places,
}

/// A node above may have to fetch and to render before its first byte.
const PATIENCE: Patience = Patience { connect: 3_000, first_byte: 60_000, idle: 10_000, total: 3_600_000 };

impl Node {
    pub(super) fn read(section: &mut Section) -> Self {
        let roles = read_roles(section);
        let listen = read_address(section, "listen").unwrap_or(loopback(8080));
        let control_default = roles.has(Role::Control).then(|| loopback(8081));
        let control_listen = read_address(section, "control_listen").or(control_default);
        if control_listen == Some(listen) && listen.port() != 0 {
            let key = if section.is_set("control_listen") { "control_listen" } else { "listen" };
            section
                .complain(key, format!("`listen` and `control_listen` are both {listen}: they must differ"));
        }
        Self {
            name: section
                .parsed_with("name", "a text in quotes", valid_name)
                .unwrap_or_else(|| default_name(&roles, listen)),
            upstream: read_upstream(section, &roles),
            fonts: read_fonts(section, &roles),
            data: section.text("data").unwrap_or_else(|| DEFAULT_DATA.to_owned()).into(),
            roles,
            listen,
            control_listen,
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section("[node]");
        out.text("name", &self.name);
        out.list("roles", self.roles.iter());
        out.text("listen", self.listen);
        if let Some(address) = self.control_listen {
            out.text("control_listen", address);
        }
        out.text("data", self.data.display());
        if let Some(fonts) = &self.fonts {
            out.text("fonts", fonts.display());
        }
        if let Some(upstream) = &self.upstream {
            match &upstream.urls[..] {
                [url] => out.text("upstream", web_address::written(url)),
                urls => out.list("upstream", urls.iter().map(web_address::written)),
            }
            upstream::write_patience(upstream.patience, out);
            upstream::write_places(upstream.places, out);
        }
    }
}

fn read_roles(section: &mut Section) -> Roles {
    let Some(names) = section.list("roles") else { return Role::ALL.into_iter().collect() };
    let mut roles = Vec::new();
    for (at, name) in &names {
        match name.parse::<Role>() {
            Ok(role) => roles.push(role),
            Err(error) => section.complain_at(at.clone(), format!("`roles`: {error}")),
        }
    }
    if names.is_empty() {
        section.complain(
            "roles",
            "`roles` is empty: a node has at least one of edge, shield, renderer, control".into(),
        );
    }
    if roles.is_empty() { Role::ALL.into_iter().collect() } else { roles.into_iter().collect() }
}

fn read_fonts(section: &mut Section, roles: &Roles) -> Option<PathBuf> {
    let folder = section.text("fonts")?;
    if !roles.has(Role::Renderer) {
        section.complain("fonts", "`fonts` has no meaning for a node without the renderer role".into());
    }
    Some(folder.into())
}

fn read_upstream(section: &mut Section, roles: &Roles) -> Option<NodesAbove> {
    let urls = upstream::read_nodes(section);
    let patience = upstream::read_patience(section, PATIENCE);
    let places = upstream::read_places(section);
    if !section.is_set("upstream") {
        for key in upstream::PATIENCE.into_iter().chain(upstream::PLACES) {
            if section.is_set(key) {
                section.complain(key, format!("`{key}` has no meaning for a node without `upstream`"));
            }
        }
    }
    match (section.is_set("upstream"), roles.need_upstream()) {
        (false, true) => {
            let message = format!(
                "a node with the roles {roles} needs `upstream`, the URL of the node that it asks for what it does \
                 not do itself"
            );
            section.complain("roles", message);
        }
        (true, false) => {
            let message = format!(
                "`upstream` has no use on a node with the roles {roles}, which asks nobody: leave it out, or say \
                 which roles the node has, such as edge"
            );
            section.complain("upstream", message);
        }
        _ => {}
    }
    Some(NodesAbove { urls: urls?, patience, places })
}

pub(super) fn read_address(section: &mut Section, key: &'static str) -> Option<SocketAddr> {
    section.parsed_with(key, "an address in quotes, such as \"127.0.0.1:8080\"", |text| {
        let not_an_address = |_| {
            format!("{} is not an address: allowed is IP:PORT, such as \"127.0.0.1:8080\"", Excerpt::of(text))
        };
        text.parse().map_err(not_an_address)
    })
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// Stays the same when the node starts again, and differs between the processes of one machine.
fn default_name(roles: &Roles, listen: SocketAddr) -> String {
    match roles.iter().next() {
        Some(role) if !roles.has(Role::Control) => format!("{role}-{}", listen.port()),
        _ => "node-1".to_owned(),
    }
}

/// Names stand in header fields, metrics and receipts.
fn valid_name(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=63).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{} is not a node's name: allowed are 1 to 63 of a-z, A-Z, 0-9, -, _ and .",
        Excerpt::of(text)
    ))
}
