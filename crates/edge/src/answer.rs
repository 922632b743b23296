//! From a stored response to what goes out: conditional requests, ranges, fields.

use bytes::Bytes;
use cache::StoredResponse;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_caching::EntityTag;
use http_caching::conditional::{self, Outcome};
use http_caching::last_modified::{last_modified, strong_last_modified};
use http_caching::range::{self, RangeOutcome};

use crate::body::EdgeBody;
use crate::pass_through::TAG_FIELD_NAMES;
use crate::request::{Target, Terms, Wanted};

/// The parts of a response that answers are made from, stored or not.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub status: StatusCode,
    pub headers: &'a HeaderMap,
    pub body: &'a Bytes,
    /// Seconds since the origin made or validated it.
    pub age: u32,
}

impl<'a> Source<'a> {
    pub fn stored(stored: &'a StoredResponse, now_millis: u64) -> Self {
        Self {
            status: stored.status,
            headers: &stored.headers,
            body: &stored.body,
            age: age(stored, now_millis),
        }
    }
}

/// RFC 9111 §4.2.3, in seconds.
pub fn age(stored: &StoredResponse, now_millis: u64) -> u32 {
    let resident = now_millis.saturating_sub(stored.stored_at) / 1000;
    stored.initial_age.saturating_add(u32::try_from(resident).unwrap_or(u32::MAX))
}

/// The answer to one request from a whole response: 200, 206, 304, 412 or 416.
pub fn answer(request: &Parts, wanted: &Wanted, source: Source<'_>) -> Response<EdgeBody> {
    let mut headers = source.headers.clone();
    dress(&mut headers, wanted, source.age);
    let etag = EntityTag::of(source.headers);
    let modified = last_modified(source.headers);
    if source.status == StatusCode::OK {
        // For pictures we are the origin; for whatever passes through, a cache.
        let evaluate = match &wanted.target {
            Target::Image(_) => conditional::evaluate,
            Target::PassThrough(_) => conditional::evaluate_in_cache,
        };
        match evaluate(&request.method, &request.headers, etag.as_ref(), modified) {
            Outcome::NotModified => return not_modified(headers),
            Outcome::PreconditionFailed => return bare(StatusCode::PRECONDITION_FAILED, headers),
            Outcome::Proceed => {}
        }
        let length = source.body.len() as u64;
        let strong = strong_last_modified(source.headers);
        let range = range::evaluate(&request.headers, &request.method, etag.as_ref(), strong, length);
        if let Some(content_range) = range.content_range(length) {
            insert(&mut headers, header::CONTENT_RANGE, &content_range);
        }
        match range {
            RangeOutcome::Whole => {}
            RangeOutcome::Part { start, end_inclusive } => {
                // The evaluation keeps both inside the body.
                return part(headers, source.body.slice(start as usize..=end_inclusive as usize));
            }
            RangeOutcome::NotSatisfiable => return bare(StatusCode::RANGE_NOT_SATISFIABLE, headers),
        }
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(source.body.len()));
    let body = if request.method == Method::HEAD { EdgeBody::empty() } else { source.body.clone().into() };
    assemble(source.status, headers, body)
}

/// Adds what the answer says and the stored response does not.
fn dress(headers: &mut HeaderMap, wanted: &Wanted, age: u32) {
    headers.insert(header::AGE, HeaderValue::from(age));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    match &wanted.target {
        Target::Image(image) => {
            insert(headers, header::CACHE_CONTROL, &browser_control(&wanted.terms));
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            if image.delivery.varies_by_accept() {
                headers.insert(header::VARY, HeaderValue::from_static("Accept"));
            }
        }
        Target::PassThrough(_) if wanted.terms.strip_tags => {
            for name in TAG_FIELD_NAMES {
                headers.remove(name);
            }
        }
        Target::PassThrough(_) => {}
    }
}

/// Browsers are told a lifetime of their own: no purge reaches them.
fn browser_control(terms: &Terms) -> String {
    match terms.browser_lifetime {
        0 => "public, no-cache".to_owned(),
        seconds => format!("public, max-age={seconds}"),
    }
}

/// RFC 9110 §15.4.5: of the fields, those that say something about the representation go too; not its length.
fn not_modified(mut headers: HeaderMap) -> Response<EdgeBody> {
    headers.remove(header::CONTENT_TYPE);
    assemble(StatusCode::NOT_MODIFIED, headers, EdgeBody::empty())
}

fn part(mut headers: HeaderMap, part: Bytes) -> Response<EdgeBody> {
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(part.len()));
    assemble(StatusCode::PARTIAL_CONTENT, headers, part.into())
}

fn bare(status: StatusCode, mut headers: HeaderMap) -> Response<EdgeBody> {
    headers.remove(header::CONTENT_TYPE);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    assemble(status, headers, EdgeBody::empty())
}

fn assemble(status: StatusCode, headers: HeaderMap, body: EdgeBody) -> Response<EdgeBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
