//! Which request header fields selected a response, and whether another request has the same (RFC 9111 §4.1).

use http::header::{ACCEPT_ENCODING, ACCEPT_LANGUAGE, VARY};
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

/// Several lines as one list, without white space around its members. The case and order of members are left alone
/// where it is not known what they mean to the field.
fn normal(request: &HeaderMap, name: &HeaderName) -> Option<String> {
    if !request.contains_key(name) {
        return None;
    }
    let members: Vec<&[u8]> = list::members(request, name.clone()).collect();
    if [ACCEPT_LANGUAGE, ACCEPT_ENCODING].contains(name)
        && let Some(preferences) = preferences(&members)
    {
        return Some(preferences);
    }
    // Byte for byte, so that two values that are no UTF-8 do not become the same.
    let members: Vec<String> =
        members.iter().map(|member| member.iter().map(|&b| char::from(b)).collect()).collect();
    Some(members.join(","))
}

/// `token;q=0.5, …` in the order of preference; `None` for anything else.
///
/// Neither the case of the tokens nor the order of those of one weight says anything (RFC 9110 §8.4.1, §12.5.4), and
/// so they count as the same: "reordering field values when order is not significant; case-normalization".
fn preferences(members: &[&[u8]]) -> Option<String> {
    let mut weighed: Vec<(u16, String)> =
        members.iter().map(|member| weighed(member)).collect::<Option<_>>()?;
    weighed.sort_by(|(weight, token), (other_weight, other)| other_weight.cmp(weight).then(token.cmp(other)));
    // The space tells it from a value that is compared as it is: that one has none at its beginning.
    let shown = weighed.iter().map(|(weight, token)| format!(" {token};q={weight}"));
    Some(shown.collect::<Vec<_>>().join(","))
}

/// A token and its weight in thousandths (RFC 9110 §12.4.2).
fn weighed(member: &[u8]) -> Option<(u16, String)> {
    let text = str::from_utf8(member).ok()?.to_ascii_lowercase();
    let (token, weight) = match text.split_once(';') {
        None => (text.as_str(), 1000),
        Some((token, weight)) => (token.trim_end(), thousandths(weight.trim_start().strip_prefix("q=")?)?),
    };
    let is_token =
        !token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-*".contains(&b));
    is_token.then(|| (weight, token.to_owned()))
}

fn thousandths(weight: &str) -> Option<u16> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let valid =
        matches!(whole, "0" | "1") && fraction.len() <= 3 && fraction.bytes().all(|b| b.is_ascii_digit());
    let thousandths: u16 = format!("{whole}{fraction:0<3}").parse().ok()?;
    (valid && thousandths <= 1000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::ACCEPT;
    use proptest::prelude::*;

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

    /// §4.1: "normalizing both header field values in a way that is known to have identical semantics".
    #[test]
    fn preferences_match_whatever_their_order_and_case() {
        for (one, other, expected) in [
            ("en, de", "de,en", true),
            ("en, de", "eN, De", true),
            ("en;q=0.5, de", "de, en;q=0.5", true),
            ("en; q=0.5", "en ;q=0.500", true),
            ("en;q=1.0", "en", true),
            ("en;q=0.5, de", "en, de;q=0.5", false),
            ("en", "en-gb", false),
            ("*", "en", false),
            // What cannot be read is compared as it is.
            ("en;level=1, de", "de, en;level=1", false),
            ("en;q=2", "en;q=3", false),
            ("en;q=2", "en;q=2", true),
            ("en", "en;q=1000", false),
        ] {
            for name in ["accept-language", "accept-encoding"] {
                let stored = selected(&[HeaderName::from_static(name)], &headers(&[(name, one.as_bytes())]));
                assert_eq!(
                    matches(&stored, &headers(&[(name, other.as_bytes())])),
                    expected,
                    "{one} {other}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn every_request_matches_itself(value in "[ -~]{0,40}|([a-z]{1,3}(;q=[01](\\.[0-9]{0,4})?)?,?){0,4}") {
            let request = headers(&[("accept-language", value.as_bytes())]);
            prop_assert!(matches(&selected(&[ACCEPT_LANGUAGE], &request), &request));
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
