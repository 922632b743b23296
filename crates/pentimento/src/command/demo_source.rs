//! `pentimento demo-source`

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use demo::Gallery;
use tokio::net::TcpListener;

use crate::command::stop;
use crate::log;

pub async fn run(dir: PathBuf, listen: SocketAddr, shrink: u16) -> anyhow::Result<()> {
    log::start();
    let gallery = Gallery::shrunk(dir, shrink.max(1));
    let painting = gallery.clone();
    tokio::task::spawn_blocking(move || painting.prepare()).await??;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let mut stopped = stop::on_signal()?;
    println!("ready");
    let stop = async move { _ = stopped.wait_for(|stop| *stop).await };
    Ok(demo::serve_gallery(listener, gallery, stop).await?)
}
