//! For how long a node may answer from its cache unasked, and when a purge is done.
//!
//! The node counts from when it *sent* the renewal, the authority from when it *received* it, so the node's lease
//! ends first whatever the network did. Only the *rates* of the two clocks must agree, within [`Drift`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::position::Position;

/// Milliseconds on one machine's clock that never steps back and counts suspended time (`CLOCK_BOOTTIME`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment(pub u64);

impl Moment {
    #[must_use]
    pub fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    pub fn until(self, later: Moment) -> u64 {
        later.0.saturating_sub(self.0)
    }
}

/// By how much, in parts per million, a node shortens a lease because clocks do not run alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drift {
    pub parts_per_million: u64,
}

impl Drift {
    /// One part in a hundred: NTP's own bound is 500 ppm a clock, a twentieth of this.
    pub const DEFAULT: Drift = Drift { parts_per_million: 10_000 };

    fn shorten(self, millis: u64) -> u64 {
        let margin = (u128::from(millis) * u128::from(self.parts_per_million)).div_ceil(1_000_000);
        millis.saturating_sub(u64::try_from(margin).unwrap_or(u64::MAX))
    }
}

/// What the authority grants with each answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub millis: u64,
}

/// A lease as its holder sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldLease {
    until: Option<Moment>,
}

impl HeldLease {
    pub fn none() -> Self {
        Self { until: None }
    }

    pub fn is_live(self, now: Moment) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    pub fn remaining(self, now: Moment) -> u64 {
        self.until.map_or(0, |until| now.until(until))
    }

    /// Answers may overtake each other: an older one never shortens the lease.
    pub(crate) fn renewed(self, grant: Grant, sent: Moment, drift: Drift) -> Self {
        Self { until: self.until.max(Some(sent.plus(drift.shorten(grant.millis)))) }
    }
}

/// One life of one node: a restart is another incarnation, and the old one may still be running somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId {
    pub name: String,
    pub incarnation: u64,
}

/// The authority's book of leases.
#[derive(Debug)]
pub struct Leases {
    grant: Grant,
    held: BTreeMap<NodeId, Held>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    until: Moment,
    acknowledged: Position,
}

/// Where the nodes stand towards one record. The purge is done when nobody is awaited (invariant 7).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settlement {
    pub acknowledged: Vec<(NodeId, Position)>,
    /// Held a lease at or after the append and lost it without a word.
    pub expired: Vec<NodeId>,
    pub awaited: Vec<(NodeId, Moment)>,
}

impl Settlement {
    pub fn is_done(&self) -> bool {
        self.awaited.is_empty()
    }
}

impl Leases {
    pub fn new(grant: Grant) -> Self {
        Self { grant, held: BTreeMap::new() }
    }

    /// After a restart of the authority: whoever it knew may hold a lease that was renewed in the last moment.
    pub fn restore(grant: Grant, known: impl IntoIterator<Item = (NodeId, Position)>, now: Moment) -> Self {
        let until = now.plus(grant.millis);
        let held =
            known.into_iter().map(|(node, acknowledged)| (node, Held { until, acknowledged })).collect();
        Self { grant, held }
    }

    /// A node asked, at `received`, and said what it has acknowledged.
    pub fn renew(&mut self, node: &NodeId, acknowledged: Position, received: Moment) -> Grant {
        let until = received.plus(self.grant.millis);
        self.held.insert(node.clone(), Held { until, acknowledged });
        self.grant
    }

    /// The node's own lock on its data proves that this earlier life has ended.
    pub fn superseded(&mut self, node: &NodeId) {
        self.held.remove(node);
    }

    /// When this node's lease runs out here, and what it acknowledged.
    pub fn of(&self, node: &NodeId) -> Option<(Moment, Position)> {
        self.held.get(node).map(|held| (held.until, held.acknowledged))
    }

