//! What a client asks of caches on the way (RFC 9111 §5.2.1).

use std::time::Duration;

use http::{HeaderMap, header::CACHE_CONTROL};

use crate::directive::{Argument, Directive};
use crate::list;

/// The directives of a request. One that is not to be heeded may be set to its default by a site's rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestControl {
    pub no_store: bool,
    pub no_cache: bool,
    pub max_age: Option<Duration>,
    pub max_stale: Option<MaxStale>,
    pub min_fresh: Option<Duration>,
    pub only_if_cached: bool,
}

/// How stale a response may be that the client still takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxStale {
    Any,
    UpTo(Duration),
}

impl RequestControl {
    /// Unknown directives are ignored; of one that is given several times the stricter counts, and a number that
    /// cannot be read is the strictest. `Pragma` is not looked at: RFC 9111 §5.4 deprecates it.
    pub fn of(request: &HeaderMap) -> Self {
        let mut control = Self::default();
        for Directive { name, argument } in list::members(request, CACHE_CONTROL).filter_map(Directive::parse)
        {
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            if is("no-store") {
                control.no_store = true;
            } else if is("no-cache") {
                control.no_cache = true;
            } else if is("only-if-cached") {
                control.only_if_cached = true;
            } else if is("max-age") {
                let new = argument.delta_seconds().unwrap_or_default();
                control.max_age = Some(control.max_age.map_or(new, |known| known.min(new)));
            } else if is("min-fresh") {
                let new = argument.delta_seconds().unwrap_or(Duration::MAX);
                control.min_fresh = Some(control.min_fresh.map_or(new, |known| known.max(new)));
            } else if is("max-stale") {
                let new = match argument {
                    Argument::Absent => MaxStale::Any,
                    _ => MaxStale::UpTo(argument.delta_seconds().unwrap_or_default()),
                };
                control.max_stale = Some(control.max_stale.map_or(new, |known| known.stricter(new)));
            }
        }
        control
    }
}

impl MaxStale {
    fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (MaxStale::UpTo(one), MaxStale::UpTo(two)) => MaxStale::UpTo(one.min(two)),
            (MaxStale::Any, some) | (some, MaxStale::Any) => some,
        }
    }

    pub fn takes(self, staleness: Duration) -> bool {
        match self {
            MaxStale::Any => true,
            MaxStale::UpTo(limit) => staleness <= limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn each_directive_of_a_request_is_read() {
        let none = RequestControl::default();
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let up_to = |seconds| Some(MaxStale::UpTo(Duration::from_secs(seconds)));
        for (value, expected) in [
            ("", none),
            ("no-transform, unknown=5", none),
            ("No-Store", RequestControl { no_store: true, ..none }),
            ("no-cache", RequestControl { no_cache: true, ..none }),
            ("only-if-cached", RequestControl { only_if_cached: true, ..none }),
            ("max-age=0", RequestControl { max_age: seconds(0), ..none }),
            ("max-age=60, max-age=\"30\"", RequestControl { max_age: seconds(30), ..none }),
            ("max-age=x", RequestControl { max_age: seconds(0), ..none }),
            ("min-fresh=5, min-fresh=9", RequestControl { min_fresh: seconds(9), ..none }),
            ("min-fresh", RequestControl { min_fresh: Some(Duration::MAX), ..none }),
            ("max-stale", RequestControl { max_stale: Some(MaxStale::Any), ..none }),
            ("max-stale=5", RequestControl { max_stale: up_to(5), ..none }),
            ("max-stale, max-stale=5, max-stale=3", RequestControl { max_stale: up_to(3), ..none }),
            ("max-stale=x", RequestControl { max_stale: up_to(0), ..none }),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(value));
            assert_eq!(RequestControl::of(&headers), expected, "{value}");
        }
    }
}
