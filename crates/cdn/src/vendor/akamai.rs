//! Akamai: Fast Purge by URL and by tag. A soft purge invalidates, a hard one deletes.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{Accepted, Context, Vendor, request};
use crate::answer::Answer;
use crate::call::{Call, Targets};
use crate::capabilities::{Batch, Capabilities, Completion, Rate};
use crate::edgegrid::Signer;
use crate::error::CallError;
use crate::settings::{SettingsError, VendorSettings};
use crate::wish::Address;

/// Of a body's 50,000 bytes, with room for quotes and the frame.
const BYTES: usize = 40_000;

#[derive(Debug)]
pub(super) struct Akamai {
    api: Url,
    signer: Signer,
}

impl Akamai {
    pub(super) fn new(settings: &VendorSettings) -> Result<Self, SettingsError> {
        let signer = Signer {
            client_token: settings.name("client_token")?,
            access_token: settings.name("access_token")?,
            secret: settings.secret()?,
        };
        Ok(Self { api: settings.api()?, signer })
    }
}

impl Vendor for Akamai {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            url: Some(Batch { items: 1000, bytes: BYTES, item_bytes: 4000 }),
            tag: Some(Batch { items: 1000, bytes: BYTES, item_bytes: 128 }),
            soft: true,
            rate: Rate { burst: 100, every: Duration::from_millis(20) },
            completion: Completion::Unknown,
            ..Capabilities::NONE
        }
    }

    fn requests(&self, call: &Call, context: &Context) -> Result<Vec<Request<Bytes>>, CallError> {
        let (kind, objects) = match &call.targets {
            Targets::Urls(urls) => ("url", urls.iter().map(Address::url).collect::<Vec<_>>()),
            Targets::Tags(tags) => ("tag", tags.clone()),
            Targets::Paths(_) | Targets::Prefixes(_) | Targets::All => {
                return Err(CallError::Unwritable("Akamai has URLs and tags only".to_owned()));
            }
        };
        let action = if call.soft { "invalidate" } else { "delete" };
        let path = format!("/ccu/v3/{action}/{kind}/production");
        let body = json!({ "objects": objects }).to_string();
        let mut asked = request(Method::POST, &self.api, &path, &[(CONTENT_TYPE, "application/json")], body)?;
        self.signer.sign(&mut asked, context.now, &context.nonce)?;
        Ok(vec![asked])
    }

    fn accepted(&self, _: &Call, answer: &Answer) -> Result<Accepted, CallError> {
        if answer.status != StatusCode::CREATED {
            let words =
                answer.json::<Trouble>().map(|trouble| format!("{}: {}", trouble.title, trouble.detail));
            return Err(CallError::of(answer, &words.unwrap_or_else(|_| answer.text())));
        }
        let Purge { id } = answer.json()?;
        Ok(Accepted { handle: Some(id), completed: true })
    }
}

#[derive(Deserialize)]
struct Purge {
    #[serde(rename = "purgeId")]
    id: String,
}

/// RFC 9457.
#[derive(Deserialize)]
struct Trouble {
    title: String,
    #[serde(default)]
    detail: String,
}
