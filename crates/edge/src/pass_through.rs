//! Pass-through sites: any HTTP server behind our cache.
//!
//! What may be stored, and for how long, is HTTP's own rule (RFC 9111); the tags are what the server says of its
//! responses, plus the URL itself.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_caching::storing::WhyNot;
use http_caching::vary::{self, Vary};
use http_caching::{CacheControl, Timestamp, age, cache_groups, freshness, hop_by_hop, storing, surrogate};
use origin::UpstreamBody;
use purge_protocol::{AsOf, Fill, Subject, Tags};

use crate::fill::{Answered, Ask, Fetched, FetchedBody, FillError, Keep, Sharing, Upstream};
use crate::forwarding;
use crate::pools::Pools;
use crate::request::{Asker, Inform, PassThrough, Target};

/// The fields in which servers name their tags; separated by spaces (`Surrogate-Key`, `xkey`) or commas.
pub const TAG_FIELD_NAMES: [&str; 5] = ["surrogate-key", "xkey", "cache-tag", "edge-cache-tag", "cdn-tag"];

/// A group of one origin's responses (RFC 9875 §2): "scoped to the origin", unlike the label of the same name.
pub fn group_subject(host: &str, group: &str) -> Subject {
    Subject::Label(format!("{host} {group}"))
}

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
            // The upstream may tell us lifetimes of our own.
            headers.append(surrogate::SURROGATE_CAPABILITY, surrogate::CAPABILITY);
            let request = passed.request(headers)?;
            let pool = self.pools.of(&passed.upstreams, passed.allow_private)?;
            Ok(pool.forward(&passed.url(), request).await?)
        })
    }

    fn stamp(&self, _headers: &HeaderMap, fill: Option<Fill>) -> Option<AsOf> {
        fill.map(|fill| fill.stamp())
    }

    fn tags(&self, passed: &PassThrough, headers: &HeaderMap) -> Option<Tags> {
        let mut subjects = Subject::of_web_url(&passed.host, &passed.path_and_query);
        subjects.push(Subject::Tenant);
        for field in TAG_FIELD_NAMES {
            for line in headers.get_all(field) {
                // A field that we cannot read may name anything: then the tags are not complete.
                let tags = line.to_str().ok()?.split([' ', ',']).filter(|tag| !tag.is_empty());
                subjects.extend(tags.map(|tag| Subject::Label(tag.to_owned())));
            }
        }
        subjects.extend(cache_groups::groups(headers).into_iter().flat_map(|group| {
            let scoped = group_subject(&passed.host, &group);
            [Subject::Label(group), scoped]
        }));
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

impl PassThrough {
    /// As it goes onwards, with these fields.
    pub(crate) fn request(&self, mut headers: HeaderMap) -> Result<Request<Bytes>, FillError> {
        if let Asker::Client(address) = self.asker {
            forwarding::introduce(&mut headers, &self.method, &self.host, address);
        }
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = as_uri(&self.path_and_query)?;
        *request.headers_mut() = headers;
        if let Some(Inform(inform)) = &self.inform {
            request.extensions_mut().insert(Arc::clone(inform));
        }
        Ok(request)
    }
}

pub(crate) fn as_uri(path_and_query: &str) -> Result<Uri, FillError> {
    path_and_query.parse().map_err(|error| FillError::Unreachable(format!("not a URI: {error}")))
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
    ask.validators.ask(&mut headers);
    let get =
        PassThrough { method: Method::GET, headers: HeaderMap::new(), body: Bytes::new(), ..clone(passed) };
    let asked_at = Instant::now();
    let response = pass.pass_on(&get, headers, fill).await?;
    let (mut parts, body) = response.into_parts();
    let as_of = pass.stamp(&parts.headers, fill);
    let tags = pass.tags(passed, &parts.headers);
    let cache_status = parts.headers.get("cache-status").and_then(|v| v.to_str().ok()).map(str::to_owned);
    keep_end_to_end(&mut parts.headers);
    let keep = keep(passed, parts.status, &parts.headers, initial_age(&parts.headers, asked_at.elapsed()));
    if parts.status == StatusCode::NOT_MODIFIED && !ask.validators.is_empty() {
        return Ok(Answered::StillThat { as_of, tags, keep, headers: parts.headers });
    }
    let reserved =
        if keep.sharing == Sharing::Stored { reserve(&mut parts.headers) } else { HeaderMap::new() };
    Ok(Answered::Response(Box::new(Fetched {
        varied_on: varied_on(&parts.headers, &passed.headers),
        status: parts.status,
        headers: parts.headers,
        body: FetchedBody::Coming(Box::pin(body)),
        tags,
        as_of,
        keep,
        reserved,
        cache_status,
    })))
}

/// Takes out what `no-cache="…"` and `private="…"` keep from being stored (RFC 9111 §5.2.2.4, §5.2.2.7): it is for the
/// one who asked.
fn reserve(headers: &mut HeaderMap) -> HeaderMap {
    let control = CacheControl::of(headers);
    let mut reserved = HeaderMap::new();
    for name in control.no_cache.fields().iter().chain(control.private.fields()) {
        if let header::Entry::Occupied(field) = headers.entry(name.clone()) {
            let (name, values) = field.remove_entry_mult();
            for value in values {
                reserved.append(name.clone(), value);
            }
        }
    }
    reserved
}

fn clone(passed: &PassThrough) -> PassThrough {
    PassThrough {
        method: passed.method.clone(),
        host: passed.host.clone(),
        path_and_query: passed.path_and_query.clone(),
        headers: passed.headers.clone(),
        body: passed.body.clone(),
        asker: passed.asker,
        upstreams: Arc::clone(&passed.upstreams),
        allow_private: passed.allow_private,
        tag_key: passed.tag_key.clone(),
        terms: passed.terms,
        inform: passed.inform.clone(),
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

/// Who may use a response with these fields, and for how long.
pub fn keep(passed: &PassThrough, status: StatusCode, headers: &HeaderMap, initial_age: u32) -> Keep {
    let leeway = &passed.terms.leeway;
    let control = CacheControl::of(headers);
    let sharing = match storing::may_store(leeway, &Method::GET, status, &passed.headers, headers) {
        Ok(()) => Sharing::Stored,
        Err(WhyNot::Method | WhyNot::RequestNoStore | WhyNot::Authorization) => Sharing::OnlyHere,
        Err(_) => Sharing::Never,
    };
    Keep {
        sharing,
        lifetime: freshness::lifetime(leeway, &control, status, headers, now())
            .map_or(0, |lifetime| seconds(lifetime.duration)),
        initial_age,
        stale_if_error: control.stale_if_error.map_or(passed.terms.stale_if_error, seconds),
        stale_while_revalidate: control.stale_while_revalidate.map_or(0, seconds),
    }
}

/// RFC 9111 §4.2.3. `took`: from the request until now.
fn initial_age(headers: &HeaderMap, took: Duration) -> u32 {
    let now = now();
    // Whole seconds that have passed, not how often the clock's second changed meanwhile.
    let asked_at = Timestamp(now.0.saturating_sub(took.as_secs()));
    seconds(age::corrected_initial_age(headers, asked_at, now))
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}
