//! The life of one request, top to bottom.
//!
//! All branching of the hot path is in [`serve`] and [`cached`]. What they call either decides without effects or has
//! one effect and no opinion.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api_types::Problem;
use api_types::node::{AS_OF, MIN_POSITION, NODE_NAME, NODE_PREFIX, TAGS};
use bus::{Feed, LogView, clock};
use bytes::Bytes;
use cache::{Cache, Key, StoredResponse, Tier};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_caching::cache_status::{CacheStatus, Forward, Outcome, StaleHit};
use http_caching::reuse::{Reuse, Validate, reuse};
use http_caching::{CacheControl, RequestControl, Standing, cache_groups, invalidation};
use purge_protocol::{Arrival, AsOf, Flight, Landing, Leave, Readiness, Verdict};
use telemetry::{Access, Metrics, is_access_logged, log_access};

use crate::answer::{self, Source, SourceBody};
use crate::body::EdgeBody;
use crate::fill::{Answered, Ask, Fetched, FillError, Upstream};
use crate::fill_memory::FillMemory;
use crate::filling::{Landed, fill};
use crate::flights::{Flights, Role};
use crate::growing_body::Reader;
use crate::invalidations::{Invalidated, Invalidations};
use crate::pass_through::{self, PassOn};
use crate::purge_method::{self, PurgeDoor};
use crate::representations::{self, fits};
use crate::request::{Asker, PassThrough, Refusal, Target, Wanted, host_of, interpret, key_text};
use crate::serving::{CurrentServing, Serving};
use crate::trust::Trust;
use crate::unshareable::Unshareable;
use crate::{node_protocol, problem};

pub(crate) const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
pub(crate) const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// How long a node that asks from ahead is kept waiting for us to catch up (invariant 4).
const CATCH_UP: Duration = Duration::from_secs(2);

pub struct Edge {
    /// This node's name, in `Cache-Status`.
    pub name: String,
    pub view: Arc<LogView>,
    pub serving: CurrentServing,
    pub cache: Arc<Cache>,
    pub upstream: Arc<dyn Upstream>,
    pub pass_on: Arc<dyn PassOn>,
    pub flights: Flights<Arc<Landed>>,
    /// For bodies that are still coming.
    pub fill_memory: FillMemory,
    pub unshareable: Unshareable,
    pub invalidations: Invalidations,
    pub feed: Arc<dyn Feed>,
    pub purge_door: Arc<dyn PurgeDoor>,
    pub trust: Trust,
    pub metrics: Arc<Metrics>,
}

/// What the cache says to a request, before anyone is asked.
pub(crate) enum Decision {
    Hit {
        stored: Arc<StoredResponse>,
        ttl: Duration,
    },
    /// May answer once more while one fill replaces it.
    StaleHit {
        stored: Arc<StoredResponse>,
        by: Duration,
        detail: Option<&'static str>,
    },
    /// The node is cut off, and its operator chose stale answers over none.
    Isolated {
        stored: Arc<StoredResponse>,
        by: Duration,
    },
    Forward {
        why: Forward,
        detail: Option<&'static str>,
        stored: Option<Arc<StoredResponse>>,
    },
}

/// An answer, and what the cache did.
struct Reply {
    response: Response<EdgeBody>,
    status: CacheStatus,
    /// What the tiers above said they did.
    above: Option<String>,
}

pub async fn serve(edge: &Arc<Edge>, request: Request<Bytes>, peer: SocketAddr) -> Response<EdgeBody> {
    let began = Instant::now();
    let is_node = request.headers().contains_key(NODE_NAME) && edge.trust.is_node(peer, request.headers());
    if request.uri().path().starts_with(NODE_PREFIX) {
        let is_node = edge.trust.is_node(peer, request.headers());
        return node_protocol::answer(edge, &request, is_node).await;
    }
    let (parts, body) = request.into_parts();
    let reply = respond(edge, &parts, body, is_node, peer).await;
    finish(edge, &parts, reply, is_node, peer, began)
}

