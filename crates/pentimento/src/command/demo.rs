//! `pentimento demo`: a source as a second process, a node before it, and what to try.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::command::stop;
use crate::compose::{self, Addresses, Demo, Start};
use crate::config::{self, FILE_NAME, GENERATED, Overrides};
use crate::data_dir::DataDir;
use crate::{environment, log};

/// Painting all pictures for the first time, on a slow machine.
const PAINTING: Duration = Duration::from_secs(300);

pub async fn run(
    data: &Path,
    listen: SocketAddr,
    control_listen: SocketAddr,
    source_listen: SocketAddr,
) -> anyhow::Result<()> {
    log::start();
    let base_url = format!("http://{source_listen}/");
    let folder = DataDir::open(data)?;
    folder.write_config_once(Some(&demo_config(&base_url)))?;
    let overrides = Overrides {
        data: Some(data.to_owned()),
        listen: Some(listen),
        control_listen: Some(control_listen),
        ..Overrides::default()
    };
    let config = config::load(None, environment::variables(), overrides)?;
    let stopped = stop::on_signal()?;

    println!("Painting the demo pictures (the first time this takes a moment) …");
    let mut source = start_source(&data.join("source"), source_listen).await?;
    // Waiting for a child closes its standard input, unless somebody holds it.
    let _open_as_long_as_we_live = source.stdin.take();
    let demo = Demo { source: "demo".to_owned(), base_url: base_url.parse()? };
    let token = folder.token()?;
    let greet = |addresses: &Addresses| greet(addresses, &base_url, data, &token);
    let start = Start { demo: Some(demo), adopt_catalog: false };
    let ended = tokio::select! {
        ended = compose::run(config, folder, start, greet, stopped) => ended,
        died = source.wait() => Err(anyhow::anyhow!("the demo source ended: {}", died?)),
    };
    let _ = source.kill().await;
    ended
}

async fn start_source(dir: &Path, listen: SocketAddr) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("where is this program?")?;
    let mut source = Command::new(program)
        .arg("demo-source")
        .arg("--dir")
        .arg(dir)
        .arg("--listen")
        .arg(listen.to_string())
        // Held open as long as we live: it ends with us, even if we are killed.
        .arg("--until-stdin-closes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("the demo source cannot be started")?;
    let Some(out) = source.stdout.take() else { bail!("the demo source has no output") };
    let mut lines = BufReader::new(out).lines();
    let ready = async {
        while let Some(line) = lines.next_line().await? {
            if line == "ready" {
                return Ok(());
            }
        }
        bail!("the demo source ended before it was ready")
    };
    tokio::time::timeout(PAINTING, ready).await.context("the demo source does not get ready")??;
    Ok(source)
}

fn demo_config(base_url: &str) -> String {
    format!(
        "# Written by `pentimento demo`. The commented settings below are explained where they stand.\n\n\
         [[source]]\nname = \"demo\"\nkind = \"http\"\nbase_url = \"{base_url}\"\n\
         # The demo source is a process of this machine: loopback has to be opened for it.\nallow_private = true\n\n\
         [[site]]\nhosts = [\"localhost\", \"127.0.0.1\", \"[::1]\"]\n\
         # ANYBODY who reaches these hosts may have any size of any picture made. Fine for a demo on loopback;\n\
         # anywhere else leave it out, and sign your URLs (`pentimento sign`).\nunsigned = true\n\
         # Browsers ask every time, so that a purge is seen at once.\nbrowser_lifetime = \"0s\"\n\n{GENERATED}"
    )
}

fn greet(addresses: &Addresses, source: &str, data: &Path, token: &str) {
    let delivery = addresses.delivery;
    let Some(control) = addresses.control else { return };
    let data = data.display();
    println!(
        "\n\
         Pentimento is running. UNSIGNED picture URLs are served here, because this is a demo on loopback.\n\n\
         \x20 Console   http://{control}/console/login#token={token}\n\
         \x20 Picture   http://{delivery}/demo/cat.jpg?w=800&format=auto\n\
         \x20 Source    {source}\n\
         \x20 Settings  {data}/{FILE_NAME}\n\n\
         Try it: replace a picture at its source, see the old one, purge, see that it is gone everywhere.\n\n\
         \x20 curl -si 'http://{delivery}/demo/cat.jpg?w=800' | grep -ai -e etag -e cache-status\n\
         \x20 curl -s -X POST {source}edit/cat.jpg\n\
         \x20 pentimento purge demo/cat.jpg --wait --data {data} --control http://{control}\n\n\
         An edge before it:\n\n\
         \x20 pentimento run --role edge --upstream http://{delivery} --listen 127.0.0.1:8082 --data ./edge-data\n\n\
         Ctrl-C ends it.\n\
         ready"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demos_configuration_loads() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE_NAME), demo_config("http://127.0.0.1:9000/")).unwrap();
        let overrides = Overrides { data: Some(folder.path().to_owned()), ..Overrides::default() };
        let config = config::load(None, std::iter::empty(), overrides);
        let config = config.unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(config.sources.len(), 1);
        assert_eq!(config.sites[0].browser_lifetime, 0);
    }
}
