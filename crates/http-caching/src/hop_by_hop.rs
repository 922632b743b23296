//! Header fields that belong to one connection or one proxy, and are neither stored nor forwarded
//! (RFC 9111 §3.1, RFC 9110 §7.6.1).

use http::header::{
    AGE, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE,
    ETAG, EXPIRES, HOST, LAST_MODIFIED, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE, VARY,
};
use http::{HeaderMap, HeaderName};

use crate::targeted::CDN_CACHE_CONTROL;
use crate::{CacheControl, list};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const PROXY_AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("proxy-authentication-info");

/// What intermediaries remove even if it is not listed (RFC 9110 §7.6.1), `Trailer` because our answers carry none, and what is between a client and its own proxy (RFC 9111 §3.1).
const HOP_BY_HOP: [HeaderName; 10] = [
    CONNECTION,
    PROXY_CONNECTION,
    KEEP_ALIVE,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
    TRAILER,
    PROXY_AUTHENTICATE,
    PROXY_AUTHENTICATION_INFO,
    PROXY_AUTHORIZATION,
];

/// "A sender MUST NOT send a connection option corresponding to a field that is intended for all recipients of the
/// content" (RFC 9110 §7.6.1). Whoever does it to these would have us forget what a response is, or to whom a request
/// goes.
const END_TO_END: [HeaderName; 12] = [
    HOST,
    DATE,
    AGE,
    VARY,
    ETAG,
    LAST_MODIFIED,
    EXPIRES,
    CACHE_CONTROL,
    CONTENT_TYPE,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_RANGE,
];

/// The fields of a message that do not go beyond this hop.
#[derive(Debug)]
pub(crate) struct HopByHop {
    listed: Vec<HeaderName>,
}

impl HopByHop {
    pub fn of(message: &HeaderMap) -> Self {
        let listed = list::members(message, CONNECTION)
            .filter_map(|option| HeaderName::from_bytes(option).ok())
            .filter(|name| !END_TO_END.contains(name) && *name != CDN_CACHE_CONTROL)
            .collect();
        Self { listed }
    }

    pub fn contains(&self, name: &HeaderName) -> bool {
        HOP_BY_HOP.contains(name) || self.listed.contains(name)
    }
}

/// The fields of a message, request or response, that are forwarded.
pub fn forwarded(message: &HeaderMap) -> HeaderMap {
    let hop_by_hop = HopByHop::of(message);
    filtered(message, |name| !hop_by_hop.contains(name))
}

/// The fields of a response that are stored: without what is forwarded to nobody, and without what `no-cache="…"`
/// (§5.2.2.4) and `private="…"` (§5.2.2.7) reserve.
pub fn stored(response: &HeaderMap, control: &CacheControl) -> HeaderMap {
    let hop_by_hop = HopByHop::of(response);
    filtered(response, |name| !hop_by_hop.contains(name) && !is_reserved(name, control))
}

pub(crate) fn is_reserved(name: &HeaderName, control: &CacheControl) -> bool {
    control.no_cache.fields().contains(name) || control.private.fields().contains(name)
}

fn filtered(headers: &HeaderMap, keep: impl Fn(&HeaderName) -> bool) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(headers.keys_len());
    for (name, value) in headers.iter().filter(|(name, _)| keep(name)) {
        kept.append(name.clone(), value.clone());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn names(headers: &HeaderMap) -> Vec<String> {
        let mut names: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        names.sort();
        names
    }

    /// RFC 9111 §3.1: "The Connection header field and fields whose names are listed in it".
    #[test]
    fn what_connection_lists_is_not_stored() {
        let response = headers(&[
            ("connection", "a, B"),
            ("connection", "close"),
            ("a", "1"),
            ("b", "2"),
            ("c", "3"),
            ("c", "4"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "x"),
            ("proxy-authenticate", "Basic"),
            ("proxy-authentication-info", "x"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
        ]);
        let expected = [r#"c: "3""#, r#"c: "4""#];
        assert_eq!(names(&stored(&response, &CacheControl::default())), expected);
        assert_eq!(names(&forwarded(&response)), expected);
    }

    #[test]
    fn connection_cannot_take_away_what_decides_about_storing() {
        let response = headers(&[
            ("connection", "cache-control, cdn-cache-control, vary, content-length, a"),
            ("cache-control", "no-store"),
            ("cdn-cache-control", "no-store"),
            ("vary", "accept"),
            ("content-length", "5"),
        ]);
        assert_eq!(forwarded(&response).len(), 4);
    }

    /// RFC 9111 §5.2.2.4, §5.2.2.7: the listed fields are not used without validation, so they are not kept.
    #[test]
    fn what_no_cache_and_private_list_is_not_stored() {
        let response = headers(&[
            ("cache-control", "max-age=60, no-cache=\"a, set-cookie\", private=\"b\""),
            ("set-cookie", "x=y"),
            ("a", "1"),
            ("b", "2"),
            ("c", "3"),
        ]);
        let stored = stored(&response, &CacheControl::of(&response));
        assert_eq!(stored.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["cache-control", "c"]);
    }
}
