//! For how long a source lets us reuse what it just sent (the rules are `http_caching`'s).

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http_caching::cache_control::Applies;
use http_caching::{CacheControl, Timestamp, age, freshness};

/// The rest of the lifetime at `answered`, of an answer that was asked for at `asked`; `None` if the source is silent.
///
/// What must not be stored or shared has none left: it is asked for anew each time.
pub(crate) fn lifetime_of(headers: &HeaderMap, asked: Timestamp, answered: Timestamp) -> Option<Duration> {
    let control = CacheControl::of(headers);
    if control.no_store || control.no_cache == Applies::Always || control.private == Applies::Always {
        return Some(Duration::ZERO);
    }
    let lifetime = freshness::explicit(&control, headers, answered)?;
    Some(lifetime.duration.saturating_sub(age::corrected_initial_age(headers, asked, answered)))
}

pub(crate) fn now() -> Timestamp {
    // A clock before 1970 knows no better than 1970.
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(since_epoch.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    #[test]
    fn a_source_may_be_silent_or_strict_or_old() {
        // Sun, 06 Nov 1994 08:49:37 GMT, and two seconds later.
        let (asked, answered) = (Timestamp(784_111_777), Timestamp(784_111_779));
        let expires = ("expires", "Sun, 06 Nov 1994 08:50:39 GMT");
        for (fields, expected) in [
            (vec![], None),
            (vec![("cache-control", "public")], None),
            (vec![("last-modified", "Sun, 06 Nov 1994 08:00:00 GMT")], None),
            (vec![("cache-control", "max-age=60")], Some(58)),
            (vec![("cache-control", "max-age=60, s-maxage=600")], Some(598)),
            (vec![("cache-control", "max-age=60"), ("age", "20")], Some(38)),
            (vec![("cache-control", "max-age=60"), ("age", "90")], Some(0)),
            (vec![("cdn-cache-control", "max-age=600"), ("cache-control", "no-store")], Some(598)),
            (vec![expires], Some(58)),
            (vec![("expires", "0")], Some(0)),
            (vec![("cache-control", "no-store, max-age=60")], Some(0)),
            (vec![("cache-control", "no-cache")], Some(0)),
            (vec![("cache-control", "private, max-age=60")], Some(0)),
            (vec![("cache-control", "no-cache=\"set-cookie\", max-age=60")], Some(58)),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in &fields {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            let lifetime = lifetime_of(&headers, asked, answered);
            assert_eq!(lifetime, expected.map(Duration::from_secs), "{fields:?}");
        }
    }
}
