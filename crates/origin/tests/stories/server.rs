//! A web server that misbehaves exactly as told: one script for each request, over real sockets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use origin::{FetchLimits, Source};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What the server does next with a connection.
#[derive(Debug, Clone)]
pub enum Step {
    Send(Vec<u8>),
    /// Says nothing more, and keeps the connection open.
    Stall,
    /// Sends the same bytes until the client is gone.
    SendForEver(Vec<u8>),
    /// A byte every so often.
    Drip(Vec<u8>, Duration),
    HangUp,
    /// Ends the connection by a reset instead of in order.
    Reset,
}

pub struct Server {
    pub port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// `script` gets the head of each request, and how many came before it.
    pub async fn start(script: impl Fn(&str, usize) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(script);
        let accepting = tokio::spawn({
            let seen = Arc::clone(&seen);
            async move {
                let mut connections = JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    connections.spawn(converse(stream, Arc::clone(&script), Arc::clone(&seen)));
                }
            }
        });
        Self { port, seen, accepting }
    }

    /// A server with one answer to everything.
    pub async fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |_, _| vec![Step::Send(answer.clone())]).await
    }

    pub fn requests(&self) -> Vec<String> {
        self.seen.lock().expect("no test panics while it holds this").clone()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn source(&self) -> Source {
        source(&self.url("/"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A source that may reach loopback, with limits short enough for a test to wait for.
pub fn source(base_url: &str) -> Source {
    let limits = FetchLimits {
        first_byte: Duration::from_millis(300),
        idle: Duration::from_millis(300),
        total: Duration::from_secs(5),
        body_bytes: 1000,
        ..FetchLimits::default()
    };
    let base_url = base_url.parse().expect("a URL");
    Source { name: "demo".to_owned(), base_url, allow_private: true, limits }
}

/// A complete response; `head` is its status and header lines, without `Content-Length`.
pub fn response(head: &str, body: &[u8]) -> Vec<u8> {
    let head = head.replace('\n', "\r\n");
    let mut response = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    response.extend_from_slice(body);
    response
}

async fn converse(
    mut stream: TcpStream,
    script: Arc<impl Fn(&str, usize) -> Vec<Step>>,
    seen: Arc<Mutex<Vec<String>>>,
) {
    while let Some(request) = read_request(&mut stream).await {
        let before = {
            let mut seen = seen.lock().expect("no test panics while it holds this");
            seen.push(request.clone());
            seen.len() - 1
        };
        for step in script(&request, before) {
            let sent = match step {
                Step::Send(bytes) => stream.write_all(&bytes).await,
                Step::SendForEver(bytes) => loop {
                    if let Err(gone) = stream.write_all(&bytes).await {
                        break Err(gone);
                    }
                },
                Step::Drip(bytes, pause) => {
                    let mut sent = Ok(());
                    let mut pace = tokio::time::interval(pause);
                    for byte in bytes {
                        pace.tick().await;
                        sent = stream.write_all(&[byte]).await;
                        if sent.is_err() {
                            break;
                        }
                    }
                    sent
                }
                Step::Stall => std::future::pending().await,
                Step::Reset => {
                    stream.set_zero_linger().expect("a socket");
                    return;
                }
                Step::HangUp => return,
            };
            if sent.is_err() {
                return;
            }
        }
    }
}

/// Head and body, as text.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, length)| length.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
}
