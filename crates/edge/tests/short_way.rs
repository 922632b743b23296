//! The short way says what the long way says, or nothing.

mod stage;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bus::clock;
use bytes::Bytes;
use cache::StoredResponse;
use edge::request::{Asker, interpret};
use edge::{Answered, Ask, Edge, FillError, Upstream, at_once, serve};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use purge_protocol::{AsOf, CheckedAt, Fill, Mode, Position, Record, Subject, TagKey};
use snapshot::{Site, SiteKind};

use crate::stage::{LOG, NothingPasses};

const CLIENT: ([u8; 4], u16) = ([192, 0, 2, 1], 1);

/// Whoever goes forward finds nobody.
struct Nobody;

impl Upstream for Nobody {
    fn fetch<'a>(
        &'a self,
        _ask: &'a Ask,
        _fill: Option<Fill>,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, FillError>> + Send + 'a>> {
        Box::pin(async { Err(FillError::Abandoned) })
    }
}

fn tag_key() -> TagKey {
    TagKey::new([7; 16])
}

/// Pictures, and two sites that pass through, one of which keeps its tags to itself; what is labelled `gone` has been
/// purged, and what is labelled `soft` softly.
fn edge() -> Edge {
    let purged = |position, label: &str, mode| Record {
        position: Position::new(position),
        purge: position.to_string(),
        tags: vec![tag_key().tag(&Subject::Label(label.to_owned()))],
        mode,
        at: 0,
    };
    let site = |host: &str, kind| Site { hosts: vec![host.parse().unwrap()], kind, ..Site::default() };
    let sites = vec![
        site("shop.test", stage::pass_through(false).kind),
        site("quiet.test", stage::pass_through(true).kind),
        site("pictures.test", SiteKind::Images { unsigned: true, packs: None }),
        site("signed.test", SiteKind::Images { unsigned: false, packs: None }),
    ];
    let records = vec![purged(1, "gone", Mode::Hard), purged(2, "soft", Mode::Soft)];
    stage::edge(records, sites, Arc::new(Nobody), Arc::new(NothingPasses::default()))
}

#[derive(Debug, Clone)]
struct Asked {
    method: &'static str,
    host: &'static str,
    target: &'static str,
    fields: Vec<(&'static str, &'static str)>,
}

/// As the listener hears and says it.
#[derive(Debug, PartialEq)]
struct Said {
    status: u16,
    fields: Vec<(String, String)>,
    body: Bytes,
}

impl Asked {
    fn plain(host: &'static str, target: &'static str) -> Self {
        Self { method: "GET", host, target, fields: Vec::new() }
    }

    fn with(mut self, fields: &[(&'static str, &'static str)]) -> Self {
        self.fields.extend(fields);
        self
    }

    /// `None`: no URL that hyper would take.
    fn request(&self) -> Option<Request<Bytes>> {
        let mut request = Request::builder().method(self.method).uri(self.target).header("host", self.host);
        for (name, value) in &self.fields {
            request = request.header(*name, *value);
        }
        request.body(Bytes::new()).ok()
    }

    async fn the_long_way(&self, edge: &Arc<Edge>) -> Said {
        let request = self.request().expect("what the short way understands is a request");
        let response = serve(edge, request, CLIENT.into()).await;
        let (parts, body) = response.into_parts();
        let fields = parts.headers.iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let mut fields: Vec<_> = fields.collect();
        fields.sort();
        Said { status: parts.status.as_u16(), fields, body: body.collect().await.unwrap().to_bytes() }
    }

    fn the_short_way(&self, edge: &Edge) -> Option<Said> {
        let mut text = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.target, self.host);
        for (name, value) in &self.fields {
            text += &format!("{name}: {value}\r\n");
        }
        text += "\r\n";
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut fields);
        if !request.parse(text.as_bytes()).is_ok_and(|parsed| parsed.is_complete()) {
            return None;
        }
        let mut head = Vec::new();
        let body = at_once(edge, &request, CLIENT.into(), &mut head)?;
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut fields);
        let len = response.parse(&head).expect("a head").unwrap();
        assert_eq!(len, head.len(), "nothing follows the head");
        let fields = response
            .headers
            .iter()
            .map(|field| (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned()));
        let mut fields: Vec<_> = fields.collect();
        fields.sort();
        Some(Said { status: response.code.unwrap(), fields, body })
    }

    fn store(&self, edge: &Edge, stored: &Stored) {
        let Some((parts, body)) = self.request().map(Request::into_parts) else { return };
        let serving = edge.serving.get().unwrap();
        // By a node's word, so that a picture without a signature has a place, too.
        if let Ok(wanted) = interpret(&serving, &parts, body, Asker::Node, 0) {
            edge.cache.insert(wanted.key, Arc::new(stored.response(&wanted.key_text)));
        }
    }
}

