//! Whether a stored response answers a request as it is (RFC 9111 §4).

use std::time::Duration;

use crate::cache_control::Applies;
use crate::cache_status::Forward;
use crate::stale::{self, Occasion};
use crate::{CacheControl, RequestControl, Standing};

/// What a stored response may do for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    Answer {
        remaining: Duration,
    },
    /// It answers now, and is validated in the background.
    AnswerStale {
        by: Duration,
    },
    /// It must be validated first.
    Validate(Validate),
}

/// Why a stored response must be validated before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validate {
    Stale {
        by: Duration,
    },
    /// The response says `no-cache`.
    NoCache,
    /// The request asks for a validated, younger or longer fresh answer.
    Request,
}

impl Validate {
    /// The word of RFC 9211 §2.2 for it.
    pub fn forward(self) -> Forward {
        match self {
            // There is no word for `no-cache`; what must always be validated is never fresh.
            Validate::Stale { .. } | Validate::NoCache => Forward::Stale,
            Validate::Request => Forward::Request,
        }
    }
}

/// `lifetime` is zero for a response that nobody gave one: it was stored for its validator alone.
pub fn reuse(control: &CacheControl, lifetime: Duration, age: Duration, request: &RequestControl) -> Reuse {
    // §5.2.2.4: "MUST NOT be used to satisfy any other request without forwarding it for validation".
    if control.no_cache == Applies::Always {
        return Reuse::Validate(Validate::NoCache);
    }
    // §5.2.1.4 and §5.2.1.1.
    if request.no_cache || request.max_age.is_some_and(|limit| age > limit) {
        return Reuse::Validate(Validate::Request);
    }
    match Standing::of(lifetime, age) {
        // §5.2.1.3.
        Standing::Fresh { remaining } if request.min_fresh.is_some_and(|wanted| remaining < wanted) => {
            Reuse::Validate(Validate::Request)
        }
        Standing::Fresh { remaining } => Reuse::Answer { remaining },
        Standing::Stale { by } => {
            let origin_allows = stale::may_answer(control, by, Occasion::Revalidating).is_ok();
            // §5.2.1.2; a client's word cannot lift the origin's prohibition (§4.2.4).
            let client_takes =
                request.max_stale.is_some_and(|limit| limit.takes(by)) && stale::forbidden(control).is_ok();
            // A client that names how fresh it must be does not want it stale.
            if (origin_allows && request.min_fresh.is_none()) || client_takes {
                Reuse::AnswerStale { by }
            } else {
                Reuse::Validate(Validate::Stale { by })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Timestamp, freshness};
    use expect_test::{Expect, expect};
    use http::{HeaderMap, HeaderValue, header::CACHE_CONTROL};

    fn headers(cache_control: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
        headers
    }

    #[track_caller]
    fn check(response: &'static str, age: u64, request: &'static str, expected: Expect) {
        let response = headers(response);
        let control = CacheControl::of(&response);
        let lifetime = freshness::explicit(&control, &response, Timestamp(0));
        let lifetime = lifetime.map_or(Duration::ZERO, |lifetime| lifetime.duration);
        let request = RequestControl::of(&headers(request));
        let decision = match reuse(&control, lifetime, Duration::from_secs(age), &request) {
            Reuse::Answer { remaining } => format!("answer, {}s left", remaining.as_secs()),
            Reuse::AnswerStale { by } => format!("answer, stale by {}s", by.as_secs()),
            Reuse::Validate(why) => format!("validate, fwd={}", why.forward()),
        };
        expected.assert_eq(&decision);
    }

    #[test]
    fn a_fresh_response_answers_until_it_is_stale() {
        check("max-age=60", 0, "", expect!["answer, 60s left"]);
        check("max-age=60", 59, "", expect!["answer, 1s left"]);
        check("max-age=60", 60, "", expect!["validate, fwd=stale"]);
        check("max-age=60, no-cache", 0, "", expect!["validate, fwd=stale"]);
        check("max-age=60, no-cache=\"set-cookie\"", 0, "", expect!["answer, 60s left"]);
        check("public", 0, "", expect!["validate, fwd=stale"]);
    }

    #[test]
    fn an_origin_may_allow_stale_answers() {
        check("max-age=60, stale-while-revalidate=30", 89, "", expect!["answer, stale by 29s"]);
        check("max-age=60, stale-while-revalidate=30", 90, "", expect!["validate, fwd=stale"]);
        check("max-age=60, stale-if-error=30", 61, "", expect!["validate, fwd=stale"]);
    }

    #[test]
    fn a_request_may_ask_for_more() {
        check("max-age=60", 10, "no-cache", expect!["validate, fwd=request"]);
        check("max-age=60", 10, "max-age=9", expect!["validate, fwd=request"]);
        check("max-age=60", 10, "max-age=10", expect!["answer, 50s left"]);
        check("max-age=60", 10, "min-fresh=50", expect!["answer, 50s left"]);
        check("max-age=60", 10, "min-fresh=51", expect!["validate, fwd=request"]);
        check("max-age=60, stale-while-revalidate=30", 70, "min-fresh=1", expect!["validate, fwd=stale"]);
    }

    #[test]
    fn a_request_may_take_less() {
        check("max-age=60", 70, "max-stale", expect!["answer, stale by 10s"]);
        check("max-age=60", 70, "max-stale=10", expect!["answer, stale by 10s"]);
        check("max-age=60", 70, "max-stale=9", expect!["validate, fwd=stale"]);
        check("max-age=60, must-revalidate", 70, "max-stale", expect!["validate, fwd=stale"]);
        check("s-maxage=60", 70, "max-stale", expect!["validate, fwd=stale"]);
    }
}
