//! What a fetched response reflects, and what may be asked of an upstream.

use serde::{Deserialize, Serialize};

use crate::fences::Fences;
use crate::position::{LogId, Position};

/// A position such that a response's bytes reflect every state change up to it, in one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AsOf {
    pub log: LogId,
    pub position: Position,
}

impl AsOf {
    /// As a header field value.
    pub fn to_field(self) -> String {
        format!("{:016x}:{}", self.log.0, self.position)
    }

    /// What [`AsOf::to_field`] wrote; `None` for anything else.
    pub fn from_field(field: &str) -> Option<Self> {
        let (log, position) = field.split_once(':')?;
        let log = u64::from_str_radix(log, 16).ok()?;
        Some(Self { log: LogId(log), position: Position::new(position.parse().ok()?) })
    }
}

/// A fetch from its beginning to its landing.
///
/// Its stamp is taken before anything mutable is read (invariant 3). The type has no other constructor, so a
/// result cannot be stamped with what was known when it *ended*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    began: AsOf,
    /// At or above `began`: the position of whoever asked us, when we pass their request on.
    wanted: Position,
}

impl Fill {
    /// `None` while the node has never heard from the log: it has no position to stamp with, and stores nothing.
    pub fn begin(fences: &Fences) -> Option<Self> {
        let began = AsOf { log: fences.log()?, position: fences.applied() };
        Some(Self { began, wanted: began.position })
    }

    /// Passes on the request of a node that stands further along the log than this one (invariant 4): what is
    /// asked of the upstream is what was asked of us. `None` also if the asking node follows another log.
    pub fn begin_for(fences: &Fences, asked: AsOf) -> Option<Self> {
        let own = Self::begin(fences)?;
        (own.began.log == asked.log).then(|| Self { wanted: own.wanted.later_of(asked.position), ..own })
    }

    /// What the upstream must have applied before it may answer from anything stored (invariant 4).
    pub fn min_position(&self) -> AsOf {
        AsOf { position: self.wanted, ..self.began }
    }

    /// The stamp of an answer read from mutable state itself: a renderer's, or one of an upstream that knows
    /// nothing of positions.
    pub fn stamp(&self) -> AsOf {
        self.began
    }

    /// The stamp of an answer that came from another node, which says what its own answer reflects.
    pub fn stamp_from_upstream(&self, said: Option<AsOf>) -> Option<AsOf> {
        let said = said?;
        (said.log == self.began.log && said.position.has_reached(self.wanted)).then_some(said)
    }
}

/// Whether a node may answer a request of another node that stands at some position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    /// It must first apply the log up to there (or pass the request on): never answer downhill.
    Behind {
        applied: Position,
        wanted: Position,
    },
    /// The asking node follows another log than this one.
    OtherLog,
}

impl Readiness {
    pub fn of(fences: &Fences, asked: AsOf) -> Self {
        if fences.log() != Some(asked.log) {
            return Readiness::OtherLog;
        }
        let applied = fences.applied();
        if applied.has_reached(asked.position) {
            Readiness::Ready
        } else {
            Readiness::Behind { applied, wanted: asked.position }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: LogId = LogId(1);

    fn at(position: u64) -> AsOf {
        AsOf { log: LOG, position: Position::new(position) }
    }

    #[test]
    fn a_node_that_never_heard_the_log_cannot_stamp() {
        assert_eq!(Fill::begin(&Fences::unfollowed(10)), None);
    }

    #[test]
    fn an_answer_from_behind_is_not_stamped() {
        let fill = Fill { began: at(5), wanted: Position::new(5) };
        assert_eq!(fill.stamp_from_upstream(Some(at(7))), Some(at(7)));
        assert_eq!(fill.stamp_from_upstream(Some(at(5))), Some(at(5)));
        assert_eq!(fill.stamp_from_upstream(Some(at(4))), None);
        assert_eq!(fill.stamp_from_upstream(Some(AsOf { log: LogId(2), ..at(9) })), None);
        assert_eq!(fill.stamp_from_upstream(None), None);
    }

    #[test]
    fn a_request_that_is_passed_on_keeps_its_position() {
        let mut fences = Fences::unfollowed(10);
        fences.follow(LOG);
        fences.raise_floor(Position::new(3));
        let fill = Fill::begin_for(&fences, at(5)).unwrap();
        assert_eq!((fill.min_position(), fill.stamp()), (at(5), at(3)));
        assert_eq!(fill.stamp_from_upstream(Some(at(4))), None, "good for us, not for who asked");
        assert_eq!(fill.stamp_from_upstream(Some(at(5))), Some(at(5)));
        assert_eq!(Fill::begin_for(&fences, at(1)).unwrap().min_position(), at(3));
        assert_eq!(Fill::begin_for(&fences, AsOf { log: LogId(2), ..at(5) }), None);
    }

    #[test]
    fn an_as_of_travels_in_a_header_field() {
        assert_eq!(AsOf::from_field(&at(42).to_field()), Some(at(42)));
        for junk in ["", ":", "1", "1:-1", "g:1", "1:18446744073709551616"] {
            assert_eq!(AsOf::from_field(junk), None, "{junk}");
        }
    }
}
