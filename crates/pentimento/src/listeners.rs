//! The node's listeners: their limits, and who answers on them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use edge::Edge;
use http::{Request, Response};
use listener::{Limits, Listener, Proxies};
use telemetry::Metrics;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_service::Service;

use crate::config::Config;

/// How long open requests may still take when the process is told to end.
const DRAIN: Duration = Duration::from_secs(10);

/// Where clients and other nodes ask.
pub async fn deliver(
    edge: Arc<Edge>,
    config: Config,
    metrics: Arc<Metrics>,
    socket: TcpListener,
    stop: watch::Receiver<bool>,
) {
    let listener = Listener {
        limits: delivery_limits(&config),
        proxies: Proxies::new(config.listen.proxies),
        counts: metrics.connections("delivery"),
    };
    let service = move |request: Request<Bytes>, client: SocketAddr| {
        let edge = Arc::clone(&edge);
        async move { edge::serve(&edge, request, client).await }
    };
    listener.run(socket, service, stop).await;
}

/// Where operators ask.
pub async fn control(
    router: Router,
    metrics: Arc<Metrics>,
    socket: TcpListener,
    stop: watch::Receiver<bool>,
) {
    let listener = Listener {
        limits: control_limits(),
        proxies: Proxies::default(),
        counts: metrics.connections("control"),
    };
    let service = move |request: Request<Bytes>, _client: SocketAddr| {
        let mut router = router.clone();
        async move {
            let answered: Result<Response<Body>, std::convert::Infallible> =
                router.call(request.map(Body::from)).await;
            match answered {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
    };
    listener.run(socket, service, stop).await;
}

fn delivery_limits(config: &Config) -> Limits {
    let listen = &config.listen;
    Limits {
        connections: listen.connections as usize,
        connections_per_client: listen.connections_per_client as usize,
        header_time: listen.header_time,
        header_bytes: config.delivery.requests.header_bytes as usize,
        body_time: config.delivery.request_timeout,
        body_bytes: usize::try_from(config.delivery.requests.body_bytes).unwrap_or(usize::MAX),
        idle_time: listen.idle_time,
        stall_time: listen.stall_time,
        streams: listen.streams_per_connection,
        requests: listen.requests_per_connection.into(),
        drain: DRAIN,
    }
}

/// For a handful of operators, their scripts and one collector of metrics.
fn control_limits() -> Limits {
    Limits {
        connections: 1000,
        connections_per_client: 500,
        header_time: Duration::from_secs(15),
        header_bytes: 32 << 10,
        body_time: Duration::from_secs(15),
        body_bytes: 1 << 20,
        idle_time: Duration::from_secs(75),
        stall_time: Duration::from_secs(60),
        streams: 128,
        requests: 10_000,
        // Open event streams end with the process.
        drain: Duration::from_millis(500),
    }
}
