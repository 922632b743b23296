//! The stage: five nodes, what is between them, and where everything listens.
//!
//! ```text
//!  edge-1 ──┐
//!  edge-2 ──┴── shield ──┐
//!  edge-3 ───────────────┴── origin ──┬── pictures
//!                                     └── texts
//! ```
//!
//! Each line is a [`Link`]. The origin has the control role and the renderer, and answers clients too.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use testkit::Node;

use crate::journal::Journal;
use crate::link::Link;
use crate::member::Member;
use crate::plan::LEASE;
use crate::web::{SOURCE, TEXT_HOST, Web};

pub struct Place {
    pub name: &'static str,
    /// Its role and the link to the node above; without, the node with all roles.
    below: Option<(&'static str, usize)>,
    /// Whether clients ask it.
    pub is_read: bool,
}

pub struct Line {
    pub from: &'static str,
    pub to: &'static str,
}

pub const ORIGIN: usize = 0;
pub const SABOTAGED: usize = 4;
pub const NODES: [Place; 5] = [
    Place { name: "origin", below: None, is_read: true },
    Place { name: "shield", below: Some(("shield", 0)), is_read: false },
    Place { name: "edge-1", below: Some(("edge", 1)), is_read: true },
    Place { name: "edge-2", below: Some(("edge", 2)), is_read: true },
    Place { name: "edge-3", below: Some(("edge", 3)), is_read: true },
];
pub const LINKS: [Line; 6] = [
    Line { from: "shield", to: "origin" },
    Line { from: "edge-1", to: "shield" },
    Line { from: "edge-2", to: "shield" },
    Line { from: "edge-3", to: "origin" },
    Line { from: "origin", to: "pictures" },
    Line { from: "origin", to: "texts" },
];
const TO_PICTURES: usize = 4;
const TO_TEXTS: usize = 5;

pub struct Stage {
    pub members: Vec<Member>,
    pub links: Vec<Link>,
}

/// What is not the same in all runs.
pub struct Setting<'a> {
    pub binary: &'a Path,
    /// Where nodes keep their data and write their logs.
    pub folder: &'a Path,
    pub address: IpAddr,
    /// Settings of the origin that break something on purpose.
    pub more: &'a str,
}

/// An address of loopback for this run alone. Ports at it are never taken by the outgoing connections of somebody else,
/// which come from 127.0.0.1, so that a node that was killed finds its own again.
pub fn own_address() -> IpAddr {
    static RUNS: AtomicU8 = AtomicU8::new(0);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 100 + RUNS.fetch_add(1, Ordering::Relaxed) % 100, high, low).into()
}

impl Stage {
    /// Everything is in place; no process runs yet.
    pub async fn set(setting: &Setting<'_>, web: &Web, journal: &Arc<Journal>) -> io::Result<Self> {
        let at = |port: usize| SocketAddr::new(setting.address, u16::try_from(port).unwrap_or_default());
        let (delivery, control, link) = (|n| at(8000 + n), |n| at(8100 + n), |n| at(8200 + n));
        let mut links = Vec::new();
        for (number, line) in LINKS.iter().enumerate() {
            let target = match number {
                TO_PICTURES => web.pictures.address,
                TO_TEXTS => web.texts.address,
                _ => delivery(NODES.iter().position(|node| node.name == line.to).unwrap_or(ORIGIN)),
            };
            links.push(Link::open(link(number), target).await?);
        }
        std::fs::create_dir_all(setting.folder)?;
        let write = |name: &str, text: String| -> io::Result<PathBuf> {
            let path = setting.folder.join(name);
            std::fs::write(&path, text)?;
            Ok(path)
        };
        let lease = format!("[cluster]\nlease = \"{}s\"\n", LEASE.as_secs());
        let whole = write("origin.toml", format!("{lease}\n{}", origin(setting, &links)))?;
        let below = write("below.toml", lease)?;
        let mut members = Vec::new();
        for (number, place) in NODES.iter().enumerate() {
            let upstream;
            let file = if place.below.is_some() { &below } else { &whole }.display().to_string();
            let mut arguments = vec!["--config", file.as_str(), "--node", place.name];
            if let Some((role, link)) = place.below {
                upstream = format!("http://{}", links[link].address);
                arguments.extend(["--role", role, "--upstream", &upstream]);
            }
            let data = setting.folder.join(place.name);
            let mut node = Node::at(delivery(number), control(number), setting.binary, &data, &arguments);
            node.log = Some(setting.folder.join(format!("{}.log", place.name)));
            members.push(Member::new(number, place.name, node, Arc::clone(journal)));
        }
        Ok(Self { members, links })
    }

    pub fn origin(&self) -> &Member {
        &self.members[ORIGIN]
    }

    /// The edge that a sabotage is done to.
    pub fn sabotaged(&self) -> &Member {
        &self.members[SABOTAGED]
    }

    /// Those whom clients ask.
    pub fn read(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| NODES[member.number].is_read)
    }
}

/// Little patience with everybody, so that much happens in a minute.
fn origin(setting: &Setting<'_>, links: &[Link]) -> String {
    let Setting { address, more, .. } = setting;
    let (pictures, texts) = (links[TO_PICTURES].address, links[TO_TEXTS].address);
    format!(
        "[purge]\norigin_attempts = 4\norigin_interval = \"250ms\"\nverify_looks = 5\nverify_interval = \"300ms\"\n\n\
         [limits]\nfetch_time = \"10s\"\n\n{more}\n\
         [[site]]\nhosts = [\"{address}\"]\nunsigned = true\n\n\
         [[site]]\nhosts = [\"{TEXT_HOST}\"]\nupstream = \"http://{texts}\"\nallow_private = true\n\n\
         [[source]]\nname = \"{SOURCE}\"\nkind = \"http\"\nbase_url = \"http://{pictures}\"\nallow_private = true\n\
         lifetime = \"30d\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_the_picture_is_a_link_of_its_node() {
        for place in &NODES {
            if let Some((_, link)) = place.below {
                assert_eq!(LINKS[link].from, place.name);
            }
        }
        assert_eq!((LINKS[TO_PICTURES].to, LINKS[TO_TEXTS].to), ("pictures", "texts"));
        assert_eq!(NODES[ORIGIN].name, "origin");
    }

    #[test]
    fn each_run_has_an_address_of_its_own() {
        assert_ne!(own_address(), own_address());
        assert!(own_address().is_loopback());
    }
}
