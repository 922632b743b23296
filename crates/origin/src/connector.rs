//! New connections: resolve, ask the guard, connect. No connection of this crate is made elsewhere.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower_service::Service;

use crate::error::FetchError;
use crate::guard::Guard;

/// Callers have shorter limits of their own. This one ends the attempts that the pool goes on with after its request
/// found another connection.
const CEILING: Duration = Duration::from_secs(30);

/// A name may resolve to any number of addresses; more than these are not tried.
const ADDRESSES_MAX: usize = 8;

/// The pause before the next address is tried beside the last one (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);

#[derive(Debug, Clone)]
pub(crate) struct Connector {
    pub(crate) guard: Guard,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConnectFailure {
    #[error("no permitted address")]
    Blocked,
    #[error("{0}")]
    Resolve(String),
    #[error("{0}")]
    Connect(String),
}

impl ConnectFailure {
    pub(crate) fn into_error(self, host: &str) -> FetchError {
        let host = host.to_owned();
        match self {
            Self::Blocked => FetchError::Blocked { host },
            Self::Resolve(why) => FetchError::Resolve { host, why },
            Self::Connect(why) => FetchError::Connect { host, why },
        }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectFailure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let guard = self.guard;
        Box::pin(async move {
            let stream = timeout(CEILING, connect(guard, &uri))
                .await
                .map_err(|_| ConnectFailure::Connect("it does not answer".to_owned()))??;
            Ok(TokioIo::new(stream))
        })
    }
}

async fn connect(guard: Guard, uri: &Uri) -> Result<TcpStream, ConnectFailure> {
    let host = uri.host().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });

    let addresses =
        lookup_host((host, port)).await.map_err(|error| ConnectFailure::Resolve(error.to_string()))?;
    let mut resolved = false;
    let permitted: Vec<SocketAddr> = addresses
        .inspect(|_| resolved = true)
        .filter(|address| guard.permits(address.ip()))
        .take(ADDRESSES_MAX)
        .collect();
    if !resolved {
        return Err(ConnectFailure::Resolve("it has no address".to_owned()));
    }
    if permitted.is_empty() {
        return Err(ConnectFailure::Blocked);
    }

    let connected = first_to_answer(permitted).await.and_then(|stream| {
        stream.set_nodelay(true)?;
        Ok(stream)
    });
    connected.map_err(|error| ConnectFailure::Connect(error.to_string()))
}

/// Tries one address after the other, the next as soon as the last one failed or has had its head start: one
/// silent address does not use up the time of those that would answer.
async fn first_to_answer(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut untried = addresses.into_iter();
    let mut attempts = JoinSet::new();
    let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        let next = untried.next();
        let more_to_come = next.is_some();
        if let Some(address) = next {
            attempts.spawn(TcpStream::connect(address));
        }
        tokio::select! {
            attempt = attempts.join_next() => match attempt {
                Some(Ok(Ok(stream))) => return Ok(stream),
                Some(Ok(Err(error))) => last_error = error,
                Some(Err(panicked)) => last_error = io::Error::other(panicked),
                None => return Err(last_error),
            },
            () = sleep(HEAD_START), if more_to_come => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn try_to_reach(uri: &str, allow_private: bool) -> Result<(), ConnectFailure> {
        let mut connector = Connector { guard: Guard { allow_private } };
        connector.call(uri.parse().expect("a URI")).await.map(drop)
    }

    #[tokio::test]
    async fn every_way_to_write_loopback_is_blocked() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        for host in [
            "127.0.0.1",
            "localhost",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "127.1",
            "0",
            "0.0.0.0",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
        ] {
            let reached = try_to_reach(&format!("http://{host}:{port}/"), false).await;
            // The C library may refuse a form as a name; what counts is that none connects.
            assert!(
                matches!(reached, Err(ConnectFailure::Blocked | ConnectFailure::Resolve(_))),
                "{host}: {reached:?}"
            );
        }
        assert_eq!(try_to_reach(&format!("http://127.0.0.1:{port}/"), true).await, Ok(()));
    }

    #[tokio::test]
    async fn the_metadata_service_of_a_cloud_stays_closed_when_private_ranges_are_open() {
        for host in ["169.254.169.254", "0xa9fea9fe", "[::ffff:169.254.169.254]", "[fe80::1]"] {
            let reached = try_to_reach(&format!("http://{host}/"), true).await;
            assert_eq!(reached, Err(ConnectFailure::Blocked), "{host}");
        }
    }

    #[tokio::test]
    async fn an_address_that_refuses_hands_over_to_the_next() {
        let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let refusing = closed.local_addr().expect("an address");
        drop(closed);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let open = listener.local_addr().expect("an address");

        let stream = first_to_answer(vec![refusing, open]).await.expect("the second answers");
        assert_eq!(stream.peer_addr().expect("a peer"), open);

        let error = first_to_answer(vec![refusing]).await.expect_err("nobody answers");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
