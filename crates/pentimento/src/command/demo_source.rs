//! `pentimento demo-source`

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use demo::Gallery;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::command::stop;
use crate::log;

pub async fn run(
    dir: PathBuf,
    listen: SocketAddr,
    shrink: u16,
    until_stdin_closes: bool,
) -> anyhow::Result<()> {
    log::start();
    let gallery = Gallery::shrunk(dir, shrink.max(1));
    let painting = gallery.clone();
    tokio::task::spawn_blocking(move || painting.prepare()).await??;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let mut stopped = stop::on_signal()?;
    println!("ready");
    let orphaned = until_stdin_closes.then(stdin_closed);
    let stop = async move {
        match orphaned {
            Some(orphaned) => tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => {}
                _ = orphaned => {}
            },
            None => _ = stopped.wait_for(|stop| *stop).await,
        }
    };
    Ok(demo::serve_gallery(listener, gallery, stop).await?)
}

/// Ends when whoever started this process is gone, however it went: its end of the pipe closes.
fn stdin_closed() -> oneshot::Receiver<()> {
    let (closed, ended) = oneshot::channel();
    // A thread, because a read of standard input cannot be cancelled.
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = closed.send(());
    });
    ended
}