async fn respond(edge: &Arc<Edge>, parts: &Parts, body: Bytes, is_node: bool, peer: SocketAddr) -> Reply {
    let Some(serving) = edge.serving.get() else {
        return edge.refuse(&problem::starting(), 0, Forward::Bypass);
    };
    if parts.method.as_str() == purge_method::METHOD {
        return purged(edge, &serving, parts, peer).await;
    }
    let asker = if is_node { Asker::Node } else { Asker::Client(peer.ip()) };
    let wanted = match interpret(&serving, parts, body, asker, clock::unix_millis() / 1000) {
        Ok(wanted) => wanted,
        Err(refusal) => {
            let remembered =
                if matches!(refusal, Refusal::Method(_)) { 0 } else { serving.default_site.error_lifetime };
            return edge.refuse(&problem::of_refusal(&refusal), remembered, Forward::Bypass);
        }
    };
    let asked = if is_node { parts.headers.get(MIN_POSITION) } else { None };
    let asked = asked.and_then(|field| field.to_str().ok()).and_then(AsOf::from_field);
    if let Some(asked) = asked
        && edge.view.wait_until_ready(asked, CATCH_UP).await != Readiness::Ready
    {
        return edge.refuse(&problem::of_fill(&FillError::Behind), 0, Forward::Bypass);
    }
    match &wanted.target {
        Target::PassThrough(passed) if !matches!(parts.method, Method::GET | Method::HEAD) => {
            uncached(edge, &wanted, passed, Forward::Method).await
        }
        _ => cached(edge, parts, &wanted, is_node, asked).await,
    }
}

/// A `PURGE` becomes a purge of the whole cluster.
async fn purged(edge: &Edge, serving: &Serving, parts: &Parts, peer: SocketAddr) -> Reply {
    let host = host_of(parts).unwrap_or_default();
    let understood = purge_method::admit(serving.site_for(&host), peer, &parts.headers)
        .and_then(|()| purge_method::understand(&host, parts));
    let purge = match understood {
        Ok(purge) => purge,
        Err(refused) => return edge.refuse(&problem::of_purge_method(&refused), 0, Forward::Method),
    };
    match edge.purge_door.purge(&purge, &format!("PURGE from {}", peer.ip())).await {
        Ok(view) => {
            let status = edge.says(forwarded(Forward::Method, None), None);
            Reply { response: purge_method::answer(&view), status, above: None }
        }
        Err(problem) => edge.refuse(&problem, 0, Forward::Method),
    }
}

