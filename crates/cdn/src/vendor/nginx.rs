//! nginx and Angie on servers of one's own, with `proxy_cache_purge`: `PURGE` for a URL, and with a star at its end for
//! everything that begins so. Each server is told.
//!
//! Only some builds know the star; the others take it for a letter, and say 404 as they do to any URL that they have not
//! stored. So it is used only where the operator says that it is known, and a 404 to it is an error there.

use bytes::Bytes;
use http::header::HOST;
use http::{Request, StatusCode};
use url::Url;

use super::{Accepted, Context, Vendor, method, request};
use crate::answer::Answer;
use crate::call::{Call, Targets};
use crate::capabilities::{Batch, Capabilities};
use crate::error::CallError;
use crate::settings::{SettingsError, VendorSettings};

/// What nginx's and Angie's own pages say, in lower case; of a purge they name the key.
const SIGNS: [&str; 3] = ["nginx", "angie", "key"];

#[derive(Debug)]
pub(super) struct Nginx {
    nodes: Vec<Url>,
    /// Before the path, for a location of its own.
    purge_path: String,
    wildcards: bool,
}

impl Nginx {
    pub(super) fn new(settings: &VendorSettings) -> Result<Self, SettingsError> {
        Ok(Self {
            nodes: settings.nodes()?,
            purge_path: settings.path("purge_path")?,
            wildcards: settings.flag("wildcards"),
        })
    }
}

impl Vendor for Nginx {
    fn capabilities(&self) -> Capabilities {
        let wild = if self.wildcards { Batch::of(100) } else { None };
        Capabilities {
            url: Batch::of(100),
            path: wild,
            prefix: wild,
            all: self.wildcards,
            ..Capabilities::NONE
        }
    }

    fn requests(&self, call: &Call, _: &Context) -> Result<Vec<Request<Bytes>>, CallError> {
        let purge = method("PURGE")?;
        let purge_path = &self.purge_path;
        let (addresses, end) = match &call.targets {
            Targets::Urls(urls) => (urls, ""),
            Targets::Paths(prefixes) | Targets::Prefixes(prefixes) => (prefixes, "*"),
            Targets::All => {
                let path = format!("{purge_path}/*");
                return self.nodes.iter().map(|node| request(purge.clone(), node, &path, &[], "")).collect();
            }
            Targets::Tags(_) => return Err(CallError::Unwritable("nginx has no tags".to_owned())),
        };
        let purges = addresses.iter().flat_map(|one| self.nodes.iter().map(move |node| (node, one)));
        let purges = purges.map(|(node, one)| {
            let path = format!("{purge_path}{}{end}", one.path);
            request(purge.clone(), node, &path, &[(HOST, one.host())], "")
        });
        purges.collect()
    }

    /// A URL that was not there is gone too: 404, and 412 from older versions of the module.
    fn accepted(&self, call: &Call, answer: &Answer) -> Result<Accepted, CallError> {
        // Without the module the method goes through to the server behind, and some say 200 or 404 to any.
        let words = answer.text().to_ascii_lowercase();
        let own = answer.status == StatusCode::NO_CONTENT || SIGNS.iter().any(|sign| words.contains(sign));
        if answer.status.is_success() && !own {
            return Err(CallError::nonsense(
                answer,
                "this is not nginx's own answer: is proxy_cache_purge on?",
            ));
        }
        match (answer.status, &call.targets) {
            (StatusCode::NOT_FOUND | StatusCode::PRECONDITION_FAILED, Targets::Urls(_)) if own => {}
            (StatusCode::NOT_FOUND | StatusCode::PRECONDITION_FAILED, _) if own => {
                return Err(CallError::of(answer, "it seems to know no wildcards"));
            }
            _ => answer.check()?,
        }
        Ok(Accepted { handle: None, completed: true })
    }
}
