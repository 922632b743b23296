//! A client that keeps everything it saw.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// An answer of which the head has come.
pub struct Begun {
    head: http::response::Parts,
    body: Incoming,
}

impl Begun {
    pub async fn whole(self) -> Result<Seen, String> {
        let body = self.body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Seen { status: self.head.status.as_u16(), headers: self.head.headers, body })
    }
}

pub async fn get(at: SocketAddr, url: &str) -> Seen {
    get_with(at, url, &[]).await
}

pub async fn get_with(at: SocketAddr, url: &str, headers: &[(&str, &str)]) -> Seen {
    send(at, Method::GET, url, headers, Bytes::new())
        .await
        .unwrap_or_else(|error| panic!("GET {url} at {at}: {error}"))
}

pub async fn post(at: SocketAddr, url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Seen {
    send(at, Method::POST, url, headers, body.into())
        .await
        .unwrap_or_else(|error| panic!("POST {url} at {at}: {error}"))
}

pub async fn head(at: SocketAddr, url: &str) -> Seen {
    send(at, Method::HEAD, url, &[], Bytes::new())
        .await
        .unwrap_or_else(|error| panic!("HEAD {url} at {at}: {error}"))
}

/// One request on a connection of its own; an error if nobody answers.
pub async fn send(
    at: SocketAddr,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<Seen, String> {
    let exchange = async { begin(at, method, url, headers, body).await?.whole().await };
    match tokio::time::timeout(Duration::from_secs(60), exchange).await {
        Ok(seen) => seen,
        Err(_) => Err("no answer within a minute".to_owned()),
    }
}

/// The same, without waiting for the body.
pub async fn begin(
    at: SocketAddr,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<Begun, String> {
    let stream = TcpStream::connect(at).await.map_err(|error| error.to_string())?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(url);
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request = request.header("host", at.to_string());
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
    let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let (head, body) = answer.into_parts();
    Ok(Begun { head, body })
}
