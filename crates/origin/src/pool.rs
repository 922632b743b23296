//! A pool of upstreams that answer the same: who is asked, who next, and when a request is sent again.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::balance::{Balance, Place, by_key, by_load};
use crate::body::UpstreamBody;
use crate::client::{Client, passed_to};
use crate::error::{FetchError, Stage};
use crate::exchange::Lost;
use crate::health::{HealthRules, Outcome, Standing};
use crate::member::{Member, MemberReport, Places};
use crate::probe::{Probe, probe};
use crate::retry::RetryBudget;
use crate::source::FetchLimits;

/// So many members are tried for one request: the fourth would come too late for whoever waits.
const TRIED_MAX: usize = 3;

/// What a pool is made of.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// URLs and weights.
    pub members: Vec<(Url, u32)>,
    pub balance: Balance,
    /// Opens loopback and private ranges.
    pub allow_private: bool,
    pub limits: FetchLimits,
    pub places: Places,
    pub health: HealthRules,
    pub probe: Option<Probe>,
}

pub struct Pool {
    client: Client,
    members: Vec<Arc<Member>>,
    places: Vec<Place>,
    balance: Balance,
    allow_private: bool,
    limits: FetchLimits,
    budget: Mutex<RetryBudget>,
    turn: AtomicUsize,
    /// They end with the pool.
    _probes: JoinSet<()>,
}

/// One request on its way through the pool.
struct Journey {
    request: Request<Bytes>,
    deadline: Instant,
    /// It may happen twice (RFC 9110 §9.2.2).
    is_idempotent: bool,
    /// It was sent, lost, and sent again: once is enough.
    was_repeated: bool,
}

impl Pool {
    /// Within a runtime, which the probes run on.
    pub fn new(client: Client, settings: PoolSettings) -> Self {
        let PoolSettings { members, balance, allow_private, limits, places, health, probe: probing } =
            settings;
        let members: Vec<Arc<Member>> = members
            .into_iter()
            .map(|(url, weight)| Arc::new(Member::new(url, weight, health, places)))
            .collect();
        let mut probes = JoinSet::new();
        if let Some(probing) = probing {
            for member in &members {
                let connections = client.connections(allow_private).clone();
                probes.spawn(probe(connections, Arc::clone(member), probing.clone(), limits));
            }
        }
        Self {
            places: members.iter().map(|member| member.place.clone()).collect(),
            client,
            members,
            balance,
            allow_private,
            limits,
            budget: Mutex::new(RetryBudget::full()),
            turn: AtomicUsize::new(0),
            _probes: probes,
        }
    }

    /// Passes a request on as [`Client::forward`] does, to the member that is to have it: by `key`, or by load.
    ///
    /// A member that cannot be connected to hands over to the next. A request that was lost before a byte of an answer
    /// came is sent again once if it is idempotent: to the same member over another connection if the first one was an
    /// old one, else to the next. Whoever is *slow* is not asked again, and neither is anybody else: the time is
    /// spent, and what made one slow would make the next one so.
    pub async fn forward(
        &self,
        key: &str,
        request: Request<Bytes>,
    ) -> Result<Response<UpstreamBody>, FetchError> {
        self.budget().earn();
        let is_idempotent = request.method().is_idempotent();
        let deadline = Instant::now() + self.limits.total;
        let mut journey = Journey { request, deadline, is_idempotent, was_repeated: false };
        let (order, regardless) = self.order(key, is_idempotent);
        let mut order = order.into_iter().take(TRIED_MAX).peekable();
        let mut last = None;
        while let Some(member) = order.next() {
            match self.ask(member, &mut journey, regardless, order.peek().is_some()).await {
                Asked::Answered(response) => return Ok(*response),
                Asked::Ended(error) => return Err(error),
                Asked::Next(error) => last = Some(error),
                Asked::Passed => {}
            }
        }
        Err(last.unwrap_or(FetchError::NoUpstream))
    }

    pub fn report(&self) -> Vec<MemberReport> {
        self.members.iter().map(|member| member.report()).collect()
    }

    /// The members to be asked, the best first, and whether that is so although none of them is fit: an answer from
    /// one that may have recovered is better than none.
    fn order(&self, key: &str, may_try: bool) -> (Vec<&Arc<Member>>, bool) {
        let order = match self.balance {
            Balance::ByKey => by_key(key, &self.places),
            Balance::LeastOutstanding => {
                let loads: Vec<_> = self.members.iter().map(|member| member.load()).collect();
                by_load(&loads, self.turn.fetch_add(1, Ordering::Relaxed))
            }
        };
        let all = || order.iter().filter_map(|index| self.members.get(*index));
        let is_candidate = |member: &&Arc<Member>| match member.standing() {
            Standing::Fit => true,
            Standing::OnTrial => may_try,
            Standing::Out => false,
        };
        let candidates: Vec<_> = all().filter(is_candidate).collect();
        if candidates.is_empty() { (all().collect(), true) } else { (candidates, false) }
    }

    async fn ask(
        &self,
        member: &Arc<Member>,
        journey: &mut Journey,
        regardless: bool,
        has_next: bool,
    ) -> Asked {
        let permit = match member.permit().await {
            Ok(permit) => permit,
            Err(overloaded) => return Asked::Ended(overloaded),
        };
        // It may have been ejected while we waited for the place.
        let Some(mut slot) = member.admit(permit, journey.is_idempotent, regardless) else {
            return Asked::Passed;
        };
        loop {
            let request = match passed_to(&member.url, &journey.request) {
                Ok(request) => request,
                Err(error) => return Asked::Ended(error),
            };
            let exchange = self.client.connections(self.allow_private).exchange(request, &self.limits);
            let lost = match timeout_at(journey.deadline, exchange).await {
                Ok(Ok(response)) => {
                    slot.outcome = Outcome::Answered;
                    let (parts, body) = response.into_parts();
                    return match UpstreamBody::new(body, &self.limits, journey.deadline) {
                        Ok(body) => {
                            let body = body.holding(slot);
                            Asked::Answered(Box::new(Response::from_parts(parts, body)))
                        }
                        Err(error) => Asked::Ended(error),
                    };
                }
                Ok(Err(lost)) => lost,
                Err(_) => Lost::Failed(FetchError::Timeout { stage: Stage::Total, limit: self.limits.total }),
            };
            match lost {
                Lost::Unanswered { error, reused } => {
                    let again = journey.is_idempotent && !journey.was_repeated && self.budget().spend();
                    journey.was_repeated = true;
                    if !again {
                        slot.outcome = Outcome::Failed;
                        return Asked::Ended(error);
                    }
                    // An idle connection that ends says nothing about the server.
                    if reused || !has_next {
                        continue;
                    }
                    slot.outcome = Outcome::Failed;
                    return Asked::Next(error);
                }
                Lost::NotConnected(error) => {
                    // That the guard lets nobody through is not the upstream's fault, and the next one's may be open.
                    if !matches!(error, FetchError::Blocked { .. }) {
                        slot.outcome = Outcome::Failed;
                    }
                    return Asked::Next(error);
                }
                Lost::Failed(error) => {
                    slot.outcome = Outcome::Failed;
                    return Asked::Ended(error);
                }
            }
        }
    }

    fn budget(&self) -> std::sync::MutexGuard<'_, RetryBudget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of asking one member.
enum Asked {
    Answered(Box<Response<UpstreamBody>>),
    /// Nobody else would do better, or it may not be asked again.
    Ended(FetchError),
    /// Somebody else may answer.
    Next(FetchError),
    /// It was not asked: meanwhile it was found out.
    Passed,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("members", &self.report()).finish_non_exhaustive()
    }
}
