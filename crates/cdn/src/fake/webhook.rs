//! A receiver of webhooks that checks signature and age.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{FakeVendor, SECRET, field, json as reply};
use crate::vendor::webhook::{SIGNATURE, signature};

/// In seconds: what is older may be a replay.
const AGE_MAX: u64 = 300;

pub(super) struct Fake;

impl FakeVendor for Fake {
    fn answer(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        if request.method() != Method::POST {
            return reply(StatusCode::METHOD_NOT_ALLOWED, &json!({ "error": "POST only" }));
        }
        let given = field(request, SIGNATURE.as_str());
        let parts = given.split_once(',').map(|(t, v1)| (t.strip_prefix("t="), v1.strip_prefix("v1=")));
        let Some((Some(time), Some(given))) = parts else {
            return reply(StatusCode::UNAUTHORIZED, &json!({ "error": "no signature" }));
        };
        let signed = time.parse::<u64>().ok().filter(|time| (now / 1000).abs_diff(*time) <= AGE_MAX);
        let is_right = signed.is_some_and(|time| signature(SECRET, time, request.body()) == given);
        if !is_right {
            return reply(StatusCode::UNAUTHORIZED, &json!({ "error": "wrong signature" }));
        }
        match serde_json::from_slice::<Value>(request.body()) {
            Ok(body) if body["reference"].is_string() => reply(StatusCode::OK, &json!({ "status": "ok" })),
            _ => reply(StatusCode::BAD_REQUEST, &json!({ "error": "not a purge" })),
        }
    }
}
