//! The client: one original from a source, or one request passed on.

use std::fmt;

use bytes::Bytes;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, IF_MODIFIED_SINCE, IF_NONE_MATCH, TRANSFER_ENCODING, USER_AGENT,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::body::UpstreamBody;
use crate::error::{FetchError, Stage};
use crate::exchange::Connections;
use crate::fetched::Fetched;
use crate::guard::Guard;
use crate::lifetime::now;
use crate::redirect;
use crate::source::{FetchLimits, Source, Validators};

/// Speaks HTTP/1.1, under TLS where the URL says https. Knows no proxy, whatever the environment says: a proxy would
/// resolve names behind the guard's back.
#[derive(Clone)]
pub struct Client {
    public_only: Connections,
    private_too: Connections,
}

impl Client {
    pub fn new() -> Self {
        Self {
            public_only: Connections::behind(Guard { allow_private: false }),
            private_too: Connections::behind(Guard { allow_private: true }),
        }
    }

    /// Asks for the original at `path` (decoded, relative to the source's base); with `validators`, only in case it
    /// has changed.
    pub async fn fetch(
        &self,
        source: &Source,
        path: &str,
        validators: Option<&Validators>,
    ) -> Result<Fetched, FetchError> {
        let limit = source.limits.total;
        match timeout(limit, self.follow(source, path, validators)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(FetchError::Timeout { stage: Stage::Total, limit }),
        }
    }

    async fn follow(
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
            let asked = now();
            let response = self.connections(source.allow_private).send(request, &source.limits).await?;
            if !redirect::is_redirect(response.status()) {
                return Fetched::from_response(response, &source.limits, validators.is_some(), asked).await;
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
    /// taken out the hop-by-hop fields. A redirect is an answer like any other.
    pub async fn forward(
        &self,
        upstream: &Url,
        allow_private: bool,
        limits: &FetchLimits,
        request: Request<Bytes>,
    ) -> Result<Response<UpstreamBody>, FetchError> {
        let deadline = Instant::now() + limits.total;
        let request = passed_to(upstream, &request)?;
        let answer = timeout_at(deadline, self.connections(allow_private).send(request, limits)).await;
        let late = FetchError::Timeout { stage: Stage::Total, limit: limits.total };
        let (parts, body) = answer.map_err(|_| late)??.into_parts();
        Ok(Response::from_parts(parts, UpstreamBody::new(body, limits, deadline)?))
    }

    pub(crate) fn connections(&self, allow_private: bool) -> &Connections {
        if allow_private { &self.private_too } else { &self.public_only }
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// A request as it goes to `upstream`.
pub(crate) fn passed_to(upstream: &Url, request: &Request<Bytes>) -> Result<Request<Bytes>, FetchError> {
    let mut passed = request.clone();
    *passed.uri_mut() = uri_below(upstream, request.uri())?;
    *passed.version_mut() = Version::HTTP_11;
    // The body is whole here: its length is what it is, not what somebody said about it (RFC 9112 §6.3).
    passed.headers_mut().remove(CONTENT_LENGTH);
    passed.headers_mut().remove(TRANSFER_ENCODING);
    Ok(passed)
}

/// No `Accept-Encoding`: pictures are packed already, and what comes packed once more is refused.
fn request_headers(validators: Option<&Validators>) -> Result<HeaderMap, FetchError> {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("pentimento/", env!("CARGO_PKG_VERSION"))));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    let Some(Validators { etag, last_modified }) = validators else {
        return Ok(headers);
    };
    for (name, value) in [(IF_NONE_MATCH, etag), (IF_MODIFIED_SINCE, last_modified)] {
        if let Some(value) = value {
            headers.insert(name.clone(), validator(&name, value)?);
        }
    }
    Ok(headers)
}

fn validator(name: &HeaderName, value: &str) -> Result<HeaderValue, FetchError> {
    HeaderValue::from_str(value).map_err(|_| {
        FetchError::Protocol(format!("the stored validator for {name} cannot be sent: {value:?}"))
    })
}

/// The URI of an absolute request: without user information, which travels as `Authorization`, and without fragment.
fn uri_of(url: &Url) -> Result<Uri, FetchError> {
    if !matches!(url.scheme(), "http" | "https") {
        let why = format!("its scheme is {:?} (http and https are allowed)", url.scheme());
        return Err(FetchError::BadUrl { why });
    }
    let mut url = url.clone();
    // The setters fail only for URLs that have no host, which http and https always have.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    url.as_str().parse().map_err(|error| FetchError::BadUrl { why: format!("{error}") })
}

/// `asked`'s path and query below the path of `upstream`.
fn uri_below(upstream: &Url, asked: &Uri) -> Result<Uri, FetchError> {
    let asked = asked.path_and_query().map_or("/", PathAndQuery::as_str);
    let folder = upstream.path().trim_end_matches('/');
    let mut parts = uri_of(upstream)?.into_parts();
    let path_and_query = PathAndQuery::try_from(format!("{folder}{asked}"));
    parts.path_and_query =
        Some(path_and_query.map_err(|error| FetchError::BadUrl { why: error.to_string() })?);
    Uri::from_parts(parts).map_err(|error| FetchError::BadUrl { why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forwarded_request_keeps_path_and_query_as_they_are() {
        for (upstream, asked, uri) in [
            ("http://h:8000", "/a%20b/../c?x=%2F&y", "http://h:8000/a%20b/../c?x=%2F&y"),
            ("http://h/", "/", "http://h/"),
            ("http://h/below/", "/a?b", "http://h/below/a?b"),
            ("http://user:secret@h/below?not-ours#nor-this", "/a", "http://h/below/a"),
        ] {
            let upstream = upstream.parse().expect("a URL");
            let asked = asked.parse().expect("a URI");
            assert_eq!(uri_below(&upstream, &asked).expect("a URI").to_string(), uri);
        }
    }

    #[test]
    fn only_http_can_be_asked() {
        for url in ["file:///etc/passwd", "ftp://h/x", "data:,x", "unix:/run/docker.sock"] {
            let refused = uri_of(&url.parse().expect("a URL"));
            assert!(matches!(refused, Err(FetchError::BadUrl { .. })), "{url}");
        }
    }
}
