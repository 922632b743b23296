//! Which host names a site answers for.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `img.example.com`, `*.example.com` (any name below), `127.0.0.1`, `[::1]` or `*`, each with `:port` or without.
///
/// A pattern without a port fits every port; one with a port fits requests that name it, so `example.com:80` does not
/// fit a request for `example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    name: NamePattern,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum NamePattern {
    Any,
    /// Everything below this name: `example.com` of `*.example.com`.
    Below(String),
    /// In lower case, without a final dot.
    Name(String),
    Ipv6(Ipv6Addr),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is not a host: allowed are a name, *.name, *, an IPv4 address or an IPv6 address in brackets, \
     each with :port or without"
)]
pub struct InvalidHostPattern {
    pub found: String,
}

/// What a request says in its `Host` field, taken apart.
pub(crate) struct RequestHost<'a> {
    name: RequestName<'a>,
    port: Option<u16>,
}

enum RequestName<'a> {
    /// As written, without a final dot.
    Name(&'a str),
    Ipv6(Ipv6Addr),
}

/// How precisely a pattern names a host; the greater is the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Precision {
    name: NamePrecision,
    port: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum NamePrecision {
    Any,
    Below { len: usize },
    Exact,
}

impl HostPattern {
    /// `*`
    pub fn any() -> Self {
        Self { name: NamePattern::Any, port: None }
    }

    pub fn is_any(&self) -> bool {
        *self == Self::any()
    }

    /// `None` where the pattern does not fit.
    pub(crate) fn precision_for(&self, host: &RequestHost<'_>) -> Option<Precision> {
        if self.port.is_some() && self.port != host.port {
            return None;
        }
        let name = match (&self.name, &host.name) {
            (NamePattern::Any, _) => NamePrecision::Any,
            (NamePattern::Below(parent), RequestName::Name(name)) if is_below(name, parent) => {
                NamePrecision::Below { len: parent.len() }
            }
            (NamePattern::Name(pattern), RequestName::Name(name)) if pattern.eq_ignore_ascii_case(name) => {
                NamePrecision::Exact
            }
            (NamePattern::Ipv6(pattern), RequestName::Ipv6(address)) if pattern == address => {
                NamePrecision::Exact
            }
            _ => return None,
        };
        Some(Precision { name, port: self.port.is_some() })
    }
}

impl<'a> RequestHost<'a> {
    pub(crate) fn parse(host: &'a str) -> Option<Self> {
        let (name, port) = split_port(host)?;
        let name = match bracketed(name) {
            Some(address) => RequestName::Ipv6(address.parse().ok()?),
            None => RequestName::Name(valid_name(name)?),
        };
        Some(Self { name, port })
    }
}

impl FromStr for HostPattern {
    type Err = InvalidHostPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (name, port) = split_port(text)?;
            let name = match (name, bracketed(name), name.strip_prefix("*.")) {
                ("*", _, _) => NamePattern::Any,
                (_, Some(address), _) => NamePattern::Ipv6(address.parse().ok()?),
                (_, _, Some(parent)) => NamePattern::Below(valid_name(parent)?.to_ascii_lowercase()),
                _ => NamePattern::Name(valid_name(name)?.to_ascii_lowercase()),
            };
            Some(Self { name, port })
        };
        parse().ok_or_else(|| InvalidHostPattern { found: text.chars().take(64).collect() })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            NamePattern::Any => f.write_str("*")?,
            NamePattern::Below(parent) => write!(f, "*.{parent}")?,
            NamePattern::Name(name) => f.write_str(name)?,
            NamePattern::Ipv6(address) => write!(f, "[{address}]")?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl TryFrom<String> for HostPattern {
    type Error = InvalidHostPattern;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

/// `name` and `port` of `name:port`; a colon inside brackets belongs to an address.
fn split_port(host: &str) -> Option<(&str, Option<u16>)> {
    let colon = match host.rfind(']') {
        Some(bracket) => host[bracket..].find(':').map(|at| bracket + at),
        None => host.find(':'),
    };
    match colon {
        None => Some((host, None)),
        Some(at) => {
            let digits = &host[at + 1..];
            // `parse` alone would take "+80"; an empty port is allowed and means none (RFC 3986 §3.2.3).
            let port = match digits {
                "" => None,
                _ if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
                _ => return None,
            };
            Some((&host[..at], port))
        }
    }
}

fn bracketed(name: &str) -> Option<&str> {
    name.strip_prefix('[')?.strip_suffix(']')
}

/// A host name of labels (RFC 1123 §2.1, and underscores, which exist), its final dot taken off; an IPv4 address is
/// one of them.
fn valid_name(name: &str) -> Option<&str> {
    const LEN_MAX: usize = 253;
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    (name.len() <= LEN_MAX && name.split('.').all(label)).then_some(name)
}

fn is_below(name: &str, parent: &str) -> bool {
    // Both are ASCII, so that every index is a boundary.
    let Some(dot) = name.len().checked_sub(parent.len() + 1) else { return false };
    dot > 0 && name.as_bytes()[dot] == b'.' && name[dot + 1..].eq_ignore_ascii_case(parent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pattern_is_shown_in_its_normal_form() {
        for (written, shown) in [
            ("Img.Example.COM.", "img.example.com"),
            ("*.Example.com", "*.example.com"),
            ("*", "*"),
            ("*:8080", "*:8080"),
            ("localhost:8080", "localhost:8080"),
            ("127.0.0.1", "127.0.0.1"),
            ("[0:0::1]:443", "[::1]:443"),
            ("my_host", "my_host"),
            ("host:", "host"),
        ] {
            let pattern = written.parse::<HostPattern>().map(|pattern| pattern.to_string());
            assert_eq!(pattern.as_deref(), Ok(shown), "{written}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in [
            "", ".", "a..b", "*a.b", "a.*.b", "*.", "**", "::1", "[::1", "[*]", "a:+8", "a:65536", "a b",
            "http://a", "a/", "é.de",
        ] {
            assert!(bad.parse::<HostPattern>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_pattern_or_an_error(text in "[a-z*.:\\[\\]0-9-]{0,20}|\\PC{0,20}") {
            if let Ok(pattern) = text.parse::<HostPattern>() {
                prop_assert_eq!(pattern.to_string().parse(), Ok(pattern));
            }
        }

        #[test]
        fn any_host_field_is_judged_without_a_panic(text in "[a-z.:\\[\\]0-9-]{0,20}|\\PC{0,20}") {
            if let Some(host) = RequestHost::parse(&text) {
                prop_assert!(HostPattern::any().precision_for(&host).is_some());
                let exact: HostPattern = text.parse().expect("what is a host is a pattern");
                prop_assert!(exact.precision_for(&host).is_some());
            }
        }
    }
}
