//! Requests that two servers could read differently, and clients that hold on to what they have: over raw sockets,
//! against the real binary.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use testkit::{Node, Source, get, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Asked behind each hostile request on the same connection: answered only if that one's end was beyond doubt.
const NEXT: &str = "GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(20);
const NOW_AND_THEN: Duration = Duration::from_millis(100);

struct Stage {
    node: Node,
    _folder: TempDir,
}

impl Stage {
    /// Every host serves signed pictures of no source: whatever is understood is answered with 404.
    async fn with(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pentimento.toml");
        std::fs::write(&file, config).expect("the folder can be written");
        let binary = Path::new(env!("CARGO_BIN_EXE_pentimento"));
        let file = file.display().to_string();
        let mut node = Node::new(binary, &folder.path().join("data"), &["--config", &file]);
        node.start().await;
        Self { node, _folder: folder }
    }

    async fn metric(&self, line: &str) -> bool {
        get(self.node.control, "/metrics").await.text().lines().any(|one| one == line)
    }

    /// Waits for what is counted behind an answer.
    async fn counts(&self, line: &str) {
        until(&format!("{line} is among the metrics"), async || self.metric(line).await).await;
    }
}

async fn connect(at: SocketAddr) -> TcpStream {
    TcpStream::connect(at).await.expect("the node listens")
}

/// Everything that comes until the connection ends.
async fn all(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset ends a connection as well.
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "the connection stays open after {:?}", String::from_utf8_lossy(&bytes));
    bytes
}

async fn say(at: SocketAddr, bytes: &[u8]) -> Vec<u16> {
    let mut stream = connect(at).await;
    // The node may have closed before it has heard everything.
    let _ = stream.write_all(bytes).await;
    statuses(&all(&mut stream).await)
}

/// The statuses of one answer after the other.
fn statuses(mut bytes: &[u8]) -> Vec<u16> {
    let mut found = Vec::new();
    while let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        found.push(status.unwrap_or_else(|| panic!("no status in {head:?}")));
        let len =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        bytes = bytes.get(end + 4 + len..).unwrap_or_default();
    }
    found
}

