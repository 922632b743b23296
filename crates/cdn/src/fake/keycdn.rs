//! A KeyCDN with one zone: 20 calls at once and one every three seconds, tags of 128 characters together.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{FakeVendor, SECRET, field, json as reply, later, own_setting};
use crate::capabilities::Rate;
use crate::patience::Bucket;

const TAG_CHARS_MAX: usize = 128;

pub(super) struct Fake {
    bucket: Bucket,
}

impl Default for Fake {
    fn default() -> Self {
        Self { bucket: Bucket::new(Rate { burst: 20, every: Duration::from_secs(3) }) }
    }
}

impl FakeVendor for Fake {
    fn answer(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        let key = format!("Basic {}", STANDARD.encode(format!("{SECRET}:")));
        if field(request, "authorization") != key {
            return said(StatusCode::UNAUTHORIZED, "error", "Authentication failed.");
        }
        if let Err(wait) = self.bucket.take(now) {
            return later(said(StatusCode::TOO_MANY_REQUESTS, "error", "Rate limit exceeded."), wait);
        }
        let file = format!("/{}.json", own_setting("zone"));
        let Some(action) =
            request.uri().path().strip_prefix("/zones/").and_then(|path| path.strip_suffix(&file))
        else {
            return said(StatusCode::NOT_FOUND, "error", "Zone not found.");
        };
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let texts = |name: &str| -> Vec<String> {
            let all = body[name].as_array().into_iter().flatten().filter_map(Value::as_str);
            all.map(str::to_owned).collect()
        };
        let complaint = match (request.method(), action) {
            (&Method::GET, "purge") => None,
            (&Method::DELETE, "purgeurl") => {
                let urls = texts("urls");
                let are_right =
                    !urls.is_empty() && urls.iter().all(|url| !url.contains("://") && url.contains('/'));
                (!are_right).then_some("URLs are missing or have a scheme.")
            }
            (&Method::DELETE, "purgetag") => {
                let tags = texts("tags").join(" ");
                (tags.is_empty() || tags.len() > TAG_CHARS_MAX).then_some("Tags are missing or too long.")
            }
            _ => return said(StatusCode::NOT_FOUND, "error", "There is no such call."),
        };
        match complaint {
            None => said(StatusCode::OK, "success", "Cache has been cleared."),
            Some(words) => said(StatusCode::BAD_REQUEST, "error", words),
        }
    }
}

fn said(status: StatusCode, word: &str, description: &str) -> Response<Bytes> {
    reply(status, &json!({ "status": word, "description": description }))
}
