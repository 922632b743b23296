//! A Google Cloud CDN: a token server that checks each assertion, and a URL map with its operations.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{FakeVendor, field, json as reply, own_setting};
use crate::capabilities::Rate;
use crate::patience::Bucket;
use crate::service_account::ServiceAccount;

const EMAIL: &str = "purger@rehearsal.iam.gserviceaccount.com";
const TOKEN_LIFETIME: u64 = 3600;
const TAGS_MAX: usize = 10;
const OPERATIONS_MAX: usize = 10_000;

/// A key file as the vendor's console gives it; its key is made anew by each process.
pub(super) fn key_file(server: &str) -> String {
    static KEY: OnceLock<String> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let der = RsaKeyPair::generate(KeySize::Rsa2048).ok().and_then(|pair| {
            let der: Option<Pkcs8V1Der<'static>> = pair.as_der().ok();
            der
        });
        let text = der.map(|der| STANDARD.encode(der.as_ref())).unwrap_or_default();
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
    });
    let file = json!({
        "type": "service_account", "client_email": EMAIL, "private_key_id": "rehearsal", "private_key": key,
        "token_uri": format!("{server}/token"),
    });
    file.to_string()
}

struct Operation {
    request: String,
    rule: Value,
    received: u64,
}

pub(super) struct Fake {
    completes_after: u64,
    tokens: u64,
    operations: BTreeMap<String, Operation>,
    bucket: Bucket,
}

impl Fake {
    pub(super) fn new(completes_after: Duration) -> Self {
        let bucket = Bucket::new(Rate { burst: 500, every: Duration::from_millis(120) });
        let completes_after = u64::try_from(completes_after.as_millis()).unwrap_or(u64::MAX);
        Self { completes_after, tokens: 0, operations: BTreeMap::new(), bucket }
    }

