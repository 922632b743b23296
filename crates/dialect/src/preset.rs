//! The name of a preset, as a URL and an operator write it.

use std::fmt;
use std::str::FromStr;

use plan::{Accepted, Excerpt};

/// What a preset is called: 1 to 64 of `A-Z a-z 0-9 . _ -`, so that no URL has to encode it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PresetName(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the preset name {found} is not allowed: {}", PresetName::ALLOWED)]
pub struct InvalidPresetName {
    found: Excerpt,
}

impl PresetName {
    pub const ALLOWED: &str = "1 to 64 of A-Z, a-z, 0-9, ., _ and -";
    const LEN_MAX: usize = 64;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PresetName {
    type Err = InvalidPresetName;

    fn from_str(text: &str) -> Result<Self, InvalidPresetName> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if (1..=Self::LEN_MAX).contains(&text.len()) && text.bytes().all(is_allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidPresetName { found: Excerpt::of(text) })
    }
}

impl fmt::Display for PresetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// That a URL asks for a preset. What the client accepts is kept with it: only who knows the preset can say whether it
/// matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresetWish {
    pub name: PresetName,
    pub accepted: Accepted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_needs_no_encoding_and_has_an_end() {
        for (text, allowed) in [
            ("thumb", true),
            ("small_img", true),
            ("Hero-2.x", true),
            (&"a".repeat(64), true),
            (&"a".repeat(65), false),
            ("", false),
            ("a/b", false),
            ("a b", false),
            ("é", false),
        ] {
            assert_eq!(text.parse::<PresetName>().is_ok(), allowed, "{text}");
        }
    }
}
