//! A Fastly with one service and one token.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::{FakeVendor, SECRET, field, json as reply, own_setting};

const KEYS_MAX: usize = 256;
const KEY_BYTES_MAX: usize = 1024;

pub(super) struct Fake;

impl FakeVendor for Fake {
    fn answer(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        if field(request, "fastly-key") != SECRET {
            let words = "Provided credentials are missing or invalid";
            return reply(StatusCode::UNAUTHORIZED, &json!({ "msg": words }));
        }
        if request.method() != Method::POST {
            return reply(StatusCode::METHOD_NOT_ALLOWED, &json!({ "msg": "Method not allowed" }));
        }
        let ok = json!({ "status": "ok", "id": format!("108-{now}-1") });
        let path = request.uri().path();
        if let Some(url) = path.strip_prefix("/purge/") {
            let is_url = url.contains('.') && url.contains('/');
            return match is_url {
                true => reply(StatusCode::OK, &ok),
                false => {
                    reply(StatusCode::BAD_REQUEST, &json!({ "msg": "Bad request", "detail": "Not a URL" }))
                }
            };
        }
        let service = format!("/service/{}/", own_setting("service"));
        match path.strip_prefix(&service) {
            Some("purge_all") if field(request, "fastly-soft-purge").is_empty() => reply(StatusCode::OK, &ok),
            Some("purge_all") => {
                let words = json!({ "msg": "Bad request", "detail": "A purge of all cannot be soft" });
                reply(StatusCode::BAD_REQUEST, &words)
            }
            Some("purge") => bulk(request, now),
            Some(_) => reply(StatusCode::NOT_FOUND, &json!({ "msg": "Record not found" })),
            None => {
                let words = json!({ "msg": "Record not found", "detail": "Cannot find service" });
                reply(StatusCode::NOT_FOUND, &words)
            }
        }
    }
}

fn bulk(request: &Request<Bytes>, now: u64) -> Response<Bytes> {
    let bad =
        |detail: &str| reply(StatusCode::BAD_REQUEST, &json!({ "msg": "Bad request", "detail": detail }));
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let Some(keys) = body["surrogate_keys"].as_array() else { return bad("No surrogate keys") };
    let keys: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
    if keys.is_empty() || keys.len() > KEYS_MAX {
        return bad("Between 1 and 256 surrogate keys are allowed");
    }
    let is_key = |key: &&str| key.len() <= KEY_BYTES_MAX && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !keys.iter().all(is_key) {
        return bad("Invalid surrogate key");
    }
    let ids = keys.iter().enumerate().map(|(n, key)| ((*key).to_owned(), json!(format!("108-{now}-{n}"))));
    reply(StatusCode::OK, &Value::Object(Map::from_iter(ids)))
}
