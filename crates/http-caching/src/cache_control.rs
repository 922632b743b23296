//! What a response allows caches to do with it (RFC 9111 §5.2.2, RFC 5861, RFC 8246).

use std::time::Duration;

use http::{HeaderMap, HeaderName, header::CACHE_CONTROL};

use crate::directive::{Argument, Directive};
use crate::{list, surrogate, targeted};

/// The directives that govern a response in this cache.
///
/// The fields are public because a site's rules may fill in what an origin did not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CacheControl {
    pub max_age: Option<Duration>,
    pub s_maxage: Option<Duration>,
    pub stale_while_revalidate: Option<Duration>,
    pub stale_if_error: Option<Duration>,
    pub no_store: bool,
    pub no_cache: Applies,
    pub private: Applies,
    pub public: bool,
    pub must_revalidate: bool,
    pub proxy_revalidate: bool,
    pub must_understand: bool,
    pub immutable: bool,
    /// Whether a field for CDNs said all this: then `Cache-Control` and `Expires` are not for us (RFC 9213 §2.2).
    pub targeted: bool,
}

/// To how much of a response `no-cache` or `private` applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Applies {
    #[default]
    Never,
    /// Only to these fields, which are then left out when the response is stored.
    ToFields(Vec<HeaderName>),
    Always,
}

impl CacheControl {
    /// What governs a response: `CDN-Cache-Control` if it has a valid one, else `Surrogate-Control`, else `Cache-Control`.
    pub fn of(response: &HeaderMap) -> Self {
        targeted::cdn_cache_control(response)
            .or_else(|| surrogate::surrogate_control(response))
            .unwrap_or_else(|| Self::untargeted(response))
    }

    /// What `Cache-Control` says, to everyone. Unknown directives are ignored (§5.2.3); of one that is given
    /// several times the stricter counts ("the most restrictive directive should be honored", §4.2.1).
    fn untargeted(response: &HeaderMap) -> Self {
        let mut control = Self::default();
        for directive in list::members(response, CACHE_CONTROL).filter_map(Directive::parse) {
            control.add(&directive);
        }
        control
    }

    fn add(&mut self, Directive { name, argument }: &Directive<'_>) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        // "Caches are encouraged to consider responses that have invalid freshness information … to be stale"
        // (§4.2.1), and a window that cannot be read is closed.
        let seconds = || argument.delta_seconds().unwrap_or_default();
        if is("max-age") {
            shorten(&mut self.max_age, seconds());
        } else if is("s-maxage") {
            shorten(&mut self.s_maxage, seconds());
        } else if is("stale-while-revalidate") {
            shorten(&mut self.stale_while_revalidate, seconds());
        } else if is("stale-if-error") {
            shorten(&mut self.stale_if_error, seconds());
        } else if is("no-cache") {
            self.no_cache.extend(applies_to(argument));
        } else if is("private") {
            self.private.extend(applies_to(argument));
        } else if is("no-store") {
            self.no_store = true;
        } else if is("public") {
            self.public = true;
        } else if is("must-revalidate") {
            self.must_revalidate = true;
        } else if is("proxy-revalidate") {
            self.proxy_revalidate = true;
        } else if is("must-understand") {
            self.must_understand = true;
        } else if is("immutable") {
            self.immutable = true;
        }
    }
}

fn shorten(known: &mut Option<Duration>, new: Duration) {
    *known = Some(known.map_or(new, |known| known.min(new)));
}

/// A list that cannot be read could have named anything.
fn applies_to(argument: &Argument<'_>) -> Applies {
    match argument {
        Argument::Absent | Argument::Malformed => Applies::Always,
        Argument::Present(text) => Applies::to_fields(text),
    }
}

impl Applies {
    /// To the fields named in `text`; to everything, if it names none.
    pub(crate) fn to_fields(text: &[u8]) -> Self {
        match list::field_names(text) {
            Some(names) if !names.is_empty() => Self::ToFields(names),
            _ => Self::Always,
        }
    }

