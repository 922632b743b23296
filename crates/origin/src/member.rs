//! One member of a pool: its places, its queue, its health.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use url::Url;

use crate::balance::{Load, Place};
use crate::error::FetchError;
use crate::health::{Health, HealthRules, Outcome, Standing};

/// How much may be under way to one upstream, so that one which is slow takes nothing from any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// Requests at a time, from the connection to the end of the body.
    pub requests: u32,
    /// Requests that wait for one of these to end; one more is refused at once.
    pub queue: u32,
    /// How long one waits there.
    pub wait: Duration,
}

impl Default for Places {
    fn default() -> Self {
        Self { requests: 256, queue: 256, wait: Duration::from_secs(5) }
    }
}

/// What is known of one upstream at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberReport {
    pub url: String,
    pub outstanding: u64,
    pub queued: u64,
    /// Requests that it did not answer.
    pub failures: u64,
    pub ejections: u64,
    pub is_fit: bool,
}

pub(crate) struct Member {
    pub(crate) url: Url,
    pub(crate) place: Place,
    weight: u32,
    rules: HealthRules,
    places: Places,
    free: Arc<Semaphore>,
    queued: AtomicUsize,
    health: Mutex<Health>,
    failures: AtomicU64,
    ejections: AtomicU64,
}

/// A request's place at a member. Whoever holds it says what came of the request; the member learns it when the place
/// is given back.
pub(crate) struct Slot {
    member: Arc<Member>,
    _permit: OwnedSemaphorePermit,
    on_trial: bool,
    pub(crate) outcome: Outcome,
}

impl Member {
    pub(crate) fn new(url: Url, weight: u32, rules: HealthRules, places: Places) -> Self {
        Self {
            place: Place::new(url.as_str(), weight),
            weight,
            rules,
            places,
            free: Arc::new(Semaphore::new(places.requests.max(1) as usize)),
            queued: AtomicUsize::new(0),
            health: Mutex::new(Health::default()),
            failures: AtomicU64::new(0),
            ejections: AtomicU64::new(0),
            url,
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        self.health().standing(now())
    }

    pub(crate) fn load(&self) -> Load {
        let queued = self.queued.load(Ordering::Relaxed);
        let is_full = self.free.available_permits() == 0 && queued >= self.places.queue as usize;
        Load { weight: self.weight, requests: self.outstanding() + queued, is_full }
    }

    pub(crate) fn report(&self) -> MemberReport {
        MemberReport {
            url: self.name(),
            outstanding: self.outstanding() as u64,
            queued: self.queued.load(Ordering::Relaxed) as u64,
            failures: self.failures.load(Ordering::Relaxed),
            ejections: self.ejections.load(Ordering::Relaxed),
            is_fit: self.standing() == Standing::Fit,
        }
    }

    /// Without a slash that only stands for its root.
    pub(crate) fn name(&self) -> String {
        self.url.as_str().trim_end_matches('/').to_owned()
    }

    /// Waits for a place, within the bounds of the queue.
    pub(crate) async fn permit(&self) -> Result<OwnedSemaphorePermit, FetchError> {
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            return Ok(permit);
        }
        let overloaded = || FetchError::Overloaded { upstream: self.name() };
        let _queued = Queued::join(&self.queued, self.places.queue).ok_or_else(overloaded)?;
        match timeout(self.places.wait, Arc::clone(&self.free).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(overloaded()),
        }
    }

    /// Lets a request in, if it may go to this member as that stands now. `may_try`: the request can be the one that
    /// decides about a member whose ejection is over. `regardless`: there is nobody better.
    pub(crate) fn admit(
        self: &Arc<Self>,
        permit: OwnedSemaphorePermit,
        may_try: bool,
        regardless: bool,
    ) -> Option<Slot> {
        let mut health = self.health();
        let on_trial = match health.standing(now()) {
            Standing::Fit => false,
            Standing::OnTrial if may_try => {
                health.begin_trial();
                true
            }
            Standing::OnTrial | Standing::Out if regardless => false,
            Standing::OnTrial | Standing::Out => return None,
        };
        Some(Slot { member: Arc::clone(self), _permit: permit, on_trial, outcome: Outcome::Unknown })
    }

    pub(crate) fn probed(&self, is_well: bool) {
        let mut health = self.health();
        let before = health.standing(now());
        health.probed(is_well);
        let after = health.standing(now());
        drop(health);
        if before != after {
            tracing::warn!(upstream = %self.name(), is_well, "the probe of an upstream changed its mind");
        }
    }

    fn record(&self, outcome: Outcome, on_trial: bool) {
        if outcome == Outcome::Failed {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        let ejected = self.health().record(outcome, on_trial, &self.rules, now(), rand::random());
        if ejected {
            self.ejections.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(upstream = %self.name(), "an upstream does not answer; it is left alone for a while");
        } else if on_trial && outcome == Outcome::Answered {
            tracing::info!(upstream = %self.name(), "an upstream answers again");
        }
    }

    fn outstanding(&self) -> usize {
        (self.places.requests.max(1) as usize).saturating_sub(self.free.available_permits())
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.member.record(self.outcome, self.on_trial);
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

/// One who waits; leaves the queue however the waiting ends.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn join(queued: &'a AtomicUsize, max: u32) -> Option<Self> {
        let one_more = |waiting: usize| (waiting < max as usize).then_some(waiting + 1);
        queued.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Self(queued))
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Tokio's clock, so that tests can turn it.
fn now() -> std::time::Instant {
    Instant::now().into_std()
}
