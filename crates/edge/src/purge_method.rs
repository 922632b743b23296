//! `PURGE`: how shops and content systems purge the cache in front of them, without knowing whose it is.
//!
//! No standard says what the method means; this is what the plugins for Varnish, Fastly and nginx send. `PURGE /page`
//! names a URL, `PURGE /blog/*` all below it, `xkey` or `Surrogate-Key` name tags and then the URL does not count. What is
//! asked at any node becomes a purge of the whole cluster; the answer comes when it is done, or after [`PATIENCE`] with
//! 202. Whatever was stored or not, it is no error: 404 would make a plugin try for ever.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use api_types::{Problem, PurgeRequest, PurgeView, Selector};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use purge_protocol::Mode;
use snapshot::Site;

use crate::body::EdgeBody;
use crate::forwarding::came_through_a_proxy;
use crate::pass_through::TAG_FIELD_NAMES;

pub const METHOD: &str = "PURGE";

/// How long the answer waits for the purge to end: longer than a lease, shorter than plugins wait.
pub const PATIENCE: Duration = Duration::from_secs(8);

/// What names the tags in a request, besides the fields that name them in answers.
const REQUEST_FIELD_NAMES: [&str; 3] = ["xkey-purge", "xkey-softpurge", "cache-tags"];
const SELECTORS_MAX: usize = 100;

/// Whoever takes purges: the control plane in this process, or the tier above on its way there.
pub trait PurgeDoor: Send + Sync {
    /// Stores the purge, waits for its end if that comes soon, and says how it stands.
    fn purge<'a>(
        &'a self,
        request: &'a PurgeRequest,
        cause: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<PurgeView, Problem>> + Send + 'a>>;
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("PURGE is not switched on for this site: name who may send it in `purge_from`")]
    Off,
    #[error("PURGE is not open to {0}")]
    NotFrom(std::net::IpAddr),
    #[error("the tags cannot be read: names in {0} are visible ASCII characters")]
    Unreadable(&'static str),
    #[error("a PURGE names at most {SELECTORS_MAX} tags, this one names {0}")]
    TooMany(usize),
}

/// Who may: the addresses that the site lists. Somebody who came through a proxy has the proxy's address, and
/// so nobody is believed who did.
pub fn admit(site: &Site, peer: SocketAddr, headers: &HeaderMap) -> Result<(), Refused> {
    let allowed = site.kind.purge_from();
    if allowed.is_empty() {
        return Err(Refused::Off);
    }
    let address = peer.ip().to_canonical();
    let is_listed = allowed.iter().any(|network| network.contains(&address));
    if is_listed && !came_through_a_proxy(headers) { Ok(()) } else { Err(Refused::NotFrom(address)) }
}

/// What it purges.
pub fn understand(host: &str, parts: &Parts) -> Result<PurgeRequest, Refused> {
    let mut selectors = Vec::new();
    for name in TAG_FIELD_NAMES.into_iter().chain(REQUEST_FIELD_NAMES) {
        for line in parts.headers.get_all(name) {
            let line = line.to_str().map_err(|_| Refused::Unreadable(name))?;
            let tags = line.split([' ', ',', '\t']).filter(|tag| !tag.is_empty());
            selectors.extend(tags.map(|tag| Selector::Tag(tag.to_owned())));
        }
    }
    if selectors.len() > SELECTORS_MAX {
        return Err(Refused::TooMany(selectors.len()));
    }
    if selectors.is_empty() {
        let path_and_query = parts.uri.path_and_query().map_or("/", |both| both.as_str());
        selectors.push(match path_and_query.strip_suffix('*') {
            Some(folder) if folder.ends_with('/') => Selector::Prefix(format!("http://{host}{folder}")),
            _ => Selector::Url(format!("http://{host}{path_and_query}")),
        });
    }
    let mode = if is_soft(&parts.headers) { Mode::Soft } else { Mode::Hard };
    Ok(PurgeRequest { selectors, mode, force: true, ..PurgeRequest::default() })
}

/// Fastly's field, and that of Varnish's `xkey`.
fn is_soft(headers: &HeaderMap) -> bool {
    headers.get("fastly-soft-purge").is_some_and(|value| value == "1")
        || headers.contains_key("xkey-softpurge")
}

pub fn answer(view: &PurgeView) -> Response<EdgeBody> {
    let status = if !view.state.has_ended() {
        StatusCode::ACCEPTED
    } else if view.state.succeeded() {
        StatusCode::OK
    } else {
        StatusCode::BAD_GATEWAY
    };
    // A view is plain data: it can always be written.
    let body = Bytes::from(serde_json::to_vec(view).unwrap_or_default());
    let mut response = Response::new(EdgeBody::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;
    use snapshot::SiteKind;

    fn parts(url: &str, fields: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(METHOD).uri(url);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn understood(url: &str, fields: &[(&str, &str)]) -> String {
        match understand("shop.test", &parts(url, fields)) {
            Ok(request) => {
                let selectors: Vec<String> = request.selectors.iter().map(ToString::to_string).collect();
                format!("{} {}", request.mode, selectors.join(", "))
            }
            Err(error) => format!("refused: {error}"),
        }
    }

    #[test]
    fn what_plugins_send_is_understood() {
        for (url, fields, expected) in [
            ("/page?x=1", &[][..], "hard url http://shop.test/page?x=1"),
            ("/blog/*", &[], "hard prefix http://shop.test/blog/"),
            ("/*", &[], "hard prefix http://shop.test/"),
            ("/blog*", &[], "hard url http://shop.test/blog*"),
            ("/", &[("xkey", "p1 p2"), ("xkey", "p3")], "hard tag p1, tag p2, tag p3"),
            ("/", &[("Surrogate-Key", "a b")], "hard tag a, tag b"),
            ("/", &[("Cache-Tag", "a,b, c")], "hard tag a, tag b, tag c"),
            ("/", &[("xkey-softpurge", "a")], "soft tag a"),
            ("/page", &[("fastly-soft-purge", "1")], "soft url http://shop.test/page"),
        ] {
            assert_eq!(understood(url, fields), expected, "{url} {fields:?}");
        }
        let many = "t ".repeat(101);
        assert!(understood("/", &[("xkey", &many)]).starts_with("refused: "));
    }

    #[test]
    fn only_those_who_are_listed_may_purge_and_nobody_behind_a_proxy() {
        let site = |purge_from: &[&str]| Site {
            kind: SiteKind::PassThrough {
                upstreams: std::sync::Arc::new(snapshot::Upstreams::one("http://u")),
                allow_private: false,
                strip_tags: false,
                storing: Default::default(),
                purge_from: purge_from.iter().map(|network| network.parse().unwrap()).collect(),
            },
            ..Site::default()
        };
        let may = |purge_from: &[&str], peer: &str, fields| {
            admit(&site(purge_from), peer.parse().unwrap(), &parts("/", fields).headers).is_ok()
        };
        assert!(!may(&[], "127.0.0.1:1", &[]));
        assert!(may(&["127.0.0.1/32"], "127.0.0.1:1", &[]));
        assert!(may(&["10.0.0.0/8"], "[::ffff:10.1.2.3]:1", &[]));
        assert!(!may(&["10.0.0.0/8"], "192.0.2.1:1", &[]));
        assert!(!may(&["127.0.0.1/32"], "127.0.0.1:1", &[("x-forwarded-for", "192.0.2.1")]));
        assert!(!may(&["0.0.0.0/0"], "[2001:db8::1]:1", &[]));
    }
}
