//! Looks at URLs that are not ours, at somebody else's CDN: a question for the head alone, as whoever doubts it asks.

use std::time::{Duration, Instant};

use api_types::{Evidence, ExternalReceipt, Look, Sight, Verdict};
use bus::clock::unix_millis;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use origin::{FetchLimits, remote_address};
use url::Url;

use super::change::judge_change;
use super::sight::{evidence, sight};
use super::{USER_AGENT, Verifier};

const LIMITS: FetchLimits = FetchLimits {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_secs(15),
    idle: Duration::from_secs(10),
    total: Duration::from_secs(20),
    body_bytes: 64 << 20,
    redirects: 0,
};

impl Verifier {
    /// What is there now.
    pub(crate) async fn sight(&self, url: &str, allow_private: bool) -> Result<(Sight, Evidence), String> {
        let started = Instant::now();
        let mut seen = self.head(Method::HEAD, url, allow_private).await?;
        if matches!(seen.0.status, 405 | 501) {
            seen = self.head(Method::GET, url, allow_private).await?;
        }
        seen.1.took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(seen)
    }

    async fn head(
        &self,
        method: Method,
        url: &str,
        allow_private: bool,
    ) -> Result<(Sight, Evidence), String> {
        let url: Url = url.parse().map_err(|error| format!("{url:?} is no URL: {error}"))?;
        let server: Url = url.origin().ascii_serialization().parse().map_err(|_| "it names no server")?;
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::HOST, url.authority())
            .header(header::USER_AGENT, USER_AGENT);
        let request = request.body(Bytes::new()).map_err(|error| error.to_string())?;
        let answer = self.client.forward(&server, allow_private, &LIMITS, request).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let mut evidence = evidence(answer.status(), answer.headers());
        evidence.address = remote_address(&answer).map(|address| address.to_string());
        Ok((sight(answer.status(), answer.headers(), unix_millis()), evidence))
    }

    /// `told`: when its CDN was last told. `true` beside it: it may be better to ask once more.
    pub(crate) async fn look_at_external(
        &self,
        external: &ExternalReceipt,
        allow_private: bool,
        told: u64,
    ) -> (Look, bool) {
        let url: Option<Url> = external.url.parse().ok();
        let (host, path) = match &url {
            Some(url) => {
                let path = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
                (url.origin().ascii_serialization(), path)
            }
            None => (external.url.clone(), String::new()),
        };
        let mut look = Look {
            at: unix_millis(),
            node: None,
            host: Some(host),
            url: path,
            expected: external
                .before
                .as_ref()
                .map_or("made since".to_owned(), |b| format!("not {}", shown(b))),
            seen: None,
            verdict: Verdict::Unverifiable,
            why: None,
            evidence: None,
        };
        match self.sight(&external.url, allow_private).await {
            Err(why) => {
                look.why = Some(why);
                (look, true)
            }
            Ok((now, evidence)) => {
                let judged = judge_change(external.before.as_ref(), external.renews_date, &now, told);
                let is_passing = is_passing(now.status);
                look.seen = Some(shown(&now));
                look.verdict = judged.verdict;
                look.why = judged.why;
                look.evidence = Some(Box::new(evidence));
                (look, is_passing)
            }
        }
    }
}

/// Whether a status tells of a bad moment rather than of the picture.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..)
}

/// By what it is known again.
fn shown(sight: &Sight) -> String {
    if sight.status != StatusCode::OK.as_u16() {
        return format!("status {}", sight.status);
    }
    let made = sight.made().and_then(|made| http_caching::date::format(http_caching::Timestamp(made / 1000)));
    match (&sight.etag, made) {
        (Some(etag), Some(made)) => format!("{etag} of {made}"),
        (Some(etag), None) => etag.clone(),
        (None, Some(made)) => format!("that of {made}"),
        (None, None) => "one that tells nothing of itself".to_owned(),
    }
}
