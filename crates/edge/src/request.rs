//! From a request to what is wanted: host, site, dialect, signature, cache key.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache::Key;
use dialect::{BadRequest, Delivery, SignatureError, SourceName, native, pack, signature};
use http::request::Parts;
use http::{HeaderMap, Method, Uri, header};
use http_caching::{Leeway, RequestControl};
use purge_protocol::{Subject, TagKey, Tags, TooManyTags};
use snapshot::{Site, SiteKind, Storing, Upstreams};

use crate::forwarding;
use crate::representations::Beside;
use crate::serving::Serving;

/// So begins the text of a picture's key.
pub(crate) const PICTURE: &str = "image\n";

/// What a request asks for, and where its answer would be stored.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub target: Target,
    pub key: Key,
    /// What the key is made of, unambiguously.
    pub key_text: String,
    pub terms: Terms,
    pub beside: Option<Beside>,
}

/// A site's settings that an answer depends on, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub edge_lifetime: u32,
    pub browser_lifetime: u32,
    pub stale_if_error: u32,
    pub stale_while_revalidate: u32,
    pub error_lifetime: u32,
    /// Whether an upstream's tags are kept from clients.
    pub strip_tags: bool,
    /// Of what passes through.
    pub leeway: Leeway,
}

#[derive(Debug, Clone)]
pub enum Target {
    Image(Arc<Image>),
    PassThrough(Arc<PassThrough>),
}

/// A derivative of ours.
#[derive(Debug, Clone)]
pub struct Image {
    pub delivery: Delivery,
    /// The canonical URL: path and query.
    pub url: String,
    pub host: String,
    pub tag_key: TagKey,
    pub terms: Terms,
    /// What of the catalog it is made with, by which it can be purged too. Only who reads the catalog knows.
    pub made_with: Vec<Subject>,
}

/// Whatever a site's upstreams answer.
#[derive(Debug)]
pub struct PassThrough {
    pub method: Method,
    pub host: String,
    pub path_and_query: String,
    /// End-to-end fields only.
    pub headers: HeaderMap,
    pub body: Bytes,
    pub asker: Asker,
    pub upstreams: Arc<Upstreams>,
    pub allow_private: bool,
    pub tag_key: TagKey,
    pub terms: Terms,
    pub inform: Option<Inform>,
}

/// Where interim responses go (RFC 9110 §15.2). The listener puts the function into a request's extensions, and the
/// client takes it from there.
#[derive(Clone)]
pub struct Inform(pub Arc<dyn Fn(http::Response<()>) + Send + Sync>);

impl fmt::Debug for Inform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inform")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the request names no host")]
    NoHost,
    #[error("the URL has {len} bytes, at most {max} are allowed")]
    UrlTooLong { len: usize, max: usize },
    #[error("{0} is not allowed here; GET and HEAD are")]
    Method(Method),
    #[error(transparent)]
    Url(#[from] BadRequest),
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl Wanted {
    /// The client's own directives; ours to ignore for pictures, because a client may not make us render.
    pub fn control(&self) -> RequestControl {
        match &self.target {
            Target::PassThrough(passed) => RequestControl::of(&passed.headers),
            Target::Image(_) => RequestControl::default(),
        }
    }
}

impl Image {
    /// See [`Delivery::accept`].
    pub fn accept(&self) -> &'static str {
        self.delivery.accept()
    }

    /// Whether its URL names a pack, and not the original that it shows.
    pub fn is_of_pack(&self) -> bool {
        self.made_with.iter().any(|subject| matches!(subject, Subject::Pack(_)))
    }

    /// Everything by which a purge may name this derivative.
    pub fn subjects(&self) -> Vec<Subject> {
        subjects_of(&self.delivery, &self.url, &self.made_with)
    }

    pub fn tags(&self) -> Result<Tags, TooManyTags> {
        self.tag_key.tags(&self.subjects())
    }
}