/// A GET or HEAD whose answer may be stored.
async fn cached(
    edge: &Arc<Edge>,
    parts: &Parts,
    wanted: &Wanted,
    is_node: bool,
    asked: Option<AsOf>,
) -> Reply {
    let arrival = edge.view.arrival();
    let (beside, found) = look_up(edge, wanted).await;
    let wanted = beside.as_ref().unwrap_or(wanted);
    let (found, tier) = found.unzip();
    // The disk tier has counted its own.
    let counted = |stored: &StoredResponse| {
        if tier == Some(Tier::Memory) {
            stored.heat.note(clock::unix_millis());
        }
    };
    let (why, detail, stored) = match decide(edge, wanted, found, is_node) {
        Decision::Hit { stored, ttl } => {
            counted(&stored);
            return edge.reply(parts, wanted, &stored, Outcome::Hit { ttl }, None, None);
        }
        Decision::StaleHit { stored, by, detail } => {
            counted(&stored);
            refresh(edge, wanted, &stored, arrival);
            let outcome = Outcome::StaleHit { by, why: StaleHit::WhileRevalidating };
            return edge.reply(parts, wanted, &stored, outcome, detail, None);
        }
        Decision::Isolated { stored, by } => {
            counted(&stored);
            let outcome = Outcome::StaleHit { by, why: StaleHit::Unleased };
            return edge.reply(parts, wanted, &stored, outcome, None, None);
        }
        Decision::Forward { why, detail, stored } => (why, detail, stored),
    };
    if wanted.control().only_if_cached {
        return edge.refuse(&problem::not_cached(), 0, why);
    }

    let alone = stored.is_none() && edge.unshareable.contains(&wanted.key, clock::unix_millis());
    let rounds = if alone { 0 } else { Flight::ROUNDS };
    let mut tried = None;
    for round in 1..=rounds {
        // Before anything mutable is read: the stamp (invariant 3). A node that knows no log shares nothing.
        let Some(own) = edge.view.depart() else { break };
        let admits = |flight: &Flight| match asked {
            Some(asked) => flight.admits_asking(arrival, asked),
            None => flight.admits(arrival),
        };
        let begin = |flight, lander| fill(Arc::clone(edge), wanted.clone(), stored.clone(), flight, lander);
        let aboard = edge.flights.board(wanted.key, own, tried, admits, begin);
        let (number, flight, collapsed) = (aboard.number, aboard.flight, aboard.role == Role::Passenger);
        let landed = aboard.landed().await;
        // Whether the answer is new enough for this request is decided now, as its head goes out (invariant 5).
        let may_have = |head: &StoredResponse| {
            edge.view.land(&flight, &head.tags, head.as_of, arrival, round) != Landing::Again
        };
        match landed.as_deref() {
            Some(Landed::Whole { stored, reserved, above, was_kept }) if fits(stored, wanted) => {
                if may_have(stored) {
                    let outcome = filled(why, stored, *was_kept, collapsed);
                    let reply = edge.reply(parts, wanted, stored, outcome, detail, above.clone());
                    return if collapsed { reply } else { reply.with(reserved.take()) };
                }
            }
            Some(Landed::Coming { head, body, leader, reserved, above }) if fits(head, wanted) => {
                if may_have(head) {
                    let reader = if collapsed { body.reader() } else { leader.take() };
                    // Too large to keep, and begun without us.
                    let Some(reader) = reader else { break };
                    let outcome = filled(why, head, true, collapsed);
                    let reply =
                        edge.reply_as_it_comes(parts, wanted, head, reader, outcome, detail, above.clone());
                    return if collapsed { reply } else { reply.with(reserved.take()) };
                }
            }
            // It was selected by other request fields than ours.
            Some(Landed::Whole { .. } | Landed::Coming { .. }) => break,
            Some(Landed::Unshared { fetched, .. }) if !collapsed => {
                let Some(fetched) = fetched.take() else { break };
                return edge.unstored(parts, wanted, *fetched, why, detail);
            }
            Some(Landed::Unshared { never, .. }) => {
                if *never {
                    edge.unshareable.note(wanted.key, clock::unix_millis());
                }
                break;
            }
            Some(Landed::Failed(error)) => return edge.failed(parts, wanted, stored, error, why),
            None => return edge.failed(parts, wanted, stored, &FillError::Abandoned, why),
        }
        tried = Some(number);
    }
    // The answer is for one client only, or purges come faster than fills land. A fill that begins now, after the
    // last fence that this request must see, is good for this request; nobody else gets it.
    edge.alone(parts, wanted, why).await
}

/// What is stored for the request; where that is beside the URL's own place, the request as wanted there.
async fn look_up(edge: &Edge, wanted: &Wanted) -> (Option<Wanted>, Option<(Arc<StoredResponse>, Tier)>) {
    let found = async |at: &Wanted| edge.cache.get(&at.key, &at.key_text).await;
    match found(wanted).await {
        Some((first, _)) if !fits(&first, wanted) => {
            let beside = representations::beside(&first, wanted);
            let found = found(&beside).await;
            (Some(beside), found)
        }
        found => (None, found),
    }
}

/// Replaces a response that has just answered once more.
fn refresh(edge: &Arc<Edge>, wanted: &Wanted, stored: &Arc<StoredResponse>, arrival: Arrival) {
    let Some(own) = edge.view.depart() else { return };
    let begin =
        |flight, lander| fill(Arc::clone(edge), wanted.clone(), Some(Arc::clone(stored)), flight, lander);
    edge.flights.board(wanted.key, own, None, |flight| flight.admits(arrival), begin);
}

