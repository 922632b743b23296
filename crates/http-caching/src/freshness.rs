//! How long a response stays fresh (RFC 9111 §4.2.1).

use std::fmt;
use std::time::Duration;

use http::header::{DATE, EXPIRES};
use http::{HeaderMap, StatusCode};

use crate::date::{self, Dated};
use crate::last_modified::last_modified;
use crate::storing::is_heuristically_cacheable;
use crate::{CacheControl, Leeway, Timestamp};

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
    /// `CDN-Cache-Control` or `Surrogate-Control`, either of its two directives.
    Targeted,
    Expires,
    /// A guess from `Last-Modified`.
    Heuristic,
}

/// The lifetime of a response that was received at `now`: the origin's, else a guess, where one is wanted.
pub fn lifetime(
    leeway: &Leeway,
    control: &CacheControl,
    status: StatusCode,
    response: &HeaderMap,
    now: Timestamp,
) -> Option<Lifetime> {
    explicit(control, response, now).or_else(|| heuristic(leeway, control, status, response, now))
}

/// What part of the time since its last change a response is taken to stay as it is: "A typical setting of this
/// fraction might be 10%" (§4.2.2).
const HEURISTIC_FRACTION: u32 = 10;

/// The lifetime of a response that nobody gave one (§4.2.2); `None` where it cannot be guessed or must not be.
///
/// Off unless it is wanted: what somebody may want to purge is not kept on a guess.
pub fn heuristic(
    leeway: &Leeway,
    control: &CacheControl,
    status: StatusCode,
    response: &HeaderMap,
    now: Timestamp,
) -> Option<Lifetime> {
    if leeway.heuristic_lifetime.is_zero() || !(control.public || is_heuristically_cacheable(status)) {
        return None;
    }
    let made = date::field(response, DATE).at().unwrap_or(now);
    let duration = made.since(last_modified(response)?) / HEURISTIC_FRACTION;
    let duration = Duration::from_secs(duration.min(leeway.heuristic_lifetime).as_secs());
    Some(Lifetime { duration, decided_by: DecidedBy::Heuristic })
}

/// The lifetime that the origin gave a response which was received at `now`; `None` if it gave none.
pub fn explicit(control: &CacheControl, response: &HeaderMap, now: Timestamp) -> Option<Lifetime> {
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
            DecidedBy::Targeted => "a field for CDNs",
            DecidedBy::Expires => "Expires",
            DecidedBy::Heuristic => "Last-Modified",
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

    type Fields<'a> = &'a [(&'static str, &'static str)];

    fn shown_under(leeway: &Leeway, status: u16, fields: Fields<'_>) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let status = StatusCode::from_u16(status).expect("a status");
        let lifetime = lifetime(leeway, &CacheControl::of(&headers), status, &headers, NOW);
        lifetime.map_or("none".to_owned(), |lifetime| lifetime.to_string())
    }

    fn shown(fields: Fields<'_>) -> String {
        shown_under(&Leeway::default(), 200, fields)
    }

    /// §4.2.2: "MUST NOT use heuristics to determine freshness when an explicit expiration time is present", and only
    /// for statuses "defined as heuristically cacheable" or what is "explicitly marked as cacheable".
    #[test]
    fn a_tenth_of_its_age_is_a_guess_where_guesses_are_allowed() {
        let leeway = Leeway { heuristic_lifetime: Duration::from_secs(3600), ..Leeway::default() };
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let hour_ago = ("last-modified", "Sun, 06 Nov 1994 07:49:37 GMT");
        let cases: [(u16, Fields<'_>, &str); 10] = [
            (200, &[date, hour_ago], "360s from Last-Modified"),
            (200, &[hour_ago], "360s from Last-Modified"),
            (410, &[date, hour_ago], "360s from Last-Modified"),
            (200, &[date, ("last-modified", "Sat, 06 Nov 1993 08:49:37 GMT")], "3600s from Last-Modified"),
            (200, &[date, ("last-modified", "Mon, 07 Nov 1994 08:49:37 GMT")], "0s from Last-Modified"),
            (200, &[date, hour_ago, ("expires", "0")], "0s from Expires"),
            (200, &[date, ("last-modified", "yesterday")], "none"),
            (200, &[date], "none"),
            (403, &[date, hour_ago], "none"),
            (403, &[date, hour_ago, ("cache-control", "public")], "360s from Last-Modified"),
        ];
        for (status, fields, expected) in cases {
            assert_eq!(shown_under(&leeway, status, fields), expected, "{status} {fields:?}");
            let unasked = shown_under(&Leeway::default(), status, fields);
            assert!(!unasked.contains("Last-Modified"), "{status} {fields:?}");
        }
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
            (vec![("cdn-cache-control", "max-age=600"), cc, expires], "600s from a field for CDNs"),
            (vec![("cdn-cache-control", "max-age=6, s-maxage=9"), cc], "9s from a field for CDNs"),
            (vec![("cdn-cache-control", "public"), cc, expires], "none"),
            (vec![("cdn-cache-control", "max-age=\"600\""), cc], "60s from max-age"),
        ] {
            assert_eq!(shown(&fields), expected, "{fields:?}");
        }
    }
}
