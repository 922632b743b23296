//! Cloudimage: an invalidation of originals, of exact URLs or of everything, and the question how far it is.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, Method, Request};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{Accepted, Context, Vendor, request};
use crate::answer::Answer;
use crate::call::{Call, Targets};
use crate::capabilities::{Batch, Capabilities, Completion, Rate};
use crate::error::CallError;
use crate::settings::{Secret, SettingsError, VendorSettings};
use crate::wish::Address;

const KEY: HeaderName = HeaderName::from_static("x-client-key");

#[derive(Debug)]
pub(super) struct Cloudimage {
    api: Url,
    secret: Secret,
}

impl Cloudimage {
    pub(super) fn new(settings: &VendorSettings) -> Result<Self, SettingsError> {
        Ok(Self { api: settings.api()?, secret: settings.secret()? })
    }
}

impl Vendor for Cloudimage {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            url: Batch::of(10),
            path: Batch::of(10),
            prefix: Batch::of(10),
            all: true,
            by_host: false,
            // No limit is documented; a call takes half a minute.
            rate: Rate { burst: 5, every: Duration::from_secs(1) },
            completion: Completion::Polled,
            ..Capabilities::NONE
        }
    }

    fn requests(&self, call: &Call, _: &Context) -> Result<Vec<Request<Bytes>>, CallError> {
        let paths = |addresses: &[Address]| -> Vec<String> {
            addresses.iter().map(|address| address.path.clone()).collect()
        };
        let body = match &call.targets {
            Targets::Urls(urls) => json!({ "scope": "urls", "urls": paths(urls) }),
            Targets::Paths(originals) => json!({ "scope": "original", "urls": paths(originals) }),
            Targets::Prefixes(prefixes) => {
                let wild: Vec<String> =
                    prefixes.iter().map(|one| format!("{}/*", one.path.trim_end_matches('/'))).collect();
                json!({ "scope": "original", "urls": wild })
            }
            Targets::All => json!({ "scope": "all" }),
            Targets::Tags(_) => return Err(CallError::Unwritable("Cloudimage has no tags".to_owned())),
        };
        let fields = [(KEY, self.secret.expose()), (CONTENT_TYPE, "application/json")];
        Ok(vec![request(Method::POST, &self.api, "/invalidate", &fields, body.to_string())?])
    }

    fn accepted(&self, _: &Call, answer: &Answer) -> Result<Accepted, CallError> {
        let (handle, completed) = task(answer)?;
        Ok(Accepted { handle: Some(handle), completed })
    }

    fn question(&self, handle: &str, _: &Context) -> Result<Option<Request<Bytes>>, CallError> {
        let fields = [(KEY, self.secret.expose())];
        let path = format!("/invalidate/{handle}");
        Ok(Some(request(Method::GET, &self.api, &path, &fields, Bytes::new())?))
    }

    fn completed(&self, answer: &Answer) -> Result<bool, CallError> {
        task(answer).map(|(_, completed)| completed)
    }
}

/// Its id, and whether it is done.
fn task(answer: &Answer) -> Result<(String, bool), CallError> {
    answer.check()?;
    let Said { invalidation: Task { status, uuid } } = answer.json()?;
    let is_id = !uuid.is_empty() && uuid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match status.as_str() {
        _ if !is_id => Err(CallError::nonsense(answer, &answer.text())),
        "DONE" => Ok((uuid, true)),
        "RECEIVED" | "PREPARING" | "FLUSHINGCLOUDIMAGESERVER" | "FLUSHINGCDNSERVERS" => Ok((uuid, false)),
        // It says nothing more about what went wrong.
        "ERROR" | "ERROR_CDN_NODE" => Err(CallError::Refused {
            status: answer.status.as_u16(),
            words: format!("its task ended as {status}"),
        }),
        _ => Err(CallError::nonsense(answer, &answer.text())),
    }
}

#[derive(Deserialize)]
struct Said {
    invalidation: Task,
}

#[derive(Deserialize)]
struct Task {
    status: String,
    uuid: String,
}
