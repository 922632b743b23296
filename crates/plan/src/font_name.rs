//! The name of a font, as a URL gives it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a font is called here.
///
/// Invariant: 1 to 63 lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FontName(Cow<'static, str>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a font's name is 1 to 63 of a-z, 0-9 and -")]
pub struct InvalidFontName;

impl FontName {
    /// The font that is always there, and that lends others the letters that they lack.
    pub const BUILT_IN: &str = "sans";

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for FontName {
    fn default() -> FontName {
        FontName(Cow::Borrowed(FontName::BUILT_IN))
    }
}

impl TryFrom<String> for FontName {
    type Error = InvalidFontName;

    fn try_from(text: String) -> Result<FontName, InvalidFontName> {
        let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let valid = (1..=63).contains(&text.len()) && text.bytes().all(allowed);
        if valid { Ok(FontName(Cow::Owned(text))) } else { Err(InvalidFontName) }
    }
}

impl FromStr for FontName {
    type Err = InvalidFontName;

    fn from_str(text: &str) -> Result<FontName, InvalidFontName> {
        text.to_owned().try_into()
    }
}

impl From<FontName> for String {
    fn from(name: FontName) -> String {
        name.0.into_owned()
    }
}

impl fmt::Display for FontName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fonts_name_could_be_a_files() {
        for good in ["sans", "noto-sans-jp-700", &"x".repeat(63)] {
            assert_eq!(good.parse::<FontName>().map(String::from).as_deref(), Ok(good));
        }
        for wrong in ["", "Sans", "a/b", "../a", "a b", "a.ttf", &"x".repeat(64)] {
            assert_eq!(wrong.parse::<FontName>(), Err(InvalidFontName), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_read_as_it_is_written(text in "\\PC*|[a-z0-9-]{1,9}") {
            if let Ok(name) = text.parse::<FontName>() {
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
