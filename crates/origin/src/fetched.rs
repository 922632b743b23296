//! What a source's answer means.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, LAST_MODIFIED, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, Response};
use http_caching::Timestamp;
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::body::UpstreamBody;
use crate::error::FetchError;
use crate::lifetime::{lifetime_of, now};
use crate::source::{FetchLimits, Validators};

/// What a source said about an original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// What we hold is what the source has; it may have given a new lifetime.
    NotModified {
        lifetime: Option<Duration>,
    },
    New(Original),
    /// 404 or 410: the source answers, and has nothing there.
    Gone {
        status: u16,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    pub body: Bytes,
    pub validators: Validators,
    /// For how long from now a shared cache may reuse it; `None` if the source is silent.
    pub lifetime: Option<Duration>,
    /// As the source claims. What it really is, its bytes say.
    pub content_type: Option<String>,
}

impl Fetched {
    pub(crate) async fn from_response(
        response: Response<Incoming>,
        limits: &FetchLimits,
        conditional: bool,
        asked: Timestamp,
    ) -> Result<Self, FetchError> {
        let (parts, body) = response.into_parts();
        let headers = &parts.headers;
        let lifetime = lifetime_of(headers, asked, now());
        match parts.status.as_u16() {
            // 203: a proxy on the way changed it (RFC 9110 §15.3.4); there is no better original to be had.
            200 | 203 => {}
            304 if conditional => return Ok(Self::NotModified { lifetime }),
            304 => {
                let why = "status 304 answers a request without a condition";
                return Err(FetchError::Protocol(why.to_owned()));
            }
            status @ (404 | 410) => return Ok(Self::Gone { status }),
            status => return Err(FetchError::Status { status }),
        }

        refuse_coding(headers)?;
        let body = UpstreamBody::new(body, limits, Instant::now() + limits.total)?.whole().await?;
        Ok(Self::New(Original {
            body,
            validators: Validators { etag: text(headers, ETAG), last_modified: text(headers, LAST_MODIFIED) },
            lifetime,
            content_type: text(headers, CONTENT_TYPE),
        }))
    }
}

/// We ask for no coding, and a small body may unpack to a huge one.
fn refuse_coding(headers: &HeaderMap) -> Result<(), FetchError> {
    match codings(headers, CONTENT_ENCODING).find(|coding| !coding.eq_ignore_ascii_case("identity")) {
        Some(found) => Err(FetchError::Encoding { found }),
        None => Ok(()),
    }
}

/// Chunks are taken apart here, once; a body in any other transfer coding would pass for what it is not, because the
/// field that names the coding goes no further (RFC 9112 §6.1, §7). A name that stands for no coding at all changes
/// nothing: the body ends with the connection (§6.3).
pub(crate) fn refuse_transfer_coding(headers: &HeaderMap) -> Result<(), FetchError> {
    /// Beside "chunked", all that are registered.
    const COMPRESSING: [&str; 5] = ["gzip", "x-gzip", "compress", "x-compress", "deflate"];
    let chunked = |coding: &String| coding.eq_ignore_ascii_case("chunked");
    let is_coding = |name: &String| COMPRESSING.iter().any(|known| known.eq_ignore_ascii_case(name));
    let mut codings = codings(headers, TRANSFER_ENCODING);
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(only), None) if chunked(&only) || !is_coding(&only) => Ok(()),
        (Some(first), second) => {
            let found = if chunked(&first) { second.unwrap_or(first) } else { first };
            Err(FetchError::Encoding { found })
        }
    }
}

/// Each shortened to what a message may show.
fn codings(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = String> {
    let lines = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let codings = lines.flat_map(|line| {
        let codings = line.split(',').map(str::trim).filter(|coding| !coding.is_empty());
        codings.map(|coding| coding.chars().take(64).collect()).collect::<Vec<String>>()
    });
    codings.collect::<Vec<_>>().into_iter()
}

/// The only value of a field, if it can be sent back as it is; a validator that came twice is no validator.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok().filter(|text| !text.is_empty()).map(str::to_owned)
}