pub(crate) fn decide(
    edge: &Edge,
    wanted: &Wanted,
    found: Option<Arc<StoredResponse>>,
    is_node: bool,
) -> Decision {
    let Some(stored) = found.filter(|stored| fits(stored, wanted)) else {
        let why = if wanted.beside.is_some() { Forward::VaryMiss } else { Forward::UriMiss };
        return Decision::Forward { why, detail: None, stored: None };
    };
    let forward = |why, detail, stored| Decision::Forward { why, detail, stored: Some(stored) };
    let judgement = edge.view.judge(&stored.tags, stored.as_of, &stored.checked);
    let is_soft_fenced = match judgement.verdict {
        Verdict::Unusable(_) => return forward(Forward::Stale, Some("fenced"), stored),
        Verdict::Stale { .. } => true,
        Verdict::Usable => false,
    };
    match judgement.leave {
        Leave::Answer => {}
        Leave::AnswerStale if !is_node => {
            let by = Duration::from_secs(u64::from(answer::age(&stored, clock::unix_millis())));
            return Decision::Isolated { stored, by };
        }
        Leave::Ask | Leave::AnswerStale => return forward(Forward::Stale, Some("lease-ended"), stored),
    }
    let age = Duration::from_secs(u64::from(answer::age(&stored, clock::unix_millis())));
    let control = match &wanted.target {
        Target::PassThrough(passed) => Some(RequestControl::of(&passed.headers)),
        Target::Image(_) => None,
    };
    match freshness_of(&stored, age, control.as_ref()) {
        // Between nodes only what is fresh and unfenced travels: its stamp says that it is.
        Reuse::Answer { .. } | Reuse::AnswerStale { .. } if is_soft_fenced && is_node => {
            forward(Forward::Stale, Some("soft-fenced"), stored)
        }
        Reuse::Answer { .. } if is_soft_fenced => {
            Decision::StaleHit { stored, by: Duration::ZERO, detail: Some("soft-fenced") }
        }
        Reuse::Answer { remaining } => Decision::Hit { stored, ttl: remaining },
        Reuse::AnswerStale { by } if !is_node => Decision::StaleHit { stored, by, detail: None },
        Reuse::AnswerStale { .. } => forward(Forward::Stale, None, stored),
        Reuse::Validate(why) => forward(why.forward(), None, stored),
    }
}

/// Where the stored response stands in time: by our own site's lifetimes for pictures, by HTTP's rules and the
/// request's directives for whatever else passes through. A client cannot make us render: of pictures its directives
/// do not count.
pub(crate) fn freshness_of(
    stored: &StoredResponse,
    age: Duration,
    control: Option<&RequestControl>,
) -> Reuse {
    let lifetime = Duration::from_secs(u64::from(stored.lifetime));
    if let Some(control) = control {
        return reuse(&CacheControl::of(&stored.headers), lifetime, age, control);
    }
    let grace = Duration::from_secs(u64::from(stored.stale_while_revalidate));
    match Standing::of(lifetime, age) {
        Standing::Fresh { remaining } => Reuse::Answer { remaining },
        Standing::Stale { by } if by < grace => Reuse::AnswerStale { by },
        Standing::Stale { by } => Reuse::Validate(Validate::Stale { by }),
    }
}

/// Nothing of the answer is kept.
pub(crate) fn forwarded(why: Forward, status: Option<StatusCode>) -> Outcome {
    Outcome::Forwarded { why, status, ttl: None, stored: false, collapsed: false }
}

/// The answer of a fill that others may have too.
fn filled(why: Forward, head: &StoredResponse, is_kept: bool, collapsed: bool) -> Outcome {
    let ttl = Duration::from_secs(u64::from(head.lifetime.saturating_sub(head.initial_age)));
    Outcome::Forwarded {
        why,
        status: Some(head.status),
        ttl: is_kept.then_some(ttl),
        stored: is_kept && !collapsed,
        collapsed,
    }
}

/// Straight through, past the cache.
async fn uncached(edge: &Arc<Edge>, wanted: &Wanted, passed: &PassThrough, why: Forward) -> Reply {
    let begun = edge.view.begin_fill();
    match edge.pass_on.pass_on(passed, passed.headers.clone(), begun).await {
        Ok(response) => {
            let (mut parts, body) = response.into_parts();
            pass_through::keep_end_to_end(&mut parts.headers);
            let status = parts.status;
            if invalidation::invalidates(&passed.method, status) {
                edge.invalidate(wanted, passed, &parts.headers).await;
            }
            let outcome = forwarded(why, Some(status));
            let response = Response::from_parts(parts, EdgeBody::Passed(Box::pin(body)));
            Reply { response, status: edge.says(outcome, None), above: None }
        }
        Err(error) => {
            tracing::warn!(url = %passed.url(), %error, "a request could not be passed on");
            edge.refuse(&problem::of_fill(&error), wanted.terms.error_lifetime, why)
        }
    }
}

