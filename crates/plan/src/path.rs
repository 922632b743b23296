//! The path of an original at its source: decoded, normal, and the same for everybody who names it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::Excerpt;

/// Where an original lies in its source, without a leading slash: `products/red shoe.jpg`.
///
/// Invariant: 1 to 1024 bytes of UTF-8 in segments divided by `/`; no segment is empty, `.` or `..`; no control
/// characters, no backslashes. So two ways to write a path are either equal here or name different originals,
/// and none of them climbs out of its source. Unicode is compared byte by byte, not normalised: object stores
/// do the same, and there "é" in its two spellings is two objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OriginalPath(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPath {
    #[error("the path of the original is empty: it follows the source, as in /demo/cat.jpg")]
    Empty,
    #[error("the path of the original has {len} bytes, at most {max} are allowed", max = OriginalPath::LEN_MAX)]
    TooLong { len: usize },
    #[error("the path {found} has an empty segment: one / between two names, none at the end")]
    EmptySegment { found: Excerpt },
    #[error("the path {found} has a segment . or ..: only names are allowed")]
    DotSegment { found: Excerpt },
    #[error("the path {found} contains a control character")]
    ControlCharacter { found: Excerpt },
    #[error("the path {found} contains a backslash: segments are divided by /")]
    Backslash { found: Excerpt },
    #[error("the path {found} contains an encoded slash (%2F): segments are divided by a plain /")]
    EncodedSlash { found: Excerpt },
    #[error("the path {found} contains a plain {character:?}: write it percent-encoded")]
    NotEncoded { found: Excerpt, character: char },
    #[error("the path {found} has a % without two hexadecimal digits: write a plain % as %25")]
    MalformedEncoding { found: Excerpt },
    #[error("the path {found} is not UTF-8 once it is decoded")]
    NotUtf8 { found: Excerpt },
}

/// All but the unreserved characters of RFC 3986 §2.3: what is left reads the same to every URL library.
pub const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const ENCODED_IN_PATH: &AsciiSet = &ENCODED.remove(b'/');

impl OriginalPath {
    /// In bytes, decoded. S3 and Google Cloud Storage set the same limit for the key of an object.
    pub const LEN_MAX: usize = 1024;

    /// From the path of a URL, behind the source and its slash.
    pub fn decode(encoded: &str) -> Result<Self, InvalidPath> {
        let found = || Excerpt::of(encoded);
        // RFC 3986 §3.3: these two end a path. Who sends them means a character of the name.
        if let Some(character) = encoded.chars().find(|c| matches!(c, '?' | '#')) {
            return Err(InvalidPath::NotEncoded { found: found(), character });
        }
        for escape in encoded.split('%').skip(1) {
            match escape.as_bytes() {
                [b'2', b'F' | b'f', ..] => return Err(InvalidPath::EncodedSlash { found: found() }),
                [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {}
                _ => return Err(InvalidPath::MalformedEncoding { found: found() }),
            }
        }
        match percent_decode_str(encoded).decode_utf8() {
            Ok(Cow::Borrowed(text)) => text.parse(),
            Ok(Cow::Owned(text)) => text.try_into(),
            Err(_) => Err(InvalidPath::NotUtf8 { found: found() }),
        }
    }

    /// As it stands in a URL, with as few characters left plain as possible.
    pub fn encode(&self) -> PercentEncode<'_> {
        utf8_percent_encode(&self.0, ENCODED_IN_PATH)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Each folder that contains the original, from the outermost: `a` and `a/b` for `a/b/c.jpg`.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(end, _)| &self.0[..end])
    }
}

impl TryFrom<String> for OriginalPath {
    type Error = InvalidPath;

    /// From a path that is decoded already.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let found = || Excerpt::of(&text);
        if text.is_empty() {
            return Err(InvalidPath::Empty);
        }
        if text.len() > Self::LEN_MAX {
            return Err(InvalidPath::TooLong { len: text.len() });
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidPath::ControlCharacter { found: found() });
        }
        // A source on Windows, or a careless gateway in front of one, would take it for a slash.
        if text.contains('\\') {
            return Err(InvalidPath::Backslash { found: found() });
        }
        for segment in text.split('/') {
            match segment {
                "" => return Err(InvalidPath::EmptySegment { found: found() }),
                "." | ".." => return Err(InvalidPath::DotSegment { found: found() }),
                _ => {}
            }
        }
        Ok(Self(text))
    }
}

impl FromStr for OriginalPath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.to_owned().try_into()
    }
}

impl From<OriginalPath> for String {
    fn from(path: OriginalPath) -> Self {
        path.0
    }
}

