//! Looks from outside: a client's request through each node and to each public address, compared with what must be there.

mod by_hand;
mod change;
mod external;
mod judgement;
mod outside;
mod sight;

use std::sync::Arc;
use std::time::Duration;

use api_types::{Look, Verdict};
use bus::LogView;
use bus::clock::unix_millis;
use bytes::Bytes;
use catalog::{AskedDelivery, Catalog, KnownNode};
use dialect::{SourceName, native, pack, signature};
use edge::request::{Image, Target, Terms};
use edge::{Answered, Ask, FillError, Serving, Upstream};
use futures_util::{StreamExt, stream};
use http::{Request, header};
use origin::FetchLimits;
use snapshot::SiteKind;
use url::Url;

pub use by_hand::{ByHand, VerifyError};
pub(crate) use change::{may_renew_date, renews_date};
pub(crate) use external::is_passing;
use judgement::Expected;
pub use outside::PublicHost;

/// How many of an original's URLs are looked at through each node.
pub(crate) const DELIVERIES_MAX: usize = 4;
const LOOKS_AT_ONCE: usize = 32;
const PATIENCE: Duration = Duration::from_secs(30);
/// A signature that the verifier makes for itself holds for so long.
const SIGNED_SECONDS: u64 = 300;
const USER_AGENT: &str = "pentimento-verifier";

pub struct Verifier {
    pub catalog: Catalog,
    pub serving: Arc<Serving>,
    pub renderer: Arc<dyn Upstream>,
    pub view: Arc<LogView>,
    pub client: origin::Client,
}

/// A URL that is looked at, and what must be there.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    image: Arc<Image>,
    expected: Expected,
}

impl Verifier {
    /// What was delivered, with what must be there now. One that can no longer be read is left out.
    pub(crate) async fn subjects(&self, deliveries: &[AskedDelivery]) -> Vec<Subject> {
        let images = deliveries.iter().filter_map(|delivery| self.image(delivery));
        let subjects: Vec<_> = images.map(|image| self.subject(image)).collect();
        stream::iter(subjects).buffered(LOOKS_AT_ONCE).collect().await
    }

    async fn subject(&self, image: Arc<Image>) -> Subject {
        let expected = self.expected(&image).await;
        Subject { image, expected }
    }

    /// Looks at each through each of the nodes.
    pub(crate) async fn look(&self, subjects: &[Subject], nodes: &[KnownNode]) -> Vec<Look> {
        let looks: Vec<_> = subjects
            .iter()
            .flat_map(|subject| nodes.iter().map(|node| self.look_through(node, subject.clone())))
            .collect();
        // Not one after the other: a node that is stuck keeps a look waiting, and should keep only that one.
        stream::iter(looks).buffered(LOOKS_AT_ONCE).collect().await
    }

