//! A node, an edge before it, and a source behind: the stage on which the stories play.
#![allow(dead_code, reason = "each story uses its own part of the stage")]

mod wire;

use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;
use testkit::{Node, Seen, Source, eventually, get_with, picture};
use wire::Wire;

pub const RED: [u8; 3] = [200, 30, 30];
pub const BLUE: [u8; 3] = [30, 30, 200];
pub const GREEN: [u8; 3] = [30, 160, 30];

pub struct World {
    pub source: Source,
    pub node: Node,
    /// Between the node and the edge.
    pub wire: Wire,
    pub edge: Node,
    pub folder: TempDir,
}

/// What a story wants to be otherwise.
#[derive(Default)]
pub struct Settings<'a> {
    /// Of the node: its sites and more.
    pub more: &'a str,
    /// Of the node, in its `[purge]`.
    pub purge: &'a str,
    /// Of the node, in its `[limits]`.
    pub limits: &'a str,
    /// The edge's whole configuration.
    pub edge: &'a str,
}

/// Short leases, so that a story about a lost node does not take long; and no patience with sources.
pub fn config(source: &Source, more: &str) -> String {
    config_of(source, &Settings { more, ..Settings::default() })
}

fn config_of(source: &Source, Settings { more, purge, limits, .. }: &Settings<'_>) -> String {
    let interval = if purge.contains("verify_interval") { "" } else { "verify_interval = \"200ms\"\n" };
    format!(
        "[cluster]\nlease = \"2s\"\n\n[purge]\norigin_attempts = 2\norigin_interval = \"100ms\"\n{interval}{purge}\n\
         [limits]\nfetch_time = \"20s\"\n{limits}\n\
         [[site]]\nhosts = [\"127.0.0.1\"]\nunsigned = true\n\n\
         [[source]]\nname = \"demo\"\nkind = \"http\"\nbase_url = \"http://{}\"\nallow_private = true\n\n{more}",
        source.address
    )
}

/// A pass-through site, `shop.test`, in front of this server.
pub fn shop(upstream: SocketAddr) -> String {
    format!("[[site]]\nhosts = [\"shop.test\"]\nupstream = \"http://{upstream}\"\nallow_private = true\n")
}

/// What a node answers that has a lease. One that this machine kept too busy to renew it in time asks before it
/// answers, as it must: then we ask again.
pub async fn leased(at: SocketAddr, url: &str, fields: &[(&str, &str)]) -> Seen {
    eventually(&format!("{at} has a lease"), async || {
        let seen = get_with(at, url, fields).await;
        (!seen.header("cache-status").contains("lease-ended")).then_some(seen)
    })
    .await
}

impl World {
    /// The node is killed when a purge has looked once from outside and waits for the next time, and comes back.
    pub async fn die_between_looks(&mut self, purge: &str) {
        self.node.until(purge, |view| view["receipt"]["rounds"]["looks"] == 1).await;
        self.node.kill().await;
        self.node.start().await;
    }

    /// Both processes run.
    pub async fn with(more: &str) -> Self {
        Self::set_up(Settings { more, ..Settings::default() }).await
    }

    pub async fn set_up(settings: Settings<'_>) -> Self {
        let source = Source::start().await;
        source.put("/cat.jpg", "image/png", picture::png(640, 480, RED));
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pentimento.toml");
        std::fs::write(&file, config_of(&source, &settings)).expect("the folder can be written");
        let binary = Path::new(env!("CARGO_BIN_EXE_pentimento"));
        let file = file.display().to_string();
        let mut node = Node::new(binary, &folder.path().join("node"), &["--config", &file, "--node", "node"]);
        node.start().await;
        let wire = Wire::to(node.delivery).await;
        let upstream = format!("http://{}", wire.address);
        let edge_file = folder.path().join("edge.toml");
        std::fs::write(&edge_file, settings.edge).expect("the folder can be written");
        let edge_file = edge_file.display().to_string();
        let arguments = ["--role", "edge", "--upstream", &upstream, "--node", "edge", "--config", &edge_file];
        let mut edge = Node::new(binary, &folder.path().join("edge"), &arguments);
        edge.start().await;
        Self { source, node, wire, edge, folder }
    }

    pub async fn new() -> Self {
        Self::with("").await
    }
}