#[tokio::test]
async fn a_request_that_could_be_read_in_two_ways_is_refused_or_its_connection_ends() {
    let stage = Stage::with("").await;
    let many_fields = format!("GET /a HTTP/1.1\r\nHost: h\r\n{}\r\n", "x: y\r\n".repeat(200));
    let long_field = format!("GET /a HTTP/1.1\r\nHost: h\r\nx: {}\r\n\r\n", "y".repeat(60_000));
    let long_target = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(9000));
    let chunk_extensions = format!(
        "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;{}\r\nx\r\n0\r\n\r\n",
        "e".repeat(60_000)
    );
    let trailers = format!(
        "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{}\r\n",
        "t: y\r\n".repeat(5000)
    );
    let mut wrong = Vec::new();
    // `[405]`, say: one answer, and the connection ended although another request was there. With a second number
    // the next request was understood for itself.
    for (what, request, expected) in [
        ("an ordinary one", "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", &[404, 404][..]),
        ("an ordinary body", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", &[405, 404]),
        (
            "chunks",
            "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            &[405, 404],
        ),
        (
            "length, then chunks",
            "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            &[405],
        ),
        (
            "chunks, then length",
            "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
            &[405],
        ),
        (
            "two lengths",
            "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            &[400],
        ),
        ("a list of lengths", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 4\r\n\r\nabcd", &[400]),
        (
            "the same length twice",
            "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
            &[405, 404],
        ),
        ("a signed length", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc", &[400]),
        ("a negative length", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", &[400]),
        (
            "a length beyond numbers",
            "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551616\r\n\r\n",
            &[400],
        ),
        ("a huge length", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999\r\n\r\n", &[413]),
        (
            "an unknown coding",
            "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            &[400],
        ),
        (
            "chunked, but not last",
            "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            &[400],
        ),
        (
            "chunks in HTTP/1.0",
            "POST /a HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            &[400],
        ),
        (
            "a bad chunk",
            "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
            &[400],
        ),
        (
            "a chunk beyond numbers",
            "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
            &[400],
        ),
        (
            "a chunk without its end",
            "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
            &[400],
        ),
        ("endless chunk extensions", &chunk_extensions, &[400]),
        ("endless trailers", &trailers, &[400]),
        ("a folded field", "GET /a HTTP/1.1\r\nHost: h\r\nx: y\r\n z\r\n\r\n", &[400]),
        ("a space before the colon", "GET /a HTTP/1.1\r\nHost : h\r\n\r\n", &[400]),
        ("a field without a name", "GET /a HTTP/1.1\r\nHost: h\r\n: y\r\n\r\n", &[400]),
        ("a field without a colon", "GET /a HTTP/1.1\r\nHost: h\r\nxyz\r\n\r\n", &[400]),
        ("NUL in a value", "GET /a HTTP/1.1\r\nHost: h\r\nx: a\0b\r\n\r\n", &[400]),
        ("NUL in the target", "GET /a\0b HTTP/1.1\r\nHost: h\r\n\r\n", &[400]),
        ("a bare CR in a value", "GET /a HTTP/1.1\r\nHost: h\r\nx: a\rb\r\n\r\n", &[400]),
        ("a bare CR as the end of a line", "GET /a HTTP/1.1\rHost: h\r\r", &[400]),
        ("bare LFs, which a server may take (RFC 9112 §2.2)", "GET /a HTTP/1.1\nHost: h\n\n", &[404, 404]),
        ("two spaces", "GET  /a HTTP/1.1\r\nHost: h\r\n\r\n", &[400]),
        ("a blank in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", &[400]),
        ("no host", "GET /a HTTP/1.1\r\n\r\n", &[400]),
        ("two hosts", "GET /a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", &[400]),
        ("a host that is none", "GET /a HTTP/1.1\r\nHost: h/a?b\r\n\r\n", &[400]),
        ("a user name", "GET /a HTTP/1.1\r\nHost: u@h\r\n\r\n", &[400]),
        ("the absolute form", "GET http://other/a HTTP/1.1\r\nHost: h\r\n\r\n", &[404, 404]),
        ("the absolute form without Host", "GET http://other/a HTTP/1.1\r\n\r\n", &[400]),
        ("another scheme", "GET ftp://h/a HTTP/1.1\r\nHost: h\r\n\r\n", &[400]),
        ("a tunnel", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", &[405]),
        ("GET *", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", &[400]),
        ("HTTP/1.0", "GET /a HTTP/1.0\r\nHost: h\r\n\r\n", &[404]),
        ("HTTP/1.0 without Host", "GET /a HTTP/1.0\r\n\r\n", &[400]),
        ("HTTP/0.9", "GET /a\r\n", &[400]),
        ("HTTP/1.2", "GET /a HTTP/1.2\r\nHost: h\r\n\r\n", &[400]),
        ("HTTP/2 without its preface", "GET /a HTTP/2.0\r\nHost: h\r\n\r\n", &[400]),
        ("empty lines before", "\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n", &[404, 404]),
        ("too many fields", &many_fields, &[431]),
        ("a field that is too long", &long_field, &[431]),
        ("a target that is too long", &long_target, &[414, 404]),
        (
            "a PROXY header from anybody",
            "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            &[400],
        ),
        (
            "an upgrade",
            "GET /a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
            &[404, 404],
        ),
        ("nothing of HTTP", "\x16\x03\x01\x02\x00", &[400]),
    ] {
        let said = say(stage.node.delivery, format!("{request}{NEXT}").as_bytes()).await;
        if said != expected {
            wrong.push(format!("{what}: {said:?}, not {expected:?}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_their_order() {
    let stage = Stage::with("").await;
    let requests =
        "GET /a HTTP/1.1\r\nHost: h\r\n\r\nPOST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx";
    let said = say(stage.node.delivery, format!("{}{NEXT}", requests.repeat(20)).as_bytes()).await;
    assert_eq!(said, [[404, 405].repeat(20), vec![404]].concat());
}

#[tokio::test]
async fn a_client_that_does_not_get_on_with_its_header_is_cut_off() {
    let stage = Stage::with("[listen]\nheader_time = \"1s\"\nidle_time = \"1m\"\n").await;
    for begun in ["", "GET /a HT", "GET /a HTTP/1.1\r\nHost: h\r\nx: y\r\n"] {
        let mut stream = connect(stage.node.delivery).await;
        stream.write_all(begun.as_bytes()).await.expect("it listens");
        let (since, mut answer) = (Instant::now(), [0; 1024]);
        loop {
            assert!(since.elapsed() < PATIENCE, "{begun:?}: it is still open");
            match timeout(NOW_AND_THEN, stream.read(&mut answer)).await {
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(_)) => {}
                // One byte now and then does not help; that it may be too late for it is seen by the next read.
                Err(_) => drop(stream.write_all(b"x").await),
            }
        }
    }
    stage.counts("pentimento_connections_cut_total{listener=\"delivery\",why=\"header\"} 3").await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_later_than_a_header_has_to_be_there() {
    let stage = Stage::with("[listen]\nheader_time = \"1s\"\nidle_time = \"3s\"\n").await;
    let mut stream = connect(stage.node.delivery).await;
    stream.write_all(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n").await.expect("it listens");
    let began = Instant::now();
    assert_eq!(statuses(&all(&mut stream).await), [404]);
    assert!(began.elapsed() > Duration::from_millis(2500), "{:?}", began.elapsed());
    assert!(stage.metric("pentimento_connections_cut_total{listener=\"delivery\",why=\"header\"} 0").await);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let stage = Stage::with("[delivery]\nrequest_timeout = \"1s\"\n").await;
    let request = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab";
    assert_eq!(say(stage.node.delivery, request).await, [408]);
}

#[tokio::test]
async fn an_answer_reaches_a_client_that_is_still_sending() {
    let stage = Stage::with("[delivery]\nbody_bytes = \"1KiB\"\n").await;
    let mut stream = connect(stage.node.delivery).await;
    let head = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 524288\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("it listens");
    stream.readable().await.expect("it answers before the body is there");
    // Over a connection that is closed at once this would be a reset, and not every system hands over an answer then.
    let mut answer = Vec::new();
    for _ in 0..64 {
        stream.write_all(&[b'x'; 8192]).await.expect("the node reads on");
    }
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it ends").expect("without a reset");
    assert_eq!(statuses(&answer), [413]);
}

/// A node before a source with more bytes than any buffer between them holds.
async fn large_files() -> (Stage, Source) {
    let source = Source::start().await;
    source.put("/large", "text/plain", vec![b'x'; 32 << 20]);
    let config = format!(
        "[listen]\nstall_time = \"1s\"\n\n\
         [[site]]\nhosts = [\"*\"]\nupstream = \"http://{}\"\nallow_private = true\n",
        source.address
    );
    (Stage::with(&config).await, source)
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answer_is_cut_off() {
    let (stage, _source) = large_files().await;
    let mut stream = connect(stage.node.delivery).await;
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n").await.expect("it listens");
    stage.counts("pentimento_connections_cut_total{listener=\"delivery\",why=\"stall\"} 1").await;
    // It has had what was on its way, and no more.
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the connection has ended");
    assert!(bytes.len() < 32 << 20, "it got all");
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// RFC 9113 §4.1
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `GET path` for the host `h`, whole.
fn get_frame(stream: u32, path: &str) -> Vec<u8> {
    let len = u8::try_from(path.len()).expect("a short path");
    // GET, http, then path and host as literals beside their indexed names (RFC 7541 §6).
    frame(1, 0x5, stream, &[&[0x82, 0x86, 0x44, len], path.as_bytes(), &[0x41, 1, b'h']].concat())
}

#[tokio::test]
async fn a_client_that_opens_no_window_is_cut_off() {
    let (stage, _source) = large_files().await;
    let mut stream = connect(stage.node.delivery).await;
    let no_window = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let bytes = [PREFACE, &no_window, &get_frame(1, "/large")].concat();
    stream.write_all(&bytes).await.expect("it listens");
    all(&mut stream).await;
    assert!(stage.metric("pentimento_connections_cut_total{listener=\"delivery\",why=\"stall\"} 1").await);
}

#[tokio::test]
async fn requests_that_are_taken_back_at_once_end_their_connection() {
    let stage = Stage::with("").await;
    let mut stream = connect(stage.node.delivery).await;
    let mut bytes = [PREFACE, &frame(4, 0, 0, &[])].concat();
    for n in 0..2000 {
        let id = 2 * n + 1;
        bytes.extend(get_frame(id, "/a"));
        bytes.extend(frame(3, 0, id, &[0, 0, 0, 8]));
    }
    let _ = stream.write_all(&bytes).await;
    let said = all(&mut stream).await;
    // GOAWAY, because of ENHANCE_YOUR_CALM.
    let calm = [0, 0, 0, 11];
    assert!(said.windows(4).any(|four| four == calm), "{said:?}");
}

#[tokio::test]
async fn who_has_all_its_connections_is_told_so_and_others_are_served() {
    let config = "[listen]\nconnections = 3\nconnections_per_client = 2\nproxies = [\"127.0.0.1\"]\n";
    let stage = Stage::with(config).await;
    let at = stage.node.delivery;
    let mut held = [connect(at).await, connect(at).await];
    for stream in &mut held {
        // Both are there once both have been answered.
        stream.write_all(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n").await.expect("it listens");
        stream.readable().await.expect("it answers");
    }
    assert_eq!(say(at, NEXT.as_bytes()).await, [503]);
    stage.counts("pentimento_connections_cut_total{listener=\"delivery\",why=\"client\"} 1").await;

    // Through a proxy comes somebody else.
    let mut other = connect(at).await;
    let request = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    other.write_all(request.as_bytes()).await.expect("it listens");
    other.readable().await.expect("it answers");
    assert_eq!(say(at, NEXT.as_bytes()).await, [503]);
    stage.counts("pentimento_connections_cut_total{listener=\"delivery\",why=\"full\"} 1").await;
}
