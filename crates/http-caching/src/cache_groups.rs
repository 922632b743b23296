//! Groups of responses that an origin invalidates together (RFC 9875).

use http::{HeaderMap, HeaderName};

use crate::structured::{self, Item};

pub const CACHE_GROUPS: HeaderName = HeaderName::from_static("cache-groups");
pub const CACHE_GROUP_INVALIDATION: HeaderName = HeaderName::from_static("cache-group-invalidation");

/// The groups that a response belongs to (§2).
pub fn groups(response: &HeaderMap) -> Vec<String> {
    strings(response, &CACHE_GROUPS)
}

/// The groups that a response invalidates (§3). Only for answers that [invalidate](crate::invalidation::invalidates): "The
/// Cache-Group-Invalidation header field MUST be ignored on responses to requests that have a safe method".
pub fn invalidated(response: &HeaderMap) -> Vec<String> {
    strings(response, &CACHE_GROUP_INVALIDATION)
}

/// A List of Strings, each once. A field with anything else in it is no such list, and names nothing (RFC 9651 §4.2).
fn strings(response: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lines: Option<Vec<&str>> = response.get_all(name).iter().map(|line| line.to_str().ok()).collect();
    let items = lines.and_then(|lines| structured::list(&lines.join(", "))).unwrap_or_default();
    let mut strings = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Item::String(text) if strings.contains(&text) => {}
            Item::String(text) => strings.push(text),
            _ => return Vec::new(),
        }
    }
    strings
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn parse(lines: &[&str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CACHE_GROUPS, HeaderValue::from_str(line).expect("a value"));
        }
        groups(&headers)
    }

    /// "The Cache-Groups HTTP response header field is a List of Strings"; parameters have no meaning.
    #[test]
    fn groups_are_a_list_of_strings() {
        for (lines, expected) in [
            (vec![], vec![]),
            (vec![""], vec![]),
            (vec![r#""scripts""#], vec!["scripts"]),
            (vec![r#""a", "b";x=1"#, r#""c d", "a""#], vec!["a", "b", "c d"]),
            (vec![r#""A", "a", "\"quoted\"""#], vec!["A", "a", "\"quoted\""]),
            (vec!["token"], vec![]),
            (vec![r#""a", 1"#], vec![]),
            (vec![r#"("a" "b")"#], vec![]),
            (vec![r#""a","#], vec![]),
            (vec![r#""a" "b""#], vec![]),
            (vec![r#""open"#], vec![]),
        ] {
            assert_eq!(parse(&lines), expected, "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_list_or_not(line in "[ -~]{0,40}") {
            let _ = parse(&[&line]);
        }

        #[test]
        fn what_is_written_is_read_back(texts in proptest::collection::hash_set("[ -~]{0,12}", 0..5)) {
            let texts: Vec<String> = texts.into_iter().collect();
            let line: Vec<String> = texts.iter().map(|text| structured::string(text)).collect();
            prop_assert_eq!(parse(&[&line.join(", ")]), texts);
        }
    }
}
