//! The verifier asked by hand: one URL, through every node and at its public addresses, now.

use std::sync::Arc;

use api_types::{Look, Verdict, Verification, VerifyRequest};
use bus::clock::unix_millis;
use edge::Serving;
use snapshot::SiteKind;
use url::Url;

use super::{PublicHost, Verifier};
use crate::authority::Authority;
use crate::cdns::{Cdn, public_hosts};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("{0:?} is not an absolute http or https URL")]
    NotAUrl(String),
    #[error("{host} passes through: what must be there is only known of pictures of ours")]
    NotAPicture { host: String },
    #[error("the URL is no picture's: {0}")]
    Malformed(String),
}

pub struct ByHand {
    pub verifier: Arc<Verifier>,
    pub authority: Arc<Authority>,
    pub cdns: Vec<Arc<Cdn>>,
}

impl ByHand {
    pub async fn verify(&self, request: &VerifyRequest) -> Result<Verification, VerifyError> {
        let shortened = || request.url.chars().take(200).collect::<String>();
        let url: Url = request.url.parse().map_err(|_| VerifyError::NotAUrl(shortened()))?;
        let (true, Some(host)) = (matches!(url.scheme(), "http" | "https"), url.host_str()) else {
            return Err(VerifyError::NotAUrl(shortened()));
        };
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let serving: &Serving = &self.verifier.serving;
        let SiteKind::Images { packs, .. } = &serving.site_for(&host).kind else {
            return Err(VerifyError::NotAPicture { host });
        };
        let accept = request.accept.as_deref();
        let image = self
            .verifier
            .image_of(url.path(), url.query(), accept, packs.as_ref())
            .map_err(VerifyError::Malformed)?;
        let subject = self.verifier.subject(image).await;

        let at = unix_millis();
        let nodes = self.authority.live_nodes();
        let subjects = [subject];
        let mut looks = self.verifier.look(&subjects, &nodes).await;
        let mut hosts = public_hosts(&self.cdns, serving);
        let own = url.origin().ascii_serialization();
        if hosts.iter().any(|host| host.site == own) {
            hosts.retain(|host| host.site == own);
        } else if hosts.is_empty() && !nodes.iter().any(|node| node.delivery.as_deref() == Some(&own)) {
            hosts.push(PublicHost { site: own, cdns: Vec::new(), allow_private: false });
        }
        looks.extend(self.verifier.look_outside(&subjects, &hosts, None).await);
        Ok(Verification { url: request.url.clone(), at, verdict: verdict(&looks), looks })
    }
}

/// Old bytes anywhere count; what cannot be told counts for nothing, unless it is all there is.
fn verdict(looks: &[Look]) -> Verdict {
    let any = |verdict: Verdict| looks.iter().any(|look| look.verdict == verdict);
    match (any(Verdict::Stale), any(Verdict::Verified)) {
        (true, _) => Verdict::Stale,
        (false, true) => Verdict::Verified,
        (false, false) => Verdict::Unverifiable,
    }
}
