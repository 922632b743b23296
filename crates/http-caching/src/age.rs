//! How old a stored response is, and whether it is still fresh (RFC 9111 §4.2.3, §4.2, §5.1).

use std::time::Duration;

use http::HeaderMap;
use http::header::{AGE, DATE};

use crate::{Timestamp, date, directive, list};

/// What the `Age` field of a received response says, zero if it says nothing.
///
/// Of a list the first member counts, and one that is not a non-negative integer is ignored (§5.1).
pub fn age_value(response: &HeaderMap) -> Duration {
    list::members(response, AGE).next().and_then(directive::delta_seconds).unwrap_or_default()
}

/// How old a response was on arrival: the larger of what the clocks and what the caches on its way say.
///
/// The time that the request took is counted as age: the answer may have been made at its beginning.
pub fn corrected_initial_age(
    response: &HeaderMap,
    request_time: Timestamp,
    response_time: Timestamp,
) -> Duration {
    let apparent = date::field(response, DATE).at().map_or(Duration::ZERO, |date| response_time.since(date));
    let corrected = age_value(response).saturating_add(response_time.since(request_time));
    apparent.max(corrected)
}

/// How old a response is that arrived at `response_time` with the age `initial`.
pub fn current_age(initial: Duration, response_time: Timestamp, now: Timestamp) -> Duration {
    initial.saturating_add(now.since(response_time))
}

/// Where a stored response stands in its lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Fresh { remaining: Duration },
    Stale { by: Duration },
}

impl Standing {
    /// "response_is_fresh = (freshness_lifetime > current_age)" (§4.2): at the very second it ends, it is stale.
    pub fn of(lifetime: Duration, age: Duration) -> Self {
        if lifetime > age {
            Standing::Fresh { remaining: lifetime - age }
        } else {
            Standing::Stale { by: age - lifetime }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn headers(ages: &[&'static str], date: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for age in ages {
            headers.append(AGE, HeaderValue::from_static(age));
        }
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_static(date));
        }
        headers
    }

    /// "SHOULD use the first member of the field value, discarding subsequent members. If the field value …
    /// is invalid …, a cache SHOULD ignore the field" (§5.1).
    #[test]
    fn a_hostile_age_is_no_age() {
        for (ages, expected) in [
            (vec![], 0),
            (vec!["7200"], 7200),
            (vec!["abc"], 0),
            (vec!["-7200"], 0),
            (vec!["7200.0"], 0),
            (vec!["7200;foo=bar"], 0),
            (vec![""], 0),
            (vec!["7200, 0"], 7200),
            (vec!["0, 7200"], 0),
            (vec!["7200", "0"], 7200),
            (vec!["0", "7200"], 0),
            (vec!["2147483647"], 2_147_483_647),
            (vec!["2147483648"], 2_147_483_648),
            (vec!["2147483649"], 2_147_483_648),
            (vec!["99999999999999999999999"], 2_147_483_648),
        ] {
            assert_eq!(age_value(&headers(&ages, None)), Duration::from_secs(expected), "{ages:?}");
        }
    }

    /// §4.2.3: apparent_age, corrected_age_value, corrected_initial_age.
    #[test]
    fn the_initial_age_is_the_larger_of_clock_and_age_field() {
        // 784_111_777
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        for (age, date, request, response, expected) in [
            ("0", date, 784_111_777, 784_111_777, 0),
            ("0", date, 784_111_780, 784_111_787, 10),
            ("30", date, 784_111_777, 784_111_779, 32),
            ("0", None, 784_111_777, 784_111_779, 2),
            // The origin's clock is ahead of ours, and then ours stepped back.
            ("5", date, 784_111_000, 784_111_003, 8),
            ("5", date, 784_111_003, 784_111_000, 5),
        ] {
            let initial =
                corrected_initial_age(&headers(&[age], date), Timestamp(request), Timestamp(response));
            assert_eq!(initial, Duration::from_secs(expected), "age {age}, from {request} to {response}");
        }
    }

    #[test]
    fn a_response_is_stale_at_the_second_its_lifetime_ends() {
        let initial = Duration::from_secs(10);
        for (now, expected) in [
            (1_000, Standing::Fresh { remaining: Duration::from_secs(90) }),
            (1_089, Standing::Fresh { remaining: Duration::from_secs(1) }),
            (1_090, Standing::Stale { by: Duration::ZERO }),
            (1_095, Standing::Stale { by: Duration::from_secs(5) }),
            // A clock that stepped back makes nothing younger than it arrived.
            (900, Standing::Fresh { remaining: Duration::from_secs(90) }),
        ] {
            let age = current_age(initial, Timestamp(1_000), Timestamp(now));
            assert_eq!(Standing::of(Duration::from_secs(100), age), expected, "at {now}");
        }
        assert_eq!(Standing::of(Duration::ZERO, Duration::ZERO), Standing::Stale { by: Duration::ZERO });
    }

    proptest! {
        #[test]
        fn no_times_overflow(request: u64, response: u64, now: u64, lifetime in 0..=1_u64 << 31) {
            let initial = corrected_initial_age(
                &headers(&["99999999999"], None),
                Timestamp(request),
                Timestamp(response),
            );
            let age = current_age(initial, Timestamp(response), Timestamp(now));
            let _ = Standing::of(Duration::from_secs(lifetime), age);
        }
    }
}
