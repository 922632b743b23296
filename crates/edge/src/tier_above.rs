//! Another node of ours as the upstream: an edge before a shield, a shield before a renderer.

use std::future::Future;
use std::pin::Pin;

use api_types::Problem;
use api_types::node::{AS_OF, MIN_POSITION, NODE_KEY, NODE_NAME, TAGS};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use origin::{Pool, UpstreamBody};
use purge_protocol::{AsOf, Fill, Tags};

use crate::fill::{Answered, Ask, Fetched, FetchedBody, FillError, Keep, Upstream};
use crate::forwarding;
use crate::pass_through::{self, PassOn, TAG_FIELD_NAMES, as_uri};
use crate::request::{Image, PassThrough, Target};

const PROBLEM_BYTES_MAX: usize = 64 << 10;

pub struct TierAbove {
    /// The nodes above; each URL has one of them that is asked for it, so that together they hold more.
    pub pool: Pool,
    pub secret: Option<String>,
    /// This node's name, as the tier above will log it.
    pub node: String,
}

impl TierAbove {
    async fn send(
        &self,
        mut request: Request<Bytes>,
        host: &str,
        fill: Option<Fill>,
    ) -> Result<Response<UpstreamBody>, FillError> {
        forwarding::pack(request.headers_mut());
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                request.headers_mut().insert(HeaderName::from_static(name), value);
            }
        };
        set("host", host);
        set(NODE_NAME, &self.node);
        if let Some(secret) = &self.secret {
            set(NODE_KEY, secret);
        }
        if let Some(fill) = fill {
            set(MIN_POSITION, &fill.min_position().to_field());
        }
        // All formats of a picture go to one node: it fetches and renders what they have in common once.
        let key = request.uri().to_string();
        Ok(self.pool.forward(&key, request).await?)
    }

    async fn image(&self, image: &Image, ask: &Ask, fill: Option<Fill>) -> Result<Answered, FillError> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = as_uri(&image.url)?;
        if !image.accept().is_empty() {
            request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(image.accept()));
        }
        ask.validators.ask(request.headers_mut());
        let response = self.send(request, &image.host, fill).await?;
        let (parts, body) = response.into_parts();
        let as_of = stamp(&parts.headers, fill);
        let cache_status = joined(&parts.headers, "cache-status");
        let keep = Keep::of_picture(&image.terms, age(&parts.headers));
        match parts.status {
            StatusCode::NOT_MODIFIED => {
                let tags = tags(&parts.headers);
                Ok(Answered::StillThat { as_of, tags, keep, headers: HeaderMap::new() })
            }
            StatusCode::OK => {
                let mut kept = HeaderMap::new();
                let tag_fields = TAG_FIELD_NAMES.map(HeaderName::from_static);
                let own = [header::CONTENT_TYPE, header::CONTENT_SECURITY_POLICY, header::ETAG];
                for name in own.into_iter().chain(tag_fields) {
                    if let Some(value) = parts.headers.get(&name) {
                        kept.insert(name, value.clone());
                    }
                }
                Ok(Answered::Response(Box::new(Fetched {
                    status: parts.status,
                    headers: kept,
                    body: FetchedBody::Coming(Box::pin(body)),
                    tags: tags(&parts.headers),
                    as_of,
                    keep,
                    reserved: HeaderMap::new(),
                    varied_on: Vec::new(),
                    cache_status,
                })))
            }
            status => Err(failure(status, &parts.headers, body).await),
        }
    }
}

impl Upstream for TierAbove {
    fn fetch<'a>(
        &'a self,
        ask: &'a Ask,
        fill: Option<Fill>,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, FillError>> + Send + 'a>> {
        Box::pin(async move {
            match &ask.target {
                Target::Image(image) => self.image(image, ask, fill).await,
                Target::PassThrough(passed) => pass_through::fetch(self, passed, ask, fill).await,
            }
        })
    }
}

impl PassOn for TierAbove {
    fn pass_on<'a>(
        &'a self,
        passed: &'a PassThrough,
        headers: HeaderMap,
        fill: Option<Fill>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<UpstreamBody>, FillError>> + Send + 'a>> {
        Box::pin(async move { self.send(passed.request(headers)?, &passed.host, fill).await })
    }

    fn stamp(&self, headers: &HeaderMap, fill: Option<Fill>) -> Option<AsOf> {
        stamp(headers, fill)
    }

    fn tags(&self, _passed: &PassThrough, headers: &HeaderMap) -> Option<Tags> {
        tags(headers)
    }
}

/// The tier above said what its answer reflects; an answer from behind is not stamped, and so not stored.
fn stamp(headers: &HeaderMap, fill: Option<Fill>) -> Option<AsOf> {
    let said = headers.get(AS_OF).and_then(|value| value.to_str().ok()).and_then(AsOf::from_field);
    fill.and_then(|fill| fill.stamp_from_upstream(said))
}

fn tags(headers: &HeaderMap) -> Option<Tags> {
    Tags::from_field(headers.get(TAGS)?.to_str().ok()?)
}

fn age(headers: &HeaderMap) -> u32 {
    headers
        .get(header::AGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

fn joined(headers: &HeaderMap, name: &'static str) -> Option<String> {
    let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|line| line.to_str().ok()).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

/// The tier above explains its failures as we do; its words are fit for our client too.
async fn failure(status: StatusCode, headers: &HeaderMap, mut body: UpstreamBody) -> FillError {
    let is_problem =
        headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == api_types::problem::MEDIA_TYPE);
    let whole = Limited::new(&mut body, PROBLEM_BYTES_MAX).collect().await;
    let problem = match whole {
        Ok(whole) if is_problem => serde_json::from_slice::<Problem>(&whole.to_bytes()).ok(),
        _ => None,
    };
    // A node that cannot follow the log answers nobody who can: the others may.
    if problem.as_ref().is_some_and(|problem| matches!(problem.slug(), "behind" | "starting")) {
        body.blame();
    }
    match problem {
        Some(problem) if problem.slug() == "behind" => FillError::Behind,
        Some(problem) => FillError::Problem(problem),
        None => FillError::Unreachable(format!("the tier above answered {status}")),
    }
}