    pub(crate) fn image(&self, delivery: &AskedDelivery) -> Option<Arc<Image>> {
        let (path, query) = match delivery.url.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (delivery.url.as_str(), None),
        };
        let accept = (!delivery.accept.is_empty()).then_some(delivery.accept.as_str());
        self.image_of(path, query, accept, None).ok()
    }

    /// `packs` are those of the site that is asked.
    fn image_of(
        &self,
        path: &str,
        query: Option<&str>,
        accept: Option<&str>,
        packs: Option<&SourceName>,
    ) -> Result<Arc<Image>, String> {
        let request = dialect::Request { path, query, accept };
        let read = match packs {
            Some(packs) if pack::is_of_pack(path) => pack::parse(&request, packs),
            _ => native::parse(&request).map(|parsed| parsed.delivery),
        };
        let delivery = read.map_err(|error| error.to_string())?;
        Ok(Arc::new(Image {
            url: native::canonical(&delivery),
            delivery,
            host: String::new(),
            tag_key: self.serving.snapshot.tag_key.clone(),
            terms: Terms::of(&self.serving.default_site),
            made_with: Vec::new(),
        }))
    }

    /// What must be there: the renderer's answer now, past every cache.
    async fn expected(&self, image: &Arc<Image>) -> Expected {
        let ask = Ask { target: Target::Image(Arc::clone(image)), validators: Default::default() };
        match self.renderer.fetch(&ask, self.view.begin_fill()).await {
            Ok(Answered::Response(fetched)) => {
                match fetched.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()) {
                    Some(etag) => Expected::of_tag(etag),
                    None => Expected::Unknown("an answer without an entity tag".to_owned()),
                }
            }
            Ok(Answered::StillThat { .. }) => Expected::Unknown("no answer".to_owned()),
            // Whether it is there or not, it is not known while the renderer cannot say.
            Err(FillError::Problem(problem)) if problem.status >= 500 => {
                Expected::Unknown(format!("status {}", problem.status))
            }
            Err(FillError::Problem(problem)) => Expected::Status(problem.status),
            Err(error) => Expected::Unknown(error.to_string()),
        }
    }

    async fn look_through(&self, node: &KnownNode, subject: Subject) -> Look {
        let Subject { image, expected } = subject;
        let mut look = unseen(&image, &expected);
        look.node = Some(node.id.name.clone());
        match self.ask(node, &image).await {
            Err(why) => look.why = Some(why),
            Ok(seen) => {
                let mut expected = expected;
                if seen != expected.to_string() {
                    // Another purge may have been quicker than this look.
                    expected = self.expected(&image).await;
                    look.expected = expected.to_string();
                }
                if let Expected::Unknown(why) = &expected {
                    look.why = Some(format!("what must be there is not known: {why}"));
                } else {
                    look.verdict = if seen == look.expected { Verdict::Verified } else { Verdict::Stale };
                }
                look.seen = Some(seen);
            }
        }
        look
    }

    /// The entity tag that a client gets from this node, or its status.
    async fn ask(&self, node: &KnownNode, image: &Image) -> Result<String, String> {
        let address = node.delivery.as_deref().ok_or("the node serves no clients")?;
        let address: Url =
            address.parse().map_err(|error| format!("its address {address:?} is no URL: {error}"))?;
        let (host, url) = self.as_a_client(&address, &image.url)?;
        let mut request = Request::get(url).header(header::HOST, host).header(header::USER_AGENT, USER_AGENT);
        if !image.accept().is_empty() {
            request = request.header(header::ACCEPT, image.accept());
        }
        let request = request.body(Bytes::new()).map_err(|error| error.to_string())?;
        let limits = FetchLimits { first_byte: PATIENCE, ..FetchLimits::default() };
        // The node said itself where it is; the operator let it into the cluster.
        let answer =
            self.client.forward(&address, true, &limits, request).await.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        if status >= 500 {
            return Err(format!("it answered {status}"));
        }
        if status != 200 {
            return Ok(format!("status {status}"));
        }
        let etag = answer.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
        Ok(etag.unwrap_or_default().to_owned())
    }

    /// A host that delivers pictures, and the URL as that site wants it: signed, unless it says otherwise.
    fn as_a_client(&self, address: &Url, url: &str) -> Result<(String, String), String> {
        let own = match (address.host_str(), address.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err("its address has no host".to_owned()),
        };
        let named = self.serving.snapshot.sites.iter().flat_map(|site| &site.hosts).map(ToString::to_string);
        let hosts: Vec<String> =
            std::iter::once(own).chain(named.filter(|host| !host.contains('*'))).collect();
        let unsigned = |host: &&String| {
            matches!(self.serving.site_for(host).kind, SiteKind::Images { unsigned: true, .. })
        };
        if let Some(host) = hosts.iter().find(unsigned) {
            return Ok((host.clone(), url.to_owned()));
        }
        let pictures = |host: &&String| matches!(self.serving.site_for(host).kind, SiteKind::Images { .. });
        let host = hosts.iter().find(pictures).ok_or("no host of it delivers pictures")?;
        Ok((host.clone(), self.signed(url, Some(unix_millis() / 1000 + SIGNED_SECONDS))?))
    }

    fn signed(&self, url: &str, expires: Option<u64>) -> Result<String, String> {
        let key = self.serving.keys.first();
        let key = key.ok_or("its pictures need a signature, and there is no key to sign with")?;
        signature::sign(url, key, expires).map_err(|error| error.to_string())
    }
}

/// A look that has seen nothing yet.
fn unseen(image: &Image, expected: &Expected) -> Look {
    Look {
        at: unix_millis(),
        node: None,
        host: None,
        url: image.url.clone(),
        expected: expected.to_string(),
        seen: None,
        verdict: Verdict::Unverifiable,
        why: None,
        evidence: None,
    }
}
