//! The short way: a hit that needs no waiting, from the request as it was parsed to the bytes that are sent.
//!
//! It knows the plainest requests and stored responses only. It says what [`crate::serve`] would say, byte for byte of
//! content and field for field, or nothing; then the request goes the long way, which decides everything anew. That the
//! two agree is held by a property test below.

use std::cell::RefCell;
use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use api_types::node::NODE_PREFIX;
use bus::clock;
use bytes::Bytes;
use cache::{Key, StoredResponse, Tier};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_caching::cache_status::{CacheStatus, Outcome};
use http_caching::conditional::{self, Outcome as Condition};
use http_caching::reuse::Reuse;
use http_caching::{EntityTag, Timestamp, date};
use purge_protocol::{Leave, Verdict};
use snapshot::SiteKind;
use telemetry::{Access, is_access_logged, log_access};

use crate::answer::{Dress, age};
use crate::request::{Terms, host_from, image, key_text};
use crate::serve::{CACHE_STATUS, Edge, X_CACHE, freshness_of};

/// Fields of a request that may lead to another answer than the stored one. `Connection` and those about the request's
/// content are the listener's, `Host`, `Accept` and `If-None-Match` are understood here. All others matter only to
/// stored responses that vary.
const DECISIVE: [&str; 7] =
    ["cache-control", "pragma", "range", "if-range", "if-match", "if-modified-since", "if-unmodified-since"];
/// What nodes say to each other begins with this.
const BETWEEN_NODES: &[u8] = b"pentimento-";

/// What counts of a request on this way.
struct Asked<'a> {
    target: &'a str,
    host: String,
    accept: Option<&'a str>,
    if_none_match: Option<&'a [u8]>,
}

