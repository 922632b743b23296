//! A Bunny with one pull zone and its two buckets.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{FakeVendor, SECRET, field, json as reply, later, own_setting};
use crate::capabilities::Rate;
use crate::patience::Bucket;

pub(super) struct Fake {
    exact: Bucket,
    prefix: Bucket,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            exact: Bucket::new(Rate { burst: 120, every: Duration::from_millis(200) }),
            prefix: Bucket::new(Rate { burst: 20, every: Duration::from_secs(2) }),
        }
    }
}

impl FakeVendor for Fake {
    fn answer(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        if field(request, "accesskey") != SECRET {
            return error(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "Authorization has been denied for this request.",
            );
        }
        if request.method() != Method::POST {
            return error(StatusCode::METHOD_NOT_ALLOWED, "method", "Method not allowed.");
        }
        let done = || super::reply(StatusCode::NO_CONTENT, "application/json", "");
        if request.uri().path() == format!("/pullzone/{}/purgeCache", own_setting("pull_zone")) {
            let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
            let is_right = request.body().is_empty() || body["CacheTag"].is_string();
            return match is_right {
                true => done(),
                false => error(StatusCode::BAD_REQUEST, "validation", "CacheTag is missing."),
            };
        }
        if request.uri().path() != "/purge" {
            return error(
                StatusCode::NOT_FOUND,
                "pullzone.not_found",
                "The requested Pull Zone was not found.",
            );
        }
        let query = request.uri().query().unwrap_or_default();
        let parameter = |name: &str| {
            query
                .split('&')
                .filter_map(|one| one.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        let url = percent_decode_str(parameter("url").unwrap_or_default()).decode_utf8_lossy();
        if !url.starts_with("http") {
            return error(StatusCode::BAD_REQUEST, "validation", "The URL is not valid.");
        }
        let is_prefix = parameter("exactPath") != Some("true") && (url.contains('*') || url.ends_with('/'));
        let bucket = if is_prefix { &mut self.prefix } else { &mut self.exact };
        match bucket.take(now) {
            Ok(()) => done(),
            Err(wait) => {
                later(error(StatusCode::TOO_MANY_REQUESTS, "rate_limit", "Too many requests."), wait)
            }
        }
    }
}

fn error(status: StatusCode, key: &str, message: &str) -> Response<Bytes> {
    reply(status, &json!({ "ErrorKey": key, "Field": null, "Message": message }))
}
