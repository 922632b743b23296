//! `pentimento fake-cdn`

use std::net::SocketAddr;

use anyhow::Context;
use cdn::VendorName;
use cdn::fake::{self, FakeCdn, Temper};
use tokio::net::TcpListener;

use crate::command::stop;
use crate::config::Cdn;
use crate::log;

pub async fn run(vendor: VendorName, listen: SocketAddr, temper: Temper) -> anyhow::Result<()> {
    log::start();
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    println!("{}", Cdn::example(vendor, &fake::settings(vendor, listener.local_addr()?)));
    println!("ready");
    let fake = FakeCdn::new(vendor, temper);
    let mut told = 0;
    let mut changes = fake.changes();
    let mut stopped = stop::on_signal()?;
    tokio::select! {
        () = fake.serve(listener) => {}
        () = async {
            while changes.changed().await.is_ok() {
                for one in fake.told_since(&mut told) {
                    println!("{} {} {}", one.status.as_u16(), one.method, one.uri);
                    if !one.body.is_empty() {
                        println!("    {}", String::from_utf8_lossy(&one.body));
                    }
                }
            }
        } => {}
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    Ok(())
}
