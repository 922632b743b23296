//! HTTP/3 over real QUIC: `cargo test -p listener --features http3`.
#![cfg(feature = "http3")]

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use h3::client::SendRequest;
use h3_quinn::{Connection, OpenStreams};
use http::{Method, Request, Response};
use http_body_util::Full;
use listener::tls::{CertificateFiles, Reload, Tls};
use listener::{Limits, Listener, Places, Proxies};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint};
use rustls::RootCertStore;
use telemetry::Metrics;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Says what it was asked, or very much.
async fn echo(request: Request<Bytes>, client: SocketAddr) -> Response<Full<Bytes>> {
    assert!(client.ip().is_loopback());
    let body = match request.uri().path() {
        "/large" => "x".repeat(3 << 20),
        path => format!("{} {:?} {path} {}", request.method(), request.uri().host(), request.body().len()),
    };
    Response::new(Full::new(body.into()))
}

fn limits() -> Limits {
    let second = Duration::from_secs(1);
    Limits {
        header_time: 5 * second,
        header_bytes: 8 << 10,
        body_time: 5 * second,
        body_bytes: 1024,
        idle_time: 10 * second,
        stall_time: 10 * second,
        streams: 10,
        requests: 5,
        drain: 5 * second,
    }
}

struct Stage {
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    client: SendRequest<OpenStreams, Bytes>,
    driver: JoinHandle<()>,
    _endpoint: Endpoint,
    _folder: TempDir,
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["pictures.test".to_owned()]).unwrap();
        let (chain, key) = (folder.path().join("crt"), folder.path().join("key"));
        std::fs::write(&chain, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let reload = Reload::start([CertificateFiles { chain, key }], []).unwrap();
        let listener = Listener {
            limits: limits(),
            places: Places::new(10, 10),
            proxies: Proxies::default(),
            tls: Some(Tls::with(Arc::clone(&reload.certificates)).unwrap()),
            counts: Metrics::default().connections("delivery-http3"),
        };
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let (stop, stopping) = watch::channel(false);
        let serving = tokio::spawn(async move { listener.run_http3(socket, echo, stopping).await.unwrap() });

        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"h3".to_vec()];
        let mut endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        endpoint
            .set_default_client_config(ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap())));
        let connection = endpoint.connect(address, "pictures.test").unwrap().await.unwrap();
        let (mut connection, client) = h3::client::new(Connection::new(connection)).await.unwrap();
        let driver = tokio::spawn(async move {
            connection.wait_idle().await;
        });
        Self { stop, serving, client, driver, _endpoint: endpoint, _folder: folder }
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes) -> Option<(u16, String)> {
        let request = Request::builder().method(method).uri(format!("https://pictures.test{path}"));
        let mut stream = self.client.clone().send_request(request.body(()).unwrap()).await.ok()?;
        if !body.is_empty() {
            stream.send_data(body).await.ok()?;
        }
        stream.finish().await.ok()?;
        let response = stream.recv_response().await.ok()?;
        assert!(response.headers().contains_key("date"));
        let mut text = String::new();
        while let Some(mut data) = stream.recv_data().await.ok()? {
            let bytes = data.copy_to_bytes(data.remaining());
            text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
        Some((response.status().as_u16(), text))
    }

    async fn get(&self, path: &str) -> Option<(u16, String)> {
        self.ask(Method::GET, path, Bytes::new()).await
    }
}

#[tokio::test]
async fn requests_are_answered_side_by_side() {
    let stage = Stage::new().await;
    let (large, small) = tokio::join!(stage.get("/large"), stage.get("/small"));
    assert_eq!(large.unwrap().1.len(), 3 << 20);
    assert_eq!(small.unwrap(), (200, "GET Some(\"pictures.test\") /small 0".to_owned()));
    let posted = stage.ask(Method::POST, "/p", Bytes::from_static(b"abc")).await.unwrap();
    assert_eq!(posted, (200, "POST Some(\"pictures.test\") /p 3".to_owned()));
}

#[tokio::test]
async fn a_body_or_a_header_above_the_limit_is_refused() {
    let stage = Stage::new().await;
    let posted = stage.ask(Method::POST, "/p", Bytes::from(vec![0; 2000])).await.unwrap();
    assert_eq!(posted.0, 413, "{posted:?}");
    let long = stage.get(&format!("/{}", "y".repeat(20_000))).await;
    assert!(long.is_none_or(|(status, _)| status == 431), "a header section has its limit");
}

#[tokio::test]
async fn after_so_many_requests_a_connection_takes_no_more() {
    let stage = Stage::new().await;
    let mut answered = 0;
    while answered < 20 && stage.get("/a").await.is_some() {
        answered += 1;
    }
    assert_eq!(answered, 5);
}

#[tokio::test]
async fn what_is_open_is_answered_before_the_process_ends() {
    let stage = Stage::new().await;
    assert!(stage.get("/a").await.is_some());
    stage.stop.send_replace(true);
    stage.serving.await.unwrap();
    stage.driver.await.unwrap();
    assert!(stage.client.clone().send_request(Request::new(())).await.is_err());
}
