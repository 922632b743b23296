//! What may answer: the fence tables of a node.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use serde::{Deserialize, Serialize};

use crate::fill::AsOf;
use crate::position::{LogId, Position, Revision};
use crate::record::{Mode, Record};
use crate::tag::{Tag, Tags};

/// The highest position that named each tag, and the position up to which this node has raised them.
///
/// Bounded: past `capacity` the floor rises, and fences at or below it are forgotten. Correctness does not depend
/// on the size of memory; the hit ratio does.
#[derive(Debug, Clone)]
pub struct Fences {
    log: Option<LogId>,
    hard: Table,
    soft: Table,
    applied: Position,
    floor: Position,
    capacity: usize,
    revision: u64,
}

/// Tags are hashes already: hashing them again would only cost time.
#[derive(Debug, Clone, Copy, Default)]
pub struct TagHasher(u64);

impl Hasher for TagHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }
    fn write_u64(&mut self, tag: u64) {
        self.0 = tag;
    }
}

type Table = HashMap<Tag, Position, BuildHasherDefault<TagHasher>>;

/// Whether a stored response may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Usable,
    /// Only a soft fence is above it: it may answer while one fill replaces it.
    Stale {
        tag: Tag,
        fence: Position,
    },
    Unusable(Reason),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Fenced { tag: Tag, fence: Position },
    BelowFloor { floor: Position },
    OtherLog,
}

/// What a node writes down so that a restart knows what it knew (invariant 8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFences {
    log: Option<LogId>,
    applied: Position,
    floor: Position,
    hard: Vec<(Tag, Position)>,
    soft: Vec<(Tag, Position)>,
}

impl Fences {
    /// Of a node that has not heard from any log yet: nothing stored is usable.
    pub fn unfollowed(capacity: usize) -> Self {
        Self {
            log: None,
            hard: Table::default(),
            soft: Table::default(),
            applied: Position::ZERO,
            floor: Position::ZERO,
            capacity: capacity.max(1),
            revision: 0,
        }
    }

    pub fn restore(saved: SavedFences, capacity: usize) -> Self {
        let mut fences = Self {
            log: saved.log,
            hard: saved.hard.into_iter().collect(),
            soft: saved.soft.into_iter().collect(),
            applied: saved.applied,
            floor: saved.floor,
            capacity: capacity.max(1),
            revision: 1,
        };
        fences.stay_bounded();
        fences
    }

    pub fn save(&self) -> SavedFences {
        let list = |table: &Table| table.iter().map(|(tag, position)| (*tag, *position)).collect();
        SavedFences {
            log: self.log,
            applied: self.applied,
            floor: self.floor,
            hard: list(&self.hard),
            soft: list(&self.soft),
        }
    }

    pub fn log(&self) -> Option<LogId> {
        self.log
    }

    pub fn applied(&self) -> Position {
        self.applied
    }

    pub fn floor(&self) -> Position {
        self.floor
    }

    pub fn revision(&self) -> Revision {
        Revision(self.revision)
    }

