//! The node's listeners: their limits, and who answers on them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use acme::Challenges;
use anyhow::Context;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use edge::Edge;
use edge::body::EdgeBody;
use http::{HeaderValue, Request, Response, header};
use listener::{Limits, Listener, Places, Proxies, Service};
use telemetry::Metrics;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_service::Service as _;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::redirect;
use crate::secure::Secure;

/// How long open requests may still take when the process is told to end.
const DRAIN: Duration = Duration::from_secs(10);

/// Where clients and other nodes ask: without TLS, and with it if so configured.
pub struct Delivery {
    pub plain: TcpListener,
    pub secure: Option<Secure>,
}

impl Delivery {
    pub async fn bind(config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        let plain = bind(config.node.listen).await?;
        Ok(Self { plain, secure: Secure::open(config, data).await? })
    }

    /// Whether nobody from elsewhere can connect.
    pub fn is_on_loopback(&self) -> anyhow::Result<bool> {
        let secure = self.secure.as_ref().is_none_or(|secure| secure.address.ip().is_loopback());
        Ok(secure && self.plain.local_addr()?.ip().is_loopback())
    }

    pub async fn run(
        self,
        edge: Arc<Edge>,
        config: Config,
        metrics: Arc<Metrics>,
        stop: watch::Receiver<bool>,
    ) {
        let listen = &config.listen;
        let places = Places::new(listen.connections as usize, listen.connections_per_client as usize);
        let listener = |name, tls| Listener {
            limits: delivery_limits(&config),
            places: Arc::clone(&places),
            proxies: Proxies::new(listen.proxies.clone()),
            tls,
            counts: metrics.connections(name),
        };
        let Some(secure) = self.secure else {
            listener("delivery", None)
                .run(self.plain, Deliver { edge, challenges: Challenges::default(), alternative: None }, stop)
                .await;
            return;
        };
        let Secure { socket, address, redirect, tls, challenges, upkeep, .. } = secure;
        let alternative = config.tls.http3.then(|| alternative(address.port()));
        #[cfg(feature = "http3")]
        let over_quic = {
            let (listener, edge) = (listener("delivery-http3", Some(tls.clone())), Arc::clone(&edge));
            let (socket, stop) = (secure.http3, stop.clone());
            async move {
                let Some(socket) = socket else { return };
                let service = Deliver { edge, challenges: Challenges::default(), alternative: None };
                if let Err(error) = listener.run_http3(socket, service, stop).await {
                    tracing::error!(%error, "nothing is served over HTTP/3");
                }
            }
        };
        #[cfg(not(feature = "http3"))]
        let over_quic = std::future::ready(());
        let upkeep = tokio::spawn(upkeep.run(Arc::clone(&metrics)));
        let plain = listener("delivery", None);
        let plain = plain.run(
            self.plain,
            Deliver { edge: Arc::clone(&edge), challenges: challenges.clone(), alternative: None },
            stop.clone(),
        );
        let secured = listener("delivery-tls", Some(tls));
        let service = Deliver { edge, challenges: Challenges::default(), alternative };
        let secured = secured.run(socket, service, stop.clone());
        let redirected = async {
            if let Some(socket) = redirect {
                let service = send_to_tls(challenges, address.port());
                listener("redirect", None).run(socket, service, stop.clone()).await;
            }
        };
        tokio::join!(plain, secured, over_quic, redirected);
        upkeep.abort();
    }
}

/// Everything that is delivered; before it, what a certificate authority asks for.
struct Deliver {
    edge: Arc<Edge>,
    challenges: Challenges,
    /// Where the same is served over HTTP/3 (RFC 7838 §3).
    alternative: Option<HeaderValue>,
}

impl Service for Deliver {
    type Body = EdgeBody;

    async fn answer(&self, request: Request<Bytes>, client: SocketAddr) -> Response<EdgeBody> {
        let mut response = match self.challenges.answer(request.uri().path()) {
            Some(key_authorization) => to_authority(key_authorization),
            None => edge::serve(&self.edge, request, client).await,
        };
        if let Some(alternative) = &self.alternative {
            response.headers_mut().insert(header::ALT_SVC, alternative.clone());
        }
        response
    }

    fn at_once(
        &self,
        request: &httparse::Request<'_, '_>,
        client: SocketAddr,
        head: &mut Vec<u8>,
    ) -> Option<Bytes> {
        // The long way says where HTTP/3 is.
        if self.alternative.is_some()
            || request.path.is_none_or(|path| self.challenges.answer(path).is_some())
        {
            return None;
        }
        edge::at_once(&self.edge, request, client, head)
    }
}

fn alternative(port: u16) -> HeaderValue {
    // Digits and letters.
    HeaderValue::try_from(format!("h3=\":{port}\"; ma=86400")).unwrap_or(HeaderValue::from_static("clear"))
}

fn send_to_tls(challenges: Challenges, port: u16) -> impl Service<Body = EdgeBody> {
    move |request: Request<Bytes>, _client: SocketAddr| {
        let answer = match challenges.answer(request.uri().path()) {
            Some(key_authorization) => to_authority(key_authorization),
            None => redirect::to_tls(&request, port),
        };
        std::future::ready(answer)
    }
}

/// RFC 8555 §8.3
fn to_authority(key_authorization: String) -> Response<EdgeBody> {
    let mut response = Response::new(EdgeBody::from(Bytes::from(key_authorization)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// For a handful of operators, their scripts and one collector of metrics.
const CONTROL_CONNECTIONS: usize = 1000;
const CONTROL_CONNECTIONS_PER_CLIENT: usize = 500;

/// Where operators ask.
pub async fn control(
    router: Router,
    metrics: Arc<Metrics>,
    socket: TcpListener,
    stop: watch::Receiver<bool>,
) {
    let listener = Listener {
        limits: control_limits(),
        places: Places::new(CONTROL_CONNECTIONS, CONTROL_CONNECTIONS_PER_CLIENT),
        proxies: Proxies::default(),
        tls: None,
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

fn control_limits() -> Limits {
    Limits {
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
