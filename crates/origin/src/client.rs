//! The client: one original from a source, or one request passed on.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, TRANSFER_ENCODING, USER_AGENT,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, request};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;
use url::Url;

use crate::body::UpstreamBody;
use crate::connector::Connector;
use crate::error::{FetchError, Stage, find};
use crate::guard::Guard;
use crate::lifetime::lifetime_of;
use crate::redirect;
use crate::source::{FetchLimits, Source, Validators};

type Pool = legacy::Client<HttpsConnector<Connector>, Full<Bytes>>;

/// Shorter than the time after which common web servers hang up on an idle connection.
const IDLE_CONNECTION: Duration = Duration::from_secs(30);
const IDLE_CONNECTIONS_PER_HOST: usize = 32;
/// The header of a response.
const HEADER_BYTES_MAX: usize = 64 << 10;

/// Speaks HTTP/1.1, with TLS where the URL says https; knows no proxy, whatever the environment says.
#[derive(Clone)]
pub struct Client {
    /// One pool for each policy: the guard sees only new connections, and one that was opened for a source that may
    /// reach private ranges must not carry the request of a source that may not.
    public_only: Pool,
    private_too: Pool,
}

/// What a source said about an original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// What we hold is what the source has. It may have given a new lifetime.
    NotModified { lifetime: Option<Duration> },
    New(Original),
    /// 404 or 410: the source answers, and has nothing there.
    Gone { status: u16 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    pub body: Bytes,
    pub validators: Validators,
    /// For how long the source lets a shared cache reuse it; `None` if it is silent.
    pub lifetime: Option<Duration>,
    /// As the source claims. What it really is, its bytes say.
    pub content_type: Option<String>,
}

impl Client {
    pub fn new() -> Self {
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ));
        let tls = tls
            .with_safe_default_protocol_versions()
            .expect("aws-lc-rs speaks TLS 1.2 and 1.3")
            .with_root_certificates(rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
            .with_no_client_auth();
        Self { public_only: pool(&tls, Guard { allow_private: false }), private_too: pool(&tls, Guard { allow_private: true }) }
    }

    /// Asks for the original at `path` (decoded, relative to the source's base). With `validators`, only for the case
    /// that it has changed.
    pub async fn fetch(
        &self,
        source: &Source,
        path: &str,
        validators: Option<&Validators>,
    ) -> Result<Fetched, FetchError> {
        let total = source.limits.total;
        match timeout(total, self.fetch_unhurried(source, path, validators)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(FetchError::Timeout { stage: Stage::Total, limit: total }),
        }
    }

    async fn fetch_unhurried(
        &self,
        source: &Source,
        path: &str,
        validators: Option<&Validators>,
    ) -> Result<Fetched, FetchError> {
        let validators = validators.filter(|validators| !validators.is_empty());
        let mut headers = request_headers(validators)?;
        if let Some(credentials) = source.credentials() {
            headers.insert(AUTHORIZATION, credentials);
        }

        let mut url = source.url_of(path)?;
        let mut redirects = 0;
        loop {
            let mut request = Request::new(Bytes::new());
            *request.uri_mut() = uri_of(&url)?;
            *request.headers_mut() = headers.clone();
            let response = self.send(source.allow_private, &source.limits, request).await?;
            if !redirect::is_redirect(response.status()) {
                return understand(response, &source.limits, validators.is_some()).await;
            }

            let limit = source.limits.redirects;
            if redirects == limit {
                return Err(FetchError::TooManyRedirects { limit });
            }
            redirects += 1;
            let next = redirect::next(&url, response.headers())?;
            if next.origin() != url.origin() {
                headers.remove(AUTHORIZATION);
            }
            url = next;
        }
    }

    /// Passes a request on to `upstream`: method, path, query and headers as they are, `Host` included. The caller has
    /// taken out the hop-by-hop fields. Redirects are answers like others, and go back to the client.
    pub async fn forward(
        &self,
        upstream: &Url,
        allow_private: bool,
        limits: &FetchLimits,
        mut request: Request<Bytes>,
    ) -> Result<Response<UpstreamBody>, FetchError> {
        let asked = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
        let mut base = upstream.clone();
        base.set_query(None);
        let prefix = base.path().trim_end_matches('/').to_owned();
        let mut parts = uri_of(&base)?.into_parts();
        let path_and_query = format!("{prefix}{asked}").parse();
        parts.path_and_query =
            Some(path_and_query.map_err(|error| FetchError::BadUrl { why: format!("{error}") })?);
        *request.uri_mut() =
            Uri::from_parts(parts).map_err(|error| FetchError::BadUrl { why: error.to_string() })?;
        *request.version_mut() = http::Version::HTTP_11;
        // The body is whole: its length is what it is, not what somebody said (RFC 9112 §6.3).
        request.headers_mut().remove(CONTENT_LENGTH);
        request.headers_mut().remove(TRANSFER_ENCODING);

        let response = self.send(allow_private, limits, request).await?;
        let (parts, body) = response.into_parts();
        Ok(Response::from_parts(parts, UpstreamBody::new(body, limits)?))
    }

    /// Sends one request, and a second time if it was lost with a connection that had been idle in the pool.
    async fn send(
        &self,
        allow_private: bool,
        limits: &FetchLimits,
        request: Request<Bytes>,
    ) -> Result<Response<Incoming>, FetchError> {
        let pool = if allow_private { &self.private_too } else { &self.public_only };
        let (parts, body) = request.into_parts();
        let again = parts.method.is_idempotent().then(|| (parts.clone(), body.clone()));
        match exchange(pool, limits, parts, body).await {
            Err(Lost::Hung(up)) => match again {
                // RFC 9110 §9.2.2: an idempotent request may be repeated after a connection was closed early.
                Some((parts, body)) => exchange(pool, limits, parts, body).await.map_err(Lost::into_error),
                None => Err(up),
            },
            outcome => outcome.map_err(Lost::into_error),
        }
    }
}
