//! How a node keeps up with the purge log.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fences::{Fences, SavedFences};
use crate::fill::AsOf;
use crate::lease::{Drift, Grant, HeldLease, Moment};
use crate::position::{LogId, Position};
use crate::record::{Mode, Record};
use crate::tag::{Tag, Tags};

/// What the authority answers to a node that asked for the log after a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    pub log: LogId,
    /// The oldest record that the log still holds; records below it were trimmed.
    pub start: Position,
    /// The newest record when the grant was made; `records` may end before it.
    pub head: Position,
    pub records: Vec<Record>,
    pub grant: Grant,
}

/// A node's knowledge of the log.
#[derive(Debug)]
pub struct Follower {
    fences: Fences,
    lease: HeldLease,
    /// Erasures whose bytes are not gone yet, by the position that they belong to.
    erasing: BTreeMap<u64, Pending>,
    /// The authority has answered this life: what it writes down is its own.
    is_admitted: bool,
    /// Nothing that is stored may answer again, not even what the log that we follow would let through.
    begins_anew: bool,
    /// When the request was sent whose answer made this node follow its log.
    followed_since: Option<Moment>,
}

/// An erasure whose bytes are not gone yet.
#[derive(Debug, Clone, Copy)]
struct Pending {
    /// The first position that it keeps from being acknowledged: its own, or that of the first record unseen.
    unsure: Position,
    everything: bool,
}

/// What a batch changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Received {
    pub applied: usize,
    /// Bytes to remove physically before [`Follower::carried_out`] may be called.
    pub erasures: Vec<Erasure>,
    /// All that was stored is unusable now, because the log is another one or no longer reaches back far enough.
    pub voided: bool,
    /// A record was missing in the middle; ask again from [`Follower::applied`].
    pub gap: bool,
}

/// Bytes that must be gone, from memory and disk, before this node may acknowledge `position`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub log: LogId,
    pub position: Position,
    pub tags: Vec<Tag>,
    /// Records were trimmed before this node saw them, or belonged to a log that is no more. Any of them may have
    /// been an erasure, so all that is older goes, whatever its tags.
    pub everything: bool,
}

impl Erasure {
    /// Whether a stored response goes. One that was fetched after the erasure stays.
    pub fn covers(&self, tags: &Tags, as_of: AsOf) -> bool {
        let older = as_of.log != self.log || !as_of.position.has_reached(self.position);
        older && (self.everything || tags.contains_any(&self.tags))
    }
}

impl Follower {
    pub fn new(fences: Fences) -> Self {
        Self {
            fences,
            lease: HeldLease::none(),
            erasing: BTreeMap::new(),
            is_admitted: false,
            begins_anew: false,
            followed_since: None,
        }
    }

    /// A node that starts again holds no lease, whatever it knew.
    ///
    /// Erasures up to the saved position were acknowledged or will be asked for again: see [`Follower::to_save`].
    pub fn restore(saved: SavedFences, capacity: usize) -> Self {
        Self::new(Fences::restore(saved, capacity))
    }

    pub fn fences(&self) -> &Fences {
        &self.fences
    }

    pub fn lease(&self) -> HeldLease {
        self.lease
    }

    pub fn applied(&self) -> Position {
        self.fences.applied()
    }

    /// What this node may acknowledge: all applied, and every erasure up to there carried out (invariant 10).
    pub fn acknowledged(&self) -> Position {
        match self.erasing.values().map(|pending| pending.unsure).reduce(Position::earlier_of) {
            Some(unsure) => unsure.previous(),
            None => self.applied(),
        }
    }

    /// What may be written down now, as this life's. `None` while an erasure is pending, since a restart would forget
    /// it; and before the authority has taken this life for one that goes on, since what was stored by one that was
    /// declared gone must go on to be known as that one's (see [`Renewal::inherits_from`](crate::Renewal)).
    pub fn to_save(&self) -> Option<SavedFences> {
        (self.is_admitted && self.erasing.is_empty()).then(|| self.fences.save())
    }

    /// This life was declared gone (see [`Refused::DeclaredGone`](crate::Refused)). The node goes on as a new one: it
    /// holds no lease and follows no log; with the first answer everything that it had stored and that does not reflect
    /// all of the log is unusable, and it is wiped before anything is acknowledged.
    pub fn begin_anew(&mut self) {
        self.fences.unfollow();
        self.lease = HeldLease::none();
        self.followed_since = None;
        self.is_admitted = false;
        self.begins_anew = true;
    }

