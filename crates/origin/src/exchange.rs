//! One request and the header of its response, over a pooled connection, within the limits of time.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{sleep, timeout};

use crate::connector::Connector;
use crate::error::{FetchError, Stage, find, is_cut};
use crate::guard::Guard;
use crate::source::FetchLimits;

/// Shorter than the time after which common web servers hang up on an idle connection.
const IDLE_CONNECTION: Duration = Duration::from_secs(30);
const IDLE_CONNECTIONS_PER_HOST: usize = 32;
/// The header of a response.
const HEADER_BYTES_MAX: usize = 64 << 10;

/// The connections of one policy.
///
/// The guard sees only new connections. Were pools shared, one that was opened for a source that may reach private
/// ranges would carry the request of a source that may not.
#[derive(Clone)]
pub(crate) struct Pool(legacy::Client<HttpsConnector<Connector>, Full<Bytes>>);

impl Pool {
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
            .build(connector);
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
            (Err(Lost::Unanswered(_)), Some(request)) => {
                self.exchange(request, limits).await.map_err(Lost::into_error)
            }
            (Err(lost), _) => Err(lost.into_error()),
        }
    }

    async fn exchange(
        &self,
        request: Request<Bytes>,
        limits: &FetchLimits,
    ) -> Result<Response<Incoming>, Lost> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let mut request = request.map(Full::new);
        let mut connection = capture_connection(&mut request);
        let connected = async {
            connection.wait_for_connection_metadata().await;
        };
        let mut response = pin!(self.0.request(request));

        let response = tokio::select! {
            // A failure to connect ends both; only the response knows why.
            biased;
            response = &mut response => response,
            () = connected => timeout(limits.first_byte, response)
                .await
                .map_err(|_| Lost::late(Stage::FirstByte, limits.first_byte))?,
            () = sleep(limits.connect) => return Err(Lost::late(Stage::Connect, limits.connect)),
        };
        response.map_err(|error| Lost::because(&error, &host))
    }
}

/// An exchange without a response.
enum Lost {
    /// The other side hung up before it said anything.
    Unanswered(FetchError),
    Failed(FetchError),
}

impl Lost {
    fn late(stage: Stage, limit: Duration) -> Self {
        Self::Failed(FetchError::Timeout { stage, limit })
    }

    fn because(error: &legacy::Error, host: &str) -> Self {
        let hung_up = find::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message)
            || find::<io::Error>(error).is_some_and(is_cut);
        let reason = FetchError::before_response(error, host, error.is_connect());
        if hung_up && !error.is_connect() { Self::Unanswered(reason) } else { Self::Failed(reason) }
    }

    fn into_error(self) -> FetchError {
        let (Self::Unanswered(error) | Self::Failed(error)) = self;
        error
    }
}
