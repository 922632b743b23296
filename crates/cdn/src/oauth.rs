//! OAuth 2.0 between machines: how a token is asked for and read, and for how long it is one (RFC 6749, RFC 7523).

use std::fmt;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::answer::Answer;
use crate::error::CallError;
use crate::vendor::request;

/// A token that ends so soon is not begun with.
const SPARE: u64 = 60;
/// However long a vendor says that it holds.
const LIFETIME_MAX: u64 = 24 * 3600;

/// A token, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    value: String,
    /// Unix seconds.
    until: u64,
}

#[derive(Deserialize)]
struct Said {
    access_token: String,
    token_type: String,
    expires_in: u64,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Token {
    pub fn is_good(&self, now: u64) -> bool {
        now + SPARE < self.until
    }

    pub fn value(&self) -> &str {
        &self.value
    }

    /// What a token server answered.
    pub(crate) fn of(answer: &Answer, now: u64) -> Result<Self, CallError> {
        if let (true, Ok(refused)) = (answer.status.is_client_error(), answer.json::<Refused>()) {
            let words = format!("{} {}", refused.error, refused.error_description);
            return Err(match answer.status.as_u16() {
                429 => CallError::busy(answer, &words),
                _ => CallError::credentials(answer, &words),
            });
        }
        answer.check()?;
        // Its text is a secret, so that no error repeats it.
        let nonsense = || CallError::nonsense(answer, "the token server's answer has no token");
        let said: Said = serde_json::from_slice(&answer.body).map_err(|_| nonsense())?;
        let is_sendable = said.access_token.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
        let is_bearer = said.token_type.eq_ignore_ascii_case("bearer");
        if said.access_token.is_empty() || !is_sendable || !is_bearer {
            return Err(nonsense());
        }
        Ok(Self { value: said.access_token, until: now + said.expires_in.min(LIFETIME_MAX) })
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("until", &self.until).finish_non_exhaustive()
    }
}

/// The request for one.
pub(crate) fn question(server: &Url, fields: &[(&str, &str)]) -> Result<Request<Bytes>, CallError> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request(Method::POST, server, "", &[(CONTENT_TYPE, "application/x-www-form-urlencoded")], body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Next;
    use http::{HeaderMap, StatusCode};

    fn read(status: u16, body: &'static str) -> Result<Token, CallError> {
        let status = StatusCode::from_u16(status).unwrap();
        Token::of(&Answer { status, headers: HeaderMap::new(), body: body.into() }, 1000)
    }

    #[test]
    fn a_token_is_used_until_a_minute_before_its_end() {
        let token = read(200, r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#).unwrap();
        assert!(token.is_good(1000) && token.is_good(4539) && !token.is_good(4540));
        assert!(!format!("{token:?}").contains("\"t\""));
    }

    #[test]
    fn what_is_no_token_is_an_error_and_shows_nothing() {
        for (status, body, next) in [
            (400, r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#, Next::GiveUp),
            (401, r#"{"error":"invalid_client"}"#, Next::GiveUp),
            (429, r#"{"error":"slow_down"}"#, Next::Again { after: None }),
            (503, "", Next::Again { after: None }),
            (200, "<html>", Next::Again { after: None }),
            (200, r#"{"access_token":"","token_type":"Bearer","expires_in":1}"#, Next::Again { after: None }),
            (
                200,
                r#"{"access_token":"sec\nret","token_type":"Bearer","expires_in":1}"#,
                Next::Again { after: None },
            ),
            (
                200,
                r#"{"access_token":"secret","token_type":"mac","expires_in":1}"#,
                Next::Again { after: None },
            ),
        ] {
            let error = read(status, body).unwrap_err();
            assert_eq!(error.next(), next, "{body}");
            assert!(!error.to_string().contains("sec"), "{error}");
        }
    }
}
