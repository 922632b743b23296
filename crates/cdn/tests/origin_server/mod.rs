//! An origin whose answers are numbered, and tagged with the first segment of their path.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

pub struct OriginServer {
    pub address: SocketAddr,
}

impl OriginServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let count = Arc::new(AtomicU64::new(0));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = Arc::clone(&count);
                let service = service_fn(move |request| answer(Arc::clone(&count), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address }
    }
}

async fn answer(
    count: Arc<AtomicU64>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let number = count.fetch_add(1, Ordering::Relaxed);
    let tag = request.uri().path().split('/').nth(1).unwrap_or_default();
    let response = Response::builder()
        .header("cache-control", "max-age=3600")
        .header("xkey", tag)
        .body(Full::from(format!("answer {number}")));
    Ok(response.expect("its fields are fine"))
}