/// Decoded.
impl fmt::Display for OriginalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    #[track_caller]
    fn check(encoded: &str, expected: Expect) {
        let actual = match OriginalPath::decode(encoded) {
            Ok(path) => format!("{path} -> {}", path.encode()),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&actual);
    }

    #[test]
    fn a_path_is_decoded_and_has_one_encoded_form() {
        check("cat.jpg", expect!["cat.jpg -> cat.jpg"]);
        check("a%20b/cat.jpg", expect!["a b/cat.jpg -> a%20b/cat.jpg"]);
        check("%63at.jpg", expect!["cat.jpg -> cat.jpg"]);
        check("%c3%a9t%C3%A9.jpg", expect!["été.jpg -> %C3%A9t%C3%A9.jpg"]);
        check("é.jpg", expect!["é.jpg -> %C3%A9.jpg"]);
        check("a+b@2x,(1).jpg", expect!["a+b@2x,(1).jpg -> a%2Bb%402x%2C%281%29.jpg"]);
        check("100%25.jpg", expect!["100%.jpg -> 100%25.jpg"]);
        check("%2541.jpg", expect!["%41.jpg -> %2541.jpg"]);
        check(".../..a/.b", expect![".../..a/.b -> .../..a/.b"]);
    }

    #[test]
    fn a_path_that_could_mean_something_else_is_refused() {
        check("", expect!["the path of the original is empty: it follows the source, as in /demo/cat.jpg"]);
        check(
            "a//b",
            expect![[r#"the path "a//b" has an empty segment: one / between two names, none at the end"#]],
        );
        check(
            "/a",
            expect![[r#"the path "/a" has an empty segment: one / between two names, none at the end"#]],
        );
        check(
            "a/",
            expect![[r#"the path "a/" has an empty segment: one / between two names, none at the end"#]],
        );
        check("a/../b", expect![[r#"the path "a/../b" has a segment . or ..: only names are allowed"#]]);
        check("%2e%2E/b", expect![[r#"the path "../b" has a segment . or ..: only names are allowed"#]]);
        check("a/.", expect![[r#"the path "a/." has a segment . or ..: only names are allowed"#]]);
        check(
            "a%2fb",
            expect![[
                r#"the path "a%2fb" contains an encoded slash (%2F): segments are divided by a plain /"#
            ]],
        );
        check(
            "..%2F..%2Fetc",
            expect![[
                r#"the path "..%2F..%2Fetc" contains an encoded slash (%2F): segments are divided by a plain /"#
            ]],
        );
        check(r"a\b", expect![[r#"the path "a\\b" contains a backslash: segments are divided by /"#]]);
        check("..%5Cb", expect![[r#"the path "..\\b" contains a backslash: segments are divided by /"#]]);
        check("a%00.jpg", expect![[r#"the path "a\0.jpg" contains a control character"#]]);
        check("a%0d%0ab", expect![[r#"the path "a\r\nb" contains a control character"#]]);
        check("a%7F", expect![[r#"the path "a\u{7f}" contains a control character"#]]);
        check("a%C2%85", expect![[r#"the path "a\u{85}" contains a control character"#]]);
        check("%ff", expect![[r#"the path "%ff" is not UTF-8 once it is decoded"#]]);
        check("%c0%af", expect![[r#"the path "%c0%af" is not UTF-8 once it is decoded"#]]);
        check("%ED%A0%80", expect![[r#"the path "%ED%A0%80" is not UTF-8 once it is decoded"#]]);
        check(
            "100%.jpg",
            expect![[
                r#"the path "100%.jpg" has a % without two hexadecimal digits: write a plain % as %25"#
            ]],
        );
        check(
            "%",
            expect![[r#"the path "%" has a % without two hexadecimal digits: write a plain % as %25"#]],
        );
        check(
            "%2",
            expect![[r#"the path "%2" has a % without two hexadecimal digits: write a plain % as %25"#]],
        );
        check(
            "%é",
            expect![[r#"the path "%é" has a % without two hexadecimal digits: write a plain % as %25"#]],
        );
        check("a#b", expect![[r##"the path "a#b" contains a plain '#': write it percent-encoded"##]]);
        check("a?b", expect![[r#"the path "a?b" contains a plain '?': write it percent-encoded"#]]);
    }

    #[test]
    fn the_length_counts_decoded_bytes() {
        assert!(OriginalPath::decode(&"%61".repeat(1024)).is_ok());
        assert_eq!(OriginalPath::decode(&"%61".repeat(1025)), Err(InvalidPath::TooLong { len: 1025 }));
    }

    #[test]
    fn folders_end_at_segment_boundaries() {
        let folders = |text: &str| -> Vec<String> {
            text.parse::<OriginalPath>()
                .map(|path| path.folders().map(str::to_owned).collect())
                .unwrap_or_default()
        };
        assert_eq!(folders("cat.jpg"), Vec::<String>::new());
        assert_eq!(folders("a/cat.jpg"), ["a"]);
        assert_eq!(folders("a/b/c.jpg"), ["a", "a/b"]);
        assert_eq!(folders("é ü/b/c.jpg"), ["é ü", "é ü/b"]);
    }

    proptest! {
        #[test]
        fn any_text_is_a_path_or_an_error(text in "\\PC{0,80}|[%a-f0-9/.\\\\]{0,40}") {
            if let Ok(path) = OriginalPath::decode(&text) {
                prop_assert!(!path.as_str().contains('\\'));
                prop_assert!(path.as_str().split('/').all(|segment| !matches!(segment, "" | "." | "..")));
            }
        }

        #[test]
        fn decoding_undoes_encoding(text in "[^/\\\\\\p{Cc}]{1,20}(/[^/\\\\\\p{Cc}]{1,20}){0,3}") {
            if let Ok(path) = text.parse::<OriginalPath>() {
                prop_assert_eq!(path.as_str(), &text);
                prop_assert_eq!(OriginalPath::decode(&path.encode().to_string()), Ok(path));
            }
        }
    }
}
