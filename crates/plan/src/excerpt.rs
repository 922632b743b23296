//! A piece of a client's input that is safe to repeat in an error message.

use std::fmt;

/// Foreign text, escaped and cut, so that it can stand in a log line, a header field or a JSON body
/// without becoming part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt(String);

impl Excerpt {
    /// In characters, after escaping.
    pub const LEN_MAX: usize = 64;

    pub fn of(text: &str) -> Self {
        let mut excerpt = String::new();
        let mut len = 0;
        for c in text.chars() {
            let escaped = c.escape_debug();
            len += escaped.len();
            if len > Self::LEN_MAX {
                excerpt.push('…');
                break;
            }
            excerpt.extend(escaped);
        }
        Self(excerpt)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// In quotes, to show where it begins and ends.
impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_escaped_and_cut() {
        for (text, shown) in [
            ("abc", "\"abc\"".to_owned()),
            ("é ü", "\"é ü\"".to_owned()),
            ("a\r\nSet-Cookie: x", r#""a\r\nSet-Cookie: x""#.to_owned()),
            ("say \"hi\"", r#""say \"hi\"""#.to_owned()),
            ("\0\u{1b}[31m", r#""\0\u{1b}[31m""#.to_owned()),
            // U+202E turns the direction of the text that follows it.
            ("a\u{202e}b", r#""a\u{202e}b""#.to_owned()),
            (&"x".repeat(64), format!("\"{}\"", "x".repeat(64))),
            (&"x".repeat(65), format!("\"{}…\"", "x".repeat(64))),
        ] {
            assert_eq!(Excerpt::of(text).to_string(), shown);
        }
    }

    #[test]
    fn an_escape_is_never_cut_in_half() {
        let excerpt = Excerpt::of(&"\u{1b}".repeat(40));
        assert_eq!(excerpt.as_str(), format!("{}…", r"\u{1b}".repeat(10)));
    }
}
