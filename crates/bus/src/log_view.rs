//! What a node knows of the purge log, shared by all its requests.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use purge_protocol::{
    Arrival, AsOf, Batch, CheckedAt, Drift, Erasure, Fill, Flight, Follower, Isolation, Landing, Leave,
    LogId, Mode, Moment, NodeId, Position, Readiness, Received, Renewal, SavedFences, Tag, Tags, Verdict,
};
use tokio::sync::watch;

use crate::clock;

pub struct LogView {
    follower: RwLock<Follower>,
    isolation: Isolation,
    /// Tells those who wait for a position that something changed.
    moved: watch::Sender<()>,
}

/// Whether a stored response may answer, and whether the node may say so unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub leave: Leave,
}

impl LogView {
    pub fn new(follower: Follower, isolation: Isolation) -> Self {
        Self { follower: RwLock::new(follower), isolation, moved: watch::Sender::new(()) }
    }

    /// Judges a stored response against the fences of now (invariant 1) and the lease (invariant 6).
    pub fn judge(&self, tags: &Tags, as_of: AsOf, checked: &CheckedAt) -> Judgement {
        let follower = self.read();
        let revision = follower.fences().revision();
        let leave = self.isolation.leave(follower.lease(), clock::now());
        if checked.is_current(revision) {
            return Judgement { verdict: Verdict::Usable, leave };
        }
        let verdict = follower.fences().judge(tags, as_of);
        if verdict == Verdict::Usable {
            checked.note(revision);
        }
        Judgement { verdict, leave }
    }

    /// What this node knows at the moment a request comes.
    pub fn arrival(&self) -> Arrival {
        let follower = self.read();
        Arrival::new(follower.fences(), follower.lease(), clock::now())
    }

    /// The beginning of a fill that others may join: to be called before anything mutable is read. `None` while
    /// the node has never heard from the log.
    pub fn depart(&self) -> Option<Flight> {
        Some(Flight::new(self.begin_fill()?, clock::now()))
    }

    /// What one request gets from a flight that landed.
    pub fn land(&self, flight: &Flight, tags: &Tags, stamp: AsOf, arrival: Arrival, rounds: u32) -> Landing {
        flight.land(self.read().fences(), tags, Some(stamp), arrival, rounds)
    }

    /// Whether a stored response can never answer again.
    pub fn is_fenced(&self, tags: &Tags, as_of: AsOf) -> bool {
        matches!(self.read().fences().judge(tags, as_of), Verdict::Unusable(_))
    }

    /// The purges that a stored response does not reflect.
    pub fn fences_above(&self, tags: &Tags, as_of: AsOf) -> Vec<(Tag, Mode, Position)> {
        self.read().fences().above(tags, as_of)
    }

    /// What a node may be told that a stored response reflects; `None` if it may not be told at all.
    pub fn reflected(&self, tags: &Tags, as_of: AsOf) -> Option<AsOf> {
        self.read().fences().reflected(tags, as_of)
    }

    /// The beginning of a fill: to be called before anything mutable is read.
    pub fn begin_fill(&self) -> Option<Fill> {
        Fill::begin(self.read().fences())
    }

    /// What the node says with each question for the log.
    pub(crate) fn renewal(&self, node: &NodeId, inherits_from: Option<u64>) -> Renewal {
        let follower = self.read();
        Renewal {
            node: node.clone(),
            inherits_from,
            log: follower.fences().log(),
            applied: follower.applied(),
            acknowledged: follower.acknowledged(),
            isolation: self.isolation,
        }
    }

    pub fn applied(&self) -> Position {
        self.read().applied()
    }

    pub fn log(&self) -> Option<LogId> {
        self.read().fences().log()
    }

    pub fn fences(&self) -> usize {
        self.read().fences().len()
    }

    pub fn lease_remaining(&self) -> u64 {
        self.read().lease().remaining(clock::now())
    }

    /// Waits until this node may answer someone who stands at `asked`, at most `patience`.
    pub async fn wait_until_ready(&self, asked: AsOf, patience: Duration) -> Readiness {
        let mut moved = self.moved.subscribe();
        let ready = async {
            loop {
                match Readiness::of(self.read().fences(), asked) {
                    Readiness::Ready => return,
                    Readiness::Behind { .. } | Readiness::OtherLog => {}
                }
                if moved.changed().await.is_err() {
                    return;
                }
            }
        };
        let _ran_out = tokio::time::timeout(patience, ready).await;
        Readiness::of(self.read().fences(), asked)
    }

    pub(crate) fn receive(&self, batch: &Batch, sent: Moment) -> Received {
        let received = self.write().receive(batch, sent, Drift::DEFAULT);
        self.moved.send_replace(());
        received
    }

    pub(crate) fn begin_anew(&self) {
        self.write().begin_anew();
        self.moved.send_replace(());
    }

    pub(crate) fn carried_out(&self, erasure: &Erasure) {
        self.write().carried_out(erasure);
        self.moved.send_replace(());
    }

    pub(crate) fn to_save(&self) -> Option<SavedFences> {
        self.read().to_save()
    }

    fn read(&self) -> RwLockReadGuard<'_, Follower> {
        self.follower.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Follower> {
        self.follower.write().unwrap_or_else(PoisonError::into_inner)
    }
}
