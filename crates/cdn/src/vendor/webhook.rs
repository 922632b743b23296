//! A webhook: one signed request that says in JSON what is to be gone, for whoever has no driver here.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, Method, Request};
use serde_json::{Map, Value, json};
use url::Url;

use super::{Accepted, Context, Vendor, request};
use crate::answer::Answer;
use crate::call::{Call, Targets};
use crate::capabilities::{Batch, Capabilities, Rate};
use crate::error::CallError;
use crate::hmac_sha256::{hex, hmac_sha256};
use crate::settings::{Secret, SettingsError, VendorSettings};
use crate::wish::Address;

pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("pentimento-signature");

#[derive(Debug)]
pub(super) struct Webhook {
    api: Url,
    secret: Secret,
}

impl Webhook {
    pub(super) fn new(settings: &VendorSettings) -> Result<Self, SettingsError> {
        Ok(Self { api: settings.api()?, secret: settings.secret()? })
    }
}

impl Vendor for Webhook {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            url: Batch::of(1000),
            path: Batch::of(1000),
            prefix: Batch::of(1000),
            tag: Batch::of(1000),
            all: true,
            soft: true,
            rate: Rate { burst: 10, every: Duration::from_millis(100) },
            ..Capabilities::NONE
        }
    }

    fn requests(&self, call: &Call, context: &Context) -> Result<Vec<Request<Bytes>>, CallError> {
        let urls = |addresses: &[Address]| Value::from_iter(addresses.iter().map(Address::url));
        let (name, value) = match &call.targets {
            Targets::Urls(addresses) => ("urls", urls(addresses)),
            Targets::Paths(addresses) => ("paths", urls(addresses)),
            Targets::Prefixes(addresses) => ("prefixes", urls(addresses)),
            Targets::Tags(tags) => ("tags", json!(tags)),
            Targets::All => ("all", json!(true)),
        };
        let body = Map::from_iter([
            ("reference".to_owned(), json!(context.reference)),
            ("soft".to_owned(), json!(call.soft)),
            (name.to_owned(), value),
        ]);
        let body = Value::Object(body).to_string();
        let signature = signature(self.secret.expose(), context.now, body.as_bytes());
        let signature = format!("t={},v1={signature}", context.now);
        let fields = [(CONTENT_TYPE, "application/json"), (SIGNATURE, signature.as_str())];
        Ok(vec![request(Method::POST, &self.api, "", &fields, body)?])
    }

    fn accepted(&self, _: &Call, answer: &Answer) -> Result<Accepted, CallError> {
        answer.check()?;
        Ok(Accepted { handle: None, completed: true })
    }
}

/// Over the time and the body, so that neither can be replayed with another.
pub(crate) fn signature(secret: &str, now: u64, body: &[u8]) -> String {
    let message = [format!("{now}.").as_bytes(), body].concat();
    hex(&hmac_sha256(secret.as_bytes(), &message))
}
