//! Conditional requests (RFC 9110 §13).

use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
use http::{HeaderMap, Method};

use crate::Timestamp;
use crate::date::{self, Dated};
use crate::etag::{self, Condition, EntityTag};

/// What the preconditions of a request come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Proceed,
    /// 304.
    NotModified,
    /// 412.
    PreconditionFailed,
}

/// Evaluates preconditions as an origin server does: for what we make ourselves.
///
/// The precedence is that of §13.2.2. To be asked only where the answer would otherwise be a 2xx (§13.2.1).
pub fn evaluate(
    method: &Method,
    request: &HeaderMap,
    etag: Option<&EntityTag>,
    last_modified: Option<Timestamp>,
) -> Outcome {
    // §13.2.1: these have no selected representation.
    if matches!(*method, Method::CONNECT | Method::OPTIONS | Method::TRACE) {
        return Outcome::Proceed;
    }
    let holds = match etag::condition(request, IF_MATCH) {
        // §13.1.1: the strong comparison.
        Some(Condition::Any) => true,
        Some(Condition::Tags(tags)) => {
            etag.is_some_and(|ours| tags.iter().any(|tag| tag.strongly_matches(ours)))
        }
        // §13.1.4: looked at only without If-Match, and ignored where either date is missing.
        None => match (date::field(request, IF_UNMODIFIED_SINCE), last_modified) {
            (Dated::At(limit), Some(modified)) => modified <= limit,
            _ => true,
        },
    };
    if !holds {
        return Outcome::PreconditionFailed;
    }
    evaluate_in_cache(method, request, etag, last_modified)
}

