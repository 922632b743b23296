//! One request and the header of its response, over a pooled connection, within the limits of time.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body_util::Full;
use http_caching::hop_by_hop;
use hyper::body::Incoming;
use hyper::ext::on_informational;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{CaptureConnection, HttpInfo, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{sleep, timeout};

use crate::connector::Connector;
use crate::error::{FetchError, Stage, find, is_cut};
use crate::fetched::refuse_transfer_coding;
use crate::guard::Guard;
use crate::heard::{Heard, ListeningConnector};
use crate::source::FetchLimits;

/// Shorter than the time after which common web servers hang up on an idle connection.
const IDLE_CONNECTION: Duration = Duration::from_secs(30);
const IDLE_CONNECTIONS_PER_HOST: usize = 32;
/// The header of a response.
const HEADER_BYTES_MAX: usize = 64 << 10;

/// What is called with each interim response (RFC 9110 §15.2), if the request's extensions have it. The field names of
/// a connection are left out.
pub type Inform = Arc<dyn Fn(Response<()>) + Send + Sync>;

/// Where the connection went that brought this response.
pub fn remote_address<B>(response: &Response<B>) -> Option<SocketAddr> {
    response.extensions().get::<HttpInfo>().map(HttpInfo::remote_addr)
}

/// The connections of one policy.
///
/// The guard sees only new connections. Were they shared, one that was opened for a source that may reach private
/// ranges would carry the request of a source that may not.
#[derive(Clone)]
pub(crate) struct Connections(legacy::Client<ListeningConnector<HttpsConnector<Connector>>, Full<Bytes>>);

impl Connections {
    pub(crate) fn behind(guard: Guard) -> Self {
        // Named here, so that a second provider somewhere in the program is not a panic at the first use.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(provider)
            .expect("aws-lc-rs speaks TLS 1.2 and 1.3")
            .https_or_http()
            .enable_http1()
            .wrap_connector(Connector { guard });
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_CONNECTION)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST)
            .http1_max_buf_size(HEADER_BYTES_MAX)
            .build(ListeningConnector(connector));
        Self(client)
    }

    /// Sends a request, and a second time if it was lost unanswered: the other side may close a connection at the
    /// moment in which we take it out of the pool.
    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
        limits: &FetchLimits,
    ) -> Result<Response<Incoming>, FetchError> {
        // Only what may safely happen twice (RFC 9110 §9.2.2).
        let again = request.method().is_idempotent().then(|| request.clone());
        match (self.exchange(request, limits).await, again) {
            (Ok(response), _) => Ok(response),
            (Err(Lost::Unanswered { .. }), Some(request)) => {
                self.exchange(request, limits).await.map_err(Lost::into_error)
            }
            (Err(lost), _) => Err(lost.into_error()),
        }
    }

    /// Sends a request once.
    pub(crate) async fn exchange(
        &self,
        request: Request<Bytes>,
        limits: &FetchLimits,
    ) -> Result<Response<Incoming>, Lost> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let mut request = request.map(Full::new);
        if let Some(inform) = request.extensions_mut().remove::<Inform>() {
            on_informational(&mut request, move |interim| {
                let mut passed = Response::new(());
                *passed.status_mut() = interim.status();
                *passed.headers_mut() = hop_by_hop::forwarded(interim.headers());
                inform(passed);
            });
        }
        let mut connection = capture_connection(&mut request);
        let late = |stage, limit| FetchError::Timeout { stage, limit };
        let response = {
            let connected = async {
                connection.wait_for_connection_metadata().await;
            };
            let mut response = pin!(self.0.request(request));
            tokio::select! {
                // A failure to connect ends both; only the response knows why.
                biased;
                response = &mut response => response,
                () = connected => timeout(limits.first_byte, response)
                    .await
                    .map_err(|_| Lost::Failed(late(Stage::FirstByte, limits.first_byte)))?,
                () = sleep(limits.connect) => {
                    return Err(Lost::NotConnected(late(Stage::Connect, limits.connect)));
                }
            }
        };
        let response = response.map_err(|error| Lost::because(&error, &host, &connection))?;
        refuse_transfer_coding(response.headers()).map_err(Lost::Failed)?;
        Ok(response)
    }
}

/// An exchange without a response.
#[derive(Debug)]
pub(crate) enum Lost {
    /// No connection came about: nobody has seen the request.
    NotConnected(FetchError),
    /// The other side hung up before it said anything.
    Unanswered {
        error: FetchError,
        /// On a connection that had been idle: it may have been closed at the moment in which we took it.
        reused: bool,
    },
    Failed(FetchError),
}

impl Lost {
    fn because(error: &legacy::Error, host: &str, connection: &CaptureConnection) -> Self {
        let reason = FetchError::before_response(error, host, error.is_connect());
        if error.is_connect() {
            return Self::NotConnected(reason);
        }
        let hung_up = find::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message)
            || find::<io::Error>(error).is_some_and(is_cut);
        match heard(connection) {
            Some(heard) if hung_up && !heard.anything() => {
                Self::Unanswered { error: reason, reused: heard.is_reused() }
            }
            _ => Self::Failed(reason),
        }
    }

    pub(crate) fn into_error(self) -> FetchError {
        let (Self::NotConnected(error) | Self::Unanswered { error, .. } | Self::Failed(error)) = self;
        error
    }
}

fn heard(connection: &CaptureConnection) -> Option<Heard> {
    let mut extras = Extensions::new();
    connection.connection_metadata().as_ref()?.get_extras(&mut extras);
    extras.remove()
}
