//! The server around a fake: it hears, waits as long as it is told to, and remembers.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::FakeVendor;
use crate::name::VendorName;

const BODY_BYTES_MAX: usize = 4 << 20;
const CONNECTIONS_MAX: usize = 256;
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// The oldest is forgotten.
const TOLD_MAX: usize = 10_000;
const BREATHER: Duration = Duration::from_millis(50);

/// How a fake behaves beyond what its vendor documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Temper {
    /// Before each answer.
    pub latency: Duration,
    /// From a call to its completion, where the vendor has such a thing.
    pub completes_after: Duration,
    /// So many calls it takes, says that they have taken effect, and does nothing: a fake that serves pictures.
    pub deaf_to: u32,
    /// What it answers to whatever it is told, instead of what is right.
    pub answers: Option<StatusCode>,
}

impl Default for Temper {
    fn default() -> Self {
        Self { latency: Duration::ZERO, completes_after: Duration::from_secs(2), deaf_to: 0, answers: None }
    }
}

/// One request, as a fake remembers it.
#[derive(Debug, Clone)]
pub struct Told {
    pub method: Method,
    pub uri: Uri,
    pub headers: http::HeaderMap,
    pub body: Bytes,
    /// What it was answered.
    pub status: StatusCode,
}

#[derive(Default)]
struct Memory {
    kept: VecDeque<Told>,
    /// Of all, the forgotten ones too.
    count: u64,
}

/// A fake that listens. Clones are the same one; it ends with [`FakeCdn::serve`]'s future.
#[derive(Clone)]
pub struct FakeCdn {
    name: VendorName,
    vendor: Arc<Mutex<Box<dyn FakeVendor>>>,
    temper: Arc<Mutex<Temper>>,
    told: Arc<Mutex<Memory>>,
    changed: watch::Sender<()>,
}

impl FakeCdn {
    pub fn new(name: VendorName, temper: Temper) -> Self {
        Self {
            name,
            vendor: Arc::new(Mutex::new(super::of(name, &temper))),
            temper: Arc::new(Mutex::new(temper)),
            told: Arc::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// From now on.
    pub fn set_temper(&self, change: impl FnOnce(&mut Temper)) {
        change(&mut locked(&self.temper));
    }

    /// Whatever it remembered of its clients, tokens and all: as one that is begun anew.
    pub fn forget(&self) {
        let temper = *locked(&self.temper);
        *locked(&self.vendor) = super::of(self.name, &temper);
    }

    pub fn told(&self) -> Vec<Told> {
        locked(&self.told).kept.iter().cloned().collect()
    }

    /// What is new since `seen`, which is moved on.
    pub fn told_since(&self, seen: &mut u64) -> Vec<Told> {
        let told = locked(&self.told);
        let new = told.count.saturating_sub(*seen).min(told.kept.len() as u64);
        *seen = told.count;
        told.kept.iter().skip(told.kept.len() - usize::try_from(new).unwrap_or(0)).cloned().collect()
    }

    /// Wakes whenever something has been told.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Until it is dropped.
    pub async fn serve(&self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok((stream, _)) = listener.accept().await else {
                sleep(BREATHER).await;
                continue;
            };
            if connections.len() < CONNECTIONS_MAX {
                connections.spawn(self.clone().converse(stream));
            }
        }
    }

    async fn converse(self, stream: TcpStream) {
        let service = service_fn(|request| self.respond(request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    async fn respond(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let temper = *locked(&self.temper);
        let response = match Limited::new(body, BODY_BYTES_MAX).collect().await {
            Err(_) => super::reply(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", "too much\n"),
            Ok(body) => {
                let request = Request::from_parts(head, body.to_bytes());
                let response = match temper.answers {
                    Some(status) => super::reply(status, "text/html", "<h1>out of order</h1>\n"),
                    None => locked(&self.vendor).answer(&request, unix_millis()),
                };
                self.remember(request, response.status());
                response
            }
        };
        sleep(temper.latency).await;
        Ok(response.map(Full::new))
    }

    fn remember(&self, request: Request<Bytes>, status: StatusCode) {
        tracing::info!(method = %request.method(), uri = %request.uri(), status = status.as_u16(), "told");
        let (head, body) = request.into_parts();
        let mut told = locked(&self.told);
        if told.kept.len() == TOLD_MAX {
            told.kept.pop_front();
        }
        told.count += 1;
        told.kept.push_back(Told { method: head.method, uri: head.uri, headers: head.headers, body, status });
        drop(told);
        self.changed.send_replace(());
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unix_millis() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
