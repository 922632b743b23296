//! What a 304 changes in a stored response (RFC 9111 §3.2, §4.3.4).

use http::HeaderMap;
use http::HeaderName;
use http::header::{AGE, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, LAST_MODIFIED, SET_COOKIE};

use crate::hop_by_hop::HopByHop;
use crate::{CacheControl, EntityTag};

/// They describe the bytes that are stored, in the form in which they are stored, which a 304 does not know.
const OF_THE_CONTENT: [HeaderName; 3] = [CONTENT_LENGTH, CONTENT_ENCODING, CONTENT_RANGE];

/// Whether the 304 is about this stored response (§4.3.4).
///
/// A strong validator in it must be the stored one; a weak one may be weakly the same. One without any validator
/// answers the one that we sent, and we send that of one stored response at a time.
pub fn concerns(stored: &HeaderMap, not_modified: &HeaderMap) -> bool {
    if not_modified.contains_key(ETAG) {
        return match (EntityTag::of(stored), EntityTag::of(not_modified)) {
            (Some(ours), Some(theirs)) if !theirs.weak => ours.strongly_matches(&theirs),
            (Some(ours), Some(theirs)) => ours.weakly_matches(&theirs),
            _ => false,
        };
    }
    match (stored.get(LAST_MODIFIED), not_modified.get(LAST_MODIFIED)) {
        (Some(ours), Some(theirs)) => ours == theirs,
        // Only an entity tag was sent, then; or the origin does not repeat its validator.
        (None, Some(_)) | (_, None) => true,
    }
}

/// Brings the header fields of a stored response up to date with a 304 that [concerns] it.
///
/// The age of the stored response begins anew, at [`corrected_initial_age`](crate::age::corrected_initial_age) of
/// the 304. Whether it may stay stored is a question for [`storing`](crate::storing) again: its directives are others.
pub fn update(stored: &mut HeaderMap, not_modified: &HeaderMap) {
    let hop_by_hop = HopByHop::of(not_modified);
    // That of the earlier arrival; the 304 brings its own, if it was not made by the origin just now.
    stored.remove(AGE);
    for name in not_modified.keys() {
        // Where a cookie was no part of what was stored (`storing`), it does not enter by this door.
        let new_cookie = *name == SET_COOKIE && !stored.contains_key(SET_COOKIE);
        if hop_by_hop.contains(name) || OF_THE_CONTENT.contains(name) || new_cookie {
            continue;
        }
        stored.remove(name);
        for value in not_modified.get_all(name) {
            stored.append(name.clone(), value.clone());
        }
    }
    // What the directives reserve now, whichever of the two they came with.
    let control = CacheControl::of(stored);
    for name in control.no_cache.fields().iter().chain(control.private.fields()) {
        stored.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    type Fields<'a> = &'a [(&'static str, &'static str)];

    fn headers(fields: Fields<'_>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn updated(stored: Fields<'_>, not_modified: Fields<'_>) -> Vec<String> {
        let mut stored = headers(stored);
        update(&mut stored, &headers(not_modified));
        let mut lines: Vec<_> =
            stored.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or("?"))).collect();
        lines.sort();
        lines
    }

    /// §3.2: "add each header field in the provided response to the stored response, replacing field values that
    /// are already present".
    #[test]
    fn a_304_replaces_adds_and_leaves_the_rest() {
        assert_eq!(
            updated(
                &[("cache-control", "max-age=1"), ("a", "1"), ("b", "1"), ("b", "2"), ("age", "30")],
                &[
                    ("cache-control", "max-age=60"),
                    ("b", "3"),
                    ("c", "4"),
                    ("c", "5"),
                    ("content-type", "image/png")
                ],
            ),
            ["a: 1", "b: 3", "c: 4", "c: 5", "cache-control: max-age=60", "content-type: image/png"]
        );
        assert_eq!(updated(&[("age", "30")], &[("age", "2")]), ["age: 2"]);
    }

    /// §3.2, the exceptions.
    #[test]
    fn a_304_does_not_touch_what_describes_the_stored_bytes_or_the_connection() {
        for (name, value) in [
            ("content-length", "0"),
            ("content-encoding", "gzip"),
            ("content-range", "bytes 0-1/2"),
            ("connection", "close"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
        ] {
            assert_eq!(updated(&[], &[(name, value)]), Vec::<String>::new(), "{name}");
            let as_stored = format!("{name}: stored");
            assert_eq!(updated(&[(name, "stored")], &[(name, value)]), [as_stored.as_str()], "{name}");
        }
        assert_eq!(updated(&[("x", "1")], &[("connection", "x"), ("x", "2")]), ["x: 1"]);
    }

    /// Who stores cookies has them replaced as any other field.
    #[test]
    fn a_304_brings_no_cookie_to_what_had_none() {
        assert_eq!(updated(&[], &[("set-cookie", "a=b")]), Vec::<String>::new());
        assert_eq!(updated(&[("set-cookie", "a=b")], &[("set-cookie", "a=c")]), ["set-cookie: a=c"]);
    }

    /// §5.2.2.4, §5.2.2.7.
    #[test]
    fn a_304_stores_no_field_that_is_reserved() {
        let reserving = ("cache-control", "no-cache=\"x\"");
        let expected = ["cache-control: no-cache=\"x\""];
        assert_eq!(updated(&[("x", "1")], &[reserving, ("x", "2")]), expected);
        assert_eq!(updated(&[reserving], &[("x", "2")]), expected);
    }

    /// §4.3.4: the stored responses with the same validator are identified for update.
    #[test]
    fn a_304_concerns_the_response_with_its_validator() {
        let lm = ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT");
        let later = ("last-modified", "Sun, 06 Nov 1994 08:49:38 GMT");
        let etag = |value| ("etag", value);
        for (stored, not_modified, expected) in [
            (vec![etag("\"a\"")], vec![etag("\"a\"")], true),
            (vec![etag("\"a\"")], vec![etag("\"b\"")], false),
            (vec![etag("W/\"a\"")], vec![etag("W/\"a\"")], true),
            (vec![etag("\"a\"")], vec![etag("W/\"a\"")], true),
            (vec![etag("W/\"a\"")], vec![etag("\"a\"")], false),
            (vec![etag("\"a\"")], vec![etag("a")], false),
            (vec![lm], vec![etag("\"a\"")], false),
            (vec![lm], vec![lm], true),
            (vec![lm], vec![later], false),
            (vec![etag("\"a\""), lm], vec![etag("\"a\""), later], true),
            (vec![etag("\"a\""), lm], vec![], true),
            (vec![etag("\"a\"")], vec![lm], true),
        ] {
            assert_eq!(
                concerns(&headers(&stored), &headers(&not_modified)),
                expected,
                "{stored:?} {not_modified:?}"
            );
        }
    }
}
