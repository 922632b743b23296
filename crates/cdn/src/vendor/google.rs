//! Google Cloud CDN: one path, one prefix or a few tags of a URL map at a time; each is an operation that is asked about.
//!
//! A request that is sent again under its `requestId` is the same invalidation.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{Accepted, Context, Vendor, request};
use crate::answer::Answer;
use crate::call::{Call, Targets};
use crate::capabilities::{Batch, Capabilities, Completion, Rate};
use crate::error::CallError;
use crate::hmac_sha256::{hex, sha256};
use crate::oauth::{self, Token};
use crate::service_account::ServiceAccount;
use crate::settings::{SettingsError, VendorSettings};

const SCOPE: &str = "https://www.googleapis.com/auth/compute";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Its reasons, with status 403, for trying later.
const BUSY: [&str; 4] = ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "resourceNotReady"];

#[derive(Debug)]
pub(super) struct Google {
    api: Url,
    project: String,
    url_map: String,
    account: ServiceAccount,
}

impl Google {
    pub(super) fn new(settings: &VendorSettings) -> Result<Self, SettingsError> {
        let account = ServiceAccount::read(settings.secret_text()?);
        Ok(Self {
            api: settings.api()?,
            project: settings.name("project")?,
            url_map: settings.name("url_map")?,
            account: account.ok_or(SettingsError::NoServiceAccount)?,
        })
    }

    fn invalidate(&self, rule: &Value, id: &str) -> Result<Request<Bytes>, CallError> {
        let path = format!(
            "/compute/v1/projects/{}/global/urlMaps/{}/invalidateCache?requestId={id}",
            self.project, self.url_map
        );
        request(Method::POST, &self.api, &path, &[(CONTENT_TYPE, "application/json")], rule.to_string())
    }
}

impl Vendor for Google {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            path: Batch::of(1),
            prefix: Batch::of(1),
            tag: Batch::of(10),
            all: true,
            // 500 a minute.
            rate: Rate { burst: 50, every: Duration::from_millis(120) },
            in_progress: 16,
            completion: Completion::Polled,
            ..Capabilities::NONE
        }
    }

    fn requests(&self, call: &Call, context: &Context) -> Result<Vec<Request<Bytes>>, CallError> {
        let rules: Vec<Value> = match &call.targets {
            Targets::Paths(paths) => {
                paths.iter().map(|one| json!({ "host": one.host(), "path": one.path })).collect()
            }
            // A star stands after a slash only: the folder itself is another path.
            Targets::Prefixes(prefixes) => prefixes
                .iter()
                .flat_map(|one| {
                    let path = one.path.trim_end_matches('/');
                    let below = json!({ "host": one.host(), "path": format!("{path}/*") });
                    let itself = (!path.is_empty()).then(|| json!({ "host": one.host(), "path": path }));
                    std::iter::once(below).chain(itself)
                })
                .collect(),
            Targets::Tags(tags) => vec![json!({ "cacheTags": tags })],
            Targets::All => vec![json!({ "path": "/*" })],
            Targets::Urls(_) => {
                return Err(CallError::Unwritable("Google knows no queries".to_owned()));
            }
        };
        let numbered = rules.iter().enumerate();
        numbered.map(|(n, rule)| self.invalidate(rule, &request_id(&context.reference, n))).collect()
    }

    fn accepted(&self, _: &Call, answer: &Answer) -> Result<Accepted, CallError> {
        let (handle, completed) = operation(answer)?;
        Ok(Accepted { handle: Some(handle), completed })
    }

    fn question(&self, handle: &str, _: &Context) -> Result<Option<Request<Bytes>>, CallError> {
        let path = format!("/compute/v1/projects/{}/global/operations/{handle}", self.project);
        Ok(Some(request(Method::GET, &self.api, &path, &[], Bytes::new())?))
    }

    fn completed(&self, answer: &Answer) -> Result<bool, CallError> {
        operation(answer).map(|(_, completed)| completed)
    }

    fn login(&self, now: u64) -> Result<Option<Request<Bytes>>, CallError> {
        let assertion = self.account.assertion(SCOPE, now)?;
        let fields = [("grant_type", GRANT), ("assertion", &assertion)];
        oauth::question(&self.account.token_uri, &fields).map(Some)
    }

    fn token(&self, answer: &Answer, now: u64) -> Result<Token, CallError> {
        Token::of(answer, now)
    }
}

