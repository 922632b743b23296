//! Varnish on servers of one's own: `PURGE` for a URL, `BAN` for what lies below a path, `xkey` for tags. Each server
//! is told.
//!
//! What is sent is what the VCL in the documentation understands; a server without it answers 405 or 501, which is an
//! error and never silence.

use bytes::Bytes;
use http::header::{HOST, SERVER};
use http::{HeaderName, Method, Request};
use url::Url;

use super::{Accepted, Context, Vendor, method, request};
use crate::answer::Answer;
use crate::call::{Call, Targets};
use crate::capabilities::{Batch, Capabilities};
use crate::error::CallError;
use crate::settings::{SettingsError, VendorSettings};
use crate::wish::Address;

/// The host and the expression of a ban; the VCL makes one ban of both.
const BAN_HOST: HeaderName = HeaderName::from_static("x-ban-host");
const BAN_URL: HeaderName = HeaderName::from_static("x-ban-url");
const XKEY: HeaderName = HeaderName::from_static("xkey");
const XKEY_SOFT: HeaderName = HeaderName::from_static("xkey-softpurge");

#[derive(Debug)]
pub(super) struct Varnish {
    nodes: Vec<Url>,
}

impl Varnish {
    pub(super) fn new(settings: &VendorSettings) -> Result<Self, SettingsError> {
        Ok(Self { nodes: settings.nodes()? })
    }

    fn everywhere(
        &self,
        method: &Method,
        path: &str,
        fields: &[(HeaderName, &str)],
    ) -> Result<Vec<Request<Bytes>>, CallError> {
        self.nodes.iter().map(|node| request(method.clone(), node, path, fields, Bytes::new())).collect()
    }

    fn bans(&self, addresses: &[Address], end: &str) -> Result<Vec<Request<Bytes>>, CallError> {
        let ban = method("BAN")?;
        let bans = addresses.iter().map(|one| {
            let expression = format!("^{}{end}", quoted(one.path.trim_end_matches('/')));
            let fields = [(HOST, one.host()), (BAN_HOST, one.host()), (BAN_URL, expression.as_str())];
            self.everywhere(&ban, "/", &fields)
        });
        Ok(bans.collect::<Result<Vec<_>, _>>()?.concat())
    }
}

impl Vendor for Varnish {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            url: Batch::of(100),
            path: Batch::of(100),
            prefix: Batch::of(100),
            tag: Some(Batch { items: 100, bytes: 4000, item_bytes: 1024 }),
            all: true,
            soft: true,
            ..Capabilities::NONE
        }
    }

    fn requests(&self, call: &Call, _: &Context) -> Result<Vec<Request<Bytes>>, CallError> {
        let purge = method("PURGE")?;
        match &call.targets {
            Targets::Urls(urls) => {
                let soft = HeaderName::from_static("x-purge-soft");
                let purges = urls.iter().map(|url| match call.soft {
                    true => self.everywhere(&purge, &url.path, &[(HOST, url.host()), (soft.clone(), "1")]),
                    false => self.everywhere(&purge, &url.path, &[(HOST, url.host())]),
                });
                Ok(purges.collect::<Result<Vec<_>, _>>()?.concat())
            }
            Targets::Paths(paths) => self.bans(paths, r"(\?|$)"),
            Targets::Prefixes(prefixes) => self.bans(prefixes, r"(/|\?|$)"),
            Targets::Tags(tags) => {
                let name = if call.soft { XKEY_SOFT } else { XKEY };
                self.everywhere(&purge, "/", &[(name, &tags.join(" "))])
            }
            Targets::All => self.everywhere(&method("BAN")?, "/", &[(BAN_URL, "^/")]),
        }
    }

    fn accepted(&self, _: &Call, answer: &Answer) -> Result<Accepted, CallError> {
        answer.check()?;
        // Without the VCL the method goes through to the server behind, and some say 200 to any.
        if answer.field(SERVER.as_str()) != Some("Varnish") {
            return Err(CallError::nonsense(
                answer,
                "this is not Varnish's own answer: does its VCL know PURGE and BAN?",
            ));
        }
        Ok(Accepted { handle: None, completed: true })
    }
}

/// With no character that means something in a regular expression.
fn quoted(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if !(c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '~' | '%')) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