    fn give_token(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        let form: BTreeMap<_, _> = form_urlencoded::parse(request.body()).into_owned().collect();
        let server = format!("http://{}", field(request, "host"));
        let assertion = form.get("assertion").map(String::as_str).unwrap_or_default();
        if form.get("grant_type").map(String::as_str) != Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
            return reply(StatusCode::BAD_REQUEST, &json!({ "error": "unsupported_grant_type" }));
        }
        if let Err(words) = check(assertion, &server, now / 1000) {
            let refused = json!({ "error": "invalid_grant", "error_description": words });
            return reply(StatusCode::BAD_REQUEST, &refused);
        }
        self.tokens += 1;
        let token = format!("ya29.rehearsal-{}", self.tokens);
        let given = json!({ "access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFETIME });
        reply(StatusCode::OK, &given)
    }

    fn invalidate(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        let id = request.uri().query().and_then(|query| query.strip_prefix("requestId=")).unwrap_or_default();
        let rule: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        if let Err(words) = check_rule(id, &rule) {
            return error(StatusCode::BAD_REQUEST, "invalid", words);
        }
        if let Some((name, known)) = self.operations.iter().find(|(_, one)| one.request == id) {
            return match known.rule == rule {
                true => self.shown(name, known.received, now),
                false => {
                    error(StatusCode::BAD_REQUEST, "invalid", "The request ID was used for another request.")
                }
            };
        }
        if self.bucket.take(now).is_err() {
            return error(StatusCode::FORBIDDEN, "rateLimitExceeded", "Rate Limit Exceeded");
        }
        if self.operations.len() >= OPERATIONS_MAX {
            self.operations.pop_first();
        }
        let name = format!("operation-{now}-{:06}", self.operations.len() + 1);
        let response = self.shown(&name, now, now);
        self.operations.insert(name, Operation { request: id.to_owned(), rule, received: now });
        response
    }

    fn shown(&self, name: &str, received: u64, now: u64) -> Response<Bytes> {
        let passed = now.saturating_sub(received);
        let status = match () {
            () if passed >= self.completes_after => "DONE",
            () if passed * 2 >= self.completes_after => "RUNNING",
            () => "PENDING",
        };
        reply(StatusCode::OK, &json!({ "kind": "compute#operation", "name": name, "status": status }))
    }
}

impl FakeVendor for Fake {
    fn answer(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        let path = request.uri().path();
        if path == "/token" && request.method() == Method::POST {
            return self.give_token(request, now);
        }
        let given = field(request, "authorization").strip_prefix("Bearer ya29.rehearsal-");
        let is_known =
            given.and_then(|number| number.parse().ok()).is_some_and(|n| (1..=self.tokens).contains(&n));
        if !is_known {
            let words = "Request had invalid authentication credentials.";
            return error(StatusCode::UNAUTHORIZED, "authError", words);
        }
        let project = format!("/compute/v1/projects/{}/global/", own_setting("project"));
        let url_map = format!("urlMaps/{}/invalidateCache", own_setting("url_map"));
        match (request.method(), path.strip_prefix(&project)) {
            (&Method::POST, Some(rest)) if rest == url_map => self.invalidate(request, now),
            (&Method::GET, Some(rest)) => {
                let name = rest.strip_prefix("operations/").unwrap_or_default();
                match self.operations.get(name) {
                    Some(operation) => self.shown(name, operation.received, now),
                    None => error(StatusCode::NOT_FOUND, "notFound", "The resource was not found"),
                }
            }
            _ => error(StatusCode::NOT_FOUND, "notFound", "The resource was not found"),
        }
    }
}

/// Whether an assertion is signed by our key, and says what it must.
fn check(assertion: &str, server: &str, now: u64) -> Result<(), &'static str> {
    let account = ServiceAccount::read(&key_file(server)).ok_or("Out of order")?;
    let (signed, signature) = assertion.rsplit_once('.').ok_or("Not a JWT")?;
    let (header, claims) = signed.split_once('.').ok_or("Not a JWT")?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "Not a JWT");
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, account.public_key())
        .verify(signed.as_bytes(), &decoded(signature)?)
        .map_err(|_| "Invalid JWT Signature.")?;
    let read = |part: &str| -> Result<Value, &'static str> {
        serde_json::from_slice(&decoded(part)?).map_err(|_| "Not a JWT")
    };
    let (header, claims) = (read(header)?, read(claims)?);
    let (begins, ends) = (claims["iat"].as_u64().unwrap_or(0), claims["exp"].as_u64().unwrap_or(0));
    match () {
        () if header["alg"] != "RS256" => Err("Invalid JWT algorithm."),
        () if claims["iss"] != EMAIL => Err("Invalid grant: account not found"),
        () if claims["aud"] != format!("{server}/token") => Err("Invalid JWT: wrong audience"),
        () if !claims["scope"].as_str().is_some_and(|scope| scope.ends_with("/auth/compute")) => {
            Err("Invalid OAuth scope")
        }
        // A test's clock may be an hour ahead.
        () if ends <= now || ends > begins + 3600 || begins > now + 2 * 3600 => {
            Err("Invalid JWT: Token must be a short-lived token")
        }
        () => Ok(()),
    }
}

fn check_rule(id: &str, rule: &Value) -> Result<(), &'static str> {
    let groups: Vec<usize> = id.split('-').map(str::len).collect();
    let is_uuid =
        groups == [8, 4, 4, 4, 12] && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    if !is_uuid {
        return Err("Invalid value for field 'requestId'");
    }
    let tags = rule["cacheTags"].as_array().map_or(0, Vec::len);
    let path = rule["path"].as_str();
    if tags > TAGS_MAX {
        return Err("At most 10 cache tags are allowed");
    }
    if tags == 0 && path.is_none() {
        return Err("'path' or 'cacheTags' is required");
    }
    let Some(path) = path else { return Ok(()) };
    let before_star = path.strip_suffix('*').unwrap_or(path);
    let is_wild_right = before_star.len() == path.len() || before_star.ends_with('/');
    if !path.starts_with('/') || before_star.contains(['?', '#', '*']) || !is_wild_right {
        return Err("Invalid value for field 'path'");
    }
    Ok(())
}

fn error(status: StatusCode, reason: &str, words: &str) -> Response<Bytes> {
    let errors = json!([{ "message": words, "domain": "global", "reason": reason }]);
    reply(status, &json!({ "error": { "code": status.as_u16(), "message": words, "errors": errors } }))
}
