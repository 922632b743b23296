//! Vendors: each says what it can, writes a call as requests, and reads the answers. None does I/O by itself.

mod akamai;
mod azure;
mod bunny;
mod cloudflare;
mod cloudfront;
mod cloudimage;
mod fastly;
mod google;
mod keycdn;
mod nginx;
mod varnish;
pub(crate) mod webhook;

use std::fmt;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use url::Url;

use crate::answer::Answer;
use crate::call::Call;
use crate::capabilities::Capabilities;
use crate::error::CallError;
use crate::name::VendorName;
use crate::oauth::Token;
use crate::settings::{SettingsError, VendorSettings};

/// What a request needs that is not in the call.
#[derive(Debug, Clone)]
pub struct Context {
    /// The same for each attempt at one call, and for no other call.
    pub reference: String,
    /// Unix seconds.
    pub now: u64,
    /// Another for each request.
    pub nonce: String,
}

/// What a vendor said to a call that it took on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The vendor's own name for it, if it gave one.
    pub handle: Option<String>,
    /// Whether the answer was also the word that it has taken effect.
    pub completed: bool,
}

pub trait Vendor: fmt::Debug + Send + Sync {
    fn capabilities(&self) -> Capabilities;

    /// The requests of a call. It has succeeded when each of them has; which of them are sent first, and whether some
    /// are sent twice, makes no difference.
    fn requests(&self, call: &Call, context: &Context) -> Result<Vec<Request<Bytes>>, CallError>;

    /// What an answer to one request of the call means.
    fn accepted(&self, call: &Call, answer: &Answer) -> Result<Accepted, CallError>;

    /// Asks whether a call has taken effect, by its handle.
    fn question(&self, _handle: &str, _context: &Context) -> Result<Option<Request<Bytes>>, CallError> {
        Ok(None)
    }

    /// Whether it has, by the answer.
    fn completed(&self, _answer: &Answer) -> Result<bool, CallError> {
        Ok(true)
    }

    /// Asks for the token that each request carries, of a vendor that wants one. `now` in Unix seconds.
    fn login(&self, _now: u64) -> Result<Option<Request<Bytes>>, CallError> {
        Ok(None)
    }

    /// The token, by the answer.
    fn token(&self, answer: &Answer, _now: u64) -> Result<Token, CallError> {
        Err(CallError::nonsense(answer, "nobody asked for a token"))
    }
}

/// A vendor with these settings.
pub(crate) fn of(name: VendorName, settings: &VendorSettings) -> Result<Box<dyn Vendor>, SettingsError> {
    Ok(match name {
        VendorName::Akamai => Box::new(akamai::Akamai::new(settings)?),
        VendorName::Azure => Box::new(azure::Azure::new(settings)?),
        VendorName::Bunny => Box::new(bunny::Bunny::new(settings)?),
        VendorName::Cloudflare => Box::new(cloudflare::Cloudflare::new(settings)?),
        VendorName::CloudFront => Box::new(cloudfront::CloudFront::new(settings)?),
        VendorName::Cloudimage => Box::new(cloudimage::Cloudimage::new(settings)?),
        VendorName::Fastly => Box::new(fastly::Fastly::new(settings)?),
        VendorName::Google => Box::new(google::Google::new(settings)?),
        VendorName::KeyCdn => Box::new(keycdn::KeyCdn::new(settings)?),
        VendorName::Nginx => Box::new(nginx::Nginx::new(settings)?),
        VendorName::Varnish => Box::new(varnish::Varnish::new(settings)?),
        VendorName::Webhook => Box::new(webhook::Webhook::new(settings)?),
    })
}

/// A request to `path` (with its query) at the server of `base`, below the path of `base`.
pub(crate) fn request(
    method: Method,
    base: &Url,
    path: &str,
    fields: &[(HeaderName, &str)],
    body: impl Into<Bytes>,
) -> Result<Request<Bytes>, CallError> {
    let unwritable = |error: &dyn fmt::Display| CallError::Unwritable(error.to_string());
    let uri = format!("{}{path}", base.as_str().trim_end_matches('/'));
    let mut request = Request::new(body.into());
    *request.method_mut() = method;
    *request.uri_mut() = uri.parse().map_err(|error: http::uri::InvalidUri| unwritable(&error))?;
    for (name, value) in fields {
        let mut value = HeaderValue::try_from(*value).map_err(|error| unwritable(&error))?;
        value.set_sensitive(*name == http::header::AUTHORIZATION);
        request.headers_mut().append(name.clone(), value);
    }
    Ok(request)
}

/// A method that has no name of its own in HTTP.
pub(crate) fn method(name: &str) -> Result<Method, CallError> {
    Method::from_bytes(name.as_bytes()).map_err(|error| CallError::Unwritable(error.to_string()))
}