    /// Takes in an answer of the authority to a request sent at `sent`.
    pub fn receive(&mut self, batch: &Batch, sent: Moment, drift: Drift) -> Received {
        let mut received = Received::default();
        let followed = self.fences.log();
        let mut everything = false;
        if followed != Some(batch.log) {
            // The answer of an authority that has been replaced since: late mail, not a new log.
            if self.followed_since.is_some_and(|since| sent < since) {
                return received;
            }
            received.voided = followed.is_some();
            everything = followed.is_some();
            self.fences.follow(batch.log);
            self.erasing.clear();
            self.lease = HeldLease::none();
            self.followed_since = Some(sent);
        }
        // Nobody is granted anything unasked.
        self.is_admitted |= batch.grant.millis > 0;
        // Records that we have not seen were trimmed: whoever carried their tags is unknown, so all that is
        // older than the log's start is unusable (invariant 8).
        let (before_start, first_unseen) = (batch.start.previous(), self.applied().next());
        if std::mem::take(&mut self.begins_anew) {
            self.fences.raise_floor(batch.head);
            received.voided = true;
            everything = true;
        } else if !self.applied().has_reached(before_start) {
            self.fences.raise_floor(before_start);
            received.voided = true;
            everything = true;
        }
        if everything {
            self.erasing.insert(self.applied().get(), Pending { unsure: first_unseen, everything });
            received.erasures.push(self.erasure(self.applied(), Vec::new(), true));
        }
        for record in &batch.records {
            if self.applied().has_reached(record.position) {
                continue;
            }
            if record.position != self.applied().next() {
                received.gap = true;
                break;
            }
            self.fences.apply(record);
            received.applied += 1;
            if record.mode == Mode::Erase {
                self.erasing
                    .insert(record.position.get(), Pending { unsure: record.position, everything: false });
                received.erasures.push(self.erasure(record.position, record.tags.clone(), false));
            }
        }
        // A grant is worth nothing to a node that has not applied all that preceded it.
        if self.applied().has_reached(batch.head) {
            self.lease = self.lease.renewed(batch.grant, sent, drift);
        }
        received
    }

    fn erasure(&self, position: Position, tags: Vec<Tag>, everything: bool) -> Erasure {
        let log = self.fences.log().unwrap_or(LogId(0));
        Erasure { log, position, tags, everything }
    }

