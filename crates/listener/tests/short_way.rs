//! Whether an answer was there at once or had to be waited for, a client cannot tell.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::Full;
use listener::{Limits, Listener, Places, Proxies, Service};
use proptest::prelude::*;
use proptest::sample::select;
use telemetry::Metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const HEADER_BYTES: usize = 8 << 10;
/// Large enough that it does not leave in one piece.
const LARGE: usize = 1 << 20;

/// Answers with the method and the target, or with very much of it.
struct Echo {
    /// Whether `/now…` is there at once.
    is_quick: bool,
}

fn content(target: &str) -> Bytes {
    if target.ends_with("large") { "x".repeat(LARGE).into() } else { target.to_owned().into() }
}

impl Service for Echo {
    type Body = Full<Bytes>;

    async fn answer(&self, request: Request<Bytes>, _client: SocketAddr) -> Response<Full<Bytes>> {
        let target = request.uri().path_and_query().map_or("", |target| target.as_str()).to_owned();
        if !target.starts_with("/now") {
            tokio::task::yield_now().await;
        }
        let body = if request.body().is_empty() { content(&target) } else { request.body().clone() };
        let length = HeaderValue::from(body.len());
        let body = if request.method() == Method::HEAD { Bytes::new() } else { body };
        let mut response = Response::new(Full::new(body));
        response.headers_mut().insert("content-length", length);
        response
    }

    fn at_once(
        &self,
        request: &httparse::Request<'_, '_>,
        _client: SocketAddr,
        head: &mut Vec<u8>,
    ) -> Option<Bytes> {
        // What is written before it turns out not to be there is not sent.
        head.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        let target = request.path.filter(|path| self.is_quick && path.starts_with("/now"))?;
        if request.method != Some("GET") {
            return None;
        }
        let body = content(target);
        head.extend_from_slice(format!("content-length: {}\r\ndate: now\r\n\r\n", body.len()).as_bytes());
        Some(body)
    }
}

fn limits(requests: u64) -> Limits {
    let second = Duration::from_secs(1);
    Limits {
        header_time: 10 * second,
        header_bytes: HEADER_BYTES,
        body_time: 10 * second,
        body_bytes: 1024,
        idle_time: 10 * second,
        stall_time: 10 * second,
        streams: 10,
        requests,
        drain: second,
    }
}

/// What a client hears that says all this, in these pieces, and then nothing more: without dates.
async fn heard(is_quick: bool, requests: u64, said: &[u8], pieces: usize) -> String {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (stop, stopping) = watch::channel(false);
    let listener = Listener {
        limits: limits(requests),
        places: Places::new(10, 10),
        proxies: Proxies::default(),
        tls: None,
        counts: Metrics::default().connections("delivery"),
    };
    let serving = tokio::spawn(listener.run(socket, Echo { is_quick }, stopping));
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut from, mut to) = stream.into_split();
    let said = said.to_vec();
    let saying = tokio::spawn(async move {
        for piece in said.chunks(said.len().div_ceil(pieces).max(1)) {
            // It may have been cut off already.
            if to.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        // Kept open: a client that leaves need not be answered.
        to
    });
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), from.read_to_end(&mut bytes)).await;
    // Where bytes were left unread, the end may be a reset.
    let _ended_or_reset = read.expect("the last request asks for the end of the connection");
    drop(saying.await);
    stop.send_replace(true);
    serving.await.unwrap();
    let text = String::from_utf8(bytes).unwrap().replace(&"x".repeat(LARGE), "(large)");
    text.lines().filter(|line| !line.starts_with("date: ")).collect::<Vec<_>>().join("\n")
}

fn compare(requests: u64, said: &str, pieces: usize) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let long = runtime.block_on(heard(false, requests, said.as_bytes(), pieces));
    let short = runtime.block_on(heard(true, requests, said.as_bytes(), pieces));
    assert_eq!(short, long, "{said:?} in {pieces} pieces");
    short
}

const LAST: &str = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[test]
fn answers_that_are_there_and_answers_that_are_not_come_in_order() {
    let all: String = ["/now/1", "/2", "/now/3", "/now/4", "/5", "/6", "/now/large", "/8"]
        .map(|target| format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"))
        .concat();
    let heard = compare(1000, &(all + LAST), 1);
    let bodies: Vec<_> = heard.lines().filter(|line| line.starts_with(['/', '('])).collect();
    // The head that follows a body begins on the body's line.
    let bodies: Vec<_> = bodies.iter().map(|line| line.trim_end_matches("HTTP/1.1 200 OK")).collect();
    assert_eq!(bodies, ["/now/1", "/2", "/now/3", "/now/4", "/5", "/6", "(large)", "/8", "/last"]);
}

#[test]
fn after_so_many_requests_the_connection_ends_whichever_way_they_went() {
    let all = "GET /now/1 HTTP/1.1\r\nHost: a\r\n\r\n".repeat(5);
    let heard = compare(3, &all, 1);
    assert_eq!(heard.matches("200 OK").count(), 3, "{heard}");
    assert_eq!(heard.matches("connection: close").count(), 1, "{heard}");
}

#[test]
fn a_head_that_is_too_large_is_refused_whichever_way_the_ones_before_it_went() {
    let large = format!("GET /now/2 HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(2 * HEADER_BYTES));
    let heard = compare(1000, &format!("GET /now/1 HTTP/1.1\r\nHost: a\r\n\r\n{large}"), 1);
    assert!(heard.contains("431"), "{heard}");
}

fn any_request() -> impl Strategy<Value = String> {
    let method = select(vec!["GET", "GET", "GET", "HEAD", "OPTIONS", "PURGE"]);
    let target = select(vec!["/now/a", "/now/b", "/now/large", "/slow", "/now/c?d=e", "*", "http://a/now"]);
    let version = select(vec!["1.1", "1.1", "1.1", "1.1", "1.0"]);
    let fields = select(vec![
        "",
        "Accept: */*\r\n",
        "Connection: keep-alive\r\n",
        "connection: Keep-Alive\r\n",
        "Connection: x-other\r\n",
        "Content-Length: 0\r\n",
        "Content-Length: 3\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        "Upgrade: h2c\r\n",
        "X-Empty:\r\n",
        "X Y: z\r\n",
        " folded\r\n",
        "Host: b\r\n",
    ]);
    (method, target, version, fields).prop_map(|(method, target, version, fields)| {
        let end = if fields.contains("\r\n\r\nabc") { "" } else { "\r\n" };
        format!("{method} {target} HTTP/{version}\r\nHost: a\r\n{fields}{end}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_sequence_of_requests_in_whatever_pieces_tells_the_ways_apart(
        requests in prop::collection::vec(any_request(), 1..6),
        pieces in select(vec![1_usize, 1, 3, 50]),
    ) {
        compare(1000, &(requests.concat() + LAST), pieces);
    }
}