fn subjects_of(delivery: &Delivery, url: &str, made_with: &[Subject]) -> Vec<Subject> {
    let source = delivery.source.as_str();
    let mut subjects = vec![
        Subject::Tenant,
        Subject::Source(source.to_owned()),
        Subject::Original(format!("{source}/{}", delivery.path.as_str())),
        Subject::Url(url.to_owned()),
    ];
    subjects.extend_from_slice(made_with);
    subjects.extend(delivery.path.folders().map(|folder| Subject::Folder(format!("{source}/{folder}"))));
    // A purge of anything that it shows reaches it.
    for other in delivery.plan.originals() {
        for subject in Subject::of_original(other.source.as_str(), other.path.as_str()) {
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
    }
    subjects
}

impl PassThrough {
    pub fn url(&self) -> String {
        format!("http://{}{}", self.host, self.path_and_query)
    }
}

/// What the key of a pass-through URL is made of.
pub fn key_text(host: &str, path_and_query: &str) -> String {
    format!("pass\n{host}\n{path_and_query}")
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    Client(IpAddr),
    /// Another node, which has checked the client's signature itself and speaks for it.
    Node,
}

/// Understands a request.
pub fn interpret(
    serving: &Serving,
    parts: &Parts,
    body: Bytes,
    asker: Asker,
    now_unix: u64,
) -> Result<Wanted, Refusal> {
    let host = host_of(parts).ok_or(Refusal::NoHost)?;
    let path_and_query = parts.uri.path_and_query().map_or("/", |both| both.as_str());
    let max = usize::try_from(serving.snapshot.limits.url_bytes).unwrap_or(usize::MAX);
    if path_and_query.len() > max {
        return Err(Refusal::UrlTooLong { len: path_and_query.len(), max });
    }
    let site = serving.site_for(&host);
    let terms = Terms::of(site);
    match &site.kind {
        SiteKind::PassThrough { upstreams, allow_private, .. } => {
            let mut headers = http_caching::hop_by_hop::forwarded(&parts.headers);
            match asker {
                Asker::Client(_) => strip_ours(&mut headers),
                Asker::Node => {
                    forwarding::unpack(&mut headers);
                    strip_ours(&mut headers);
                }
            }
            let key_text = key_text(&host, path_and_query);
            let target = Target::PassThrough(Arc::new(PassThrough {
                method: parts.method.clone(),
                path_and_query: path_and_query.to_owned(),
                headers,
                body,
                asker,
                upstreams: Arc::clone(upstreams),
                allow_private: *allow_private,
                host,
                tag_key: serving.snapshot.tag_key.clone(),
                terms,
                inform: parts.extensions.get().cloned().map(Inform),
            }));
            Ok(Wanted { target, key: Key::of(&key_text), key_text, terms, beside: None })
        }
        SiteKind::Images { unsigned, packs } => {
            if !matches!(parts.method, Method::GET | Method::HEAD) {
                return Err(Refusal::Method(parts.method.clone()));
            }
            let accept = joined_accept(&parts.headers);
            let request = dialect::Request {
                path: parts.uri.path(),
                query: parts.uri.query(),
                accept: accept.as_deref(),
            };
            let is_trusted = *unsigned || asker == Asker::Node;
            let packs = packs.as_ref();
            let (image, key_text) = image(serving, terms, host, packs, &request, is_trusted, now_unix)?;
            let terms = image.terms;
            let target = Target::Image(Arc::new(image));
            Ok(Wanted { target, key: Key::of(&key_text), key_text, terms, beside: None })
        }
    }
}

/// Understands what is asked of an image site, and what its key is made of.
pub(crate) fn image(
    serving: &Serving,
    terms: Terms,
    host: String,
    packs: Option<&SourceName>,
    request: &dialect::Request<'_>,
    is_trusted: bool,
    now_unix: u64,
) -> Result<(Image, String), Refusal> {
    let (delivery, url) = match packs {
        // Nobody can ask for any size there, so there is nothing to be signed.
        Some(packs) if pack::is_of_pack(request.path) => {
            let delivery = pack::parse(request, packs)?;
            let url = native::canonical(&delivery);
            (delivery, url)
        }
        _ => {
            let parsed = native::parse(request)?;
            if !is_trusted {
                signature::verify(&parsed, &serving.keys, now_unix)?;
            }
            (parsed.delivery, parsed.canonical)
        }
    };
    let terms = match &delivery.preset {
        // What is wrong with it may be right with the next version of its preset.
        Some(_) => Terms { error_lifetime: 0, ..terms },
        None => terms,
    };
    let tag_key = serving.snapshot.tag_key.clone();
    let image = Image { delivery, url, host, tag_key, terms, made_with: Vec::new() };
    let key_text = format!("{PICTURE}{}\n{}", image.url, image.accept());
    Ok((image, key_text))
}

/// Canonical URL and `Accept` class of a picture of ours that is stored under this text.
pub(crate) fn delivery_in(key_text: &str) -> Option<(&str, &str)> {
    key_text.strip_prefix(PICTURE)?.split_once('\n')
}

impl Terms {
    pub fn of(site: &Site) -> Self {
        let (strip_tags, storing) = match &site.kind {
            SiteKind::PassThrough { strip_tags, storing, .. } => (*strip_tags, *storing),
            SiteKind::Images { .. } => (false, Storing::default()),
        };
        Self {
            edge_lifetime: site.edge_lifetime,
            browser_lifetime: site.browser_lifetime,
            stale_if_error: site.stale_if_error,
            stale_while_revalidate: site.stale_while_revalidate,
            error_lifetime: site.error_lifetime,
            strip_tags,
            leeway: Leeway {
                heuristic_lifetime: Duration::from_secs(storing.heuristic_lifetime.into()),
                store_cookies: storing.cookies,
            },
        }
    }
}

/// The request's authority, in lower case: the absolute form or HTTP/2's pseudo-field before `Host` (RFC 9112 §3.2).
pub fn host_of(parts: &Parts) -> Option<String> {
    let host = match uri_authority(&parts.uri) {
        Some(host) => host,
        None => parts.headers.get(header::HOST)?.to_str().ok()?,
    };
    host_from(host)
}

/// A user name, a path or anything else that is no host (RFC 3986 §3.2.2) would make two servers see two hosts.
pub(crate) fn host_from(field: &str) -> Option<String> {
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%[]:!$&'()*+,;=".contains(&byte);
    (!field.is_empty() && field.bytes().all(is_host)).then(|| field.to_ascii_lowercase())
}

fn uri_authority(uri: &Uri) -> Option<&str> {
    uri.authority().map(|authority| authority.as_str())
}

fn joined_accept(headers: &HeaderMap) -> Option<String> {
    let lines: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok()).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

/// Our own fields mean something between nodes only; a client that sends them must not be believed further on.
fn strip_ours(headers: &mut HeaderMap) {
    let ours: Vec<_> =
        headers.keys().filter(|name| name.as_str().starts_with("pentimento-")).cloned().collect();
    for name in ours {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn image(url: &str) -> Image {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let request = dialect::Request { path, query: Some(query), accept: None };
        let delivery = native::parse(&request).unwrap().delivery;
        let url = native::canonical(&delivery);
        let terms = Terms::of(&Site::default());
        let made_with = Vec::new();
        Image { delivery, url, host: "h".into(), tag_key: TagKey::new([1; 16]), terms, made_with }
    }

    #[test]
    fn a_derivative_can_be_purged_by_everything_that_it_belongs_to() {
        let subjects: Vec<String> =
            image("/demo/a/b/cat.jpg?w=300").subjects().iter().map(ToString::to_string).collect();
        expect![[r#"
            tenant
            source:demo
            original:demo/a/b/cat.jpg
            url:/demo/a/b/cat.jpg?w=300
            folder:demo/a
            folder:demo/a/b"#]]
        .assert_eq(&subjects.join("\n"));
    }

    #[test]
    fn a_derivative_can_be_purged_by_what_it_is_made_with() {
        let mut image = image("/demo/cat.jpg?preset=thumb");
        assert_eq!(image.subjects().len(), 4, "which preset that is, only the catalog knows");
        image.made_with = vec![Subject::of_preset(Some("shop"), "thumb")];
        assert_eq!(image.subjects()[4].to_string(), "preset:shop/thumb");
    }

    #[test]
    fn a_derivative_can_be_purged_by_everything_that_is_composited_into_it() {
        let url = "/demo/a/cat.jpg?mark=brand/a/logo.png&mark2=demo/a/dot.png&mark3=brand/a/logo.png";
        let subjects: Vec<String> = image(url).subjects().iter().skip(4).map(ToString::to_string).collect();
        expect![[r#"
            folder:demo/a
            source:brand
            folder:brand/a
            original:brand/a/logo.png
            original:demo/a/dot.png"#]]
        .assert_eq(&subjects.join("\n"));
    }

    #[test]
    fn what_blends_masks_and_fills_is_composited_too() {
        let url = "/demo/cat.jpg?w=9&h=9&fit=fill&blend=a/paper.jpg&fill=b/wood.jpg&mask=c/heart.png";
        let subjects: Vec<String> = image(url).subjects().iter().map(ToString::to_string).collect();
        for original in ["original:a/paper.jpg", "original:b/wood.jpg", "original:c/heart.png"] {
            assert!(subjects.iter().any(|subject| subject == original), "{subjects:?}");
        }
    }

    #[test]
    fn a_url_is_refused_when_its_canonical_form_is_longer_than_the_tier_above_takes() {
        let max = native::URL_LEN_MAX;
        let unsigned = Site { kind: SiteKind::Images { unsigned: true, packs: None }, ..Site::default() };
        let serving = Serving::new(snapshot::Snapshot {
            sites: vec![unsigned],
            keys: Vec::new(),
            tag_key: TagKey::new([1; 16]),
            limits: snapshot::RequestLimits::default(),
        });
        // Segments are short; what is written as one byte is encoded as three.
        let segment = "/".to_owned() + &"{".repeat(100);
        for (segments, refused) in [(max / 101 / 4, false), (max / 101 / 2, true)] {
            let target = format!("/demo{}/a.jpg", segment.repeat(segments));
            let (parts, ()) = http::Request::get(&target).header("host", "h").body(()).unwrap().into_parts();
            let asker = Asker::Client([192, 0, 2, 1].into());
            let wanted = interpret(&serving, &parts, Bytes::new(), asker, 0);
            let too_long = matches!(wanted, Err(Refusal::Url(BadRequest::CanonicalTooLong { .. })));
            assert_eq!(too_long, refused, "{wanted:?}");
        }
    }

    #[test]
    fn a_clients_own_pentimento_fields_go_no_further() {
        let mut headers = HeaderMap::new();
        headers.insert("pentimento-node-key", "guess".parse().unwrap());
        headers.insert("accept", "image/avif".parse().unwrap());
        strip_ours(&mut headers);
        assert_eq!(headers.len(), 1);
    }
}
