//! A Cloudimage whose tasks go through their statuses in the time they are given.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{FakeVendor, SECRET, field, json as reply, own_setting};

/// As its console has it; the API documents none.
const ORIGINALS_MAX: usize = 10;
const STATUSES: [&str; 4] = ["RECEIVED", "PREPARING", "FLUSHINGCLOUDIMAGESERVER", "FLUSHINGCDNSERVERS"];

pub(super) struct Fake {
    completes_after: u64,
    /// When they were received.
    tasks: BTreeMap<String, u64>,
}

impl Fake {
    pub(super) fn new(completes_after: Duration) -> Self {
        let completes_after = u64::try_from(completes_after.as_millis()).unwrap_or(u64::MAX);
        Self { completes_after, tasks: BTreeMap::new() }
    }

    fn status(&self, received: u64, now: u64) -> &'static str {
        let quarter = (self.completes_after / 4).max(1);
        let passed = usize::try_from(now.saturating_sub(received) / quarter).unwrap_or(usize::MAX);
        match self.completes_after {
            0 => "DONE",
            _ => STATUSES.get(passed).copied().unwrap_or("DONE"),
        }
    }
}

impl FakeVendor for Fake {
    fn answer(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        if field(request, "x-client-key") != SECRET {
            return error(StatusCode::UNAUTHORIZED, "Invalid API key");
        }
        match (request.method(), request.uri().path().strip_prefix("/invalidate")) {
            (&Method::POST, Some("")) => {
                let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
                if let Err(words) = check(&body) {
                    return error(StatusCode::BAD_REQUEST, words);
                }
                let uuid = format!("{}-{:012x}", own_setting("uuid"), self.tasks.len() + 1);
                let task =
                    json!({ "status": "RECEIVED", "uuid": uuid, "added_at": "2026-01-01 00:00:00.000000" });
                self.tasks.insert(uuid, now);
                let words = "Your invalidation request has been received";
                reply(
                    StatusCode::CREATED,
                    &json!({ "status": "success", "msg": words, "invalidation": task }),
                )
            }
            (&Method::GET, Some(rest)) => match self.tasks.get_key_value(rest.trim_start_matches('/')) {
                Some((uuid, received)) => {
                    let task = json!({ "status": self.status(*received, now), "uuid": uuid });
                    reply(StatusCode::OK, &json!({ "status": "success", "invalidation": task }))
                }
                None => error(StatusCode::NOT_FOUND, "No such invalidation"),
            },
            _ => error(StatusCode::NOT_FOUND, "Not found"),
        }
    }
}

fn check(body: &Value) -> Result<(), &'static str> {
    let urls: Vec<&str> = body["urls"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match body["scope"].as_str() {
        Some("all") => return Ok(()),
        Some("original" | "urls") if urls.is_empty() => return Err("`urls` is missing"),
        Some("original") if urls.iter().any(|url| url.contains('?')) => {
            return Err("A URL of an original has no query");
        }
        Some("original" | "urls") => {}
        _ => return Err("`scope` is original, urls or all"),
    }
    if urls.len() > ORIGINALS_MAX {
        return Err("At most 10 URLs are allowed");
    }
    let are_paths = urls.iter().all(|url| url.starts_with('/'));
    if are_paths { Ok(()) } else { Err("Wrong URL format") }
}

fn error(status: StatusCode, words: &str) -> Response<Bytes> {
    reply(status, &json!({ "status": "error", "msg": words }))
}