/// Writes the head of the answer and returns its body, or nothing at all.
///
/// The caller has checked that the request is HTTP/1.1, has no content and asks nothing of the connection but that it
/// stays.
pub fn at_once(
    edge: &Edge,
    request: &httparse::Request<'_, '_>,
    client: SocketAddr,
    head: &mut Vec<u8>,
) -> Option<Bytes> {
    let began = Instant::now();
    let asked = Asked::of(request)?;
    let serving = edge.serving.get()?;
    if asked.target.len() > usize::try_from(serving.snapshot.limits.url_bytes).unwrap_or(usize::MAX) {
        return None;
    }
    let now = clock::unix_millis();
    let site = serving.site_for(&asked.host);
    let terms = Terms::of(site);
    let logged_host = is_access_logged().then(|| asked.host.clone());
    let (picture, key_text) = match &site.kind {
        SiteKind::PassThrough { .. } => (None, key_text(&asked.host, asked.target)),
        SiteKind::Images { unsigned, packs } => {
            let (path, query) = match asked.target.split_once('?') {
                Some((path, query)) => (path, Some(query)),
                None => (asked.target, None),
            };
            let request = dialect::Request { path, query, accept: asked.accept };
            let (image, key_text) =
                image(&serving, terms, asked.host, packs.as_ref(), &request, *unsigned, now / 1000).ok()?;
            (Some(image), key_text)
        }
    };

    let (stored, tier) = edge.cache.get_at_once(&Key::of(&key_text), &key_text)?;
    if stored.status != StatusCode::OK || !stored.varied_on.is_empty() {
        return None;
    }
    let judgement = edge.view.judge(&stored.tags, stored.as_of, &stored.checked);
    if judgement.verdict != Verdict::Usable || judgement.leave != Leave::Answer {
        return None;
    }
    let age = age(&stored, now);
    let control = picture.is_none().then(Default::default);
    let Reuse::Answer { remaining } =
        freshness_of(&stored, Duration::from_secs(age.into()), control.as_ref())
    else {
        return None;
    };

    let dress = match &picture {
        Some(image) => Dress::of_image(image, &terms, age),
        None => Dress::of_pass_through(&terms, age),
    };
    let status = if has_it(asked.if_none_match, &stored) { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let cache_status = CacheStatus {
        cache: edge.name.clone(),
        outcome: Outcome::Hit { ttl: remaining },
        detail: None,
        key: None,
    };
    write_head(head, status, &stored, &dress, &cache_status, now / 1000);
    let body = if status == StatusCode::OK { stored.body.clone() } else { Bytes::new() };

    if tier == Tier::Memory {
        stored.heat.note(now);
    }
    edge.metrics.answered("hit", status.as_u16(), began.elapsed().as_secs_f64());
    if let Some(host) = logged_host {
        log_access(&Access {
            peer: client,
            method: &Method::GET,
            host: &host,
            target: asked.target,
            status: status.as_u16(),
            cache_status: &cache_status.to_string(),
            bytes: Some(body.len() as u64),
            took: began.elapsed(),
            node: None,
        });
    }
    Some(body)
}

impl<'a> Asked<'a> {
    fn of(request: &httparse::Request<'_, 'a>) -> Option<Self> {
        if request.method != Some("GET") {
            return None;
        }
        // What a parser of URLs could see differently is left to it.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/?%&=,:;@!$'()*+".contains(&byte);
        let target = request.path.filter(|path| path.starts_with('/') && path.bytes().all(is_plain))?;
        if target.starts_with(NODE_PREFIX) {
            return None;
        }
        let (mut host, mut accept, mut if_none_match) = (None, None, None);
        for field in request.headers.iter() {
            let once = |place: &mut Option<&'a [u8]>| place.replace(field.value).is_none().then_some(());
            let is = |name: &str| field.name.eq_ignore_ascii_case(name);
            match field.name.len() {
                4 if is("host") => once(&mut host)?,
                6 if is("accept") => once(&mut accept)?,
                13 if is("if-none-match") => once(&mut if_none_match)?,
                _ if DECISIVE.iter().any(|name| is(name)) => return None,
                _ if is_between_nodes(field.name) => return None,
                _ => {}
            }
        }
        let text = |value: &'a [u8]| std::str::from_utf8(value).ok().filter(|text| text.is_ascii());
        let accept = match accept {
            Some(accept) => Some(text(accept)?),
            None => None,
        };
        Some(Self { target, host: host_from(text(host?)?)?, accept, if_none_match })
    }
}

fn is_between_nodes(name: &str) -> bool {
    let start = name.as_bytes().get(..BETWEEN_NODES.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(BETWEEN_NODES))
}

/// Whether the client has what is stored (RFC 9110 §13.1.2): then it gets no body.
fn has_it(if_none_match: Option<&[u8]>, stored: &StoredResponse) -> bool {
    let Some(asked) = if_none_match else { return false };
    // What a browser sends is what it was given: no list, and nothing to compare by parts.
    let mut etags = stored.headers.get_all(ETAG).iter();
    if is_entity_tag(asked)
        && etags.next().is_some_and(|etag| etag.as_bytes() == asked)
        // Several are none ([`EntityTag::of`]).
        && etags.next().is_none()
    {
        return true;
    }
    let Ok(condition) = HeaderValue::from_bytes(asked) else { return false };
    let mut fields = HeaderMap::with_capacity(1);
    fields.insert(IF_NONE_MATCH, condition);
    let etag = EntityTag::of(&stored.headers);
    // Dates do not count beside `If-None-Match`, whether we are the origin or a cache.
    let condition = conditional::evaluate(&Method::GET, &fields, etag.as_ref(), None);
    condition == Condition::NotModified
}

/// One entity tag (RFC 9110 §8.8.3), weak or strong, and nothing else.
fn is_entity_tag(value: &[u8]) -> bool {
    let opaque = value.strip_prefix(b"W/").unwrap_or(value);
    let opaque = opaque.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    opaque.is_some_and(|opaque| opaque.iter().all(|byte| *byte > b' ' && *byte != b'"' && *byte != 0x7f))
}

fn write_head(
    head: &mut Vec<u8>,
    status: StatusCode,
    stored: &StoredResponse,
    dress: &Dress,
    cache_status: &CacheStatus,
    now_unix: u64,
) {
    head.extend_from_slice(match status {
        StatusCode::NOT_MODIFIED => b"HTTP/1.1 304 Not Modified\r\n",
        _ => b"HTTP/1.1 200 OK\r\n",
    });
    let is_said_otherwise = |name: &HeaderName| {
        dress.says.iter().flatten().any(|(said, _)| said == name)
            || dress.leaves_out.iter().any(|left_out| name == left_out)
            || [CONTENT_LENGTH, X_CACHE, CACHE_STATUS].contains(name)
            || (status == StatusCode::NOT_MODIFIED && *name == CONTENT_TYPE)
    };
    let kept = stored.headers.iter().filter(|(name, _)| !is_said_otherwise(name));
    let said = dress.says.iter().flatten().map(|(name, value)| (name, value));
    for (name, value) in kept.chain(said) {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    // Writing into a `Vec` cannot fail.
    if status == StatusCode::OK {
        let _ = write!(head, "content-length: {}\r\n", stored.body.len());
    }
    let _ = write!(head, "x-cache: HIT\r\ncache-status: {cache_status}\r\n");
    // RFC 9110 §6.6.1: "A recipient with a clock that receives a response message without a Date header field MUST …
    // append".
    if !stored.headers.contains_key(DATE) {
        append_date(head, now_unix);
    }
    head.extend_from_slice(b"\r\n");
}

fn append_date(head: &mut Vec<u8>, now_unix: u64) {
    thread_local! {
        /// It is the same for a whole second.
        static WRITTEN: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
    }
    WRITTEN.with_borrow_mut(|(second, text)| {
        if *second != now_unix {
            (*second, *text) = (now_unix, date::format(Timestamp(now_unix)).unwrap_or_default());
        }
        if !text.is_empty() {
            for part in [b"date: ", text.as_bytes(), b"\r\n"] {
                head.extend_from_slice(part);
            }
        }
    });
}
