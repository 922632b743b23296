//! The one place of the data plane where an internal error becomes words and a status for the client.
//!
//! Every variant is named here, so that adding an error is a compile error until someone has decided what the
//! client learns of it.

use api_types::Problem;
use api_types::problem::MEDIA_TYPE;
use dialect::{BadRequest, SignatureError};
use http::{HeaderValue, Response, StatusCode, header};

use crate::body::EdgeBody;
use crate::fill::FillError;
use crate::purge_method;
use crate::request::Refusal;

pub fn of_refusal(refusal: &Refusal) -> Problem {
    let detail = refusal.to_string();
    match refusal {
        Refusal::NoHost => Problem::new(400, "no-host", "No host", detail),
        Refusal::UrlTooLong { .. } => Problem::new(414, "url-too-long", "URL too long", detail),
        Refusal::Method(_) => Problem::new(405, "method-not-allowed", "Method not allowed", detail),
        Refusal::Url(error) => match error {
            BadRequest::UrlTooLong { .. } | BadRequest::CanonicalTooLong { .. } => {
                Problem::new(414, "url-too-long", "URL too long", detail)
            }
            BadRequest::NoOriginal { .. } => Problem::new(404, "no-original", "No such original", detail),
            BadRequest::NoPack { .. } => Problem::new(404, "unknown-pack", "Unknown pack", detail),
            BadRequest::Source(_) | BadRequest::Path(_) => {
                Problem::new(400, "malformed-path", "Malformed path", detail)
            }
            BadRequest::UnknownParameter { .. } => {
                Problem::new(400, "unknown-parameter", "Unknown parameter", detail)
            }
            BadRequest::RepeatedParameter { .. } => {
                Problem::new(400, "repeated-parameter", "Repeated parameter", detail)
            }
            BadRequest::MalformedParameter { .. } => {
                Problem::new(400, "malformed-parameter", "Malformed parameter", detail)
            }
            BadRequest::UselessParameter { .. } => {
                Problem::new(400, "useless-parameter", "Useless parameter", detail)
            }
            BadRequest::IncompleteSignature { .. } | BadRequest::AlreadySigned { .. } => {
                Problem::new(400, "malformed-signature", "Malformed signature", detail)
            }
        },
        Refusal::Signature(error) => match error {
            SignatureError::Missing => Problem::new(403, "signature-missing", "Signature missing", detail),
            SignatureError::UnknownKey { .. } | SignatureError::Mismatch => {
                Problem::new(403, "signature-invalid", "Signature invalid", detail)
            }
            SignatureError::Expired { .. } => {
                Problem::new(403, "signature-expired", "Signature expired", detail)
            }
        },
    }
}

pub fn starting() -> Problem {
    Problem::new(503, "starting", "Starting", "this node has not been told yet what to serve")
}

pub fn of_purge_method(refused: &purge_method::Refused) -> Problem {
    use purge_method::Refused;
    let detail = refused.to_string();
    match refused {
        Refused::Off => Problem::new(405, "purge-method-off", "PURGE is off", detail),
        Refused::NotFrom(_) => {
            Problem::new(403, "purge-method-forbidden", "PURGE is not open to you", detail)
        }
        Refused::Unreadable(_) => Problem::new(400, "malformed-purge", "Malformed purge", detail),
        Refused::TooMany(_) => Problem::new(400, "too-many-selectors", "Too many selectors", detail),
    }
}

/// RFC 9111 §5.2.1.7.
pub fn not_cached() -> Problem {
    Problem::new(
        504,
        "not-cached",
        "Not cached",
        "the request says only-if-cached, and nothing usable is stored",
    )
}

/// Causes that name addresses inside the operator's network are logged where they happen, and not sent.
pub fn of_fill(error: &FillError) -> Problem {
    match error {
        FillError::Problem(problem) => problem.clone(),
        FillError::Unreachable(_) => {
            Problem::new(502, "origin-unreachable", "Origin unreachable", "the origin cannot be reached")
        }
        FillError::TimedOut(which) => Problem::new(504, "origin-timeout", "Origin timeout", which.clone()),
        FillError::Answered(_) => {
            Problem::new(502, "origin-failed", "Origin failed", "the origin answered with an error")
        }
        FillError::Overloaded { retry_after } => Problem {
            retry_after: u32::try_from(retry_after.as_secs()).ok(),
            ..Problem::new(503, "overloaded", "Overloaded", "too much is waiting already; try again shortly")
        },
        FillError::Behind => Problem::new(
            503,
            "behind",
            "Behind the purge log",
            "the tier above has not caught up yet; try again shortly",
        ),
        FillError::Abandoned => {
            Problem::new(500, "internal", "Internal error", "the request failed inside; see the log")
        }
    }
}

/// An error as an answer. Remembered shortly by browsers too, and never in place of a picture.
pub fn answer(problem: &Problem, error_lifetime: u32) -> Response<EdgeBody> {
    let mut response = Response::new(EdgeBody::from(bytes::Bytes::from(problem.to_json())));
    *response.status_mut() =
        StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let remembered = match problem.status {
        // What is wrong with a request does not change soon, but whether its signature is known may.
        400 | 404 | 410 | 414 | 422 | 451 => format!("public, max-age={error_lifetime}"),
        _ => "no-store".to_owned(),
    };
    if let Ok(value) = HeaderValue::try_from(remembered) {
        headers.insert(header::CACHE_CONTROL, value);
    }
    match problem.status {
        405 => headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD")),
        429 | 503 => headers.insert(header::RETRY_AFTER, problem.retry_after.unwrap_or(1).max(1).into()),
        _ => None,
    };
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The one who is asked says it in the problem, so that the tiers below can say it again.
    #[test]
    fn who_is_sent_away_is_told_by_every_tier_when_to_come_again() {
        let busy = of_fill(&FillError::Overloaded { retry_after: Duration::from_secs(7) });
        let passed_on: Problem = serde_json::from_slice(&busy.to_json()).unwrap();
        let seconds = |problem: &Problem| {
            let response = answer(problem, 0);
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            response.headers()[header::RETRY_AFTER].to_str().unwrap().to_owned()
        };
        assert_eq!([seconds(&busy), seconds(&of_fill(&FillError::Problem(passed_on)))], ["7", "7"]);
        // Where nothing is known of it, soon.
        assert_eq!(seconds(&of_fill(&FillError::Behind)), "1");
    }
}
