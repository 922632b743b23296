//! Looks at public addresses: a client's request to where the world asks, through whatever stands there.

use std::time::{Duration, Instant};

use api_types::{Evidence, Look, Verdict};
use blobs::Digest;
use bus::clock::unix_millis;
use bytes::Bytes;
use dialect::pack;
use edge::request::Image;
use futures_util::{StreamExt, stream};
use http::{Request, Response, header};
use http_body_util::BodyExt;
use origin::{FetchLimits, UpstreamBody, remote_address};
use snapshot::SiteKind;
use url::Url;

use super::judgement::{Expected, Judged, by_body, by_head};
use super::sight::{evidence, sight};
use super::{LOOKS_AT_ONCE, Subject, USER_AGENT, Verifier, unseen};

const LIMITS: FetchLimits = FetchLimits {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_secs(15),
    idle: Duration::from_secs(10),
    total: Duration::from_secs(30),
    body_bytes: 64 << 20,
    redirects: 0,
};

/// An address of ours with somebody else's CDN behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicHost {
    /// `https://img.example.com`
    pub site: String,
    /// Whose clients ask there.
    pub cdns: Vec<String>,
    /// Whether looks may reach loopback and private networks.
    pub allow_private: bool,
}

impl PublicHost {
    /// As requests name it.
    pub fn host(&self) -> &str {
        self.site.split_once("://").map_or("", |(_, host)| host)
    }
}

/// An answer, and what it comes to.
struct Seen {
    seen: String,
    judged: Judged,
    evidence: Evidence,
}

impl Verifier {
    /// Looks at each at each of the public addresses. `settled`: since then our own nodes have answered with nothing
    /// older than the purge, if there was one.
    pub(crate) async fn look_outside(
        &self,
        subjects: &[Subject],
        hosts: &[PublicHost],
        settled: Option<u64>,
    ) -> Vec<Look> {
        let looks: Vec<_> = subjects
            .iter()
            .flat_map(|subject| hosts.iter().map(move |host| self.look_at(host, subject, settled)))
            .collect();
        stream::iter(looks).buffered(LOOKS_AT_ONCE).collect().await
    }

    async fn look_at(&self, host: &PublicHost, subject: &Subject, settled: Option<u64>) -> Look {
        let image = &subject.image;
        let mut expected = subject.expected.clone();
        let mut look = unseen(image, &expected);
        look.host = Some(host.site.clone());
        let mut seen = self.see(host, image, &expected, settled).await;
        if matches!(&seen, Ok(seen) if seen.judged.verdict == Verdict::Stale) {
            // Another purge may have been quicker than this look.
            let now = self.expected(image).await;
            if now != expected {
                expected = now;
                look.expected = expected.to_string();
                seen = self.see(host, image, &expected, settled).await;
            }
        }
        match seen {
            Err(why) => look.why = Some(why),
            Ok(Seen { seen, judged, evidence }) => {
                look.seen = Some(seen);
                look.verdict = judged.verdict;
                look.why = judged.why;
                look.evidence = Some(Box::new(evidence));
            }
        }
        look
    }

    async fn see(
        &self,
        host: &PublicHost,
        image: &Image,
        expected: &Expected,
        settled: Option<u64>,
    ) -> Result<Seen, String> {
        let started = Instant::now();
        let answer = self.ask_outside(host, image).await?;
        let mut evidence = evidence(answer.status(), answer.headers());
        evidence.address = remote_address(&answer).map(|address| address.to_string());
        let said = sight(answer.status(), answer.headers(), unix_millis());
        let judged = match (by_head(expected, &said), expected) {
            (None, Expected::Picture(tag)) => {
                let body = answer.into_body().collect().await.map_err(|error| error.to_string())?;
                let digest = Digest::of(&body.to_bytes()).to_string();
                let judged = by_body(tag, &said, &digest, settled);
                evidence.digest = Some(digest);
                judged
            }
            (Some(judged), _) => judged,
            (None, _) => Judged::unverifiable("there is nothing to compare it with"),
        };
        evidence.took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let seen = match &said.etag {
            Some(etag) if said.status == 200 => etag.clone(),
            _ => format!("status {}", said.status),
        };
        Ok(Seen { seen, judged, evidence })
    }

    async fn ask_outside(&self, host: &PublicHost, image: &Image) -> Result<Response<UpstreamBody>, String> {
        let url = match &self.serving.site_for(host.host()).kind {
            SiteKind::Images { packs: Some(packs), .. } if *packs == image.delivery.source => {
                pack::written(&image.delivery).ok_or("no client could ask for it here")?
            }
            SiteKind::Images { unsigned: true, .. } => image.url.clone(),
            // Without an expiry: one that was made for this look would be a URL that no CDN has stored.
            SiteKind::Images { unsigned: false, .. } => self.signed(&image.url, None)?,
            SiteKind::PassThrough { .. } => return Err("it delivers no pictures of ours".to_owned()),
        };
        let server: Url = host.site.parse().map_err(|error| format!("{:?} is no URL: {error}", host.site))?;
        let mut request =
            Request::get(url).header(header::HOST, host.host()).header(header::USER_AGENT, USER_AGENT);
        if !image.accept().is_empty() {
            request = request.header(header::ACCEPT, image.accept());
        }
        let request = request.body(Bytes::new()).map_err(|error| error.to_string())?;
        let answer = self.client.forward(&server, host.allow_private, &LIMITS, request).await;
        answer.map_err(|error| error.to_string())
    }
}
