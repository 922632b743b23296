//! The accept loop.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use telemetry::{Connections, Cut};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::connection::{self, Accepted};
use crate::limits::Limits;
use crate::place::Places;
use crate::proxy::Proxies;
use crate::refusal::turn_away;
use crate::tls::Tls;

/// Connections that are told at the same time that there is no place for them. More are closed without a word.
const TURNED_AWAY_MAX: usize = 64;
/// Resets of streams that a client may have us remember before its connection ends (CVE-2023-44487, CVE-2025-8671).
const RESETS_MAX: usize = 20;
const OWN_RESETS_MAX: usize = 100;
/// Finds connections whose other end has gone without a word.
const PING_EVERY: Duration = Duration::from_secs(20);
/// The parser takes no smaller buffer.
const HEADER_BYTES_MIN: usize = 8192;

/// Answers whole requests. The address is the client's, as far as it is known.
pub trait Service: Send + Sync + 'static {
    type Body: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + Unpin
        + 'static;

    fn answer(
        &self,
        request: Request<Bytes>,
        client: SocketAddr,
    ) -> impl Future<Output = Response<Self::Body>> + Send;

    /// Writes the head of an answer that is there already, and returns its body. `None`: `answer` is to be asked; then
    /// whatever was written counts for nothing.
    ///
    /// The request is a GET or HEAD in HTTP/1.1 without content, and the connection stays.
    fn at_once(
        &self,
        _request: &httparse::Request<'_, '_>,
        _client: SocketAddr,
        _head: &mut Vec<u8>,
    ) -> Option<Bytes> {
        None
    }
}

impl<F, A, B> Service for F
where
    F: Fn(Request<Bytes>, SocketAddr) -> A + Send + Sync + 'static,
    A: Future<Output = Response<B>> + Send,
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + Unpin + 'static,
{
    type Body = B;

    fn answer(
        &self,
        request: Request<Bytes>,
        client: SocketAddr,
    ) -> impl Future<Output = Response<B>> + Send {
        self(request, client)
    }
}

pub struct Listener {
    pub limits: Limits,
    /// Several listeners may share them.
    pub places: Arc<Places>,
    pub proxies: Proxies,
    pub tls: Option<Tls>,
    pub counts: Connections,
}

/// What all connections of a listener share.
pub(crate) struct Shared<S> {
    pub listener: Listener,
    pub service: S,
    pub http: auto::Builder<TokioExecutor>,
    /// For one request at a time.
    pub http1: http1::Builder,
}

impl Listener {
    /// Serves until `stop` says true, then lets open requests end.
    pub async fn run(self, socket: TcpListener, service: impl Service, mut stop: watch::Receiver<bool>) {
        let limits = self.limits;
        let places = Arc::clone(&self.places);
        let turning_away = Arc::new(Semaphore::new(TURNED_AWAY_MAX));
        let shared =
            Arc::new(Shared { http: protocols(&limits), http1: http1(&limits), listener: self, service });
        // Every connection holds a receiver: when none is left, all have ended.
        let (stopping, _) = watch::channel(false);
        let mut is_failing = false;
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                // The client was gone before its turn came.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => {
                    // Out of file descriptors, most likely: those that are open will end.
                    if !is_failing {
                        tracing::warn!(%error, "connections cannot be accepted");
                    }
                    is_failing = true;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            };
            is_failing = false;
            let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
            match places.take() {
                Ok(place) => {
                    let turning_away = Arc::clone(&turning_away);
                    let accepted = Accepted { stream: prepared(stream), peer, place, turning_away };
                    tokio::spawn(connection::serve(Arc::clone(&shared), accepted, stopping.subscribe()));
                }
                Err(why) => {
                    shared.listener.counts.cut(Cut::Full);
                    if shared.listener.tls.is_none()
                        && let Ok(permit) = Arc::clone(&turning_away).try_acquire_owned()
                    {
                        tokio::spawn(async move {
                            turn_away(stream, why).await;
                            drop(permit);
                        });
                    }
                }
            }
        }
        drop(socket);
        stopping.send_replace(true);
        if tokio::time::timeout(limits.drain, stopping.closed()).await.is_err() {
            tracing::warn!("requests were cut off: they took longer than {:?}", limits.drain);
        }
    }
}

fn prepared(stream: TcpStream) -> TcpStream {
    // A picture's head and body go out together; waiting for more to send gains nothing.
    let _ = stream.set_nodelay(true);
    stream
}

pub(crate) fn http1(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(limits.header_bytes.max(HEADER_BYTES_MIN));
    http
}

pub(crate) fn protocols(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        // `Pace` watches this: hyper counts the time between requests as part of the next header.
        .header_read_timeout(None)
        // Not `pipeline_flush`: it copies every body into hyper's own buffer, which costs a large one more than its
        // sending, and it forgets the last answer where a client has sent more than is read (hyper 1.12).
        .max_buf_size(limits.header_bytes.max(HEADER_BYTES_MIN));
    http.http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits.streams)
        .max_pending_accept_reset_streams(RESETS_MAX)
        .max_local_error_reset_streams(OWN_RESETS_MAX)
        .keep_alive_interval(Some(PING_EVERY));
    http
}