impl Reply {
    /// With fields that are for this client alone.
    fn with(mut self, reserved: Option<HeaderMap>) -> Self {
        for (name, value) in reserved.iter().flatten() {
            self.response.headers_mut().append(name.clone(), value.clone());
        }
        self
    }
}

impl Edge {
    /// Removes what a change at the origin has made of its responses (RFC 9111 §4.4, RFC 9875 §3): of this node's own;
    /// fills that are under way store nothing of it, and who comes now does not join them. It says nothing of any
    /// other node: that is what purges are for.
    async fn invalidate(&self, wanted: &Wanted, passed: &PassThrough, answer: &HeaderMap) {
        let also = invalidation::also_invalidated(&passed.host, &passed.path_and_query, answer);
        let urls = also.iter().map(|path| key_text(&passed.host, path)).chain([wanted.key_text.clone()]);
        for url in urls {
            self.invalidations.note(Invalidated::Url(Key::of(&url)));
            for place in representations::places(&url) {
                self.flights.forget(&place);
                self.cache.remove(&place);
            }
        }
        let groups = cache_groups::invalidated(answer);
        if groups.is_empty() {
            return;
        }
        let tags: Vec<_> = groups
            .iter()
            .map(|group| passed.tag_key.tag(&pass_through::group_subject(&passed.host, group)))
            .collect();
        self.invalidations.note(Invalidated::Group(tags.clone()));
        if let Err(error) = self.cache.erase(&tags, |_| true).await {
            tracing::warn!(%error, "what belongs to an invalidated group could not be removed from disk");
        }
    }

    fn says(&self, outcome: Outcome, detail: Option<&str>) -> CacheStatus {
        CacheStatus { cache: self.name.clone(), outcome, detail: detail.map(str::to_owned), key: None }
    }

    fn refuse(&self, problem: &Problem, error_lifetime: u32, why: Forward) -> Reply {
        let outcome = forwarded(why, None);
        let status = self.says(outcome, Some(problem.slug()));
        Reply { response: problem::answer(problem, error_lifetime), status, above: None }
    }

    fn reply(
        &self,
        parts: &Parts,
        wanted: &Wanted,
        stored: &StoredResponse,
        outcome: Outcome,
        detail: Option<&str>,
        above: Option<String>,
    ) -> Reply {
        let source = Source::stored(stored, SourceBody::Whole(&stored.body), clock::unix_millis());
        let mut response = answer::answer(parts, wanted, source);
        self.vouch(parts, &mut response, stored);
        Reply { response, status: self.says(outcome, detail), above }
    }

    #[allow(clippy::too_many_arguments, reason = "as `reply`, and the body")]
    fn reply_as_it_comes(
        &self,
        parts: &Parts,
        wanted: &Wanted,
        head: &StoredResponse,
        reader: Reader,
        outcome: Outcome,
        detail: Option<&str>,
        above: Option<String>,
    ) -> Reply {
        let source = Source::stored(head, SourceBody::Coming(reader), clock::unix_millis());
        let mut response = answer::answer(parts, wanted, source);
        self.vouch(parts, &mut response, head);
        Reply { response, status: self.says(outcome, detail), above }
    }

