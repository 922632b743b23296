//! What the cache did with a request, in the words of RFC 9211.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::structured;

/// The member that one cache adds to the `Cache-Status` field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheStatus {
    /// Which cache it was.
    pub cache: String,
    pub outcome: Outcome,
    pub detail: Option<String>,
    /// The cache key, if it is nobody's secret.
    pub key: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Answered from the cache, fresh for `ttl` more.
    Hit { ttl: Duration },
    /// Answered with a response that has been stale for `by`.
    StaleHit { by: Duration, why: StaleHit },
    /// Went forward towards the origin.
    Forwarded {
        why: Forward,
        /// What the next hop answered, if it did and it is not what we answer.
        status: Option<StatusCode>,
        /// How long the answer stays fresh.
        ttl: Option<Duration>,
        stored: bool,
        /// Shared with a request that was under way already.
        collapsed: bool,
    },
}

/// Why a stale response answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaleHit {
    /// It is validated meanwhile (RFC 5861 §3).
    WhileRevalidating,
    /// It could not be validated (RFC 5861 §4).
    OnError,
    /// The node is cut off, and its operator chose stale answers over none.
    Unleased,
}

/// Why a request went forward: the `fwd` parameter (RFC 9211 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forward {
    /// The cache was configured not to handle it.
    Bypass,
    /// Because of its method.
    Method,
    UriMiss,
    VaryMiss,
    Miss,
    /// Its own directives asked for it.
    Request,
    Stale,
    Partial,
}

impl Forward {
    pub fn as_str(self) -> &'static str {
        match self {
            Forward::Bypass => "bypass",
            Forward::Method => "method",
            Forward::UriMiss => "uri-miss",
            Forward::VaryMiss => "vary-miss",
            Forward::Miss => "miss",
            Forward::Request => "request",
            Forward::Stale => "stale",
            Forward::Partial => "partial",
        }
    }
}

impl StaleHit {
    pub fn as_str(self) -> &'static str {
        match self {
            StaleHit::WhileRevalidating => "stale-while-revalidate",
            StaleHit::OnError => "stale-if-error",
            StaleHit::Unleased => "unleased",
        }
    }
}

impl fmt::Display for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much of a detail or key is shown.
const TEXT_LEN_MAX: usize = 512;

impl fmt::Display for CacheStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // §2: "either a String or a Token".
        if structured::is_token(&self.cache) {
            f.write_str(&self.cache)?;
        } else {
            f.write_str(&structured::string(&self.cache))?;
        }
        match self.outcome {
            Outcome::Hit { ttl } => write!(f, "; hit; ttl={}", seconds(ttl))?,
            // §2.1: what was forwarded first is no hit. §2.4: a negative ttl says that it is stale.
            Outcome::StaleHit { by, why: StaleHit::OnError } => {
                write!(f, "; fwd=stale; ttl={}", -seconds(by))?
            }
            Outcome::StaleHit { by, .. } => write!(f, "; hit; ttl={}", -seconds(by))?,
            Outcome::Forwarded { why, status, ttl, stored, collapsed } => {
                write!(f, "; fwd={why}")?;
                if let Some(status) = status {
                    write!(f, "; fwd-status={}", status.as_u16())?;
                }
                if let Some(ttl) = ttl {
                    write!(f, "; ttl={}", seconds(ttl))?;
                }
                if stored {
                    f.write_str("; stored")?;
                }
                if collapsed {
                    f.write_str("; collapsed")?;
                }
            }
        }
        if let Some(key) = &self.key {
            write!(f, "; key={}", text(key))?;
        }
        match (self.outcome, &self.detail) {
            (Outcome::StaleHit { why, .. }, Some(detail)) => {
                write!(f, "; detail={}", text(&format!("{}: {detail}", why.as_str())))
            }
            (Outcome::StaleHit { why, .. }, None) => write!(f, "; detail={}", why.as_str()),
            (_, Some(detail)) => write!(f, "; detail={}", text(detail)),
            (_, None) => Ok(()),
        }
    }
}

/// Within the 15 digits of an sf-integer (RFC 8941 §3.3.1).
fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX).min(999_999_999_999_999)
}

fn text(text: &str) -> String {
    structured::string(&text[..text.floor_char_boundary(TEXT_LEN_MAX)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structured::dictionary;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn edge(outcome: Outcome) -> CacheStatus {
        CacheStatus { cache: "edge-1".to_owned(), outcome, detail: None, key: None }
    }

    const MISS: Outcome = Outcome::Forwarded {
        why: Forward::UriMiss,
        status: Some(StatusCode::OK),
        ttl: Some(Duration::from_secs(600)),
        stored: true,
        collapsed: false,
    };

    #[track_caller]
    fn check(status: CacheStatus, expected: Expect) {
        expected.assert_eq(&status.to_string());
    }

    #[test]
    fn each_outcome_has_its_words() {
        let by = Duration::from_secs(5);
        check(edge(Outcome::Hit { ttl: Duration::from_secs(60) }), expect!["edge-1; hit; ttl=60"]);
        check(edge(MISS), expect!["edge-1; fwd=uri-miss; fwd-status=200; ttl=600; stored"]);
        check(
            edge(Outcome::Forwarded {
                why: Forward::Stale,
                status: None,
                ttl: None,
                stored: false,
                collapsed: true,
            }),
            expect!["edge-1; fwd=stale; collapsed"],
        );
        check(
            edge(Outcome::StaleHit { by, why: StaleHit::WhileRevalidating }),
            expect!["edge-1; hit; ttl=-5; detail=stale-while-revalidate"],
        );
        check(
            edge(Outcome::StaleHit { by, why: StaleHit::OnError }),
            expect!["edge-1; fwd=stale; ttl=-5; detail=stale-if-error"],
        );
        check(
            CacheStatus {
                detail: Some("since 12:00".to_owned()),
                ..edge(Outcome::StaleHit { by, why: StaleHit::Unleased })
            },
            expect![[r#"edge-1; hit; ttl=-5; detail="unleased: since 12:00""#]],
        );
    }

    #[test]
    fn foreign_text_stays_inside_its_string() {
        check(
            CacheStatus {
                cache: "node in \"Köln\"".to_owned(),
                outcome: MISS,
                detail: Some("a\\b\r\nSet-Cookie: x".to_owned()),
                key: Some("/demo/a\"b.jpg?w=1".to_owned()),
            },
            expect![[
                r#""node in \"K%C3%B6ln\""; fwd=uri-miss; fwd-status=200; ttl=600; stored; key="/demo/a\"b.jpg?w=1"; detail="a\\b%0D%0ASet-Cookie: x""#
            ]],
        );
    }

    proptest! {
        #[test]
        fn it_is_always_a_structured_field(cache in ".{0,20}", key in ".{0,600}", detail in ".{0,600}", ttl: u64) {
            let status = CacheStatus {
                cache,
                outcome: Outcome::Hit { ttl: Duration::from_secs(ttl) },
                detail: Some(detail),
                key: Some(key),
            };
            // An item with parameters, as the value of a dictionary's only member.
            prop_assert!(dictionary(&format!("a={status}")).is_some(), "{status}");
        }
    }
}
