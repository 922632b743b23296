//! A thousand clients want the same URL, which nobody has yet.

use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::client;
use crate::contender::Who;
use crate::upstream::Upstream;

pub const CLIENTS: usize = 1000;

const PATH: &str = "/slow/20480/herd";
const STACK: usize = 64 << 10;

#[derive(Debug, Clone, Copy)]
pub struct Herd {
    pub who: Who,
    /// How many of them reached the upstream.
    pub upstream_requests: u64,
    pub answered: usize,
    /// From the moment they asked to the last answer.
    pub took: Duration,
}

pub fn run(who: Who, address: SocketAddr, upstream: &Upstream) -> anyhow::Result<Herd> {
    let before = upstream.requests();
    let all_connected = Arc::new(Barrier::new(CLIENTS + 1));
    let mut clients = Vec::with_capacity(CLIENTS);
    for _ in 0..CLIENTS {
        let all_connected = Arc::clone(&all_connected);
        let ask = move || {
            let stream = TcpStream::connect(address).and_then(|stream| {
                stream.set_read_timeout(Some(Duration::from_secs(60)))?;
                Ok(stream)
            });
            all_connected.wait();
            let stream = stream?;
            client::send(&stream, PATH, &[])?;
            client::receive(&stream)
        };
        let client = thread::Builder::new().stack_size(STACK).spawn(ask);
        clients.push(client.context("cannot start a thousand clients")?);
    }
    all_connected.wait();
    let began = Instant::now();
    let answered = clients.into_iter().filter_map(|client| client.join().ok()?.ok());
    let answered = answered.filter(|seen| seen.status == 200 && seen.body.len() == 20_480).count();
    Ok(Herd { who, upstream_requests: upstream.requests() - before, answered, took: began.elapsed() })
}
