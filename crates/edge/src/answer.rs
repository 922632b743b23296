//! From a stored response to what goes out: conditional requests, ranges, fields.

use std::ops::Range;

use bytes::Bytes;
use cache::StoredResponse;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body::Body;
use http_caching::EntityTag;
use http_caching::conditional::{self, Outcome};
use http_caching::last_modified::{last_modified, modified_by, strong_last_modified};
use http_caching::range::{self, RangeOutcome};

use crate::body::EdgeBody;
use crate::fill::FetchedBody;
use crate::growing_body::Reader;
use crate::pass_through::TAG_FIELD_NAMES;
use crate::request::{Image, Target, Terms, Wanted};

/// The parts of a response that answers are made from, stored or not.
pub struct Source<'a> {
    pub status: StatusCode,
    pub headers: &'a HeaderMap,
    pub body: SourceBody<'a>,
    /// Seconds since the origin made or validated it.
    pub age: u32,
}

pub enum SourceBody<'a> {
    Whole(&'a Bytes),
    /// A fill's that is under way.
    Coming(Reader),
    /// This client's alone.
    Unshared(FetchedBody),
}

impl<'a> Source<'a> {
    pub fn stored(stored: &'a StoredResponse, body: SourceBody<'a>, now_millis: u64) -> Self {
        Self { status: stored.status, headers: &stored.headers, body, age: age(stored, now_millis) }
    }
}

impl SourceBody<'_> {
    fn len(&self) -> Option<u64> {
        match self {
            SourceBody::Whole(bytes) => Some(bytes.len() as u64),
            SourceBody::Unshared(FetchedBody::Whole(bytes)) => Some(bytes.len() as u64),
            SourceBody::Coming(reader) => reader.size_hint().exact(),
            SourceBody::Unshared(FetchedBody::Coming(body)) => body.size_hint().exact(),
        }
    }

    fn whole(self) -> EdgeBody {
        match self {
            SourceBody::Whole(bytes) => bytes.clone().into(),
            SourceBody::Coming(reader) => EdgeBody::Shared(reader),
            SourceBody::Unshared(body) => body.into(),
        }
    }

    /// The length of what [`SourceBody::part`] can take a part of.
    fn length_to_cut(&self) -> Option<u64> {
        match self {
            SourceBody::Unshared(FetchedBody::Coming(_)) => None,
            _ => self.len(),
        }
    }

    fn part(self, part: Range<u64>) -> EdgeBody {
        let cut = |bytes: &Bytes| -> EdgeBody { bytes.slice(part.start as usize..part.end as usize).into() };
        match self {
            SourceBody::Whole(bytes) => cut(bytes),
            SourceBody::Unshared(FetchedBody::Whole(bytes)) => cut(&bytes),
            SourceBody::Coming(reader) => EdgeBody::Shared(reader.part(part)),
            SourceBody::Unshared(body @ FetchedBody::Coming(_)) => body.into(),
        }
    }
}

/// RFC 9111 §4.2.3, in seconds.
pub fn age(stored: &StoredResponse, now_millis: u64) -> u32 {
    let resident = now_millis.saturating_sub(stored.stored_at) / 1000;
    stored.initial_age.saturating_add(u32::try_from(resident).unwrap_or(u32::MAX))
}

/// A request with none of these gets the whole: then no date of the response need be understood.
const SELECTIVE: [HeaderName; 6] = [
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::IF_RANGE,
    header::RANGE,
];

/// The answer to one request from a whole response: 200, 206, 304, 412 or 416.
pub fn answer(request: &Parts, wanted: &Wanted, source: Source<'_>) -> Response<EdgeBody> {
    let mut headers = source.headers.clone();
    Dress::of(&wanted.target, &wanted.terms, source.age).put_on(&mut headers);
    if source.status == StatusCode::OK && SELECTIVE.iter().any(|name| request.headers.contains_key(name)) {
        // For pictures we are the origin; for whatever passes through, a cache.
        let etag = EntityTag::of(source.headers);
        let (method, fields, etag) = (&request.method, &request.headers, etag.as_ref());
        let outcome = match &wanted.target {
            Target::Image(_) => conditional::evaluate(method, fields, etag, last_modified(source.headers)),
            Target::PassThrough(_) => {
                conditional::evaluate_in_cache(method, fields, etag, modified_by(source.headers))
            }
        };
        match outcome {
            Outcome::NotModified => return not_modified(headers),
            Outcome::PreconditionFailed => return bare(StatusCode::PRECONDITION_FAILED, headers),
            Outcome::Proceed => {}
        }
        // A part of what has no known length yet cannot be named (RFC 9110 §14.4); the whole is an answer too (§14.2).
        if let Some(length) = source.body.length_to_cut() {
            let strong = strong_last_modified(source.headers);
            let range = range::evaluate(fields, method, etag, strong, length);
            if let Some(content_range) = range.content_range(length) {
                insert(&mut headers, header::CONTENT_RANGE, &content_range);
            }
            match range {
                RangeOutcome::Whole => {}
                // The evaluation keeps both inside the body.
                RangeOutcome::Part { start, end_inclusive } => {
                    return part(headers, source.body.part(start..end_inclusive + 1));
                }
                RangeOutcome::NotSatisfiable => return bare(StatusCode::RANGE_NOT_SATISFIABLE, headers),
            }
        }
    }
    if let Some(length) = source.body.len() {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    let body = if request.method == Method::HEAD { EdgeBody::empty() } else { source.body.whole() };
    assemble(source.status, headers, body)
}

/// What the answer says beside the stored fields, or instead of them, and which of them it leaves out.
pub(crate) struct Dress {
    pub says: [Option<(HeaderName, HeaderValue)>; 5],
    pub leaves_out: &'static [&'static str],
}

impl Dress {
    pub fn of(target: &Target, terms: &Terms, age: u32) -> Self {
        match target {
            Target::Image(image) => Self::of_image(image, terms, age),
            Target::PassThrough(_) => Self::of_pass_through(terms, age),
        }
    }

    pub fn of_image(image: &Image, terms: &Terms, age: u32) -> Self {
        let control = HeaderValue::try_from(browser_control(terms)).ok();
        let varies = image.delivery.varies_by_accept();
        let says = [
            Some((header::AGE, HeaderValue::from(age))),
            Some((header::ACCEPT_RANGES, HeaderValue::from_static("bytes"))),
            control.map(|control| (header::CACHE_CONTROL, control)),
            Some((header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))),
            varies.then(|| (header::VARY, HeaderValue::from_static("Accept"))),
        ];
        Self { says, leaves_out: &[] }
    }

    pub fn of_pass_through(terms: &Terms, age: u32) -> Self {
        let says = [
            Some((header::AGE, HeaderValue::from(age))),
            Some((header::ACCEPT_RANGES, HeaderValue::from_static("bytes"))),
            None,
            None,
            None,
        ];
        Self { says, leaves_out: if terms.strip_tags { &TAG_FIELD_NAMES } else { &[] } }
    }

    fn put_on(self, headers: &mut HeaderMap) {
        for name in self.leaves_out {
            headers.remove(*name);
        }
        for (name, value) in self.says.into_iter().flatten() {
            headers.insert(name, value);
        }
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
    headers.remove(header::CONTENT_LENGTH);
    assemble(StatusCode::NOT_MODIFIED, headers, EdgeBody::empty())
}

fn part(mut headers: HeaderMap, part: EdgeBody) -> Response<EdgeBody> {
    if let Some(length) = part.len() {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    assemble(StatusCode::PARTIAL_CONTENT, headers, part)
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
