//! Cloudflare: files, tags, prefixes and everything of a zone, with one token.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{Accepted, Context, Vendor, request};
use crate::answer::Answer;
use crate::call::{Call, Targets};
use crate::capabilities::{Batch, Capabilities, Rate};
use crate::error::CallError;
use crate::settings::{Secret, SettingsError, VendorSettings};
use crate::wish::Address;

/// Its codes for tokens that are malformed, unknown or without the right; some come with status 400.
const CREDENTIALS: [i64; 6] = [6003, 6111, 9106, 9107, 9109, 10_000];

#[derive(Debug)]
pub(super) struct Cloudflare {
    api: Url,
    zone: String,
    secret: Secret,
}

impl Cloudflare {
    pub(super) fn new(settings: &VendorSettings) -> Result<Self, SettingsError> {
        Ok(Self { api: settings.api()?, zone: settings.name("zone")?, secret: settings.secret()? })
    }
}

impl Vendor for Cloudflare {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            url: Batch::of(30),
            prefix: Batch::of(100),
            tag: Some(Batch { item_bytes: 1024, items: 100, bytes: 64 << 10 }),
            all: true,
            // Of its smallest plan.
            rate: Rate { burst: 25, every: Duration::from_secs(12) },
            ..Capabilities::NONE
        }
    }

    fn requests(&self, call: &Call, _: &Context) -> Result<Vec<Request<Bytes>>, CallError> {
        let body = match &call.targets {
            Targets::Urls(urls) => json!({ "files": urls.iter().map(Address::url).collect::<Vec<_>>() }),
            Targets::Paths(prefixes) | Targets::Prefixes(prefixes) => {
                json!({ "prefixes": prefixes.iter().map(Address::without_scheme).collect::<Vec<_>>() })
            }
            Targets::Tags(tags) => json!({ "tags": tags }),
            Targets::All => json!({ "purge_everything": true }),
        };
        let path = format!("/client/v4/zones/{}/purge_cache", self.zone);
        let token = format!("Bearer {}", self.secret.expose());
        let fields = [(AUTHORIZATION, token.as_str()), (CONTENT_TYPE, "application/json")];
        Ok(vec![request(Method::POST, &self.api, &path, &fields, body.to_string())?])
    }

    fn accepted(&self, _: &Call, answer: &Answer) -> Result<Accepted, CallError> {
        let said: Said = match answer.json() {
            Ok(said) => said,
            // Its front end answers in HTML when what is behind it does not.
            Err(_) if !answer.status.is_success() => return Err(CallError::of(answer, &answer.text())),
            Err(nonsense) => return Err(nonsense),
        };
        if answer.status.is_success() && said.success {
            return Ok(Accepted { handle: said.result.map(|result| result.id), completed: true });
        }
        let words: Vec<String> =
            said.errors.iter().map(|error| format!("{} {}", error.code, error.message)).collect();
        let words = words.join("; ");
        let is_about_us = said.errors.iter().any(|error| CREDENTIALS.contains(&error.code));
        Err(match is_about_us {
            true => CallError::credentials(answer, &words),
            false => CallError::of(answer, &words),
        })
    }
}

#[derive(Deserialize)]
struct Said {
    success: bool,
    #[serde(default)]
    errors: Vec<Trouble>,
    result: Option<Done>,
}

#[derive(Deserialize)]
struct Trouble {
    code: i64,
    message: String,
}

#[derive(Deserialize)]
struct Done {
    id: String,
}