/// A UUID of our own making (RFC 9562 §5.8), the same for each attempt at the same request.
fn request_id(reference: &str, number: usize) -> String {
    let mut bytes = sha256(format!("{reference}\n{number}").as_bytes());
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes[..16]);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Its name, and whether it is done.
fn operation(answer: &Answer) -> Result<(String, bool), CallError> {
    if !answer.status.is_success() {
        let Ok(Failed { error }) = answer.json() else { return Err(CallError::of(answer, &answer.text())) };
        let is_busy = error.errors.iter().any(|one| BUSY.contains(&one.reason.as_str()));
        return Err(match is_busy {
            true => CallError::busy(answer, &error.message),
            false => CallError::of(answer, &error.message),
        });
    }
    let Operation { name, status, error } = answer.json()?;
    if let Some(error) = error {
        let words = error.errors.first().map_or("without a word", |one| one.message.as_str());
        return Err(CallError::Refused {
            status: answer.status.as_u16(),
            words: words.chars().take(200).collect(),
        });
    }
    let is_name = (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    match status.as_str() {
        "DONE" if is_name => Ok((name, true)),
        "PENDING" | "RUNNING" if is_name => Ok((name, false)),
        _ => Err(CallError::nonsense(answer, &answer.text())),
    }
}

#[derive(Deserialize)]
struct Operation {
    name: String,
    status: String,
    error: Option<Errors>,
}

#[derive(Deserialize)]
struct Failed {
    error: Errors,
}

#[derive(Deserialize)]
struct Errors {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<OneError>,
}

#[derive(Deserialize)]
struct OneError {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, StatusCode};

    fn read(status: u16, body: &'static str) -> Result<(String, bool), CallError> {
        let status = StatusCode::from_u16(status).expect("a status");
        operation(&Answer { status, headers: HeaderMap::new(), body: body.into() })
    }

    #[test]
    fn an_operation_is_under_way_done_or_failed() {
        assert_eq!(
            read(200, r#"{"name":"operation-1","status":"RUNNING"}"#),
            Ok(("operation-1".to_owned(), false))
        );
        assert_eq!(
            read(200, r#"{"name":"operation-1","status":"DONE"}"#),
            Ok(("operation-1".to_owned(), true))
        );
        let failed =
            r#"{"name":"o","status":"DONE","error":{"errors":[{"code":"X","message":"no such host"}]}}"#;
        assert!(
            matches!(read(200, failed), Err(CallError::Refused { words, .. }) if words == "no such host")
        );
        for body in ["", "{}", r#"{"name":"../o","status":"DONE"}"#, r#"{"name":"o","status":"PERHAPS"}"#] {
            assert!(matches!(read(200, body), Err(CallError::Nonsense { .. })), "{body}");
        }
        let slow = r#"{"error":{"code":403,"message":"Rate","errors":[{"reason":"rateLimitExceeded"}]}}"#;
        assert!(matches!(read(403, slow), Err(CallError::Busy { .. })));
        let denied = r#"{"error":{"code":403,"message":"No","errors":[{"reason":"forbidden"}]}}"#;
        assert!(matches!(read(403, denied), Err(CallError::Credentials { .. })));
    }

    #[test]
    fn a_request_is_known_again_by_a_uuid() {
        let id = request_id("pentimento-b-1", 0);
        assert_eq!(id, request_id("pentimento-b-1", 0));
        assert_ne!(id, request_id("pentimento-b-1", 1));
        assert_eq!((id.len(), id.as_bytes()[14]), (36, b'8'));
    }
}
