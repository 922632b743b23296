//! Entity tags (RFC 9110 §8.8.3).

use http::header::ETAG;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::list;

/// A validator of one representation.
///
/// Invariant: what stands between the quotes is `etagc` only, so it fits a header field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntityTag {
    pub weak: bool,
    opaque: Box<[u8]>,
}

impl EntityTag {
    /// `None` if `opaque` contains a quote, white space or a control character.
    pub fn strong(opaque: &str) -> Option<Self> {
        opaque.bytes().all(is_etagc).then(|| Self { weak: false, opaque: opaque.as_bytes().into() })
    }

    /// That of a response; `None` if it has none, a malformed one, or several.
    pub fn of(response: &HeaderMap) -> Option<Self> {
        let mut lines = response.get_all(ETAG).iter();
        let line = lines.next()?;
        if lines.next().is_some() {
            return None;
        }
        Self::parse(line.as_bytes())
    }

    pub fn parse(text: &[u8]) -> Option<Self> {
        match Self::parse_prefix(list::trim(text))? {
            (tag, []) => Some(tag),
            _ => None,
        }
    }

    /// A tag and what follows it.
    fn parse_prefix(text: &[u8]) -> Option<(Self, &[u8])> {
        let (weak, quoted) = match text.strip_prefix(b"W/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let rest = quoted.strip_prefix(b"\"")?;
        // No escapes here: a backslash is a character like others.
        let end = rest.iter().position(|&b| !is_etagc(b)).filter(|&end| rest[end] == b'"')?;
        Some((Self { weak, opaque: rest[..end].into() }, &rest[end + 1..]))
    }

    /// "two entity tags are equivalent if both are not weak and their opaque-tags match character-by-character"
    /// (§8.8.3.2).
    pub fn strongly_matches(&self, other: &Self) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// "regardless of either or both being tagged as weak" (§8.8.3.2).
    pub fn weakly_matches(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }

    /// As it stands in `ETag`, `If-None-Match` and so on; `None` never happens for a tag that was parsed or made here.
    pub fn to_header_value(&self) -> Option<HeaderValue> {
        let mut text = Vec::with_capacity(self.opaque.len() + 4);
        if self.weak {
            text.extend(b"W/");
        }
        text.push(b'"');
        text.extend(&self.opaque);
        text.push(b'"');
        HeaderValue::from_bytes(&text).ok()
    }
}

fn is_etagc(b: u8) -> bool {
    matches!(b, 0x21 | 0x23..=0x7e | 0x80..)
}

/// What `If-Match` or `If-None-Match` holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// `*`: any representation.
    Any,
    /// One of these. Members that are no entity tags are left out: they match nothing.
    Tags(Vec<EntityTag>),
}

/// `None` if the field is absent.
pub(crate) fn condition(request: &HeaderMap, name: HeaderName) -> Option<Condition> {
    let mut lines = request.get_all(name).iter().peekable();
    lines.peek()?;
    let mut tags = Vec::new();
    for line in lines {
        let line = list::trim(line.as_bytes());
        if line == b"*" {
            return Some(Condition::Any);
        }
        collect_tags(line, &mut tags);
    }
    Some(Condition::Tags(tags))
}

fn collect_tags(mut text: &[u8], tags: &mut Vec<EntityTag>) {
    while let Some(start) = text.iter().position(|b| !matches!(b, b' ' | b'\t' | b',')) {
        text = &text[start..];
        text = match EntityTag::parse_prefix(text) {
            Some((tag, rest)) => {
                tags.push(tag);
                rest
            }
            // Skip to the next comma; what is behind it may be a tag again.
            None => &text[text.iter().position(|&b| b == b',').unwrap_or(text.len())..],
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::IF_NONE_MATCH;
    use proptest::prelude::*;

    fn tag(text: &str) -> EntityTag {
        EntityTag::parse(text.as_bytes()).expect("an entity tag")
    }

    #[test]
    fn an_entity_tag_is_quoted() {
        for good in [r#""""#, r#""a""#, r#"W/"a""#, r#""a\b,c""#, "\"é\""] {
            assert_eq!(
                tag(good).to_header_value().as_ref().map(HeaderValue::as_bytes),
                Some(good.as_bytes())
            );
        }
        for bad in
            ["", "a", r#"""#, r#""a"#, r#"w/"a""#, "W/a", r#""a"b"#, r#""a" "b""#, r#""a b""#, "\"a\tb\""]
        {
            assert_eq!(EntityTag::parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(EntityTag::strong("a\"b"), None);
        assert_eq!(EntityTag::strong("a b"), None);
        assert_eq!(EntityTag::strong("ab"), Some(tag(r#""ab""#)));
    }

    /// The table of RFC 9110 §8.8.3.2.
    #[test]
    fn weak_and_strong_comparison() {
        for (one, other, strong, weak) in [
            (r#"W/"1""#, r#"W/"1""#, false, true),
            (r#"W/"1""#, r#"W/"2""#, false, false),
            (r#"W/"1""#, r#""1""#, false, true),
            (r#""1""#, r#""1""#, true, true),
        ] {
            assert_eq!(tag(one).strongly_matches(&tag(other)), strong, "{one} {other}");
            assert_eq!(tag(one).weakly_matches(&tag(other)), weak, "{one} {other}");
        }
    }

    #[test]
    fn a_condition_is_a_star_or_a_list() {
        let tags = |texts: &[&str]| Some(Condition::Tags(texts.iter().map(|text| tag(text)).collect()));
        for (lines, expected) in [
            (vec![], None),
            (vec!["*"], Some(Condition::Any)),
            (vec![" * "], Some(Condition::Any)),
            (vec![""], tags(&[])),
            (vec![r#""a""#], tags(&[r#""a""#])),
            (vec![r#""a", W/"b" ,"c,d""#, r#""e""#], tags(&[r#""a""#, r#"W/"b""#, r#""c,d""#, r#""e""#])),
            (vec![r#"a, "b""#], tags(&[r#""b""#])),
            (vec![r#""a" x, "b""#], tags(&[r#""a""#, r#""b""#])),
            (vec![r#""a"#], tags(&[])),
            (vec![r#""a\", "b""#], tags(&[r#""a\""#, r#""b""#])),
            (vec![r#""*""#], tags(&[r#""*""#])),
        ] {
            let mut headers = HeaderMap::new();
            for line in &lines {
                headers.append(IF_NONE_MATCH, HeaderValue::from_static(line));
            }
            assert_eq!(condition(&headers, IF_NONE_MATCH), expected, "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn any_condition_is_read(value in "[ -~]{0,60}|([W/\",* a-c]){0,40}") {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_str(&value)?);
            prop_assert!(condition(&headers, IF_NONE_MATCH).is_some());
        }
    }
}