    /// Tells the asking node what the answer reflects, and what it is tagged with. Without both it is not stored there.
    fn vouch(&self, parts: &Parts, response: &mut Response<EdgeBody>, stored: &StoredResponse) {
        if !parts.headers.contains_key(NODE_NAME) {
            return;
        }
        let Some(reflected) = self.view.reflected(&stored.tags, stored.as_of) else { return };
        for (name, value) in [(AS_OF, reflected.to_field()), (TAGS, stored.tags.to_field())] {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
    }

    fn unstored(
        &self,
        parts: &Parts,
        wanted: &Wanted,
        fetched: Fetched,
        why: Forward,
        detail: Option<&str>,
    ) -> Reply {
        let Fetched { status, headers, body, keep, cache_status, .. } = fetched;
        let source =
            Source { status, headers: &headers, body: SourceBody::Unshared(body), age: keep.initial_age };
        let response = answer::answer(parts, wanted, source);
        let outcome = forwarded(why, Some(status));
        Reply { response, status: self.says(outcome, detail), above: cache_status }
    }

    /// A fill for one request only, begun after it arrived.
    async fn alone(self: &Arc<Self>, parts: &Parts, wanted: &Wanted, why: Forward) -> Reply {
        match &wanted.target {
            Target::PassThrough(passed) => uncached(self, wanted, passed, why).await,
            Target::Image(_) => {
                let begun = self.view.begin_fill();
                let ask = Ask { target: wanted.target.clone(), validators: Default::default() };
                match self.upstream.fetch(&ask, begun).await {
                    Ok(Answered::Response(fetched)) => {
                        self.unstored(parts, wanted, *fetched, why, Some("not-stored"))
                    }
                    Ok(_) => self.refuse(&problem::of_fill(&FillError::Abandoned), 0, why),
                    Err(error) => self.failed(parts, wanted, None, &error, why),
                }
            }
        }
    }

    /// An older response stands in if it may; an error never replaces a picture.
    fn failed(
        &self,
        parts: &Parts,
        wanted: &Wanted,
        stored: Option<Arc<StoredResponse>>,
        error: &FillError,
        why: Forward,
    ) -> Reply {
        if let Some(stored) =
            stored.filter(|stored| error.allows_stale() && self.may_stand_in(stored, wanted))
        {
            let age = answer::age(&stored, clock::unix_millis());
            let by = Duration::from_secs(u64::from(age.saturating_sub(stored.lifetime)));
            let outcome = Outcome::StaleHit { by, why: StaleHit::OnError };
            return self.reply(parts, wanted, &stored, outcome, None, None);
        }
        self.refuse(&problem::of_fill(error), wanted.terms.error_lifetime, why)
    }

    /// RFC 5861 §4, but a fence and the end of the lease beat it: what was purged never comes back.
    pub(crate) fn may_stand_in(&self, stored: &StoredResponse, wanted: &Wanted) -> bool {
        let judgement = self.view.judge(&stored.tags, stored.as_of, &stored.checked);
        let age = u64::from(answer::age(stored, clock::unix_millis()));
        let until = u64::from(stored.lifetime) + u64::from(stored.stale_if_error);
        let forbidden = match &wanted.target {
            Target::PassThrough(_) => {
                http_caching::stale::forbidden(&CacheControl::of(&stored.headers)).is_err()
            }
            Target::Image(_) => false,
        };
        judgement.verdict == Verdict::Usable && judgement.leave == Leave::Answer && age < until && !forbidden
    }
}

/// Says what the cache did, in the answer, the log and the metrics alike.
fn finish(
    edge: &Edge,
    parts: &Parts,
    reply: Reply,
    is_node: bool,
    peer: SocketAddr,
    began: Instant,
) -> Response<EdgeBody> {
    let Reply { mut response, status, above } = reply;
    let own = status.to_string();
    // RFC 9211 §2: the caches nearest the origin come first.
    let member = above.map_or_else(|| own.clone(), |above| format!("{above}, {own}"));
    let x_cache = match &status.outcome {
        Outcome::Hit { .. } => "HIT",
        Outcome::StaleHit { .. } => "STALE",
        Outcome::Forwarded { .. } => "MISS",
    };
    let headers = response.headers_mut();
    headers.insert(X_CACHE, HeaderValue::from_static(x_cache));
    if let Ok(value) = HeaderValue::try_from(member) {
        headers.insert(CACHE_STATUS, value);
    }
    let code = response.status().as_u16();
    let label = match &status.outcome {
        Outcome::Hit { .. } => "hit",
        Outcome::StaleHit { why, .. } => why.as_str(),
        Outcome::Forwarded { why, .. } => why.as_str(),
    };
    edge.metrics.answered(label, code, began.elapsed().as_secs_f64());
    if !is_access_logged() {
        return response;
    }
    log_access(&Access {
        peer,
        method: &parts.method,
        host: &host_of(parts).unwrap_or_default(),
        target: parts.uri.path_and_query().map_or("/", |both| both.as_str()),
        status: code,
        cache_status: &own,
        bytes: response.body().len(),
        took: began.elapsed(),
        node: if is_node { parts.headers.get(NODE_NAME).and_then(|name| name.to_str().ok()) } else { None },
    });
    response
}
