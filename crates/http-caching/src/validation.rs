//! How a stored response is validated: which validators a request for "still this?" carries (RFC 9111 §4.3.1).

use http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue};

use crate::EntityTag;

/// What an origin can tell a stored response by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    pub etag: Option<HeaderValue>,
    pub last_modified: Option<HeaderValue>,
}

impl Validators {
    /// As the origin wrote them: it compares what comes back with what it sent.
    pub fn of(stored: &HeaderMap) -> Self {
        Self { etag: stored.get(ETAG).cloned(), last_modified: stored.get(LAST_MODIFIED).cloned() }
    }

    /// Only what tells any two versions apart (RFC 9110 §8.8.1): for a response that somebody has purged, because a
    /// weak validator may well be the one that has not changed.
    pub fn strong(stored: &HeaderMap) -> Self {
        let is_strong = EntityTag::of(stored).is_some_and(|tag| !tag.weak);
        Self { etag: stored.get(ETAG).filter(|_| is_strong).cloned(), last_modified: None }
    }

    /// Without one, nothing can be asked.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    /// Makes a request conditional: "MUST send the relevant entity tags … if the entity tags were provided",
    /// "SHOULD send the Last-Modified value". An origin that knows entity tags ignores the date (RFC 9110 §13.1.3).
    pub fn ask(&self, request: &mut HeaderMap) {
        if let Some(etag) = &self.etag {
            request.insert(IF_NONE_MATCH, etag.clone());
        }
        if let Some(last_modified) = &self.last_modified {
            request.insert(IF_MODIFIED_SINCE, last_modified.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    type Fields<'a> = &'a [(&'static str, &'static str)];

    fn headers(fields: Fields<'_>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_a_strong_entity_tag_is_beyond_doubt() {
        let date = ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT");
        let strong = |fields: Fields<'_>| Validators::strong(&headers(fields));
        assert_eq!(strong(&[("etag", "\"a\""), date]).etag, Some(HeaderValue::from_static("\"a\"")));
        assert_eq!(strong(&[("etag", "\"a\""), date]).last_modified, None);
        for fields in [vec![("etag", "W/\"a\""), date], vec![("etag", "a"), date], vec![date]] {
            assert!(strong(&fields).is_empty(), "{fields:?}");
        }
    }

    /// §4.3.1.
    #[test]
    fn each_validator_that_is_stored_is_asked_about() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let cases: [(Fields<'_>, Fields<'_>); 5] = [
            (&[("etag", "\"a\"")], &[("if-none-match", "\"a\"")]),
            (&[("etag", "W/\"a\"")], &[("if-none-match", "W/\"a\"")]),
            (&[("last-modified", date)], &[("if-modified-since", date)]),
            (
                &[("etag", "\"a\""), ("last-modified", date)],
                &[("if-none-match", "\"a\""), ("if-modified-since", date)],
            ),
            (&[("date", date)], &[]),
        ];
        for (stored, expected) in cases {
            let validators = Validators::of(&headers(stored));
            let mut request = HeaderMap::new();
            validators.ask(&mut request);
            assert_eq!(request, headers(expected), "{stored:?}");
            assert_eq!(validators.is_empty(), expected.is_empty(), "{stored:?}");
        }
    }
}