#[derive(Debug, Clone)]
struct Stored {
    status: StatusCode,
    fields: Vec<(&'static str, &'static str)>,
    label: &'static str,
    /// Seconds ago.
    since: u64,
    lifetime: u32,
    body: &'static str,
    varies: bool,
}

impl Stored {
    fn plain() -> Self {
        let fields = vec![("content-type", "image/webp"), ("etag", "\"v\"")];
        Self {
            status: StatusCode::OK,
            fields,
            label: "kept",
            since: 5,
            lifetime: 600,
            body: "picture",
            varies: false,
        }
    }

    fn response(&self, key_text: &str) -> StoredResponse {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        StoredResponse {
            key_text: key_text.to_owned(),
            status: self.status,
            headers,
            body: Bytes::from_static(self.body.as_bytes()),
            tags: tag_key().tags(&[Subject::Tenant, Subject::Label(self.label.to_owned())]).unwrap(),
            as_of: AsOf { log: LOG, position: Position::ZERO },
            varied_on: if self.varies { vec![("accept".to_owned(), None)] } else { Vec::new() },
            stored_at: clock::unix_millis() - self.since * 1000,
            initial_age: 3,
            lifetime: self.lifetime,
            stale_if_error: 0,
            stale_while_revalidate: 60,
            checked: CheckedAt::default(),
            heat: Default::default(),
        }
    }
}

/// What both ways say. `None`: the short way says nothing.
fn both(asked: &Asked, stored: &Stored) -> Option<(Said, Said)> {
    let edge = Arc::new(edge());
    asked.store(&edge, stored);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut said = None;
    // A second may end between the two; it does not do so twice.
    for _ in 0..2 {
        let mut short = asked.the_short_way(&edge)?;
        let long = runtime.block_on(asked.the_long_way(&edge));
        let is_date = |(name, _): &(String, String)| name == "date";
        if !long.fields.iter().any(is_date) {
            // hyper adds it to what goes the long way.
            assert_eq!(short.fields.iter().filter(|field| is_date(field)).count(), 1);
            short.fields.retain(|field| !is_date(field));
        }
        if short == long {
            return Some((short, long));
        }
        said = Some((short, long));
    }
    said
}

#[test]
fn a_plain_hit_goes_the_short_way() {
    let answered =
        |asked: Asked| both(&asked, &Stored::plain()).map(|(short, _)| (short.status, short.body.len()));
    let shop = || Asked::plain("shop.test", "/a?b=c");
    assert_eq!(answered(shop()), Some((200, 7)));
    assert_eq!(answered(Asked::plain("QUIET.test", "/")), Some((200, 7)));
    assert_eq!(answered(Asked::plain("pictures.test", "/demo/cat.jpg?w=300")), Some((200, 7)));
    let browser =
        [("accept", "image/avif,*/*"), ("cookie", "a=b"), ("user-agent", "x"), ("accept-encoding", "gzip")];
    assert_eq!(
        answered(Asked::plain("pictures.test", "/demo/cat.jpg?format=auto").with(&browser)),
        Some((200, 7))
    );
    assert_eq!(answered(shop().with(&browser)), Some((200, 7)));
    assert_eq!(answered(shop().with(&[("if-none-match", "W/\"v\"")])), Some((304, 0)));
    assert_eq!(answered(shop().with(&[("if-none-match", "\"old\"")])), Some((200, 7)));
}

#[test]
fn what_is_not_plain_goes_the_long_way() {
    let shop = || Asked::plain("shop.test", "/a");
    for asked in [
        Asked { method: "HEAD", ..shop() },
        Asked::plain("signed.test", "/demo/cat.jpg?w=300"),
        Asked::plain("shop.test", "/.pentimento/log"),
        Asked::plain("shop.test", "/a\"b"),
        Asked::plain("shop.test@other.test", "/a"),
        shop().with(&[("host", "other.test")]),
        shop().with(&[("range", "bytes=0-1")]),
        shop().with(&[("Cache-Control", "no-cache")]),
        shop().with(&[("Pentimento-Node", "edge-2")]),
        shop().with(&[("if-none-match", "\"a\""), ("if-none-match", "\"v\"")]),
    ] {
        assert!(both(&asked, &Stored::plain()).is_none(), "{asked:?}");
    }
    let kept = Stored::plain();
    for stored in [
        Stored { status: StatusCode::NOT_FOUND, ..kept.clone() },
        Stored { label: "gone", ..kept.clone() },
        Stored { label: "soft", ..kept.clone() },
        Stored { since: 700, ..kept.clone() },
        Stored { varies: true, ..kept.clone() },
        Stored { fields: vec![("cache-control", "no-cache")], ..kept.clone() },
    ] {
        assert!(both(&shop(), &stored).is_none(), "{stored:?}");
    }
}

