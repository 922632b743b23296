//! Varnish: `malloc` storage, its defaults otherwise. It stores nothing on disk that is meant to last.

use std::fs;
use std::process::Stdio;

use super::{Entry, Ground, Subject, Who};
use crate::process::{Core, Server, free_address, pinned, program};
use crate::scenario::Scenario;

pub fn start(ground: &Ground) -> anyhow::Result<Entry> {
    let [plain, logged] = [start_one(ground, "varnish")?, start_one(ground, "varnish-logged")?];
    let logger = start_logger(ground, "varnish-logged")?;
    let mut subjects: Vec<_> = [Scenario::Memory20, Scenario::Memory200, Scenario::NotModified]
        .map(|scenario| Subject { scenario, ..plain.1.clone() })
        .into();
    let processes = vec![logged.0.id(), logger.id()];
    subjects.push(Subject { scenario: Scenario::Logged20, processes, ..logged.1 });
    Ok(Entry { servers: vec![plain.0, logger, logged.0], subjects })
}

fn start_one(ground: &Ground, name: &str) -> anyhow::Result<(Server, Subject)> {
    let address = free_address()?;
    let folder = ground.memory.join(name);
    fs::create_dir_all(&folder)?;
    let mut command = pinned(Core::Server, program("varnishd")?);
    // `-j none`: as whoever starts the bench. `-F`: in the foreground, so that it ends with it.
    command
        .args(["-j", "none", "-F", "-s", "malloc,1g", "-a", &address.to_string()])
        .args(["-b", &ground.upstream.to_string()])
        .arg("-n")
        .arg(&folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let server = Server::start(command, &[address])?;
    let subject = Subject {
        who: Who::Varnish,
        scenario: Scenario::Memory20,
        address,
        plain: address,
        processes: vec![server.id()],
    };
    Ok((server, subject))
}

/// Varnish always logs to shared memory; who wants a file runs this beside it.
fn start_logger(ground: &Ground, name: &str) -> anyhow::Result<Server> {
    let mut command = pinned(Core::Server, program("varnishncsa")?);
    command.arg("-n").arg(ground.memory.join(name)).arg("-w").arg(ground.memory.join(format!("{name}.log")));
    Server::start(command, &[])
}
