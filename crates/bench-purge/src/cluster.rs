//! Processes as an operator would run them, all on this machine: one with every role, and edges below it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use testkit::{Node, Seen, send};

use crate::Arguments;

/// What a purge may wait for one that is dead.
pub const LEASE: Duration = Duration::from_secs(4);
pub const HOST: &str = "shop.test";

pub struct Cluster {
    pub control: Node,
    pub edges: Vec<Node>,
}

/// Of the node with the control role.
pub fn data(folder: &Path) -> PathBuf {
    folder.join("control")
}

impl Cluster {
    pub async fn start(arguments: &Arguments, folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        // Nobody asks the site for anything: what is measured is what a purge costs by itself.
        let text = format!(
            "[cluster]\nlease = \"{}s\"\n\n[[site]]\nhosts = [\"{HOST}\"]\nupstream = \"http://127.0.0.1:9\"\n\
             allow_private = true\npurge_from = [\"127.0.0.1\"]\n",
            LEASE.as_secs()
        );
        let file = folder.join("pentimento.toml");
        std::fs::write(&file, text)?;
        let file = file.display().to_string();
        let mut control =
            Node::new(&arguments.binary, &data(folder), &["--config", &file, "--node", "control"]);
        control.start().await;
        let upstream = format!("http://{}", control.delivery);
        let mut edges = Vec::new();
        for n in 1..arguments.nodes {
            let name = format!("edge-{n}");
            let flags = ["--role", "edge", "--upstream", &upstream, "--node", &name];
            let mut edge = Node::new(&arguments.binary, &folder.join(&name), &flags);
            edge.start().await;
            edges.push(edge);
        }
        Ok(Self { control, edges })
    }

    /// A `PURGE` is answered when the whole cluster has it: the whole way, as a client sees it.
    pub async fn purge(&self, path: &str) -> anyhow::Result<Seen> {
        let method = Method::from_bytes(b"PURGE")?;
        let seen = send(self.control.delivery, method, path, &[("host", HOST)], Bytes::new()).await;
        seen.map_err(anyhow::Error::msg)
    }

    /// How many of all purges have ended, by the metrics.
    pub async fn ended(&self) -> anyhow::Result<usize> {
        let seen = send(self.control.control, Method::GET, "/metrics", &[], Bytes::new()).await;
        let text = seen.map_err(anyhow::Error::msg)?.text();
        let counts = text.lines().filter(|line| line.starts_with("pentimento_purges_total"));
        Ok(counts.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum())
    }
}
