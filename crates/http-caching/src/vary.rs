//! Which request header fields selected a response, and whether another request has the same (RFC 9111 §4.1).

use http::header::VARY;
use http::{HeaderMap, HeaderName};

use crate::list;

/// What a response's `Vary` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vary {
    /// The request header fields that selected the response, sorted, each once. None: it fits every request.
    Fields(Vec<HeaderName>),
    /// Something that we cannot see: no other request matches.
    Star,
}

/// Fields by which a response was selected, with their normal values; `None` for a field that was absent.
pub type Selected = Vec<(HeaderName, Option<String>)>;

impl Vary {
    /// A member that is no field name can only be a mistake, and we cannot know of which field: it counts as `*`.
    pub fn of(response: &HeaderMap) -> Self {
        let names: Option<Vec<HeaderName>> = list::members(response, VARY)
            .map(|name| HeaderName::from_bytes(name).ok().filter(|name| name.as_str() != "*"))
            .collect();
        match names {
            Some(mut names) => {
                names.sort_by(|one, other| one.as_str().cmp(other.as_str()));
                names.dedup();
                Vary::Fields(names)
            }
            None => Vary::Star,
        }
    }
}

/// What the request that got a response had in the fields that selected it.
pub fn selected(fields: &[HeaderName], request: &HeaderMap) -> Selected {
    fields.iter().map(|name| (name.clone(), normal(request, name))).collect()
}

/// Whether `request` would have selected the same response: "if (and only if) those in the first request can be
/// transformed to those in the second" by the changes that §4.1 lists. An absent field matches only an absent one.
pub fn matches(stored: &[(HeaderName, Option<String>)], request: &HeaderMap) -> bool {
    stored.iter().all(|(name, value)| normal(request, name) == *value)
}

/// Several lines as one list, without white space around its members. Their case and order are left alone: what
/// they mean to a field is not known here.
fn normal(request: &HeaderMap, name: &HeaderName) -> Option<String> {
    if !request.contains_key(name) {
        return None;
    }
    let mut value = String::new();
    for member in list::members(request, name.clone()) {
        if !value.is_empty() {
            value.push(',');
        }
        // Byte for byte, so that two values that are no UTF-8 do not become the same.
        value.extend(member.iter().map(|&b| char::from(b)));
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::{ACCEPT, ACCEPT_LANGUAGE};

    fn headers(fields: &[(&'static str, &[u8])]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value).expect("a value"));
        }
        headers
    }

    #[test]
    fn vary_names_fields_or_the_star() {
        for (lines, expected) in [
            (vec![], Vary::Fields(vec![])),
            (vec![""], Vary::Fields(vec![])),
            (vec!["Accept"], Vary::Fields(vec![ACCEPT])),
            (vec!["accept-language, ACCEPT", "accept"], Vary::Fields(vec![ACCEPT, ACCEPT_LANGUAGE])),
            (vec!["*"], Vary::Star),
            (vec!["", "*"], Vary::Star),
            (vec!["accept, *"], Vary::Star),
            (vec!["accept accept-language"], Vary::Star),
            (vec!["accept;q=1"], Vary::Star),
        ] {
            let fields: Vec<_> = lines.iter().map(|line| ("vary", line.as_bytes())).collect();
            assert_eq!(Vary::of(&headers(&fields)), expected, "{lines:?}");
        }
    }

    /// §4.1: "adding or removing whitespace", "combining multiple header field lines with the same field name";
    /// "If a header field is absent from a request, it can only match another request if it is also absent there."
    #[test]
    fn requests_match_in_the_same_normal_values() {
        for (one, other, expected) in [
            (vec![], vec![], true),
            (vec!["a"], vec!["a"], true),
            (vec!["a, b"], vec!["a,b"], true),
            (vec!["a", "b"], vec!["a ,\tb"], true),
            (vec![" a "], vec!["a"], true),
            (vec!["x=\"a, b\""], vec!["x=\"a,b\""], false),
            (vec!["a, b"], vec!["b, a"], false),
            (vec!["a"], vec!["A"], false),
            (vec!["a"], vec![], false),
            (vec![], vec![""], false),
            (vec!["a"], vec!["a", "b"], false),
        ] {
            let request = |lines: &[&'static str]| {
                let fields: Vec<_> = lines.iter().map(|line| ("accept", line.as_bytes())).collect();
                headers(&fields)
            };
            let stored = selected(&[ACCEPT], &request(&one));
            assert_eq!(matches(&stored, &request(&other)), expected, "{one:?} and {other:?}");
        }
    }

    #[test]
    fn all_fields_must_match_and_others_do_not_matter() {
        let stored =
            selected(&[ACCEPT, ACCEPT_LANGUAGE], &headers(&[("accept", b"a"), ("accept-language", b"de")]));
        assert!(matches(
            &stored,
            &headers(&[("accept-language", b"de"), ("accept", b"a"), ("cookie", b"x")])
        ));
        assert!(!matches(&stored, &headers(&[("accept-language", b"fr"), ("accept", b"a")])));
        assert!(matches(&[], &headers(&[("accept", b"a")])));
    }

    #[test]
    fn values_that_are_not_text_stay_different() {
        let stored = selected(&[ACCEPT], &headers(&[("accept", b"\xff")]));
        assert!(matches(&stored, &headers(&[("accept", b"\xff")])));
        assert!(!matches(&stored, &headers(&[("accept", b"\xfe")])));
    }
}