    fn extend(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Always, _) | (_, Self::Never) => {}
            (Self::ToFields(names), Self::ToFields(more)) => names.extend(more),
            (known, other) => *known = other,
        }
    }

    /// The fields to which it applies, when not to all.
    pub fn fields(&self) -> &[HeaderName] {
        match self {
            Self::ToFields(names) => names,
            Self::Never | Self::Always => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::{COOKIE, SET_COOKIE};
    use proptest::prelude::*;

    fn parse(lines: &[&'static str]) -> CacheControl {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CACHE_CONTROL, HeaderValue::from_static(line));
        }
        CacheControl::of(&headers)
    }

    fn seconds(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn each_directive_is_read_in_any_case_and_on_any_line() {
        let expected = CacheControl {
            max_age: seconds(1),
            s_maxage: seconds(2),
            stale_while_revalidate: seconds(3),
            stale_if_error: seconds(4),
            no_store: true,
            no_cache: Applies::Always,
            private: Applies::ToFields(vec![SET_COOKIE]),
            public: true,
            must_revalidate: true,
            proxy_revalidate: true,
            must_understand: true,
            immutable: true,
            targeted: false,
        };
        let lines = [
            "max-age=1, S-MaxAge=2,stale-while-revalidate=3 , stale-if-error=4, no-transform",
            "no-store, No-Cache, private=\"Set-Cookie\", public, must-revalidate",
            "proxy-revalidate, must-understand, immutable, community=\"UCI, max-age=7\"",
        ];
        assert_eq!(parse(&lines), expected);
        assert_eq!(parse(&[]), CacheControl::default());
    }

    /// RFC 9111 §4.2.1 on invalid and repeated freshness information; §5.2 on both forms of arguments.
    #[test]
    fn max_age_is_read_strictly() {
        for (value, expected) in [
            ("max-age=60", seconds(60)),
            ("max-age=\"60\"", seconds(60)),
            ("max-age=99999999999", seconds(2_147_483_648)),
            ("max-age=1800, max-age=1", seconds(1)),
            ("max-age=1, max-age=1800", seconds(1)),
            ("max-age=60, max-age=x", seconds(0)),
            ("max-age", seconds(0)),
            ("max-age=", seconds(0)),
            ("max-age=-1", seconds(0)),
            ("max-age=60.0", seconds(0)),
            ("max-age='60'", seconds(0)),
            ("max-age=60a", seconds(0)),
            ("max-age = 60", seconds(0)),
            ("x-max-age=60", None),
            ("extension=\"max-age=60\"", None),
            ("extension=\"a\\\", max-age=60\"", None),
        ] {
            assert_eq!(parse(&[value]).max_age, expected, "{value}");
        }
    }

    /// RFC 9111 §5.2.2.4 and §5.2.2.7: with a list the directive applies to these fields only.
    #[test]
    fn no_cache_and_private_may_be_about_some_fields() {
        for (value, expected) in [
            ("no-cache", Applies::Always),
            ("no-cache=\"set-cookie\"", Applies::ToFields(vec![SET_COOKIE])),
            ("no-cache=\"Set-Cookie, cookie\"", Applies::ToFields(vec![SET_COOKIE, COOKIE])),
            ("no-cache=set-cookie", Applies::ToFields(vec![SET_COOKIE])),
            ("no-cache=\"set-cookie\", no-cache=cookie", Applies::ToFields(vec![SET_COOKIE, COOKIE])),
            ("no-cache=\"set-cookie\", no-cache", Applies::Always),
            ("no-cache, no-cache=\"set-cookie\"", Applies::Always),
            ("no-cache=\"\"", Applies::Always),
            ("no-cache=\"a b\"", Applies::Always),
            ("no-cache=\"set-cookie", Applies::Always),
            ("max-age=1", Applies::Never),
        ] {
            assert_eq!(parse(&[value]).no_cache, expected, "{value}");
        }
    }

    #[test]
    fn a_flag_with_an_argument_still_holds() {
        assert!(parse(&["no-store=\"x\""]).no_store);
        assert!(parse(&["no-store=no"]).no_store);
    }

    #[test]
    fn bytes_that_are_not_ascii_hide_nothing() -> Result<(), http::header::InvalidHeaderValue> {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_bytes(b"\xff\xfe, no-store")?);
        assert!(CacheControl::of(&headers).no_store);
        Ok(())
    }

    proptest! {
        #[test]
        fn any_value_is_read(value in "[ -~]{0,60}|([a-z-]{1,8}[=\",\\\\ ]{0,3}){0,8}") {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, HeaderValue::from_str(&value)?);
            let _ = CacheControl::of(&headers);
        }

        #[test]
        fn more_directives_never_allow_more(
            first in "(no-store|no-cache|max-age=[0-9]{1,3}|s-maxage=[0-9]{1,3}|must-revalidate)",
            second in "(no-store|no-cache|max-age=[0-9]{1,3}|s-maxage=[0-9]{1,3}|must-revalidate)",
        ) {
            let read = |value: &str| {
                let mut headers = HeaderMap::new();
                headers.insert(CACHE_CONTROL, HeaderValue::from_str(value)?);
                Ok::<_, http::header::InvalidHeaderValue>(CacheControl::of(&headers))
            };
            let (one, both) = (read(&first)?, read(&format!("{first}, {second}"))?);
            prop_assert!(both.no_store >= one.no_store && both.must_revalidate >= one.must_revalidate);
            prop_assert!(one.max_age.is_none() || both.max_age <= one.max_age);
            prop_assert!(one.s_maxage.is_none() || both.s_maxage <= one.s_maxage);
        }
    }
}