    /// How many fences stand.
    pub fn len(&self) -> usize {
        self.hard.len() + self.soft.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Knows of no log any more: nothing that is stored is usable.
    pub(crate) fn unfollow(&mut self) {
        let revision = self.revision + 1;
        *self = Self { revision, ..Self::unfollowed(self.capacity) };
    }

    /// Starts over under another log. What was stamped under the old one is unusable from here on.
    pub(crate) fn follow(&mut self, log: LogId) {
        let revision = self.revision + 1;
        *self = Self { log: Some(log), revision, ..Self::unfollowed(self.capacity) };
    }

    /// Everything older than `floor` becomes unusable, and counts as applied.
    pub(crate) fn raise_floor(&mut self, floor: Position) {
        self.revision += 1;
        self.floor = self.floor.later_of(floor);
        self.applied = self.applied.later_of(floor);
        let floor = self.floor;
        self.hard.retain(|_, fence| !floor.has_reached(*fence));
        self.soft.retain(|_, fence| !floor.has_reached(*fence));
    }

    /// Raises the fences of the next record; the caller has seen to it that it *is* the next.
    pub(crate) fn apply(&mut self, record: &Record) {
        let table = match record.mode {
            Mode::Soft => &mut self.soft,
            Mode::Hard | Mode::Erase => &mut self.hard,
        };
        for tag in &record.tags {
            table.insert(*tag, record.position);
        }
        self.revision += 1;
        self.applied = record.position;
        self.stay_bounded();
    }

    /// Forgets the older half while there are too many (more than once only after a restart with less room).
    fn stay_bounded(&mut self) {
        while self.len() > self.capacity {
            let mut positions: Vec<Position> =
                self.hard.values().chain(self.soft.values()).copied().collect();
            let middle = positions.len() / 2;
            let (_, median, _) = positions.select_nth_unstable_by_key(middle, |position| position.get());
            let floor = *median;
            self.raise_floor(floor);
        }
    }

    /// Whether a response with these tags and this stamp may answer now (invariant 1).
    pub fn judge(&self, tags: &Tags, as_of: AsOf) -> Verdict {
        if self.log != Some(as_of.log) {
            return Verdict::Unusable(Reason::OtherLog);
        }
        if !as_of.position.has_reached(self.floor) {
            return Verdict::Unusable(Reason::BelowFloor { floor: self.floor });
        }
        let above = |table: &Table, tag: Tag| {
            table.get(&tag).copied().filter(|fence| !as_of.position.has_reached(*fence))
        };
        let mut soft = None;
        for tag in tags.iter() {
            if let Some(fence) = above(&self.hard, tag) {
                return Verdict::Unusable(Reason::Fenced { tag, fence });
            }
            if soft.is_none() && !self.soft.is_empty() {
                soft = above(&self.soft, tag).map(|fence| (tag, fence));
            }
        }
        match soft {
            Some((tag, fence)) => Verdict::Stale { tag, fence },
            None => Verdict::Usable,
        }
    }

    /// The purges that a response with these tags and this stamp does not reflect, for those who ask why.
    pub fn above(&self, tags: &Tags, as_of: AsOf) -> Vec<(Tag, Mode, Position)> {
        let of = |tag, table: &Table, mode| {
            let fence = table.get(&tag).copied().filter(|fence| !as_of.position.has_reached(*fence));
            fence.map(|fence| (tag, mode, fence))
        };
        let both = |tag| [of(tag, &self.hard, Mode::Hard), of(tag, &self.soft, Mode::Soft)];
        tags.iter().flat_map(both).flatten().collect()
    }

    /// Whether a response may answer a request that arrived when the node had applied `arrived`.
    ///
    /// A fence that came later does not bind that request: its read began before the purge was done. For the one
    /// answer that is served and not stored, when purges come faster than fills land (invariant 5).
    ///
    /// A table holds only the *highest* fence of a tag, so a later fence may hide an earlier one that does bind.
    /// Only a response that reflects everything up to the arrival is therefore let through; any other is judged
    /// by all that is known now.
    pub fn judge_for_arrival(&self, tags: &Tags, as_of: AsOf, arrived: Position) -> Verdict {
        if self.log == Some(as_of.log) && as_of.position.has_reached(arrived) {
            return Verdict::Usable;
        }
        self.judge(tags, as_of)
    }

    /// What a node says of a stored response when another node asks: the newest position that the bytes are known
    /// to reflect (invariant 4). `None` if it may not answer; a stale response answers clients, never nodes, or a
    /// copy would outlive its replacement one tier further down.
    pub fn reflected(&self, tags: &Tags, as_of: AsOf) -> Option<AsOf> {
        let position = self.applied.later_of(as_of.position);
        (self.judge(tags, as_of) == Verdict::Usable).then_some(AsOf { log: as_of.log, position })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::CheckedAt;

    const LOG: LogId = LogId(1);

    fn fences(capacity: usize, records: &[(Mode, u64)]) -> Fences {
        let mut fences = Fences::unfollowed(capacity);
        fences.follow(LOG);
        for (index, (mode, tag)) in records.iter().enumerate() {
            let position = Position::new(index as u64 + 1);
            fences.apply(&Record {
                position,
                purge: String::new(),
                tags: vec![Tag(*tag)],
                mode: *mode,
                at: 0,
            });
        }
        fences
    }

    fn as_of(position: u64) -> AsOf {
        AsOf { log: LOG, position: Position::new(position) }
    }

    fn tags(tags: &[u64]) -> Tags {
        Tags::new(tags.iter().copied().map(Tag).collect()).unwrap()
    }

    #[test]
    fn a_response_answers_only_if_no_fence_is_above_its_as_of() {
        let fences = fences(100, &[(Mode::Hard, 1), (Mode::Hard, 2), (Mode::Soft, 3), (Mode::Erase, 4)]);
        let hard =
            |tag, fence| Verdict::Unusable(Reason::Fenced { tag: Tag(tag), fence: Position::new(fence) });
        let soft = |tag, fence| Verdict::Stale { tag: Tag(tag), fence: Position::new(fence) };
        for (name, carried, stamp, expected) in [
            ("no fence on its tags", &[9][..], 0, Verdict::Usable),
            ("stamped at the fence itself", &[1], 1, Verdict::Usable),
            ("stamped before it", &[1], 0, hard(1, 1)),
            ("any one tag is enough", &[9, 2], 1, hard(2, 2)),
            ("a soft fence only makes stale", &[3], 2, soft(3, 3)),
            ("a hard fence beats a soft one", &[3, 4], 2, hard(4, 4)),
            ("an erasure is a hard fence", &[4], 3, hard(4, 4)),
            ("stamped after all", &[1, 2, 3, 4], 4, Verdict::Usable),
        ] {
            assert_eq!(fences.judge(&tags(carried), as_of(stamp)), expected, "{name}");
        }
    }

    #[test]
    fn nothing_of_another_log_is_usable() {
        let fences = fences(100, &[]);
        let foreign = AsOf { log: LogId(2), position: Position::new(u64::MAX) };
        assert_eq!(fences.judge(&tags(&[1]), foreign), Verdict::Unusable(Reason::OtherLog));
        let unfollowed = Fences::unfollowed(1);
        assert_eq!(unfollowed.judge(&tags(&[]), as_of(0)), Verdict::Unusable(Reason::OtherLog));
    }

    #[test]
    fn a_fence_after_the_arrival_does_not_bind_that_request() {
        let fences = fences(100, &[(Mode::Hard, 1), (Mode::Hard, 1)]);
        let (tags, old) = (tags(&[1]), as_of(1));
        assert_eq!(fences.judge_for_arrival(&tags, old, Position::new(1)), Verdict::Usable);
        assert_ne!(fences.judge_for_arrival(&tags, old, Position::new(2)), Verdict::Usable);
    }

    #[test]
    fn a_later_fence_does_not_hide_the_one_that_binds() {
        let fences = fences(100, &[(Mode::Hard, 1), (Mode::Hard, 1)]);
        let verdict = fences.judge_for_arrival(&tags(&[1]), as_of(0), Position::new(1));
        assert_ne!(
            verdict,
            Verdict::Usable,
            "the fence at 1 bound that request, though only the one at 2 is known"
        );
    }

    #[test]
    fn a_node_says_of_an_answer_the_newest_position_that_it_reflects() {
        let fences = fences(100, &[(Mode::Hard, 1), (Mode::Soft, 2), (Mode::Hard, 3)]);
        assert_eq!(fences.reflected(&tags(&[9]), as_of(0)), Some(as_of(3)), "nothing of it changed up to 3");
        assert_eq!(fences.reflected(&tags(&[9]), as_of(7)), Some(as_of(7)), "an upstream was further");
        assert_eq!(fences.reflected(&tags(&[1]), as_of(0)), None, "fenced");
        assert_eq!(fences.reflected(&tags(&[2]), as_of(1)), None, "stale is for clients only");
    }

    #[test]
    fn less_room_after_a_restart_raises_the_floor_as_often_as_needed() {
        let records: Vec<_> = (0..1000).map(|tag| (Mode::Hard, tag)).collect();
        let after = Fences::restore(fences(1000, &records).save(), 10);
        assert!(after.len() <= 10);
        assert_ne!(after.judge(&tags(&[5000]), as_of(900)), Verdict::Usable);
    }

    #[test]
    fn the_tables_stay_bounded_and_forgetting_only_ever_costs_hits() {
        let records: Vec<_> = (0..1000).map(|tag| (Mode::Hard, tag)).collect();
        let fences = fences(100, &records);
        assert!(fences.len() <= 100);
        assert!(fences.floor() != Position::ZERO);
        for (tag, stamp) in [(0, 0), (500, 400), (999, 998), (5000, 0)] {
            assert_ne!(
                fences.judge(&tags(&[tag]), as_of(stamp)),
                Verdict::Usable,
                "tag {tag} stamped at {stamp}"
            );
        }
        assert_eq!(fences.judge(&tags(&[999]), as_of(999 + 1)), Verdict::Usable);
    }

    #[test]
    fn a_remembered_verdict_is_forgotten_whenever_the_fences_change() {
        let mut fences = fences(100, &[(Mode::Hard, 1)]);
        let checked = CheckedAt::default();
        checked.note(fences.revision());
        assert!(checked.is_current(fences.revision()));
        fences.follow(LogId(2));
        assert!(!checked.is_current(fences.revision()), "though both logs may stand at the same position");
        checked.note(fences.revision());
        fences.raise_floor(Position::new(1));
        assert!(!checked.is_current(fences.revision()));
    }

    #[test]
    fn what_is_saved_comes_back() {
        let before = fences(100, &[(Mode::Hard, 1), (Mode::Soft, 2)]);
        let after = Fences::restore(before.save(), 100);
        assert_eq!(after.applied(), before.applied());
        for carried in [[1], [2], [3]] {
            assert_eq!(after.judge(&tags(&carried), as_of(0)), before.judge(&tags(&carried), as_of(0)));
        }
    }
}
