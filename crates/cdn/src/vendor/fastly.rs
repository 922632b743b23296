//! Fastly: single URLs, surrogate keys in bulk, everything; softly if wished, except everything.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, Method, Request};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::{Accepted, Context, Vendor, request};
use crate::answer::Answer;
use crate::call::{Call, Targets};
use crate::capabilities::{Batch, Capabilities, Rate};
use crate::error::CallError;
use crate::settings::{Secret, SettingsError, VendorSettings};

const KEY: HeaderName = HeaderName::from_static("fastly-key");
const SOFT: HeaderName = HeaderName::from_static("fastly-soft-purge");

#[derive(Debug)]
pub(super) struct Fastly {
    api: Url,
    service: String,
    secret: Secret,
}

impl Fastly {
    pub(super) fn new(settings: &VendorSettings) -> Result<Self, SettingsError> {
        Ok(Self { api: settings.api()?, service: settings.name("service")?, secret: settings.secret()? })
    }

    fn post(&self, path: &str, soft: bool, body: String) -> Result<Request<Bytes>, CallError> {
        let mut fields = vec![(KEY, self.secret.expose()), (ACCEPT, "application/json")];
        if soft {
            fields.push((SOFT, "1"));
        }
        if !body.is_empty() {
            fields.push((CONTENT_TYPE, "application/json"));
        }
        request(Method::POST, &self.api, path, &fields, body)
    }
}

impl Vendor for Fastly {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            url: Batch::of(50),
            tag: Some(Batch { items: 256, bytes: 16_384, item_bytes: 1024 }),
            all: true,
            soft: true,
            // 100,000 an hour, of which a burst may be all.
            rate: Rate { burst: 1000, every: Duration::from_millis(36) },
            ..Capabilities::NONE
        }
    }

    fn requests(&self, call: &Call, _: &Context) -> Result<Vec<Request<Bytes>>, CallError> {
        let service = &self.service;
        match &call.targets {
            Targets::Urls(urls) => urls
                .iter()
                .map(|url| self.post(&format!("/purge/{}", url.without_scheme()), call.soft, String::new()))
                .collect(),
            Targets::Tags(tags) => {
                let body = json!({ "surrogate_keys": tags }).to_string();
                Ok(vec![self.post(&format!("/service/{service}/purge"), call.soft, body)?])
            }
            Targets::All => {
                Ok(vec![self.post(&format!("/service/{service}/purge_all"), false, String::new())?])
            }
            Targets::Paths(_) | Targets::Prefixes(_) => {
                Err(CallError::Unwritable("Fastly has no prefixes".to_owned()))
            }
        }
    }

    /// `{"status":"ok","id":"…"}`; for keys in bulk an id for each.
    fn accepted(&self, _: &Call, answer: &Answer) -> Result<Accepted, CallError> {
        if !answer.status.is_success() {
            let words = answer.json::<Words>().ok().and_then(Words::shown);
            return Err(CallError::of(answer, &words.unwrap_or_else(|| answer.text())));
        }
        let said: Map<String, Value> = answer.json()?;
        let handle = match (said.get("status"), said.get("id")) {
            (Some(status), _) if status != "ok" => return Err(CallError::nonsense(answer, &answer.text())),
            (Some(_), id) => id.and_then(Value::as_str).map(str::to_owned),
            (None, _) if !said.is_empty() && said.values().all(Value::is_string) => {
                said.values().next().and_then(Value::as_str).map(str::to_owned)
            }
            (None, _) => return Err(CallError::nonsense(answer, &answer.text())),
        };
        Ok(Accepted { handle, completed: true })
    }
}

#[derive(Deserialize)]
struct Words {
    msg: Option<String>,
    detail: Option<String>,
}

impl Words {
    fn shown(self) -> Option<String> {
        match (self.msg, self.detail) {
            (Some(msg), Some(detail)) => Some(format!("{msg}: {detail}")),
            (msg, detail) => msg.or(detail),
        }
    }
}