    /// The bytes of this erasure are gone. One of a log that is followed no more changes nothing.
    pub fn carried_out(&mut self, erasure: &Erasure) {
        let pending = self.erasing.get(&erasure.position.get());
        // A wipe that took the place of an erasure at the same position is not over when that one is.
        let is_this = pending.is_some_and(|pending| erasure.everything || !pending.everything);
        if is_this && self.fences.log() == Some(erasure.log) {
            self.erasing.remove(&erasure.position.get());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fences::Verdict;

    const LOG: LogId = LogId(1);

    fn record(position: u64, mode: Mode) -> Record {
        Record {
            position: Position::new(position),
            purge: String::new(),
            tags: vec![Tag(position)],
            mode,
            at: 0,
        }
    }

    fn batch(log: LogId, start: u64, head: u64, positions: impl IntoIterator<Item = u64>) -> Batch {
        Batch {
            log,
            start: Position::new(start),
            head: Position::new(head),
            records: positions.into_iter().map(|position| record(position, Mode::Hard)).collect(),
            grant: Grant { millis: 1000 },
        }
    }

    fn follower() -> Follower {
        Follower::new(Fences::unfollowed(100))
    }

    fn receive(follower: &mut Follower, batch: &Batch) -> Received {
        follower.receive(batch, Moment(0), Drift::DEFAULT)
    }

    #[test]
    fn records_apply_in_order_and_repeats_are_harmless() {
        let mut follower = follower();
        assert_eq!(receive(&mut follower, &batch(LOG, 1, 3, 1..=3)).applied, 3);
        assert_eq!(receive(&mut follower, &batch(LOG, 1, 3, 1..=3)).applied, 0);
        assert_eq!(follower.applied(), Position::new(3));
    }

    #[test]
    fn a_gap_stops_the_node_where_it_is_and_gives_no_lease() {
        let mut follower = follower();
        let received = receive(&mut follower, &batch(LOG, 1, 4, [1, 3, 4]));
        assert!(received.gap);
        assert_eq!(follower.applied(), Position::new(1));
        assert!(!follower.lease().is_live(Moment(0)));
    }

    #[test]
    fn a_trimmed_log_voids_all_that_is_older_than_its_start() {
        let mut follower = follower();
        receive(&mut follower, &batch(LOG, 1, 2, 1..=2));
        let received = receive(&mut follower, &batch(LOG, 6, 6, [6]));
        assert!(received.voided);
        assert_eq!(follower.applied(), Position::new(6));
        let judge = |position| {
            let as_of = AsOf { log: LOG, position: Position::new(position) };
            follower.fences().judge(&Tags::new(vec![Tag(77)]).unwrap(), as_of)
        };
        assert_ne!(judge(4), Verdict::Usable);
        assert_eq!(judge(5), Verdict::Usable);
    }

    #[test]
    fn another_log_voids_everything() {
        let mut follower = follower();
        receive(&mut follower, &batch(LOG, 1, 9, 1..=9));
        let received = receive(&mut follower, &batch(LogId(2), 1, 2, 1..=2));
        assert!(received.voided);
        assert_eq!(follower.applied(), Position::new(2));
    }

    #[test]
    fn a_lease_is_worth_nothing_before_the_node_has_caught_up() {
        let mut follower = follower();
        receive(&mut follower, &batch(LOG, 1, 5, 1..=2));
        assert!(!follower.lease().is_live(Moment(0)));
        receive(&mut follower, &batch(LOG, 1, 5, 3..=5));
        assert!(follower.lease().is_live(Moment(0)));
    }

    #[test]
    fn an_erasure_holds_back_the_acknowledgement_until_the_bytes_are_gone() {
        let mut follower = follower();
        let mut batch = batch(LOG, 1, 3, 1..=3);
        batch.records[1].mode = Mode::Erase;
        let received = receive(&mut follower, &batch);
        let expected =
            Erasure { log: LOG, position: Position::new(2), tags: vec![Tag(2)], everything: false };
        assert_eq!(received.erasures, [expected]);
        assert_eq!((follower.applied(), follower.acknowledged()), (Position::new(3), Position::new(1)));
        assert_eq!(follower.to_save(), None, "a restart now must ask for the erasure again");
        follower.carried_out(&received.erasures[0]);
        assert_eq!(follower.acknowledged(), Position::new(3));
        assert!(follower.to_save().is_some());
    }

    #[test]
    fn an_erasure_that_was_trimmed_unseen_costs_everything_that_is_older() {
        let mut follower = follower();
        receive(&mut follower, &batch(LOG, 1, 2, 1..=2));
        let received = receive(&mut follower, &batch(LOG, 6, 6, [6]));
        let [wipe] = received.erasures.as_slice() else { panic!("{received:?}") };
        assert_eq!(follower.acknowledged(), Position::new(2), "any of 3, 4 and 5 may have been an erasure");
        assert_eq!(follower.to_save(), None);
        let stored = |log, position| {
            wipe.covers(&Tags::default(), AsOf { log: LogId(log), position: Position::new(position) })
        };
        assert_eq!((stored(1, 4), stored(1, 5), stored(2, 9)), (true, false, true));
        follower.carried_out(wipe);
        assert_eq!(follower.acknowledged(), Position::new(6));
    }

    #[test]
    fn another_log_costs_everything_of_the_old_one() {
        let mut follower = follower();
        receive(&mut follower, &batch(LOG, 1, 9, 1..=9));
        let received = receive(&mut follower, &batch(LogId(2), 1, 2, 1..=2));
        assert_eq!(follower.acknowledged(), Position::ZERO);
        follower.carried_out(&Erasure { log: LOG, ..received.erasures[0].clone() });
        assert_eq!(follower.acknowledged(), Position::ZERO, "that was the other log's");
        follower.carried_out(&received.erasures[0]);
        assert_eq!(follower.acknowledged(), Position::new(2));
    }

    #[test]
    fn a_life_that_was_declared_gone_goes_on_with_nothing_of_what_it_had() {
        let mut follower = follower();
        let mut before = batch(LOG, 1, 4, 1..=4);
        before.records[3].mode = Mode::Erase;
        let erasure = receive(&mut follower, &before).erasures.remove(0);
        follower.begin_anew();
        let judge = |follower: &Follower, position| {
            let as_of = AsOf { log: LOG, position: Position::new(position) };
            follower.fences().judge(&Tags::new(vec![Tag(77)]).unwrap(), as_of)
        };
        assert_ne!(judge(&follower, 4), Verdict::Usable);
        assert!(!follower.lease().was_ever_held());
        assert_eq!(follower.to_save(), None, "a restart now is refused once more");

        let received = receive(&mut follower, &batch(LOG, 1, 4, 1..=4));
        assert!(received.voided);
        assert_ne!(judge(&follower, 3), Verdict::Usable, "nothing fenced it, and it is void all the same");
        assert_eq!(follower.acknowledged(), Position::ZERO);
        follower.carried_out(&erasure);
        assert_eq!(follower.acknowledged(), Position::ZERO, "that was less than the wipe");
        follower.carried_out(&received.erasures[0]);
        assert_eq!(follower.acknowledged(), Position::new(4));
        assert!(!receive(&mut follower, &batch(LOG, 1, 5, [5])).voided, "once is enough");
    }

    #[test]
    fn what_a_life_found_is_written_down_as_its_own_only_when_the_authority_has_taken_it() {
        let mut earlier = follower();
        receive(&mut earlier, &batch(LOG, 1, 2, 1..=2));
        let mut heir = Follower::restore(earlier.to_save().unwrap(), 100);
        assert_eq!(heir.to_save(), None);
        receive(&mut heir, &batch(LOG, 1, 3, [3]).unasked());
        assert_eq!(heir.to_save(), None, "pushed records prove nothing");
        receive(&mut heir, &batch(LOG, 1, 3, []));
        assert!(heir.to_save().is_some());
    }

    #[test]
    fn late_mail_of_a_replaced_authority_does_not_bring_its_log_back() {
        let mut follower = follower();
        follower.receive(&batch(LOG, 1, 9, 1..=9), Moment(10), Drift::DEFAULT);
        follower.receive(&batch(LogId(2), 1, 2, 1..=2), Moment(30), Drift::DEFAULT);
        let late = follower.receive(&batch(LOG, 1, 9, 1..=9), Moment(20), Drift::DEFAULT);
        assert_eq!(late, Received::default());
        assert_eq!((follower.fences().log(), follower.applied()), (Some(LogId(2)), Position::new(2)));
    }
}