/// Evaluates preconditions as a cache does, for a stored response of another origin: `If-Match` and
/// `If-Unmodified-Since` are "not applicable to a cache" (RFC 9111 §4.3.2).
///
/// `modified`: "If no Last-Modified is present …, a cache ought to use the Date field value … (or, if no Date is
/// present, the time the response was received)".
pub fn evaluate_in_cache(
    method: &Method,
    request: &HeaderMap,
    etag: Option<&EntityTag>,
    modified: Option<Timestamp>,
) -> Outcome {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match etag::condition(request, IF_NONE_MATCH) {
        Some(condition) => {
            // §13.1.2: the weak comparison.
            let matched = match condition {
                Condition::Any => true,
                Condition::Tags(tags) => {
                    etag.is_some_and(|ours| tags.iter().any(|tag| tag.weakly_matches(ours)))
                }
            };
            match (matched, reads) {
                (false, _) => Outcome::Proceed,
                (true, true) => Outcome::NotModified,
                (true, false) => Outcome::PreconditionFailed,
            }
        }
        // §13.1.3: only for GET and HEAD, only without If-None-Match, and only where both dates are known.
        None if reads => match (date::field(request, IF_MODIFIED_SINCE), modified) {
            (Dated::At(since), Some(modified)) if modified <= since => Outcome::NotModified,
            _ => Outcome::Proceed,
        },
        None => Outcome::Proceed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{NotModified, PreconditionFailed, Proceed};
    use http::{HeaderName, HeaderValue};

    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    /// Against a representation with the strong tag "a", modified at `MODIFIED`.
    fn outcome(method: Method, fields: &[(&'static str, &'static str)]) -> Outcome {
        evaluate(&method, &headers(fields), EntityTag::strong("a").as_ref(), date::parse(MODIFIED))
    }

    /// §13.1.2: "A recipient MUST use the weak comparison function".
    #[test]
    fn if_none_match_compares_weakly() {
        for (value, get, put) in [
            (r#""a""#, NotModified, PreconditionFailed),
            (r#"W/"a""#, NotModified, PreconditionFailed),
            (r#""b", "a""#, NotModified, PreconditionFailed),
            ("*", NotModified, PreconditionFailed),
            (r#""b""#, Proceed, Proceed),
            (r#""A""#, Proceed, Proceed),
            ("a", Proceed, Proceed),
            ("", Proceed, Proceed),
        ] {
            assert_eq!(outcome(Method::GET, &[("if-none-match", value)]), get, "{value}");
            assert_eq!(outcome(Method::HEAD, &[("if-none-match", value)]), get, "{value}");
            assert_eq!(outcome(Method::PUT, &[("if-none-match", value)]), put, "{value}");
        }
    }

    /// §13.1.1: "An origin server MUST use the strong comparison function".
    #[test]
    fn if_match_compares_strongly() {
        for (value, expected) in [
            (r#""a""#, Proceed),
            (r#""b", "a""#, Proceed),
            ("*", Proceed),
            (r#"W/"a""#, PreconditionFailed),
            (r#""b""#, PreconditionFailed),
            ("", PreconditionFailed),
        ] {
            assert_eq!(outcome(Method::GET, &[("if-match", value)]), expected, "{value}");
        }
    }

    /// §13.1.3 and §13.1.4, with invalid dates ignored.
    #[test]
    fn dates_are_compared_by_the_second() {
        for (value, since, unmodified) in [
            (BEFORE, Proceed, PreconditionFailed),
            (MODIFIED, NotModified, Proceed),
            (AFTER, NotModified, Proceed),
            ("yesterday", Proceed, Proceed),
        ] {
            assert_eq!(outcome(Method::GET, &[("if-modified-since", value)]), since, "{value}");
            assert_eq!(outcome(Method::PUT, &[("if-modified-since", value)]), Proceed, "{value}");
            assert_eq!(outcome(Method::GET, &[("if-unmodified-since", value)]), unmodified, "{value}");
        }
        let twice = [("if-modified-since", AFTER), ("if-modified-since", AFTER)];
        assert_eq!(outcome(Method::GET, &twice), Proceed);
    }

    /// §13.2.2.
    #[test]
    fn the_order_of_precedence() {
        let get = |fields: &[_]| outcome(Method::GET, fields);
        assert_eq!(get(&[("if-match", r#""b""#), ("if-none-match", r#""a""#)]), PreconditionFailed);
        assert_eq!(get(&[("if-match", r#""a""#), ("if-none-match", r#""a""#)]), NotModified);
        assert_eq!(get(&[("if-match", r#""a""#), ("if-unmodified-since", BEFORE)]), Proceed);
        assert_eq!(get(&[("if-none-match", r#""b""#), ("if-modified-since", AFTER)]), Proceed);
        assert_eq!(get(&[("if-unmodified-since", AFTER), ("if-modified-since", AFTER)]), NotModified);
        assert_eq!(get(&[]), Proceed);
        assert_eq!(outcome(Method::OPTIONS, &[("if-match", r#""b""#)]), Proceed);
    }

    #[test]
    fn without_validators_only_the_star_matches() {
        let evaluate = |name, value| evaluate(&Method::GET, &headers(&[(name, value)]), None, None);
        assert_eq!(evaluate("if-none-match", r#""a""#), Proceed);
        assert_eq!(evaluate("if-none-match", "*"), NotModified);
        assert_eq!(evaluate("if-match", r#""a""#), PreconditionFailed);
        assert_eq!(evaluate("if-match", "*"), Proceed);
        assert_eq!(evaluate("if-modified-since", AFTER), Proceed);
        assert_eq!(evaluate("if-unmodified-since", BEFORE), Proceed);
    }

    /// RFC 9111 §4.3.2.
    #[test]
    fn a_cache_leaves_the_other_two_to_the_origin() {
        for (name, value) in [("if-match", r#""b""#), ("if-unmodified-since", BEFORE)] {
            let outcome = evaluate_in_cache(
                &Method::GET,
                &headers(&[(name, value)]),
                EntityTag::strong("a").as_ref(),
                date::parse(MODIFIED),
            );
            assert_eq!(outcome, Proceed, "{name}");
        }
    }
}
