//! An Azure with one Front Door endpoint, and the token server of its tenant.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{FakeVendor, SECRET, field, json as reply, later, own_setting};
use crate::capabilities::Rate;
use crate::patience::Bucket;

const TOKEN_LIFETIME: u64 = 3599;
const PATHS_MAX: usize = 100;
const VERSION: &str = "api-version=2023-05-01";

pub(super) struct Fake {
    completes_after: u64,
    tokens: u64,
    /// When each purge was received.
    purges: Vec<u64>,
    bucket: Bucket,
}

impl Fake {
    pub(super) fn new(completes_after: Duration) -> Self {
        // 1,200 writes an hour.
        let bucket = Bucket::new(Rate { burst: 1200, every: Duration::from_secs(3) });
        let completes_after = u64::try_from(completes_after.as_millis()).unwrap_or(u64::MAX);
        Self { completes_after, tokens: 0, purges: Vec::new(), bucket }
    }

    fn give_token(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        let form: BTreeMap<_, _> = form_urlencoded::parse(request.body()).into_owned().collect();
        let is = |name: &str, value: &str| form.get(name).is_some_and(|given| given == value);
        if !is("grant_type", "client_credentials") || !is("scope", "https://management.azure.com/.default") {
            let refused = json!({ "error": "invalid_request", "error_description": "AADSTS900144" });
            return reply(StatusCode::BAD_REQUEST, &refused);
        }
        if !is("client_id", own_setting("client_id")) || !is("client_secret", SECRET) {
            let words = "AADSTS7000215: Invalid client secret provided.";
            let refused = json!({ "error": "invalid_client", "error_description": words });
            return reply(StatusCode::UNAUTHORIZED, &refused);
        }
        self.tokens += 1;
        let token = format!("eyJ0.rehearsal-{}", self.tokens);
        let given = json!({ "access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFETIME });
        reply(StatusCode::OK, &given)
    }

    fn purge(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let paths: Vec<&str> =
            body["contentPaths"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if paths.is_empty() || paths.len() > PATHS_MAX {
            return error(StatusCode::BAD_REQUEST, "BadRequest", "ContentPaths: 1 to 100 are allowed.");
        }
        let is_right = |path: &&str| {
            let before_star = path.strip_suffix("/*").unwrap_or(path);
            (path.starts_with('/')) && !before_star.contains(['*', '?', '#'])
        };
        if !paths.iter().all(is_right) {
            return error(StatusCode::BAD_REQUEST, "BadRequest", "The content path is not valid.");
        }
        if let Err(wait) = self.bucket.take(now) {
            let words = "The request rate is too high.";
            return later(error(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", words), wait);
        }
        self.purges.push(now);
        let mut response = super::reply(StatusCode::ACCEPTED, "application/json", "");
        let at = format!("http://{}/operations/{}?{VERSION}", field(request, "host"), self.purges.len());
        if let Ok(at) = HeaderValue::try_from(at) {
            response.headers_mut().insert("azure-asyncoperation", at);
        }
        response
    }
}

impl FakeVendor for Fake {
    fn answer(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        let path = request.uri().path();
        if path == format!("/{}/oauth2/v2.0/token", own_setting("tenant")) {
            return self.give_token(request);
        }
        let given = field(request, "authorization").strip_prefix("Bearer eyJ0.rehearsal-");
        let is_known =
            given.and_then(|number| number.parse().ok()).is_some_and(|n| (1..=self.tokens).contains(&n));
        if !is_known {
            return error(
                StatusCode::UNAUTHORIZED,
                "InvalidAuthenticationToken",
                "The access token is invalid.",
            );
        }
        if request.uri().query() != Some(VERSION) {
            return error(
                StatusCode::BAD_REQUEST,
                "InvalidApiVersionParameter",
                "The api-version is invalid.",
            );
        }
        let [subscription, group, profile, endpoint] =
            ["subscription", "resource_group", "profile", "endpoint"].map(own_setting);
        let purge = format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Cdn/profiles/{profile}/\
             afdEndpoints/{endpoint}/purge"
        );
        let operation = path.strip_prefix("/operations/").and_then(|number| number.parse::<usize>().ok());
        match (request.method(), operation) {
            (&Method::POST, None) if path == purge => self.purge(request, now),
            (&Method::GET, Some(number)) => match self.purges.get(number.wrapping_sub(1)) {
                Some(received) => {
                    let is_done = now.saturating_sub(*received) >= self.completes_after;
                    let status = if is_done { "Succeeded" } else { "InProgress" };
                    reply(StatusCode::OK, &json!({ "status": status }))
                }
                None => error(StatusCode::NOT_FOUND, "NotFound", "There is no such operation."),
            },
            _ => error(StatusCode::NOT_FOUND, "ResourceNotFound", "The resource was not found."),
        }
    }
}

fn error(status: StatusCode, code: &str, words: &str) -> Response<Bytes> {
    reply(status, &json!({ "error": { "code": code, "message": words } }))
}
