//! Whether a shared cache may store a response (RFC 9111 §3).

use std::fmt;

use http::header::{AUTHORIZATION, ETAG, EXPIRES, LAST_MODIFIED, SET_COOKIE};
use http::{HeaderMap, Method, StatusCode};

use crate::cache_control::Applies;
use crate::hop_by_hop;
use crate::vary::Vary;
use crate::{CacheControl, Leeway, RequestControl};

/// Why a response is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyNot {
    /// Only answers to GET are stored; HEAD is answered from them.
    Method,
    /// 1xx, 206 and 304 are no complete answers.
    Incomplete,
    /// `must-understand`, and a status whose meaning for caches we do not know.
    NotUnderstood,
    RequestNoStore,
    NoStore,
    Private,
    Authorization,
    VaryStar,
    SetCookie,
    /// Neither a lifetime nor a validator: it could never be used.
    NothingToReuseBy,
}

/// Statuses whose rules for caches we know and keep (RFC 9110 §15): what `must-understand` asks about.
fn is_understood(status: StatusCode) -> bool {
    is_heuristically_cacheable(status) || matches!(status.as_u16(), 302 | 303 | 307)
}

/// RFC 9110 §15.1, without 206.
pub(crate) fn is_heuristically_cacheable(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 203 | 204 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501)
}

