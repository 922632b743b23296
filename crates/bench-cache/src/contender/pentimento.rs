//! Our release binary, as a pass-through site in front of the upstream.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;

use super::{Entry, Ground, Subject, Who};
use crate::process::{Core, Server, free_address, pinned};
use crate::scenario::Scenario;

/// One process for each: memory is large or as small as it may be, and the access log on or off.
struct Kind {
    name: &'static str,
    memory: &'static str,
    disk: &'static str,
    log: &'static str,
    scenarios: &'static [Scenario],
}

const KINDS: [Kind; 3] = [
    Kind {
        name: "memory",
        memory: "1GiB",
        disk: "0B",
        log: "warn,access=off",
        scenarios: &[Scenario::Memory20, Scenario::Tls20, Scenario::Memory200, Scenario::NotModified],
    },
    Kind {
        name: "logged",
        memory: "1GiB",
        disk: "0B",
        // The default.
        log: "info",
        scenarios: &[Scenario::Logged20],
    },
    Kind {
        name: "disk",
        // The least there is, so that nearly every hit comes from disk.
        memory: "1MiB",
        disk: "10GiB",
        log: "warn,access=off",
        scenarios: &[Scenario::Disk20],
    },
];

pub fn start(binary: &Path, ground: &Ground) -> anyhow::Result<Entry> {
    let mut entry = Entry::default();
    for kind in &KINDS {
        let (server, plain, tls) = start_one(binary, ground, kind)?;
        let subject = |&scenario| {
            let address = if scenario == Scenario::Tls20 { tls } else { plain };
            Subject { who: Who::Pentimento, scenario, address, plain, processes: vec![server.id()] }
        };
        entry.subjects.extend(kind.scenarios.iter().map(subject));
        entry.servers.push(server);
    }
    Ok(entry)
}

fn start_one(
    binary: &Path,
    ground: &Ground,
    kind: &Kind,
) -> anyhow::Result<(Server, SocketAddr, SocketAddr)> {
    let [address, tls, control] = [free_address()?, free_address()?, free_address()?];
    let data = ground.disk.join(format!("pentimento-{}", kind.name));
    fs::create_dir_all(&data)?;
    let config = data.join("bench.toml");
    fs::write(&config, configuration(kind, ground, tls))?;
    let mut command = pinned(Core::Server, binary);
    command
        .arg("run")
        .arg("--config")
        .arg(&config)
        .arg("--data")
        .arg(&data)
        .args(["--listen", &address.to_string(), "--control-listen", &control.to_string()])
        .env("PENTIMENTO_LOG", kind.log)
        .stdout(File::create(data.join("out"))?)
        .stderr(File::create(ground.memory.join(format!("pentimento-{}.log", kind.name)))?);
    Ok((Server::start(command, &[address, tls])?, address, tls))
}

/// As nginx is told: all clients are one machine here, and never reconnect.
fn configuration(kind: &Kind, ground: &Ground, tls: SocketAddr) -> String {
    let Kind { memory, disk, .. } = kind;
    let Ground { upstream, certificate, .. } = ground;
    format!(
        "[listen]\nconnections_per_client = 10000\nrequests_per_connection = 1000000000\n\
         [cache]\nmemory = \"{memory}\"\ndisk = \"{disk}\"\n\
         [tls]\nlisten = \"{tls}\"\n\
         [[certificate]]\nchain = \"{}\"\nkey = \"{}\"\n\
         [[site]]\nhosts = [\"*\"]\nupstream = \"http://{upstream}\"\nallow_private = true\n",
        certificate.chain.display(),
        certificate.key.display(),
    )
}
