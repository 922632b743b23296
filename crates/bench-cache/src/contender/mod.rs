//! Who is compared: our binary, nginx, Varnish, each configured as its makers advise for this.

mod certificate;
mod nginx;
mod pentimento;
mod varnish;

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;

use self::certificate::Certificate;
use crate::process::Server;
use crate::scenario::Scenario;
use crate::upstream::Upstream;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Pentimento,
    Nginx,
    Varnish,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Who::Pentimento => "Pentimento",
            Who::Nginx => "nginx",
            Who::Varnish => "Varnish",
        })
    }
}

/// A contender set up for a scenario.
#[derive(Debug, Clone)]
pub struct Subject {
    pub who: Who,
    pub scenario: Scenario,
    pub address: SocketAddr,
    /// Where the same is had without TLS.
    pub plain: SocketAddr,
    /// Whose processor time counts, with that of their children.
    pub processes: Vec<u32>,
}

/// Everything that is running.
pub struct Contenders {
    subjects: Vec<Subject>,
    herds: Vec<(Who, SocketAddr)>,
    /// Before the folders below: who is asked to end may still write there.
    _servers: Vec<Server>,
    _memory: TempDir,
    _disk: TempDir,
}

/// Where contenders keep their things, and whom they ask.
struct Ground<'a> {
    /// A folder in memory (tmpfs): for who keeps what is "in memory" in files, and for logs, whose disk is not measured.
    memory: &'a Path,
    certificate: &'a Certificate,
    disk: &'a Path,
    upstream: SocketAddr,
}

/// What a contender has running.
#[derive(Default)]
struct Entry {
    servers: Vec<Server>,
    subjects: Vec<Subject>,
}

impl Contenders {
    pub fn start(
        binary: &Path,
        disk: &Path,
        scenarios: &[Scenario],
        upstream: &Upstream,
    ) -> anyhow::Result<Self> {
        let memory = tempfile::Builder::new().prefix("bench-cache").tempdir_in("/dev/shm")?;
        // Absolute, because servers change their working directory.
        let disk = tempfile::Builder::new().prefix("disk").tempdir_in(disk.canonicalize()?)?;
        let certificate = Certificate::make(memory.path())?;
        let ground = Ground {
            memory: memory.path(),
            certificate: &certificate,
            disk: disk.path(),
            upstream: upstream.address,
        };
        let mut subjects = Vec::new();
        let mut servers = Vec::new();
        for entry in [pentimento::start(binary, &ground)?, nginx::start(&ground)?, varnish::start(&ground)?] {
            servers.extend(entry.servers);
            subjects.extend(entry.subjects);
        }
        let herds = subjects.iter().filter(|subject| subject.scenario == Scenario::Memory20);
        let herds = herds.map(|subject| (subject.who, subject.address)).collect();
        subjects.retain(|subject| scenarios.contains(&subject.scenario));
        Ok(Self { subjects, herds, _servers: servers, _memory: memory, _disk: disk })
    }

    pub fn of(&self, scenario: Scenario) -> impl Iterator<Item = &Subject> {
        self.subjects.iter().filter(move |subject| subject.scenario == scenario)
    }

    /// Where each contender meets a herd.
    pub fn herds(&self) -> impl Iterator<Item = (Who, SocketAddr)> + '_ {
        self.herds.iter().copied()
    }
}
