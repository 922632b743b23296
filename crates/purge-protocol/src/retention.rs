//! How much of the purge log is kept for nodes that come back.

use crate::position::Position;

/// A record that is neither among the newest nor young is trimmed, unless an open purge needs it. Who has not seen it
/// by then forgets all that it has (see [`Batch::start`](crate::Batch)): a miss, never staleness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// So many of the newest are kept at most; one is kept in any case, or the log would forget where it ends.
    pub records: u64,
}

impl Retention {
    /// The oldest record to keep of a log that ends at `head`.
    ///
    /// `young` is the oldest record that has not passed its age, `open` the oldest whose purge has not ended: nothing
    /// from there on is trimmed, however many there are and however old.
    pub fn keeps_from(self, head: Position, young: Option<Position>, open: Option<Position>) -> Position {
        let newest = Position::new(head.get().saturating_sub(self.records.max(1) - 1));
        let kept = newest.later_of(young.unwrap_or(head)).earlier_of(head);
        open.map_or(kept, |open| kept.earlier_of(open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_or_too_much_goes_and_what_an_open_purge_needs_stays() {
        let position = |place: Option<u64>| place.map(Position::new);
        for (records, young, open, from, why) in [
            (100, Some(1), None, 1, "few and young"),
            (10, Some(1), None, 41, "too many"),
            (100, Some(30), None, 30, "too old"),
            (10, Some(45), None, 45, "both: the stricter counts"),
            (100, None, None, 50, "all are old: the newest stays"),
            (0, Some(1), None, 50, "as if it said one"),
            (10, Some(45), Some(7), 7, "an open purge needs its record, and all after it"),
            (10, Some(45), Some(49), 45, "which is kept anyway"),
        ] {
            let kept = Retention { records }.keeps_from(Position::new(50), position(young), position(open));
            assert_eq!(kept, Position::new(from), "{why}");
        }
        assert_eq!(Retention { records: 5 }.keeps_from(Position::ZERO, None, None), Position::ZERO);
    }
}
