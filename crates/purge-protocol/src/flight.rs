//! Who may share a fill, and what becomes of its answer when it lands (invariant 5).

use crate::fences::{Fences, Verdict};
use crate::fill::{AsOf, Fill};
use crate::lease::{HeldLease, Moment};
use crate::tag::Tags;

/// What the node knew at the moment a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    at: Moment,
    position: Option<AsOf>,
    leased: bool,
}

impl Arrival {
    pub fn new(fences: &Fences, lease: HeldLease, now: Moment) -> Self {
        let position = fences.log().map(|log| AsOf { log, position: fences.applied() });
        Self { at: now, position, leased: lease.is_live(now) }
    }
}

/// A fill under way, as those see it who would like to share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flight {
    fill: Fill,
    departed: Moment,
}

/// What one request gets from a flight that landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landing {
    /// The answer is usable now: it is stored, and answers.
    Stored,
    /// Purges came faster than fills land. The answer reflects all that was announced when this request came: it
    /// answers this request, and is not stored.
    Once,
    /// Too old, or from an upstream that was behind: fetch again, with a flight that departs now.
    Again,
}

impl Flight {
    /// After so many landings that were fenced meanwhile, a request takes what is new enough for itself.
    pub const ROUNDS: u32 = 3;

    pub fn new(fill: Fill, departed: Moment) -> Self {
        Self { fill, departed }
    }

    pub fn fill(&self) -> Fill {
        self.fill
    }

    /// Whether a request may wait for this flight, which departed before it came.
    ///
    /// Under a lease, yes: every purge done by then is among the node's own fences, and [`Flight::land`] looks at
    /// them. Without a lease the node may have missed any number of purges that are done, and nothing that it
    /// looks at later can tell: only a flight that departed after the request came answers it.
    pub fn admits(&self, arrival: Arrival) -> bool {
        arrival.leased || self.departed > arrival.at
    }

    /// As [`Flight::admits`], for a request of a node, which must not be answered from behind (invariant 4).
    pub fn admits_asking(&self, arrival: Arrival, asked: AsOf) -> bool {
        let wanted = self.fill.min_position();
        self.admits(arrival) && wanted.log == asked.log && wanted.position.has_reached(asked.position)
    }

    /// What a request that shared this flight gets. `rounds` counts the landings it has seen, this one included;
    /// `stamp` is what the answer reflects ([`Fill::stamp`], [`Fill::stamp_from_upstream`]).
    pub fn land(
        &self,
        fences: &Fences,
        tags: &Tags,
        stamp: Option<AsOf>,
        arrival: Arrival,
        rounds: u32,
    ) -> Landing {
        let Some(stamp) = stamp else {
            return Landing::Again;
        };
        if fences.judge(tags, stamp) == Verdict::Usable {
            return Landing::Stored;
        }
        if rounds < Self::ROUNDS || fences.log() != Some(stamp.log) {
            return Landing::Again;
        }
        // Positions of two logs do not compare; a flight that departed later is new enough under any.
        let new_enough = self.departed > arrival.at
            || arrival.position.is_some_and(|position| {
                position.log == stamp.log
                    && fences.judge_for_arrival(tags, stamp, position.position) == Verdict::Usable
            });
        if new_enough { Landing::Once } else { Landing::Again }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follower::{Batch, Follower};
    use crate::lease::{Drift, Grant};
    use crate::position::{LogId, Position};
    use crate::record::{Mode, Record};
    use crate::tag::Tag;

    const LOG: LogId = LogId(1);

    /// A node that has applied `head` purges of tag 1, with a lease from 0 to 1000.
    fn node(head: u64) -> Follower {
        let mut follower = Follower::new(Fences::unfollowed(100));
        purge(&mut follower, head);
        follower
    }

    fn purge(follower: &mut Follower, head: u64) {
        let records = (1..=head).map(|position| Record {
            position: Position::new(position),
            purge: String::new(),
            tags: vec![Tag(1)],
            mode: Mode::Hard,
            at: 0,
        });
        let batch = Batch {
            log: LOG,
            start: Position::new(1),
            head: Position::new(head),
            records: records.collect(),
            grant: Grant { millis: 1000 },
        };
        follower.receive(&batch, Moment(0), Drift { parts_per_million: 0 });
    }

    fn at(position: u64) -> AsOf {
        AsOf { log: LOG, position: Position::new(position) }
    }

    fn arrival(node: &Follower, now: u64) -> Arrival {
        Arrival::new(node.fences(), node.lease(), Moment(now))
    }

    fn flight(node: &Follower, now: u64) -> Flight {
        Flight::new(Fill::begin(node.fences()).unwrap(), Moment(now))
    }

    #[test]
    fn only_under_a_lease_may_a_request_wait_for_a_flight_that_departed_before_it() {
        let node = node(1);
        let flight = flight(&node, 500);
        for (came, admitted) in [(499, true), (500, true), (999, true), (1000, false)] {
            assert_eq!(flight.admits(arrival(&node, came)), admitted, "came at {came}");
        }
        let late = Flight::new(flight.fill(), Moment(1001));
        assert!(late.admits(arrival(&node, 1000)), "it departed after the request came");
    }

    #[test]
    fn a_node_may_wait_only_for_a_flight_that_asked_for_as_much() {
        let node = node(2);
        let flight = flight(&node, 0);
        for (asked, admitted) in [(at(1), true), (at(2), true), (at(3), false)] {
            assert_eq!(flight.admits_asking(arrival(&node, 0), asked), admitted);
        }
        assert!(!flight.admits_asking(arrival(&node, 0), AsOf { log: LogId(2), ..at(1) }));
    }

    #[test]
    fn a_request_that_came_after_the_fence_never_gets_the_older_answer() {
        let mut node = node(1);
        let (before, flight) = (arrival(&node, 0), flight(&node, 0));
        purge(&mut node, 2);
        let after = arrival(&node, 1);
        let tags = Tags::new(vec![Tag(1)]).unwrap();
        let land = |arrival, rounds| flight.land(node.fences(), &tags, Some(at(1)), arrival, rounds);
        for rounds in 1..10 {
            let patient = rounds >= Flight::ROUNDS;
            let expected = if patient { Landing::Once } else { Landing::Again };
            assert_eq!(land(before, rounds), expected, "round {rounds}");
            assert_eq!(land(after, rounds), Landing::Again, "round {rounds}");
        }
    }

    #[test]
    fn an_answer_that_is_usable_now_is_stored_and_one_without_a_stamp_is_not() {
        let node = node(2);
        let (came, flight) = (arrival(&node, 0), flight(&node, 0));
        let tags = Tags::new(vec![Tag(1)]).unwrap();
        assert_eq!(flight.land(node.fences(), &tags, Some(at(2)), came, 1), Landing::Stored);
        assert_eq!(flight.land(node.fences(), &tags, None, came, 99), Landing::Again);
    }
}
