//! HTTP/3 (RFC 9114), behind the feature `http3` until the crates below it have come to rest.
//!
//! The same service, limits and places as over TCP. QUIC bounds what a client may have on the way to us; here is bounded
//! how long each step may take.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::{Buf, Bytes};
use h3::quic::BidiStream;
use h3::server::{RequestResolver, RequestStream};
use h3_quinn::Connection as Transport;
use http::{HeaderValue, Request, Response, header};
use http_body::Body;
use http_body_util::{BodyExt, Either, Full};
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Endpoint, EndpointConfig, Incoming, ServerConfig, TokioRuntime, TransportConfig, VarInt};
use telemetry::Cut;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::body::BodyError;
use crate::form;
use crate::limits::Limits;
use crate::listener::{Listener, Service};
use crate::refusal::Refusal;

/// What a client may have on the way to us in one stream; a header section is buffered whole before it is judged.
const STREAM_WINDOW: u32 = 128 << 10;
/// Streams that a client opens beside its requests: control and QPACK (RFC 9114 §6.2), and a few that nobody knows.
const SIDE_STREAMS: u32 = 8;

#[derive(Debug, thiserror::Error)]
pub enum Http3Error {
    #[error("HTTP/3 needs TLS")]
    NoTls,
    #[error("TLS cannot be used for QUIC: {0}")]
    Tls(#[from] quinn::crypto::rustls::NoInitialCipherSuite),
    #[error("the UDP socket cannot be used: {0}")]
    Socket(#[from] io::Error),
}

struct Shared<S> {
    listener: Listener,
    service: S,
}

impl Listener {
    /// As [`Listener::run`], over QUIC.
    pub async fn run_http3(
        self,
        socket: UdpSocket,
        service: impl Service,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), Http3Error> {
        let config = self.quic()?;
        let drain = self.limits.drain;
        let runtime = Arc::new(TokioRuntime);
        let endpoint = Endpoint::new(EndpointConfig::default(), Some(config), socket, runtime)?;
        let shared = Arc::new(Shared { listener: self, service });
        let (stopping, _) = watch::channel(false);
        loop {
            let incoming = tokio::select! {
                incoming = endpoint.accept() => incoming,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let Some(incoming) = incoming else { break };
            tokio::spawn(serve(Arc::clone(&shared), incoming, stopping.subscribe()));
        }
        stopping.send_replace(true);
        if timeout(drain, stopping.closed()).await.is_err() {
            tracing::warn!("requests over HTTP/3 were cut off: they took longer than {drain:?}");
        }
        endpoint.close(VarInt::from_u32(0x100), b"");
        Ok(())
    }

    fn quic(&self) -> Result<ServerConfig, Http3Error> {
        let tls = self.tls.as_ref().ok_or(Http3Error::NoTls)?;
        let mut tls = rustls::ServerConfig::clone(tls.0.config());
        tls.alpn_protocols = vec![b"h3".to_vec()];
        // What comes before the handshake is done could have been sent by anybody, again and again (RFC 8470).
        tls.max_early_data_size = 0;
        let mut config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
        config.transport_config(Arc::new(transport(&self.limits)));
        Ok(config)
    }
}

fn transport(limits: &Limits) -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(limits.streams))
        .max_concurrent_uni_streams(VarInt::from_u32(SIDE_STREAMS))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .max_idle_timeout(limits.idle_time.try_into().ok());
    transport
}

/// The life of one connection.
async fn serve<S: Service>(shared: Arc<Shared<S>>, incoming: Incoming, mut stopping: watch::Receiver<bool>) {
    let Listener { limits, places, counts, .. } = &shared.listener;
    let client = incoming.remote_address();
    let client = SocketAddr::new(client.ip().to_canonical(), client.port());
    let Ok(mut place) = places.take() else {
        counts.cut(Cut::Full);
        return incoming.refuse();
    };
    if place.belongs_to(client.ip()).is_err() {
        counts.cut(Cut::Client);
        return incoming.refuse();
    }
    // An address that is not the sender's own would make us answer somebody else (RFC 9000 §8.1).
    if !incoming.remote_address_validated() {
        // It fails only where a retry was answered already.
        let _ = incoming.retry();
        return;
    }
    let Ok(Ok(connection)) = timeout(limits.header_time, incoming).await else {
        return counts.cut(Cut::Handshake);
    };
    let _open = counts.open();
    let section = u64::try_from(limits.header_bytes).unwrap_or(u64::MAX);
    let mut http = h3::server::builder();
    http.max_field_section_size(section);
    let mut http = match http.build::<_, Bytes>(Transport::new(connection)).await {
        Ok(http) => http,
        Err(error) => return tracing::debug!(%client, %error, "no HTTP/3 came about"),
    };
    let mut open = JoinSet::new();
    let (mut begun, mut is_stopping) = (0_u64, false);
    while !(is_stopping && open.is_empty()) {
        tokio::select! {
            accepted = http.accept() => match accepted {
                Ok(Some(resolver)) => {
                    begun += 1;
                    if begun >= limits.requests && http.shutdown(0).await.is_err() {
                        break;
                    }
                    open.spawn(exchange(Arc::clone(&shared), resolver, client));
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::debug!(%client, %error, "a connection ended");
                    break;
                }
            },
            Some(_) = open.join_next() => {}
            () = told(&mut stopping), if !is_stopping => {
                is_stopping = true;
                if http.shutdown(0).await.is_err() {
                    break;
                }
            }
        }
    }
    while open.join_next().await.is_some() {}
}

async fn told(stopping: &mut watch::Receiver<bool>) {
    // Its sender lives until it has told.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// One request and its answer.
async fn exchange<S: Service>(
    shared: Arc<Shared<S>>,
    resolver: RequestResolver<Transport, Bytes>,
    client: SocketAddr,
) {
    let limits = &shared.listener.limits;
    let (request, mut stream) = match timeout(limits.header_time, resolver.resolve_request()).await {
        Ok(Ok(resolved)) => resolved,
        // h3 has told the client, if it could.
        Ok(Err(error)) => return tracing::debug!(%client, %error, "a request was not understood"),
        Err(_) => return shared.listener.counts.cut(Cut::Header),
    };
    let (parts, ()) = request.into_parts();
    let whole = match form::check(&parts) {
        Ok(()) => content(&mut stream, limits).await.map_err(Refusal::from),
        Err(unclear) => Err(unclear.into()),
    };
    let answer = match whole {
        Ok(body) => {
            let request = Request::from_parts(parts, body);
            shared.service.answer(request, client).await.map(|body| Either::Left(body.map_err(Into::into)))
        }
        Err(refusal) => {
            refusal.answer().map(|body| Either::Right(Full::new(body).map_err(|never| match never {})))
        }
    };
    if send(&mut stream, answer, limits).await.is_err() {
        shared.listener.counts.cut(Cut::Stall);
        stream.stop_stream(h3::error::Code::H3_REQUEST_CANCELLED);
    }
}

async fn content<T: BidiStream<Bytes>>(
    stream: &mut RequestStream<T, Bytes>,
    limits: &Limits,
) -> Result<Bytes, BodyError> {
    let max = limits.body_bytes;
    let read = async {
        let mut body = Vec::new();
        while let Some(mut data) = stream.recv_data().await.map_err(|_| BodyError::Incomplete)? {
            if body.len() + data.remaining() > max {
                return Err(BodyError::TooLarge { max });
            }
            while data.has_remaining() {
                let chunk = data.chunk();
                body.extend_from_slice(chunk);
                let read = chunk.len();
                data.advance(read);
            }
        }
        Ok(body.into())
    };
    let seconds = limits.body_time.as_secs();
    timeout(limits.body_time, read).await.unwrap_or(Err(BodyError::TooSlow { seconds }))
}

/// The client takes nothing any more, or the body has broken off.
struct Cancelled;

async fn send<T, B>(
    stream: &mut RequestStream<T, Bytes>,
    answer: Response<B>,
    limits: &Limits,
) -> Result<(), Cancelled>
where
    T: BidiStream<Bytes>,
    B: Body<Data = Bytes, Error = Box<dyn std::error::Error + Send + Sync>> + Unpin,
{
    let (mut head, mut body) = answer.into_parts();
    if !head.headers.contains_key(header::DATE)
        && let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::now()))
    {
        head.headers.insert(header::DATE, date);
    }
    let patience = limits.stall_time;
    let head = stream.send_response(Response::from_parts(head, ()));
    let Ok(Ok(())) = timeout(patience, head).await else { return Err(Cancelled) };
    while let Some(frame) = body.frame().await {
        let Ok(Ok(data)) = frame.map(|frame| frame.into_data()) else { return Err(Cancelled) };
        let Ok(Ok(())) = timeout(patience, stream.send_data(data)).await else { return Err(Cancelled) };
    }
    match timeout(patience, stream.finish()).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(Cancelled),
    }
}
