//! Bunny: one URL, one prefix or one tag at a time, or a whole pull zone.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, Method, Request};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use url::Url;

use super::{Accepted, Context, Vendor, request};
use crate::answer::Answer;
use crate::call::{Call, Targets};
use crate::capabilities::{Batch, Capabilities, Rate};
use crate::error::CallError;
use crate::settings::{Secret, SettingsError, VendorSettings};

const KEY: HeaderName = HeaderName::from_static("accesskey");

#[derive(Debug)]
pub(super) struct Bunny {
    api: Url,
    pull_zone: String,
    secret: Secret,
}

impl Bunny {
    pub(super) fn new(settings: &VendorSettings) -> Result<Self, SettingsError> {
        Ok(Self { api: settings.api()?, pull_zone: settings.name("pull_zone")?, secret: settings.secret()? })
    }

    fn post(&self, path: &str, body: String) -> Result<Request<Bytes>, CallError> {
        let mut fields = vec![(KEY, self.secret.expose())];
        if !body.is_empty() {
            fields.push((CONTENT_TYPE, "application/json"));
        }
        request(Method::POST, &self.api, path, &fields, body)
    }

    /// It answers when the purge has been carried out everywhere.
    fn purge(&self, url: &str, exact: bool) -> Result<Request<Bytes>, CallError> {
        let url = utf8_percent_encode(url, NON_ALPHANUMERIC);
        self.post(&format!("/purge?url={url}&async=false&exactPath={exact}"), String::new())
    }
}

impl Vendor for Bunny {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            url: Batch::of(1),
            path: Batch::of(1),
            prefix: Batch::of(1),
            tag: Batch::of(1),
            all: true,
            // Prefixes have the smaller of its two buckets.
            rate: Rate { burst: 20, every: Duration::from_secs(2) },
            ..Capabilities::NONE
        }
    }

    fn requests(&self, call: &Call, _: &Context) -> Result<Vec<Request<Bytes>>, CallError> {
        let whole = format!("/pullzone/{}/purgeCache", self.pull_zone);
        match &call.targets {
            Targets::Urls(urls) => urls.iter().map(|url| self.purge(&url.url(), true)).collect(),
            Targets::Paths(paths) | Targets::Prefixes(paths) => {
                paths.iter().map(|path| self.purge(&format!("{}*", path.url()), false)).collect()
            }
            Targets::Tags(tags) => {
                tags.iter().map(|tag| self.post(&whole, json!({ "CacheTag": tag }).to_string())).collect()
            }
            Targets::All => Ok(vec![self.post(&whole, String::new())?]),
        }
    }

    fn accepted(&self, _: &Call, answer: &Answer) -> Result<Accepted, CallError> {
        answer.check()?;
        // It says nothing when all is well; a page with words is somebody else's.
        match answer.field(CONTENT_TYPE.as_str()) {
            Some(kind) if kind.starts_with("text/html") => Err(CallError::nonsense(answer, &answer.text())),
            _ => Ok(Accepted { handle: None, completed: true }),
        }
    }
}
