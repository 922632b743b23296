//! KeyCDN: URLs and tags of a zone, or the whole zone, twenty calls a minute.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{Accepted, Context, Vendor, request};
use crate::answer::Answer;
use crate::call::{Call, Targets};
use crate::capabilities::{Batch, Capabilities, Rate};
use crate::error::CallError;
use crate::settings::{Secret, SettingsError, VendorSettings};
use crate::wish::Address;

#[derive(Debug)]
pub(super) struct KeyCdn {
    api: Url,
    zone: String,
    secret: Secret,
}

impl KeyCdn {
    pub(super) fn new(settings: &VendorSettings) -> Result<Self, SettingsError> {
        Ok(Self { api: settings.api()?, zone: settings.name("zone")?, secret: settings.secret()? })
    }
}

impl Vendor for KeyCdn {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            url: Batch::of(100),
            tag: Some(Batch { items: 100, bytes: 128, item_bytes: 128 }),
            all: true,
            rate: Rate { burst: 20, every: Duration::from_secs(3) },
            ..Capabilities::NONE
        }
    }

    fn requests(&self, call: &Call, _: &Context) -> Result<Vec<Request<Bytes>>, CallError> {
        let zone = &self.zone;
        let (method, path, body) = match &call.targets {
            Targets::Urls(urls) => {
                let urls: Vec<String> = urls.iter().map(Address::without_scheme).collect();
                (Method::DELETE, format!("/zones/purgeurl/{zone}.json"), json!({ "urls": urls }))
            }
            Targets::Tags(tags) => {
                (Method::DELETE, format!("/zones/purgetag/{zone}.json"), json!({ "tags": tags }))
            }
            Targets::All => (Method::GET, format!("/zones/purge/{zone}.json"), Value::Null),
            Targets::Paths(_) | Targets::Prefixes(_) => {
                return Err(CallError::Unwritable("KeyCDN has no prefixes".to_owned()));
            }
        };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        // The key is the user's name, and the password empty (RFC 7617).
        let key = format!("Basic {}", STANDARD.encode(format!("{}:", self.secret.expose())));
        let fields = [(AUTHORIZATION, key.as_str()), (CONTENT_TYPE, "application/json")];
        Ok(vec![request(method, &self.api, &path, &fields, body)?])
    }

    fn accepted(&self, _: &Call, answer: &Answer) -> Result<Accepted, CallError> {
        if !answer.status.is_success() {
            let words = answer.json::<Said>().map(|said| said.description).ok();
            return Err(CallError::of(answer, &words.unwrap_or_else(|| answer.text())));
        }
        let Said { status, description } = answer.json()?;
        match status.as_str() {
            "success" => Ok(Accepted { handle: None, completed: true }),
            "error" => Err(CallError::Refused { status: answer.status.as_u16(), words: description }),
            _ => Err(CallError::nonsense(answer, &answer.text())),
        }
    }
}

#[derive(Deserialize)]
struct Said {
    status: String,
    #[serde(default)]
    description: String,
}
