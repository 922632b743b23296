//! How long a response stays fresh (RFC 9111 §4.2.1).

use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, EXPIRES};

use crate::date::{self, Dated};
use crate::{CacheControl, Timestamp};

/// How long a response stays fresh, counted from age zero, and what said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    pub duration: Duration,
    pub decided_by: DecidedBy,
}

/// What fixed a [`Lifetime`]; operators see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecidedBy {
    SMaxAge,
    MaxAge,
    /// `CDN-Cache-Control` (RFC 9213), either of its two directives.
    Targeted,
    Expires,
}

/// The lifetime that the origin gave a response which was received at `now`; `None` if it gave none.
///
/// Heuristic freshness (§4.2.2) is optional and off: what somebody may want to purge is not kept on a guess.
pub fn lifetime(response: &HeaderMap, now: Timestamp) -> Option<Lifetime> {
    lifetime_under(&CacheControl::of(response), response, now)
}

/// The same, with directives that were read (and perhaps changed by a site's rules) before.
pub fn lifetime_under(control: &CacheControl, response: &HeaderMap, now: Timestamp) -> Option<Lifetime> {
    // "If the cache is shared and the s-maxage response directive … is present, use its value."
    let by_directive = match (control.s_maxage, control.max_age) {
        (Some(duration), _) => Some((duration, DecidedBy::SMaxAge)),
        (None, Some(duration)) => Some((duration, DecidedBy::MaxAge)),
        (None, None) => None,
    };
    if control.targeted {
        let (duration, _) = by_directive?;
        return Some(Lifetime { duration, decided_by: DecidedBy::Targeted });
    }
    if let Some((duration, decided_by)) = by_directive {
        return Some(Lifetime { duration, decided_by });
    }
    let duration = match date::field(response, EXPIRES) {
        Dated::Absent => return None,
        // "A cache recipient MUST interpret invalid date formats, especially the value "0", as representing a
        // time in the past" (§5.3). Of several dates we believe none.
        Dated::Invalid => Duration::ZERO,
        // Without a usable Date, the time of reception stands for it (RFC 9110 §6.6.1).
        Dated::At(expires) => expires.since(date::field(response, DATE).at().unwrap_or(now)),
    };
    Some(Lifetime { duration, decided_by: DecidedBy::Expires })
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s from {}", self.duration.as_secs(), self.decided_by)
    }
}

impl fmt::Display for DecidedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DecidedBy::SMaxAge => "s-maxage",
            DecidedBy::MaxAge => "max-age",
            DecidedBy::Targeted => "CDN-Cache-Control",
            DecidedBy::Expires => "Expires",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;
    use http::{HeaderName, HeaderValue};

    /// Sun, 06 Nov 1994 08:49:37 GMT
    const NOW: Timestamp = Timestamp(784_111_777);

    fn shown(fields: &[(&'static str, &'static str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        lifetime(&headers, NOW).map_or("none".to_owned(), |lifetime| lifetime.to_string())
    }

    /// §4.2.1, first match: s-maxage, max-age, Expires minus Date; else no explicit lifetime.
    #[test]
    fn the_first_of_s_maxage_max_age_and_expires_decides() {
        let (date, expires) =
            (("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("expires", "Sun, 06 Nov 1994 08:50:37 GMT"));
        for (fields, expected) in [
            (vec![], "none"),
            (vec![("cache-control", "public")], "none"),
            (vec![("last-modified", "Sun, 06 Nov 1994 08:00:00 GMT")], "none"),
            (vec![("cache-control", "max-age=600")], "600s from max-age"),
            (vec![("cache-control", "max-age=60, s-maxage=600")], "600s from s-maxage"),
            (vec![("cache-control", "max-age=60"), ("cache-control", "s-maxage=1")], "1s from s-maxage"),
            (vec![("cache-control", "max-age=600"), ("expires", "0")], "600s from max-age"),
            (vec![("cache-control", "max-age=0"), date, expires], "0s from max-age"),
            (vec![("cache-control", "max-age=x"), date, expires], "0s from max-age"),
            (vec![date, expires], "60s from Expires"),
            (vec![expires], "60s from Expires"),
            (vec![("date", "nonsense"), expires], "60s from Expires"),
            (vec![("date", "Sun, 06 Nov 1994 08:49:07 GMT"), expires], "90s from Expires"),
            (vec![("date", "Sun, 06 Nov 1994 09:49:37 GMT"), expires], "0s from Expires"),
            (vec![expires, expires], "0s from Expires"),
            (vec![("expires", "0")], "0s from Expires"),
            (vec![("expires", "")], "0s from Expires"),
            (vec![("expires", "Sun, 06 Nov 2094 08:50:37 UTC")], "0s from Expires"),
        ] {
            assert_eq!(shown(&fields), expected, "{fields:?}");
        }
    }

    /// RFC 9213 §2.2: Cache-Control and Expires are not consulted beside a valid targeted field.
    #[test]
    fn a_targeted_field_decides_alone() {
        let (cc, expires) = (("cache-control", "max-age=60"), ("expires", "Sun, 06 Nov 1994 08:50:37 GMT"));
        for (fields, expected) in [
            (vec![("cdn-cache-control", "max-age=600"), cc, expires], "600s from CDN-Cache-Control"),
            (vec![("cdn-cache-control", "max-age=6, s-maxage=9"), cc], "9s from CDN-Cache-Control"),
            (vec![("cdn-cache-control", "public"), cc, expires], "none"),
            (vec![("cdn-cache-control", "max-age=\"600\""), cc], "60s from max-age"),
        ] {
            assert_eq!(shown(&fields), expected, "{fields:?}");
        }
    }
}
