//! A server before a Varnish that says yes to everything it is told, and at first passes nothing on.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::client::send;

pub struct Deaf {
    pub address: SocketAddr,
    told: Arc<AtomicU32>,
}

impl Deaf {
    /// Deaf to so many calls.
    pub async fn before(varnish: SocketAddr, calls: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let told = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&told);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = Arc::clone(&count);
                let service = service_fn(move |request| hear(Arc::clone(&count), calls, varnish, request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, told }
    }

    pub fn told(&self) -> u32 {
        self.told.load(Ordering::Relaxed)
    }
}

async fn hear(
    count: Arc<AtomicU32>,
    deaf_to: u32,
    varnish: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if count.fetch_add(1, Ordering::Relaxed) >= deaf_to {
        let fields: Vec<(&str, &str)> = request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let url = request.uri().path();
        let heard = send(varnish, request.method().clone(), url, &fields, Bytes::new()).await;
        assert_eq!(heard.expect("Varnish answers").status, 200);
    }
    let said = Response::builder().header(header::SERVER, "Varnish").body(Full::default());
    Ok(said.expect("its fields are fine"))
}
