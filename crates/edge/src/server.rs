//! The delivery listener: connections in, requests to [`serve`](crate::serve), within limits.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api_types::Problem;
use http::{Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::body::EdgeBody;
use crate::problem;
use crate::serve::{Edge, serve};

#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    pub connections: usize,
    /// Request line and header section together.
    pub header_bytes: usize,
    /// From the first byte of a connection (or the end of the last answer) to the end of a header section.
    pub header_time: Duration,
    /// For a whole request body to arrive.
    pub body_time: Duration,
    pub body_bytes: usize,
    /// How long open requests may still take when the server stops.
    pub drain: Duration,
}

/// Serves until `stop` says true, then lets open requests end.
pub async fn run(
    edge: Arc<Edge>,
    listener: TcpListener,
    limits: ServerLimits,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        // Not `pipeline_flush`: it copies every body into hyper's own buffer, which costs a large one more than its sending.
        .max_buf_size(limits.header_bytes.max(8192));
    http.http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(128)
        .keep_alive_interval(Some(Duration::from_secs(20)));
    loop {
        let place = Arc::clone(&places);
        let accepted = tokio::select! {
            accepted = async { (place.acquire_owned().await, listener.accept().await) } => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (Ok(place), Ok((stream, peer))) = accepted else {
            // Out of file descriptors, most likely: those that are open will end.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let edge = Arc::clone(&edge);
        let service = service_fn(move |request| {
            let edge = Arc::clone(&edge);
            async move { Ok::<_, Infallible>(take(&edge, request, peer, limits).await) }
        });
        let connection = http.serve_connection(TokioIo::new(prepared(stream)), service);
        let connection = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, %error, "a connection ended badly");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were cut off: they took longer than {:?}", limits.drain);
    }
}

fn prepared(stream: TcpStream) -> TcpStream {
    // A picture's head and body go out together; waiting for more to send gains nothing.
    let _ = stream.set_nodelay(true);
    stream
}

/// Reads the body, within bounds, and serves.
async fn take(
    edge: &Arc<Edge>,
    request: Request<Incoming>,
    peer: SocketAddr,
    limits: ServerLimits,
) -> Response<EdgeBody> {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return serve(edge, Request::from_parts(parts, bytes::Bytes::new()), peer).await;
    }
    let body = Limited::new(body, limits.body_bytes).collect();
    match tokio::time::timeout(limits.body_time, body).await {
        Ok(Ok(body)) => serve(edge, Request::from_parts(parts, body.to_bytes()), peer).await,
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let detail = format!("a request's body has at most {} bytes", limits.body_bytes);
            problem::answer(&Problem::new(413, "body-too-large", "Body too large", detail), 0)
        }
        Ok(Err(_)) => problem::answer(
            &Problem::new(400, "body-incomplete", "Body incomplete", "the body ended early"),
            0,
        ),
        Err(_) => problem::answer(&Problem::new(408, "body-timeout", "Timeout", "the body took too long"), 0),
    }
}
