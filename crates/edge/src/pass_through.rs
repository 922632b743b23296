//! Pass-through sites: any HTTP server behind our cache.
//!
//! What may be stored, and for how long, is HTTP's own rule (RFC 9111); the tags are what the server says of its
//! responses, plus the URL itself.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_caching::storing::WhyNot;
use http_caching::vary::{self, Vary};
use http_caching::{CacheControl, Timestamp, age, freshness, hop_by_hop, storing};
use origin::UpstreamBody;
use purge_protocol::{AsOf, Fill, Subject, Tags};

use crate::fill::{Answered, Ask, Fetched, FetchedBody, FillError, Keep, Sharing, Upstream};
use crate::pools::Pools;
use crate::request::{PassThrough, Target, url_subject};

/// The fields in which servers name their tags; separated by spaces (`Surrogate-Key`, `xkey`) or commas.
pub const TAG_FIELD_NAMES: [&str; 5] = ["surrogate-key", "xkey", "cache-tag", "edge-cache-tag", "cdn-tag"];

/// Sends one request of a pass-through site onwards: to one of the site's upstreams, or to the tier above.
pub trait PassOn: Send + Sync {
    fn pass_on<'a>(
        &'a self,
        passed: &'a PassThrough,
        headers: HeaderMap,
        fill: Option<Fill>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<UpstreamBody>, FillError>> + Send + 'a>>;

    /// What an answer with these fields reflects.
    fn stamp(&self, headers: &HeaderMap, fill: Option<Fill>) -> Option<AsOf>;

    /// All tags of an answer with these fields.
    fn tags(&self, passed: &PassThrough, headers: &HeaderMap) -> Option<Tags>;
}

/// The site's upstreams themselves.
pub struct Direct {
    pub pools: Pools,
}

impl PassOn for Direct {
    fn pass_on<'a>(
        &'a self,
        passed: &'a PassThrough,
        mut headers: HeaderMap,
        _fill: Option<Fill>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<UpstreamBody>, FillError>> + Send + 'a>> {
        Box::pin(async move {
            if let Ok(host) = HeaderValue::from_str(&passed.host) {
                headers.insert(header::HOST, host);
            }
            let mut request = Request::new(passed.body.clone());
            *request.method_mut() = passed.method.clone();
            *request.uri_mut() = passed
                .path_and_query
                .parse()
                .map_err(|error| FillError::Unreachable(format!("not a URI: {error}")))?;
            *request.headers_mut() = headers;
            let pool = self.pools.of(&passed.upstreams, passed.allow_private)?;
            Ok(pool.forward(&passed.url(), request).await?)
        })
    }

    fn stamp(&self, _headers: &HeaderMap, fill: Option<Fill>) -> Option<AsOf> {
        fill.map(|fill| fill.stamp())
    }

    fn tags(&self, passed: &PassThrough, headers: &HeaderMap) -> Option<Tags> {
        let mut subjects = vec![Subject::Tenant, url_subject(&passed.host, &passed.path_and_query)];
        for field in TAG_FIELD_NAMES {
            for line in headers.get_all(field) {
                // A field that we cannot read may name anything: then the tags are not complete.
                let tags = line.to_str().ok()?.split([' ', ',']).filter(|tag| !tag.is_empty());
                subjects.extend(tags.map(|tag| Subject::Label(tag.to_owned())));
            }
        }
        passed.tag_key.tags(&subjects).ok()
    }
}

impl Upstream for Direct {
    fn fetch<'a>(
        &'a self,
        ask: &'a Ask,
        fill: Option<Fill>,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, FillError>> + Send + 'a>> {
        Box::pin(async move {
            match &ask.target {
                Target::PassThrough(passed) => fetch(self, passed, ask, fill).await,
                Target::Image(_) => Err(FillError::Unreachable("this node renders no pictures".to_owned())),
            }
        })
    }
}