    /// Where every node stands towards the record at `position`, appended at `appended`.
    pub fn settlement(&self, position: Position, appended: Moment, now: Moment) -> Settlement {
        let mut settlement = Settlement::default();
        for (node, held) in &self.held {
            if held.acknowledged.has_reached(position) {
                settlement.acknowledged.push((node.clone(), held.acknowledged));
            } else if held.until > now {
                settlement.awaited.push((node.clone(), held.until));
            } else if held.until >= appended {
                settlement.expired.push(node.clone());
            }
        }
        settlement
    }

    /// Forgets nodes whose lease ended long ago.
    pub fn forget_before(&mut self, moment: Moment) {
        self.held.retain(|_, held| held.until >= moment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str) -> NodeId {
        NodeId { name: name.to_owned(), incarnation: 1 }
    }

    fn names(nodes: impl IntoIterator<Item = NodeId>) -> Vec<String> {
        nodes.into_iter().map(|node| node.name).collect()
    }

    #[test]
    fn the_node_stops_before_the_authority_stops_waiting() {
        let mut leases = Leases::new(Grant { millis: 4000 });
        let (sent, received) = (Moment(100), Moment(100));
        let grant = leases.renew(&node("edge"), Position::ZERO, received);
        let held = HeldLease::none().renewed(grant, sent, Drift::DEFAULT);

        let stops = (0..10_000).map(Moment).find(|now| *now >= sent && !held.is_live(*now)).unwrap();
        let (forgotten, _) = leases.of(&node("edge")).unwrap();
        assert_eq!((stops, forgotten), (Moment(4060), Moment(4100)));
    }

    #[test]
    fn an_answer_that_was_overtaken_does_not_shorten_the_lease() {
        let grant = Grant { millis: 1000 };
        let drift = Drift { parts_per_million: 0 };
        let held = HeldLease::none().renewed(grant, Moment(500), drift).renewed(grant, Moment(100), drift);
        assert!(held.is_live(Moment(1499)));
        assert!(!held.is_live(Moment(1500)));
    }

    #[test]
    fn a_purge_waits_for_an_acknowledgement_or_for_the_end_of_a_lease() {
        let mut leases = Leases::new(Grant { millis: 1000 });
        let position = Position::new(5);
        leases.renew(&node("long-gone"), Position::new(1), Moment(0));
        leases.renew(&node("quick"), Position::new(5), Moment(2000));
        leases.renew(&node("slow"), Position::new(4), Moment(2000));

        let waiting = leases.settlement(position, Moment(2000), Moment(2500));
        assert!(!waiting.is_done());
        assert_eq!(names(waiting.acknowledged.into_iter().map(|(node, _)| node)), ["quick"]);
        assert_eq!(names(waiting.awaited.into_iter().map(|(node, _)| node)), ["slow"]);

        let after = leases.settlement(position, Moment(2000), Moment(3000));
        assert!(after.is_done());
        assert_eq!(names(after.expired), ["slow"], "and long-gone is none of this purge's business");
    }

    #[test]
    fn a_restarted_authority_waits_a_whole_lease_for_everyone_it_knew() {
        let leases =
            Leases::restore(Grant { millis: 1000 }, [(node("edge"), Position::new(1))], Moment(7000));
        assert!(!leases.settlement(Position::new(2), Moment(7000), Moment(7999)).is_done());
        assert!(leases.settlement(Position::new(2), Moment(7000), Moment(8000)).is_done());
    }

    #[test]
    fn another_life_of_a_node_does_not_speak_for_the_old_one() {
        let mut leases = Leases::new(Grant { millis: 1000 });
        let reborn = NodeId { incarnation: 2, ..node("edge") };
        leases.renew(&node("edge"), Position::new(1), Moment(0));
        leases.renew(&reborn, Position::new(2), Moment(10));
        assert!(!leases.settlement(Position::new(2), Moment(5), Moment(20)).is_done());
        leases.superseded(&node("edge"));
        assert!(leases.settlement(Position::new(2), Moment(5), Moment(20)).is_done());
    }
}
