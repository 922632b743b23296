//! What a source's answer means.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, LAST_MODIFIED, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, Response};
use http_caching::Timestamp;
use hyper::body::Incoming;

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

        refuse_coding(headers, CONTENT_ENCODING, "identity")?;
        refuse_coding(headers, TRANSFER_ENCODING, "chunked")?;
        let body = UpstreamBody::new(body, limits)?.whole().await?;
        Ok(Self::New(Original {
            body,
            validators: Validators { etag: text(headers, ETAG), last_modified: text(headers, LAST_MODIFIED) },
            lifetime,
            content_type: text(headers, CONTENT_TYPE),
        }))
    }
}

/// We ask for no coding, and a small body may unpack to a huge one: nothing but `harmless` is taken.
fn refuse_coding(headers: &HeaderMap, name: HeaderName, harmless: &str) -> Result<(), FetchError> {
    for value in headers.get_all(name) {
        let codings = String::from_utf8_lossy(value.as_bytes());
        let refused = codings
            .split(',')
            .map(str::trim)
            .find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(harmless));
        if let Some(found) = refused {
            return Err(FetchError::Encoding { found: found.chars().take(64).collect() });
        }
    }
    Ok(())
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