/// Gets one response to be stored, if HTTP allows it.
pub async fn fetch(
    pass: &dyn PassOn,
    passed: &PassThrough,
    ask: &Ask,
    fill: Option<Fill>,
) -> Result<Answered, FillError> {
    // A conditional or ranged request of a client asks for less than is to be stored.
    let mut headers = passed.headers.clone();
    for name in [
        header::IF_NONE_MATCH,
        header::IF_MODIFIED_SINCE,
        header::IF_MATCH,
        header::IF_UNMODIFIED_SINCE,
        header::IF_RANGE,
        header::RANGE,
    ] {
        headers.remove(name);
    }
    if let Some(value) = ask.validator.as_deref().and_then(|tag| HeaderValue::from_str(tag).ok()) {
        headers.insert(header::IF_NONE_MATCH, value);
    }
    let get =
        PassThrough { method: Method::GET, headers: HeaderMap::new(), body: Bytes::new(), ..clone(passed) };
    let asked_at = now();
    let response = pass.pass_on(&get, headers, fill).await?;
    let (mut parts, body) = response.into_parts();
    let as_of = pass.stamp(&parts.headers, fill);
    let tags = pass.tags(passed, &parts.headers);
    let cache_status = parts.headers.get("cache-status").and_then(|v| v.to_str().ok()).map(str::to_owned);
    keep_end_to_end(&mut parts.headers);
    let keep = keep(passed, parts.status, &parts.headers, asked_at);
    if parts.status == StatusCode::NOT_MODIFIED && ask.validator.is_some() {
        return Ok(Answered::StillThat { as_of, lifetime: keep.lifetime, headers: parts.headers });
    }
    Ok(Answered::Response(Box::new(Fetched {
        varied_on: varied_on(&parts.headers, &passed.headers),
        status: parts.status,
        headers: parts.headers,
        body: FetchedBody::Coming(Box::pin(body)),
        tags,
        as_of,
        keep,
        cache_status,
    })))
}

fn clone(passed: &PassThrough) -> PassThrough {
    PassThrough {
        method: passed.method.clone(),
        host: passed.host.clone(),
        path_and_query: passed.path_and_query.clone(),
        headers: passed.headers.clone(),
        body: passed.body.clone(),
        upstreams: Arc::clone(&passed.upstreams),
        allow_private: passed.allow_private,
        tag_key: passed.tag_key.clone(),
        terms: passed.terms,
    }
}

/// What is stored of an upstream's fields, and passed on: nothing that concerned the connection, and nothing that
/// the node protocol or the tiers above said for themselves.
pub fn keep_end_to_end(headers: &mut HeaderMap) {
    *headers = hop_by_hop::forwarded(headers);
    let ours: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with("pentimento-")).cloned().collect();
    for name in ours {
        headers.remove(name);
    }
    for name in ["cache-status", "x-cache", "content-length"] {
        headers.remove(name);
    }
}

/// The request fields that chose this response, and what they were. `Vary: *` is never stored.
fn varied_on(response: &HeaderMap, request: &HeaderMap) -> Vec<(String, Option<String>)> {
    match Vary::of(response) {
        Vary::Star => Vec::new(),
        Vary::Fields(names) => {
            let selected = vary::selected(&names, request).into_iter();
            selected.map(|(name, value)| (name.as_str().to_owned(), value)).collect()
        }
    }
}

fn keep(passed: &PassThrough, status: StatusCode, headers: &HeaderMap, asked_at: Timestamp) -> Keep {
    let control = CacheControl::of(headers);
    let now = now();
    let seconds = |duration: Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
    let sharing = match storing::may_store(&Method::GET, status, &passed.headers, headers) {
        Ok(()) => Sharing::Stored,
        Err(WhyNot::Method | WhyNot::RequestNoStore | WhyNot::Authorization) => Sharing::OnlyHere,
        Err(_) => Sharing::Never,
    };
    Keep {
        sharing,
        lifetime: freshness::lifetime(headers, now).map_or(0, |lifetime| seconds(lifetime.duration)),
        initial_age: seconds(age::corrected_initial_age(headers, asked_at, now)),
        stale_if_error: control.stale_if_error.map_or(passed.terms.stale_if_error, seconds),
        stale_while_revalidate: control.stale_while_revalidate.map_or(0, seconds),
    }
}

fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}
