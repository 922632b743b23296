//! The name of a source, as it stands first in a URL.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Excerpt;

/// A place that holds originals.
///
/// Invariant: 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen. So it needs no escapes in
/// a URL, a tag or a file name, and no two differ in case only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceName(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the source name {found} is not allowed: 1 to {max} of a-z, 0-9 and -, not beginning with -",
    max = SourceName::LEN_MAX
)]
pub struct InvalidSourceName {
    pub found: Excerpt,
}

impl SourceName {
    pub const LEN_MAX: usize = 63;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SourceName {
    type Err = InvalidSourceName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let valid =
            (1..=Self::LEN_MAX).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(allowed);
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidSourceName { found: Excerpt::of(text) }) }
    }
}

impl TryFrom<String> for SourceName {
    type Error = InvalidSourceName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SourceName> for String {
    fn from(name: SourceName) -> Self {
        name.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_name_needs_no_escapes() {
        for good in ["demo", "a", "0", "my-shop-2", "a-", &"x".repeat(63)] {
            assert_eq!(good.parse::<SourceName>().map(String::from).as_deref(), Ok(good));
        }
        for bad in ["", "-a", "Demo", "a.b", "a_b", "a b", "a/b", "é", "a%20", &"x".repeat(64)] {
            assert!(bad.parse::<SourceName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_error_says_what_was_found_and_what_is_allowed() {
        let error = "De mo\n".parse::<SourceName>().map_err(|error| error.to_string());
        assert_eq!(
            error,
            Err(r#"the source name "De mo\n" is not allowed: 1 to 63 of a-z, 0-9 and -, not beginning with -"#
                .to_owned())
        );
    }
}
