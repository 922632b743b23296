//! nginx: `proxy_cache` with `sendfile` and `open_file_cache`, one worker because there is one core.

use std::fs;
use std::net::SocketAddr;

use super::{Entry, Ground, Subject, Who};
use crate::process::{Core, Server, free_address, pinned, program};
use crate::scenario::Scenario;

pub fn start(ground: &Ground) -> anyhow::Result<Entry> {
    let [memory, tls, logged, disk] = [free_address()?, free_address()?, free_address()?, free_address()?];
    let folder = ground.memory.join("nginx");
    fs::create_dir_all(&folder)?;
    let config = folder.join("nginx.conf");
    fs::write(&config, configuration(ground, memory, tls, logged, disk))?;
    let mut command = pinned(Core::Server, program("nginx")?);
    command.arg("-p").arg(&folder).arg("-c").arg(&config).arg("-e").arg(folder.join("error.log"));
    let server = Server::start(command, &[memory, tls, logged, disk])?;
    let subject = |(scenario, address)| {
        let plain = if scenario == Scenario::Tls20 { memory } else { address };
        Subject { who: Who::Nginx, scenario, address, plain, processes: vec![server.id()] }
    };
    let subjects = [
        (Scenario::Memory20, memory),
        (Scenario::Tls20, tls),
        (Scenario::Memory200, memory),
        (Scenario::NotModified, memory),
        (Scenario::Logged20, logged),
        (Scenario::Disk20, disk),
    ]
    .map(subject)
    .to_vec();
    Ok(Entry { servers: vec![server], subjects })
}

/// `keepalive_requests` is raised because the client never reconnects; `proxy_cache_lock` collapses a herd, and its
/// default of 5 s to wait is raised above what the herd's upstream takes.
fn configuration(
    ground: &Ground,
    memory: SocketAddr,
    tls: SocketAddr,
    logged: SocketAddr,
    disk: SocketAddr,
) -> String {
    let in_memory = ground.memory.join("nginx/cache");
    let on_disk = ground.disk.join("nginx-cache");
    let log = ground.memory.join("nginx/access.log");
    // A worker of a master that is root would be nobody, and could not write here.
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let secure = format!(
        " ssl;\n    ssl_protocols TLSv1.3;\n    ssl_certificate {};\n    ssl_certificate_key {}",
        ground.certificate.chain.display(),
        ground.certificate.key.display()
    );
    let server = |address: SocketAddr, zone: &str, log: &str, secure: &str| {
        format!(
            "  server {{\n    listen {address} reuseport{secure};\n    access_log {log};\n    \
             location / {{ proxy_cache {zone}; proxy_pass http://{}; }}\n  }}\n",
            ground.upstream
        )
    };
    format!(
        "{user}\ndaemon off;\nworker_processes 1;\nworker_rlimit_nofile 65536;\npid nginx.pid;\nerror_log error.log;\n\
         events {{ worker_connections 16384; }}\n\
         http {{\n  sendfile on;\n  tcp_nopush on;\n  tcp_nodelay on;\n  keepalive_requests 1000000000;\n  \
         open_file_cache max=10000 inactive=1h;\n  open_file_cache_valid 1h;\n  \
         proxy_cache_path {} levels=1:2 keys_zone=memory:64m inactive=1d max_size=2g use_temp_path=off;\n  \
         proxy_cache_path {} levels=1:2 keys_zone=disk:64m inactive=1d max_size=2g use_temp_path=off;\n  \
         proxy_cache_lock on;\n  proxy_cache_lock_timeout 60s;\n  proxy_cache_lock_age 60s;\n  \
         proxy_http_version 1.1;\n  proxy_set_header Connection \"\";\n{}{}{}{}}}\n",
        in_memory.display(),
        on_disk.display(),
        server(memory, "memory", "off", ""),
        server(tls, "memory", "off", &secure),
        server(logged, "memory", &format!("{} combined", log.display()), ""),
        server(disk, "disk", "off", ""),
    )
}
