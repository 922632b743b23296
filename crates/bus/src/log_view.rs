//! What a node knows of the purge log, shared by all its requests.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use purge_protocol::{
    AsOf, Batch, CheckedAt, Drift, Fill, Follower, LogId, Moment, Position, Readiness, Received, SavedFences, Tags,
    Verdict,
};
use tokio::sync::watch;

use crate::clock;

pub struct LogView {
    follower: RwLock<Follower>,
    /// Tells those who wait for a position that something changed.
    moved: watch::Sender<()>,
}

/// Whether a stored response may answer, and whether the node may say so unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub lease_is_live: bool,
}

impl LogView {
    pub fn new(follower: Follower) -> Self {
        Self { follower: RwLock::new(follower), moved: watch::Sender::new(()) }
    }

    /// Judges a stored response against the fences of now (invariant 1) and the lease (invariant 6).
    pub fn judge(&self, tags: &Tags, as_of: AsOf, checked: &CheckedAt) -> Judgement {
        let follower = self.read();
        let revision = follower.fences().revision();
        let lease_is_live = follower.lease().is_live(clock::now());
        if checked.is_current(revision) {
            return Judgement { verdict: Verdict::Usable, lease_is_live };
        }
        let verdict = follower.fences().judge(tags, as_of);
        if verdict == Verdict::Usable {
            checked.note(revision);
        }
        Judgement { verdict, lease_is_live }
    }

    /// See [`purge_protocol::Fences::judge_for_arrival`].
    pub fn judge_for_arrival(&self, tags: &Tags, as_of: AsOf, arrived: Position) -> Verdict {
        self.read().fences().judge_for_arrival(tags, as_of, arrived)
    }

    /// The beginning of a fill: to be called before anything mutable is read.
    pub fn begin_fill(&self) -> Option<Fill> {
        Fill::begin(self.read().fences())
    }

    pub fn applied(&self) -> Position {
        self.read().applied()
    }

    pub fn log(&self) -> Option<LogId> {
        self.read().fences().log()
    }

    pub fn acknowledged(&self) -> Position {
        self.read().acknowledged()
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

    pub(crate) fn erased(&self, position: Position) {
        self.write().erased(position);
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