fn any_asked() -> impl Strategy<Value = Asked> {
    const FIELDS: [(&str, &str); 24] = [
        ("accept", "image/avif,*/*"),
        ("Accept", "image/webp"),
        ("accept-encoding", "gzip"),
        ("authorization", "Bearer x"),
        ("cookie", "a=b"),
        ("cache-control", "no-cache"),
        ("Cache-Control", "max-age=4"),
        ("cache-control", "only-if-cached"),
        ("pragma", "no-cache"),
        ("range", "bytes=0-1"),
        ("if-range", "\"v\""),
        ("if-match", "\"other\""),
        ("If-None-Match", "\"v\""),
        ("if-none-match", "W/\"v\", \"x\""),
        ("if-none-match", "*"),
        ("if-none-match", "nonsense"),
        ("if-none-match", "W/\"v\""),
        ("if-none-match", "\"a b\""),
        ("if-modified-since", "Sun, 06 Nov 2044 08:49:37 GMT"),
        ("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("pentimento-node", "edge-2"),
        ("x-forwarded-host", "other.test"),
        ("host", "other.test"),
        ("via", "1.1 other"),
    ];
    let hosts = [
        "shop.test",
        "SHOP.test",
        "shop.test:80",
        "quiet.test",
        "pictures.test",
        "signed.test",
        "none.test",
        "a b",
    ];
    let targets = [
        "/",
        "/a",
        "/a?",
        "/a?b=c&b=c",
        "/a%2Fb",
        "//a",
        "/a/../b",
        "/a#b",
        "/demo/cat.jpg?w=300",
        "/demo/cat.jpg?w=300&format=auto",
        "/demo/cat.jpg?format=auto&w=300",
        "/demo/cat.jpg?w=wide",
        "http://shop.test/a",
        "*",
        "/.pentimento/log",
    ];
    let fields = subsequence(FIELDS.to_vec(), 0..4);
    (
        select(vec!["GET", "GET", "GET", "HEAD", "POST"]),
        select(hosts.to_vec()),
        select(targets.to_vec()),
        fields,
    )
        .prop_map(|(method, host, target, fields)| Asked { method, host, target, fields })
}

fn any_stored() -> impl Strategy<Value = Stored> {
    const FIELDS: [(&str, &str); 19] = [
        ("content-type", "image/webp"),
        ("etag", "\"v\""),
        ("etag", "W/\"v\""),
        ("etag", "nonsense"),
        ("etag", "\"a b\""),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("cache-control", "max-age=600"),
        ("cache-control", "no-cache"),
        ("cache-control", "max-age=600, must-revalidate"),
        ("cdn-cache-control", "max-age=600"),
        ("surrogate-key", "a b"),
        ("cache-tag", "a"),
        ("content-length", "5"),
        ("age", "9"),
        ("x-cache", "MISS"),
        ("cache-status", "other; hit"),
        ("vary", "cookie"),
        ("x-content-type-options", "sniff"),
    ];
    let status = select(vec![
        StatusCode::OK,
        StatusCode::OK,
        StatusCode::OK,
        StatusCode::NOT_FOUND,
        StatusCode::NO_CONTENT,
    ]);
    let label = select(vec!["kept", "kept", "kept", "gone", "soft"]);
    let since = select(vec![0, 5, 590, 620, 1000]);
    let lifetime = select(vec![0, 600, 600]);
    let body = select(vec!["", "picture"]);
    let varies = prop::bool::weighted(0.1);
    (status, subsequence(FIELDS.to_vec(), 0..8), label, since, lifetime, body, varies).prop_map(
        |(status, fields, label, since, lifetime, body, varies)| Stored {
            status,
            fields,
            label,
            since,
            lifetime,
            body,
            varies,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn both_ways_say_the_same(asked in any_asked(), stored in any_stored()) {
        if let Some((short, long)) = both(&asked, &stored) {
            prop_assert_eq!(short, long);
        }
    }
}
