//! An Akamai that checks each signature and lets no nonce be used twice.

use std::collections::HashSet;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{FakeVendor, SECRET, field, own_setting, reply};
use crate::edgegrid::{Signer, timestamp};
use crate::settings::VendorSettings;

const BODY_BYTES_MAX: usize = 50_000;
const TAG_CHARS_MAX: usize = 128;
/// A signature is believed for so long, in seconds.
const SIGNED_MAX: u64 = 30;

#[derive(Default)]
pub(super) struct Fake {
    nonces: HashSet<String>,
    purges: u64,
}

impl FakeVendor for Fake {
    fn answer(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        if let Err(words) = self.check(request, now / 1000) {
            return problem(StatusCode::UNAUTHORIZED, "Not authorized", words);
        }
        let parts: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        let [
            "ccu",
            "v3",
            "invalidate" | "delete",
            kind @ ("url" | "tag" | "cpcode"),
            "staging" | "production",
        ] = parts[..]
        else {
            return problem(StatusCode::NOT_FOUND, "Not found", "There is no such operation");
        };
        if request.method() != Method::POST {
            return problem(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", "POST only");
        }
        if request.body().len() > BODY_BYTES_MAX {
            return problem(StatusCode::PAYLOAD_TOO_LARGE, "Request too large", "At most 50000 bytes");
        }
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let objects: Vec<&str> =
            body["objects"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let is_right = |object: &&str| match kind {
            "url" => object.starts_with("http://") || object.starts_with("https://"),
            "tag" => {
                !object.is_empty()
                    && object.len() <= TAG_CHARS_MAX
                    && !object.contains(['*', ':', '@', ' ', ','])
            }
            _ => false,
        };
        if objects.is_empty() || !objects.iter().all(is_right) {
            return problem(StatusCode::BAD_REQUEST, "Bad request", "Objects are missing or malformed");
        }
        self.purges += 1;
        let body = json!({
            "httpStatus": 201, "detail": "Request accepted", "estimatedSeconds": 5,
            "purgeId": format!("purge-{}", self.purges), "supportId": format!("support-{}", self.purges),
        });
        reply(StatusCode::CREATED, "application/json", body.to_string())
    }
}

impl Fake {
    fn check(&mut self, request: &Request<Bytes>, now: u64) -> Result<(), &'static str> {
        let given = field(request, "authorization");
        let (auth, signature) = given.rsplit_once("signature=").ok_or("There is no signature")?;
        let part = |name: &str| {
            let parts = auth
                .split(';')
                .filter_map(|part| part.trim_start_matches("EG1-HMAC-SHA256 ").split_once('='));
            parts.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value).unwrap_or_default()
        };
        let settings = VendorSettings { secret: Some(SECRET.to_owned()), ..VendorSettings::default() };
        let signer = Signer {
            client_token: own_setting("client_token").to_owned(),
            access_token: own_setting("access_token").to_owned(),
            secret: settings.secret().map_err(|_| "Out of order")?,
        };
        if part("client_token") != signer.client_token || part("access_token") != signer.access_token {
            return Err("The client token is unknown");
        }
        let signed = part("timestamp");
        let near = timestamp(now.saturating_sub(SIGNED_MAX))..=timestamp(now + SIGNED_MAX);
        if !near.contains(&signed.to_owned()) {
            return Err("Invalid timestamp");
        }
        if signature != signer.signature(request, "http", field(request, "host"), signed, auth) {
            return Err("The signature does not match");
        }
        if !self.nonces.insert(part("nonce").to_owned()) {
            return Err("The nonce was used before");
        }
        Ok(())
    }
}

fn problem(status: StatusCode, title: &str, detail: &str) -> Response<Bytes> {
    let body = json!({ "type": "https://problems.example/ccu", "title": title, "detail": detail, "status": status.as_u16() });
    reply(status, "application/problem+json", body.to_string())
}
