//! What happened when, on one clock: that of the process that drives the run.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use api_types::{PurgeRequest, PurgeState, PurgeView};

use crate::plan::{Loss, Planned};
use crate::web::{UrlNumber, Version};

/// Since the run began.
pub type At = Duration;

/// Answers are counted in spans of this length.
pub const SPAN: Duration = Duration::from_millis(500);
/// A checker that found so many says no more.
const VIOLATIONS_MAX: usize = 200;

pub struct Journal {
    began: Instant,
    /// To place what nodes say by the clock on the wall.
    began_unix_millis: u64,
    records: Mutex<Records>,
}

#[derive(Debug, Clone, Default)]
pub struct Records {
    pub phases: Vec<(At, Phase)>,
    pub lives: Vec<(At, usize, Life)>,
    pub faults: Vec<Happened>,
    pub applied: Vec<Applied>,
    pub purges: Vec<Purge>,
    pub violations: Vec<Violation>,
    pub unreported: u64,
    /// For each node, one after the other.
    pub answers: Vec<Vec<Answers>>,
    /// Of reads while there was no fault.
    pub quiet: Answers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Everything is read until it is a hit everywhere.
    Warm,
    /// Reads and nothing else.
    Quiet,
    Storm,
    /// Nothing new goes wrong; all has to end well.
    Heal,
}

/// What became of the process of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    Begins,
    /// It says that it serves.
    Ready,
    Killed(Loss),
    Frozen,
    Thawed,
    AskedToEnd,
    Ended,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    pub from: At,
    pub to: Option<At>,
    pub planned: Planned,
}

/// What a node says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    pub at: At,
    pub node: usize,
    pub applied: u64,
    pub has_lease: bool,
}

#[derive(Debug, Clone)]
pub struct Purge {
    pub request: PurgeRequest,
    /// What it has to make true of each URL that it covers.
    pub announced: Vec<(UrlNumber, Version)>,
    pub asked: At,
    pub accepted: Option<At>,
    pub ended: Option<At>,
    /// As the API showed it last.
    pub view: Option<PurgeView>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers {
    pub hits: u64,
    pub stale: u64,
    pub forwarded: u64,
    pub failed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub at: At,
    pub node: Option<usize>,
    pub broken: Broken,
    pub story: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// A read that began after a purge was done returned older bytes.
    Promise,
    /// As [`Broken::Promise`] for a soft purge, and the answer did not say that it was stale.
    SoftPromise,
    /// An accepted purge did not end, or is not known any more.
    PurgeLost,
    /// Bytes are left after an erasure.
    ErasedBytes,
    /// Without a fault, what was a hit is none.
    ColdCache,
    /// After all faults were healed, something does not work.
    NoProgress,
    /// An answer that says that all is well, with bytes that were never at the source.
    Garbled,
    /// A process ended that nobody ended.
    Died,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Broken::Promise => "older bytes after done",
            Broken::SoftPromise => "older bytes after a soft purge, not labelled as stale",
            Broken::PurgeLost => "a purge was lost",
            Broken::ErasedBytes => "bytes left after an erasure",
            Broken::ColdCache => "hits did not stay hits",
            Broken::NoProgress => "no progress after all faults were healed",
            Broken::Garbled => "bytes that were never at the source",
            Broken::Died => "a process died by itself",
        })
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.3} s  {}: {}", self.at.as_secs_f64(), self.broken, self.story)
    }
}

impl Answers {
    pub fn reads(&self) -> u64 {
        self.hits + self.stale + self.forwarded + self.failed
    }

    pub fn add(&mut self, other: Answers) {
        self.hits += other.hits;
        self.stale += other.stale;
        self.forwarded += other.forwarded;
        self.failed += other.failed;
    }

    /// Of those that got an answer; all of nothing is all.
    pub fn hit_percent(&self) -> f64 {
        let answered = self.hits + self.stale + self.forwarded;
        if answered == 0 { 100.0 } else { 100.0 * self.hits as f64 / answered as f64 }
    }
}

impl Purge {
    pub fn state(&self) -> Option<PurgeState> {
        self.view.as_ref().map(|view| view.state)
    }
}

impl Journal {
    pub fn begin(nodes: usize) -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            began: Instant::now(),
            began_unix_millis: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX),
            records: Mutex::new(Records { answers: vec![Vec::new(); nodes], ..Records::default() }),
        }
    }

    pub fn now(&self) -> At {
        self.began.elapsed()
    }

    /// Where a time that a node gave belongs. To be shown, never compared.
    pub fn of_unix_millis(&self, millis: u64) -> At {
        Duration::from_millis(millis.saturating_sub(self.began_unix_millis))
    }

    pub fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn phase(&self, phase: Phase) {
        let now = self.now();
        self.records().phases.push((now, phase));
    }

    pub fn life(&self, node: usize, life: Life) {
        let now = self.now();
        self.records().lives.push((now, node, life));
    }

    pub fn violation(&self, broken: Broken, node: Option<usize>, story: String) {
        let at = self.now();
        let mut records = self.records();
        if records.violations.len() < VIOLATIONS_MAX {
            records.violations.push(Violation { at, node, broken, story });
        } else {
            records.unreported += 1;
        }
    }

    pub fn answered(&self, node: usize, began: At, what: Answers) {
        let span = usize::try_from(began.as_millis() / SPAN.as_millis()).unwrap_or(usize::MAX);
        let mut records = self.records();
        let is_quiet = matches!(records.phases.last(), Some((since, Phase::Quiet)) if began >= *since);
        if is_quiet {
            records.quiet.add(what);
        }
        let spans = &mut records.answers[node];
        if spans.len() <= span {
            spans.resize(span + 1, Answers::default());
        }
        spans[span].add(what);
    }

    /// Gives the number under which the purge is known here.
    pub fn purge_asked(&self, request: PurgeRequest, announced: Vec<(UrlNumber, Version)>) -> usize {
        let asked = self.now();
        let mut records = self.records();
        records.purges.push(Purge { request, announced, asked, accepted: None, ended: None, view: None });
        records.purges.len() - 1
    }

    pub fn with_purge<T>(&self, number: usize, change: impl FnOnce(&mut Purge) -> T) -> T {
        change(&mut self.records().purges[number])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_where_they_belong() {
        let journal = Journal::begin(2);
        let hit = Answers { hits: 1, ..Answers::default() };
        let failed = Answers { failed: 1, ..Answers::default() };
        journal.phase(Phase::Warm);
        journal.answered(1, SPAN * 2, hit);
        journal.answered(1, SPAN * 2, failed);
        journal.phase(Phase::Quiet);
        journal.answered(1, Duration::ZERO, failed);
        journal.answered(1, SPAN * 3, hit);
        let records = journal.records();
        assert_eq!(records.answers[0], []);
        assert_eq!(records.answers[1][2], Answers { hits: 1, failed: 1, ..Answers::default() });
        assert_eq!(records.quiet, hit, "a read that began before it was quiet does not count");
        assert_eq!(records.quiet.hit_percent(), 100.0);
    }

    #[test]
    fn a_run_with_too_many_violations_counts_the_rest() {
        let journal = Journal::begin(1);
        for _ in 0..VIOLATIONS_MAX + 3 {
            journal.violation(Broken::Promise, None, String::new());
        }
        assert_eq!(journal.records().violations.len(), VIOLATIONS_MAX);
        assert_eq!(journal.records().unreported, 3);
    }
}
