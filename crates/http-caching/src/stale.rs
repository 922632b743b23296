//! Whether a stale response may answer all the same (RFC 9111 §4.2.4, RFC 5861).

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::CacheControl;
use crate::cache_control::Applies;

/// What makes us think of a stale response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// It would answer now, while it is validated in the background (RFC 5861 §3).
    Revalidating,
    /// Its origin could not be asked, or [failed](is_failure) (RFC 5861 §4).
    ///
    /// RFC 9111 §4.2.4 would allow a disconnected cache to serve stale unasked; we wait for the origin's (or the
    /// site's) permission in both cases, so that nobody is surprised by how long an old picture lives on.
    Failed,
}

/// Why a stale response may not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyNot {
    NoCache,
    MustRevalidate,
    ProxyRevalidate,
    /// `s-maxage` "incorporates the semantics of the proxy-revalidate response directive" (RFC 9111 §5.2.2.10).
    /// An origin that wants both says `CDN-Cache-Control: max-age=…, stale-while-revalidate=…`.
    SMaxAge,
    /// Nobody allowed it.
    NoWindow,
    /// It was allowed, for less long.
    WindowClosed {
        window: Duration,
    },
}

/// Whether a response that is stale `by` this much may answer on this occasion.
pub fn may_answer(control: &CacheControl, by: Duration, occasion: Occasion) -> Result<(), WhyNot> {
    forbidden(control)?;
    let window = match occasion {
        Occasion::Revalidating => control.stale_while_revalidate,
        Occasion::Failed => control.stale_if_error,
    };
    match window {
        None => Err(WhyNot::NoWindow),
        Some(window) if by >= window => Err(WhyNot::WindowClosed { window }),
        Some(_) => Ok(()),
    }
}

/// "A cache MUST NOT generate a stale response if it is prohibited by an explicit in-protocol directive" (RFC 9111
/// §4.2.4), whoever else would allow it.
pub fn forbidden(control: &CacheControl) -> Result<(), WhyNot> {
    if control.no_cache == Applies::Always {
        return Err(WhyNot::NoCache);
    }
    if control.must_revalidate {
        return Err(WhyNot::MustRevalidate);
    }
    if control.proxy_revalidate {
        return Err(WhyNot::ProxyRevalidate);
    }
    if control.s_maxage.is_some() {
        return Err(WhyNot::SMaxAge);
    }
    Ok(())
}

/// The statuses that count as an error for `stale-if-error` (RFC 5861 §4).
pub fn is_failure(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502 | 503 | 504)
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WhyNot::NoCache => f.write_str("no-cache forbids stale answers"),
            WhyNot::MustRevalidate => f.write_str("must-revalidate forbids stale answers"),
            WhyNot::ProxyRevalidate => f.write_str("proxy-revalidate forbids stale answers"),
            WhyNot::SMaxAge => f.write_str("s-maxage forbids stale answers"),
            WhyNot::NoWindow => f.write_str("nobody allowed a stale answer"),
            WhyNot::WindowClosed { window } => {
                write!(f, "a stale answer was allowed for {}s only", window.as_secs())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use http::{HeaderMap, HeaderValue, header::CACHE_CONTROL};

    #[track_caller]
    fn check(cache_control: &'static str, by: u64, occasion: Occasion, expected: Expect) {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
        let answer = may_answer(&CacheControl::of(&headers), Duration::from_secs(by), occasion);
        expected.assert_eq(&answer.map_or_else(|why| why.to_string(), |()| "may answer".to_owned()));
    }

    /// RFC 5861 §3 and §4: "up to the indicated number of seconds".
    #[test]
    fn each_window_serves_its_own_occasion() {
        use Occasion::{Failed, Revalidating};
        check("max-age=1, stale-while-revalidate=5", 0, Revalidating, expect!["may answer"]);
        check("max-age=1, stale-while-revalidate=5", 4, Revalidating, expect!["may answer"]);
        check(
            "max-age=1, stale-while-revalidate=5",
            5,
            Revalidating,
            expect!["a stale answer was allowed for 5s only"],
        );
        check("max-age=1, stale-while-revalidate=5", 4, Failed, expect!["nobody allowed a stale answer"]);
        check("max-age=1, stale-if-error=5", 4, Failed, expect!["may answer"]);
        check("max-age=1, stale-if-error=5", 4, Revalidating, expect!["nobody allowed a stale answer"]);
        check("max-age=1, stale-if-error=0", 0, Failed, expect!["a stale answer was allowed for 0s only"]);
        check("max-age=1, stale-if-error=x", 0, Failed, expect!["a stale answer was allowed for 0s only"]);
    }

    /// RFC 9111 §5.2.2.2, §5.2.2.4, §5.2.2.8, §5.2.2.10.
    #[test]
    fn a_prohibition_outweighs_every_window() {
        let failed = Occasion::Failed;
        check(
            "max-age=1, stale-if-error=9, must-revalidate",
            1,
            failed,
            expect!["must-revalidate forbids stale answers"],
        );
        check(
            "max-age=1, stale-if-error=9, proxy-revalidate",
            1,
            failed,
            expect!["proxy-revalidate forbids stale answers"],
        );
        check("s-maxage=1, stale-if-error=9", 1, failed, expect!["s-maxage forbids stale answers"]);
        check("no-cache, stale-if-error=9", 1, failed, expect!["no-cache forbids stale answers"]);
        check("no-cache=\"set-cookie\", stale-if-error=9", 1, failed, expect!["may answer"]);
    }

    #[test]
    fn four_statuses_are_failures() {
        let failures: Vec<u16> =
            (100..600).filter(|code| StatusCode::from_u16(*code).is_ok_and(is_failure)).collect();
        assert_eq!(failures, [500, 502, 503, 504]);
    }
}