/// Whether the response to this request may be stored.
pub fn may_store(
    leeway: &Leeway,
    method: &Method,
    status: StatusCode,
    request: &HeaderMap,
    response: &HeaderMap,
) -> Result<(), WhyNot> {
    let control = &CacheControl::of(response);
    if method != Method::GET {
        return Err(WhyNot::Method);
    }
    if status.is_informational() || matches!(status, StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED) {
        return Err(WhyNot::Incomplete);
    }
    // §5.2.2.3: beside must-understand, no-store is meant for caches that do not know the status.
    if control.must_understand && !is_understood(status) {
        return Err(WhyNot::NotUnderstood);
    }
    if control.no_store && !control.must_understand {
        return Err(WhyNot::NoStore);
    }
    if RequestControl::of(request).no_store {
        return Err(WhyNot::RequestNoStore);
    }
    if control.private == Applies::Always {
        return Err(WhyNot::Private);
    }
    // §3.5: one of these says that it may be shared all the same.
    let shared_explicitly = control.public || control.must_revalidate || control.s_maxage.is_some();
    if request.contains_key(AUTHORIZATION) && !shared_explicitly {
        return Err(WhyNot::Authorization);
    }
    // §4.1: it "always fails to match", so it would never be used.
    if Vary::of(response) == Vary::Star {
        return Err(WhyNot::VaryStar);
    }
    // "The presence of the Set-Cookie header field in a response does not inhibit caching" (§7.3), and so one visitor's
    // session could reach another: only where that is wanted. Who means it lists the field in no-cache="…" or
    // private="…".
    let has_cookie = response.contains_key(SET_COOKIE) && !hop_by_hop::is_reserved(&SET_COOKIE, control);
    if has_cookie && !leeway.store_cookies {
        return Err(WhyNot::SetCookie);
    }
    let explicit_lifetime = control.max_age.is_some()
        || control.s_maxage.is_some()
        || (!control.targeted && response.contains_key(EXPIRES));
    let validator = response.contains_key(ETAG) || response.contains_key(LAST_MODIFIED);
    let storable_without = control.public || is_heuristically_cacheable(status);
    if explicit_lifetime || (storable_without && validator) { Ok(()) } else { Err(WhyNot::NothingToReuseBy) }
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WhyNot::Method => "only responses to GET are stored",
            WhyNot::Incomplete => "the response is interim, partial or not-modified",
            WhyNot::NotUnderstood => "must-understand, and the status is not understood",
            WhyNot::RequestNoStore => "the request says no-store",
            WhyNot::NoStore => "the response says no-store",
            WhyNot::Private => "the response says private",
            WhyNot::Authorization => {
                "the request has Authorization, and the response is not explicitly shared"
            }
            WhyNot::VaryStar => "the response says Vary: *",
            WhyNot::SetCookie => "the response sets a cookie",
            WhyNot::NothingToReuseBy => "the response has neither a lifetime nor a validator",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    type Fields<'a> = &'a [(&'static str, &'static str)];

    fn headers(fields: Fields<'_>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn get(status: u16, request: Fields<'_>, response: Fields<'_>) -> Result<(), WhyNot> {
        let status = StatusCode::from_u16(status).map_err(|_| WhyNot::Incomplete)?;
        may_store(&Leeway::default(), &Method::GET, status, &headers(request), &headers(response))
    }

    const MAX_AGE: (&str, &str) = ("cache-control", "max-age=60");
    const ETAG: (&str, &str) = ("etag", "\"a\"");

    /// §3: "the request method is understood by the cache", "the response status code is final".
    #[test]
    fn only_complete_answers_to_get_are_stored() {
        for method in [Method::HEAD, Method::POST, Method::OPTIONS, Method::PUT] {
            let stored =
                may_store(&Leeway::default(), &method, StatusCode::OK, &headers(&[]), &headers(&[MAX_AGE]));
            assert_eq!(stored, Err(WhyNot::Method), "{method}");
        }
        for (status, expected) in [
            (103, Err(WhyNot::Incomplete)),
            (200, Ok(())),
            (204, Ok(())),
            (206, Err(WhyNot::Incomplete)),
            (302, Ok(())),
            (304, Err(WhyNot::Incomplete)),
            (404, Ok(())),
            (499, Ok(())),
            (503, Ok(())),
        ] {
            assert_eq!(get(status, &[], &[MAX_AGE]), expected, "{status}");
        }
    }

    /// §3: the directives that forbid storing, in a response or in a request (§5.2.1.5).
    #[test]
    fn a_directive_may_forbid_storing() {
        for (cache_control, expected) in [
            ("max-age=60", Ok(())),
            ("max-age=60, no-cache", Ok(())),
            ("max-age=60, no-store", Err(WhyNot::NoStore)),
            ("max-age=60, private", Err(WhyNot::Private)),
            ("max-age=60, private=\"set-cookie\"", Ok(())),
            ("max-age=60, public, private", Err(WhyNot::Private)),
        ] {
            assert_eq!(get(200, &[], &[("cache-control", cache_control)]), expected, "{cache_control}");
        }
        assert_eq!(get(200, &[("cache-control", "no-store")], &[MAX_AGE]), Err(WhyNot::RequestNoStore));
        assert_eq!(get(200, &[("cache-control", "no-cache")], &[MAX_AGE]), Ok(()));
    }

    /// §5.2.2.3.
    #[test]
    fn must_understand_replaces_no_store_where_the_status_is_understood() {
        let both = ("cache-control", "max-age=60, must-understand, no-store");
        assert_eq!(get(200, &[], &[both]), Ok(()));
        assert_eq!(get(499, &[], &[both]), Err(WhyNot::NotUnderstood));
    }

    /// RFC 9213 §2.2: the targeted field decides, both ways.
    #[test]
    fn a_targeted_field_overrules_cache_control() {
        let (cdn, cc) = (("cdn-cache-control", "max-age=60"), ("cache-control", "no-store"));
        assert_eq!(get(200, &[], &[cdn, cc]), Ok(()));
        let (cdn, cc) = (("cdn-cache-control", "no-store"), ("cache-control", "max-age=60"));
        assert_eq!(get(200, &[], &[cdn, cc]), Err(WhyNot::NoStore));
        // Expires is not for us then, so nothing says how long.
        let (cdn, expires) = (("cdn-cache-control", "foo"), ("expires", "Thu, 18 Aug 2050 02:01:18 GMT"));
        assert_eq!(get(200, &[], &[cdn, expires]), Err(WhyNot::NothingToReuseBy));
    }

    /// §3.5: "must-revalidate, public, and s-maxage".
    #[test]
    fn an_answer_to_an_authorized_request_must_be_shared_explicitly() {
        let authorized = [("authorization", "Basic x")];
        for (cache_control, expected) in [
            ("max-age=60", Err(WhyNot::Authorization)),
            ("max-age=60, proxy-revalidate", Err(WhyNot::Authorization)),
            ("max-age=60, public", Ok(())),
            ("max-age=60, must-revalidate", Ok(())),
            ("s-maxage=60", Ok(())),
        ] {
            assert_eq!(
                get(200, &authorized, &[("cache-control", cache_control)]),
                expected,
                "{cache_control}"
            );
        }
    }

    /// §4.1, in all the ways in which a list can contain the star.
    #[test]
    fn vary_star_is_not_stored() {
        for value in ["*", "*, *", ", *", "*, foo", "foo, *"] {
            assert_eq!(get(200, &[], &[MAX_AGE, ("vary", value)]), Err(WhyNot::VaryStar), "{value}");
        }
        assert_eq!(get(200, &[], &[MAX_AGE, ("vary", ""), ("vary", "*")]), Err(WhyNot::VaryStar));
        assert_eq!(get(200, &[], &[MAX_AGE, ("vary", "accept")]), Ok(()));
    }

    #[test]
    fn a_cookie_is_not_shared_unless_it_is_left_out() {
        let cookie = ("set-cookie", "session=1");
        assert_eq!(get(200, &[], &[MAX_AGE, cookie]), Err(WhyNot::SetCookie));
        for allowed in ["max-age=60, no-cache=\"set-cookie\"", "max-age=60, private=\"Set-Cookie\""] {
            assert_eq!(get(200, &[], &[("cache-control", allowed), cookie]), Ok(()), "{allowed}");
        }
    }

    /// §3, last item: an explicit lifetime, or a status that may be stored without one. Then it needs a validator.
    #[test]
    fn what_could_never_be_used_is_not_stored() {
        let expires = ("expires", "0");
        let last_modified = ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT");
        let public = ("cache-control", "public");
        let useless = Err(WhyNot::NothingToReuseBy);
        for (status, fields, expected) in [
            (200, vec![], useless),
            (200, vec![public], useless),
            (200, vec![expires], Ok(())),
            (200, vec![ETAG], Ok(())),
            (200, vec![last_modified], Ok(())),
            (404, vec![ETAG], Ok(())),
            (302, vec![ETAG], useless),
            (302, vec![ETAG, public], Ok(())),
            (500, vec![ETAG], useless),
            (500, vec![MAX_AGE], Ok(())),
        ] {
            assert_eq!(get(status, &[], &fields), expected, "{status} {fields:?}");
        }
    }
}
