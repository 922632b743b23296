//! A Cloudflare with one zone of the smallest plan: 25 calls at once, and five a minute after that.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{FakeVendor, SECRET, field, json as reply, later, own_setting};
use crate::capabilities::Rate;
use crate::patience::Bucket;

const RATE: Rate = Rate { burst: 25, every: Duration::from_secs(12) };
const OPERATIONS_MAX: usize = 100;
const FILES_MAX: usize = 100;

pub(super) struct Fake {
    bucket: Bucket,
    calls: u64,
}

impl Default for Fake {
    fn default() -> Self {
        Self { bucket: Bucket::new(RATE), calls: 0 }
    }
}

impl FakeVendor for Fake {
    fn answer(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        let zone = own_setting("zone");
        if field(request, "authorization") != format!("Bearer {SECRET}") {
            return error(StatusCode::FORBIDDEN, 10_000, "Authentication error");
        }
        if request.uri().path() != format!("/client/v4/zones/{zone}/purge_cache") {
            return error(
                StatusCode::NOT_FOUND,
                7003,
                "Could not route to it, perhaps your object identifier is invalid?",
            );
        }
        if request.method() != Method::POST {
            return error(StatusCode::METHOD_NOT_ALLOWED, 10_405, "Method not allowed");
        }
        if let Err(wait) = self.bucket.take(now) {
            let refused = error(
                StatusCode::TOO_MANY_REQUESTS,
                971,
                "Please wait and consider throttling your request speed",
            );
            return later(refused, wait);
        }
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        match check(&body) {
            Err(words) => error(StatusCode::BAD_REQUEST, 1012, words),
            Ok(()) => {
                self.calls += 1;
                let result = json!({ "id": format!("{:032x}", self.calls) });
                let body = json!({ "success": true, "errors": [], "messages": [], "result": result });
                reply(StatusCode::OK, &body)
            }
        }
    }
}

fn check(body: &Value) -> Result<(), &'static str> {
    let Some(body) = body.as_object().filter(|body| body.len() == 1) else {
        return Err("Request must contain exactly one of purge_everything, files, tags, hosts or prefixes");
    };
    let Some((kind, value)) = body.iter().next() else { return Err("Request is empty") };
    if kind == "purge_everything" {
        return if *value == Value::Bool(true) { Ok(()) } else { Err("purge_everything must be true") };
    }
    let texts: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let most = if kind == "files" { FILES_MAX } else { OPERATIONS_MAX };
    if texts.is_empty() || texts.len() > most {
        return Err("Too many operations, or none");
    }
    let are_right = match kind.as_str() {
        "files" => texts.iter().all(|url| url.starts_with("https://") || url.starts_with("http://")),
        "prefixes" => texts.iter().all(|one| !one.contains("://") && !one.contains('?') && one.contains('/')),
        "tags" => texts.iter().all(|tag| !tag.contains([' ', ',']) && tag.len() <= 1024),
        "hosts" => texts.iter().all(|host| !host.contains('/')),
        _ => false,
    };
    if are_right { Ok(()) } else { Err("Invalid format") }
}

fn error(status: StatusCode, code: i64, message: &str) -> Response<Bytes> {
    let errors = json!([{ "code": code, "message": message }]);
    reply(status, &json!({ "success": false, "errors": errors, "messages": [], "result": null }))
}
