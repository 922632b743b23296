//! Where in the purge log something stands.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// A place in the purge log: 1, 2, 3 …; zero is "before the first record".
///
/// Deliberately without `Ord`: whoever compares two positions decides whether stored bytes may answer, and that is
/// decided in this crate. Others ask [`Position::has_reached`], which says what for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(u64);

impl Position {
    pub const ZERO: Position = Position(0);

    pub fn new(position: u64) -> Self {
        Self(position)
    }

    pub fn get(self) -> u64 {
        self.0
    }

    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// Whether whoever stands here has seen everything up to `other`.
    pub fn has_reached(self, other: Position) -> bool {
        self.0 >= other.0
    }

    #[must_use]
    pub(crate) fn later_of(self, other: Position) -> Self {
        Self(self.0.max(other.0))
    }

    #[must_use]
    pub(crate) fn earlier_of(self, other: Position) -> Self {
        Self(self.0.min(other.0))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which log a position belongs to.
///
/// A database that was lost, or rolled back to a backup, starts a log with a new id: positions of two logs cannot
/// be compared, and nothing stamped under the other log is usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogId(pub u64);

/// How often a node's fences have changed since it started.
///
/// Not a position: another log may stand at the same position, and a floor may rise without a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Revision(pub(crate) u64);

/// The revision of the fences at which a stored response was last found usable.
///
/// While the fences have not changed since, the response needs no look-up at all: one comparison. It is a cache
/// of a verdict, never a source of one, so relaxed ordering serves.
#[derive(Debug, Default)]
pub struct CheckedAt(AtomicU64);

impl CheckedAt {
    pub fn is_current(&self, revision: Revision) -> bool {
        revision.0 != 0 && self.0.load(Ordering::Relaxed) == revision.0
    }

    pub fn note(&self, revision: Revision) {
        self.0.store(revision.0, Ordering::Relaxed);
    }
}
