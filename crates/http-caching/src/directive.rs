//! Cache directives as they are written (RFC 9111 §5.2), before they are given a meaning.

use std::borrow::Cow;
use std::time::Duration;

use crate::list;

/// `name`, `name=token` or `name="quoted string"`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Directive<'a> {
    /// As it was sent; compare it without regard to case.
    pub name: &'a str,
    pub argument: Argument<'a>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Argument<'a> {
    Absent,
    /// Unquoted. "Recipients ought to accept both forms" of an argument, so it does not matter which it was.
    Present(Cow<'a, [u8]>),
    /// White space around `=`, an open quote, or something behind the closing one.
    Malformed,
}

/// RFC 9111 §1.2.2: a number too large to be represented counts as this, or as the largest possible one.
pub(crate) const DELTA_MAX: Duration = Duration::from_secs(1 << 31);

/// `None` if it is not a non-negative integer.
pub(crate) fn delta_seconds(text: &[u8]) -> Option<Duration> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // All digits, so the only way to fail is to be too large.
    let seconds = str::from_utf8(text).ok()?.parse().unwrap_or(u64::MAX);
    Some(Duration::from_secs(seconds).min(DELTA_MAX))
}

impl<'a> Directive<'a> {
    /// `None` if it has no readable name, and so cannot be one that we know.
    pub fn parse(member: &'a [u8]) -> Option<Self> {
        let (name, argument) = match member.iter().position(|&b| b == b'=') {
            None => (member, Argument::Absent),
            Some(at) => {
                let (name, value) = (&member[..at], &member[at + 1..]);
                let spaced = list::trim(name) != name || list::trim(value) != value;
                (list::trim(name), if spaced { Argument::Malformed } else { Argument::parse(value) })
            }
        };
        Some(Self { name: str::from_utf8(name).ok().filter(|name| !name.is_empty())?, argument })
    }
}

impl<'a> Argument<'a> {
    fn parse(value: &'a [u8]) -> Self {
        let Some(rest) = value.strip_prefix(b"\"") else { return Self::Present(Cow::Borrowed(value)) };
        let Some(quoted) = rest.strip_suffix(b"\"") else { return Self::Malformed };
        if !quoted.iter().any(|b| matches!(b, b'"' | b'\\')) {
            return Self::Present(Cow::Borrowed(quoted));
        }
        let mut text = Vec::with_capacity(quoted.len());
        let mut bytes = quoted.iter();
        while let Some(&b) = bytes.next() {
            match b {
                b'"' => return Self::Malformed,
                b'\\' => match bytes.next() {
                    Some(&escaped) => text.push(escaped),
                    None => return Self::Malformed,
                },
                _ => text.push(b),
            }
        }
        Self::Present(Cow::Owned(text))
    }

    pub fn delta_seconds(&self) -> Option<Duration> {
        match self {
            Self::Present(text) => delta_seconds(text),
            Self::Absent | Self::Malformed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_has_a_name_and_perhaps_an_argument() {
        let present = |text: &'static str| Argument::Present(Cow::Borrowed(text.as_bytes()));
        for (text, name, argument) in [
            ("no-store", "no-store", Argument::Absent),
            ("max-age=60", "max-age", present("60")),
            ("max-age=", "max-age", present("")),
            (r#"max-age="60""#, "max-age", present("60")),
            (r#"private="a, b""#, "private", present("a, b")),
            (r#"x="a\"b\\""#, "x", present(r#"a"b\"#)),
            (r#"x="a"b""#, "x", Argument::Malformed),
            (r#"x="a"#, "x", Argument::Malformed),
            (r#"x="a\""#, "x", Argument::Malformed),
            (r#"x=""#, "x", Argument::Malformed),
            ("max-age =60", "max-age", Argument::Malformed),
            ("max-age= 60", "max-age", Argument::Malformed),
        ] {
            assert_eq!(Directive::parse(text.as_bytes()), Some(Directive { name, argument }), "{text}");
        }
        assert_eq!(Directive::parse(b"=60"), None);
        assert_eq!(Directive::parse(b"\xff=60"), None);
    }

    #[test]
    fn seconds_are_digits_and_too_many_of_them_are_a_very_long_time() {
        for (text, expected) in [
            ("0", Some(0)),
            ("003600", Some(3600)),
            ("2147483648", Some(2_147_483_648)),
            ("2147483649", Some(2_147_483_648)),
            ("99999999999999999999999999", Some(2_147_483_648)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.0", None),
            ("'60'", None),
            ("60a", None),
        ] {
            assert_eq!(delta_seconds(text.as_bytes()), expected.map(Duration::from_secs), "{text}");
        }
    }
}
