//! Interim responses over real connections: each before its own answer, never in the middle of another one.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use listener::{Inform, Limits, Listener, Places, Proxies};
use telemetry::Metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Large enough that it does not leave in one piece.
const LARGE: usize = 4 << 20;

/// Says a hint with the path in it, and a moment later answers with the path, or with very much of it.
async fn hinting(request: Request<Bytes>, _client: SocketAddr) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    if let Some(inform) = request.extensions().get::<Inform>() {
        let mut hint = Response::new(());
        *hint.status_mut() = StatusCode::EARLY_HINTS;
        hint.headers_mut().insert("link", HeaderValue::from_str(&path).unwrap());
        inform(hint);
    }
    tokio::task::yield_now().await;
    let body = if path == "/large" { "x".repeat(LARGE) } else { path };
    Response::new(Full::new(body.into()))
}

/// What comes back for these requests, sent in one piece on one connection, without what varies.
async fn exchange(requests: &str) -> String {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (stop, stopping) = watch::channel(false);
    let listener = Listener {
        limits: limits(),
        places: Places::new(10, 10),
        proxies: Proxies::default(),
        tls: None,
        counts: Metrics::default().connections("delivery"),
    };
    let serving = tokio::spawn(listener.run(socket, hinting, stopping));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // The last request asks for the end of the connection.
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await;
    read.expect("the connection ends").unwrap();
    stop.send_replace(true);
    serving.await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().filter(|line| !line.starts_with("date: ")).collect::<Vec<_>>().join("\n")
}

fn limits() -> Limits {
    let second = Duration::from_secs(1);
    Limits {
        header_time: 10 * second,
        header_bytes: 16 << 10,
        body_time: second,
        body_bytes: 1024,
        idle_time: 10 * second,
        stall_time: 10 * second,
        streams: 10,
        requests: 100,
        drain: second,
    }
}

fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n{more}\r\n")
}

#[tokio::test]
async fn a_hint_comes_before_its_answer() {
    assert_eq!(
        exchange(&get("/one", "Connection: close\r\n")).await,
        "HTTP/1.1 103 Early Hints\nlink: /one\n\n\
         HTTP/1.1 200 OK\nconnection: close\ncontent-length: 4\n\n/one"
    );
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_none() {
    let seen = exchange("GET /one HTTP/1.0\r\nHost: a\r\n\r\n").await;
    assert!(seen.starts_with("HTTP/1.0 200 OK\n") && !seen.contains("103"), "{seen}");
}

#[tokio::test]
async fn a_hint_never_stands_in_the_middle_of_another_answer() {
    let requests =
        [get("/large", ""), get("/two", ""), get("/large", ""), get("/four", "Connection: close\r\n")];
    let seen = exchange(&requests.concat()).await;
    let large = "x".repeat(LARGE);
    // Which hints come through depends on what was still on its way; those that do stand before their answers.
    let rest = [("/large", large.as_str()), ("/two", "/two"), ("/large", &large), ("/four", "/four")]
        .iter()
        .fold(seen.as_str(), |seen, (path, body)| {
            let hint = format!("HTTP/1.1 103 Early Hints\nlink: {path}\n\n");
            let seen = seen.strip_prefix(&hint).unwrap_or(seen);
            let (head, rest) = seen.split_once("\n\n").expect("a head");
            assert!(head.starts_with("HTTP/1.1 200 OK\n") && !head.contains("103"), "{head}");
            rest.strip_prefix(body).expect("the answer's own body, and nothing else in it")
        });
    assert_eq!(rest, "");
}

#[tokio::test]
async fn hints_come_through_on_a_connection_that_was_used_before() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (_stop, stopping) = watch::channel(false);
    let listener = Listener {
        limits: limits(),
        places: Places::new(10, 10),
        proxies: Proxies::default(),
        tls: None,
        counts: Metrics::default().connections("delivery"),
    };
    tokio::spawn(listener.run(socket, hinting, stopping));
    let mut stream = TcpStream::connect(address).await.unwrap();
    for path in ["/one", "/two"] {
        stream.write_all(get(path, "").as_bytes()).await.unwrap();
        let mut seen = String::new();
        let mut buffer = [0; 1024];
        while !seen.ends_with(&format!("\r\n\r\n{path}")) {
            let read = stream.read(&mut buffer).await.unwrap();
            assert_ne!(read, 0, "{seen}");
            seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        assert!(seen.starts_with(&format!("HTTP/1.1 103 Early Hints\r\nlink: {path}\r\n\r\n")), "{seen}");
    }
}
