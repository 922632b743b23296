//! For how long a node may answer from its cache unasked, and when a purge is done.
//!
//! The node counts from when it *sent* the renewal, the authority from when it *received* it, so the node's lease
//! ends first whatever the network did. Only the *rates* of the two clocks must agree, within [`Drift`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::position::Position;
use crate::receipt::Outcome;

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

    /// Whether there ever was one in this life of the node, so that the authority knows of it.
    pub fn was_ever_held(self) -> bool {
        self.until.is_some()
    }

    pub fn remaining(self, now: Moment) -> u64 {
        self.until.map_or(0, |until| now.until(until))
    }

    /// Answers may overtake each other: an older one never shortens the lease.
    pub(crate) fn renewed(self, grant: Grant, sent: Moment, drift: Drift) -> Self {
        // A record that is pushed unasked carries no grant.
        if grant.millis == 0 {
            return self;
        }
        Self { until: self.until.max(Some(sent.plus(drift.shorten(grant.millis)))) }
    }
}

/// What a node does with its cache while it holds no lease; the operator's choice (invariant 6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// Nothing is answered unasked: every request goes upstream.
    #[default]
    Validate,
    /// What is stored answers, and says so. No purge is done on behalf of such a node until it has
    /// acknowledged, or an operator has said that it is gone.
    ServeStale,
}

/// What a node may do with a stored response at this moment, before its tags are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// It may answer.
    Answer,
    /// It may answer after the upstream has confirmed it.
    Ask,
    /// It may answer a client, never a node, and must say that it is stale.
    AnswerStale,
}

impl Isolation {
    /// A node that serves stale does so only after it held a lease in this life: before that, the authority does
    /// not know that somebody must be waited for.
    pub fn leave(self, lease: HeldLease, now: Moment) -> Leave {
        match self {
            _ if lease.is_live(now) => Leave::Answer,
            Isolation::ServeStale if lease.was_ever_held() => Leave::AnswerStale,
            Isolation::Validate | Isolation::ServeStale => Leave::Ask,
        }
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
    gone: BTreeMap<NodeId, DeclaredGone>,
}

/// A life of a node that an operator has declared gone: no purge waits for it any more, and it never gets a lease
/// again. Whoever comes back in its name is another life, with nothing stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredGone {
    pub node: NodeId,
    pub acknowledged: Position,
    /// Where the log ended then: records up to here were waiting for it.
    pub head: Position,
}

/// Why a node cannot be declared gone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgetError {
    #[error("no node named {name:?} is known")]
    Unknown { name: String },
    #[error(
        "{name} holds a lease for another {millis} ms, so it may be answering: stop it, and forget it when that is \
         over"
    )]
    HoldsLease { name: String, millis: u64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    until: Moment,
    acknowledged: Position,
    isolation: Isolation,
}

/// Where the nodes stand towards one record. The purge is done when nobody is awaited (invariant 7).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settlement {
    pub acknowledged: Vec<(NodeId, Position)>,
    /// Held a lease at or after the append and lost it without a word.
    pub expired: Vec<NodeId>,
    pub awaited: Vec<(NodeId, Moment)>,
    /// Out of lease, and by its operator's choice answering from before the purge. It is waited for.
    pub serving_stale: Vec<NodeId>,
    /// An operator has said that it is gone for good, so that nobody waits for it.
    pub declared_gone: Vec<NodeId>,
}

impl Settlement {
    pub fn is_done(&self) -> bool {
        self.awaited.is_empty() && self.serving_stale.is_empty()
    }

    /// Nobody's lease is being waited out; what still keeps the purge from being done ends by itself only if a node
    /// that serves stale comes back.
    pub fn is_held_up(&self) -> bool {
        self.awaited.is_empty() && !self.serving_stale.is_empty()
    }

    /// Every node with what became of it, and the position that it acknowledged.
    pub fn outcomes(&self) -> impl Iterator<Item = (&NodeId, Outcome, Option<Position>)> {
        fn silent(
            nodes: &[NodeId],
            outcome: Outcome,
        ) -> impl Iterator<Item = (&NodeId, Outcome, Option<Position>)> {
            nodes.iter().map(move |node| (node, outcome, None))
        }
        let acknowledged =
            self.acknowledged.iter().map(|(node, position)| (node, Outcome::Acknowledged, Some(*position)));
        let awaited = self.awaited.iter().map(|(node, _)| (node, Outcome::Awaited, None));
        acknowledged
            .chain(awaited)
            .chain(silent(&self.expired, Outcome::Expired))
            .chain(silent(&self.serving_stale, Outcome::ServingStale))
            .chain(silent(&self.declared_gone, Outcome::DeclaredGone))
    }
}

impl Leases {
    /// Lives declared gone that are remembered; of more, those whose record is oldest are forgotten. Nothing rests on
    /// it: a node catches up before it answers, whoever it is.
    const GONE_MAX: usize = 10_000;

    pub fn new(grant: Grant) -> Self {
        Self { grant, held: BTreeMap::new(), gone: BTreeMap::new() }
    }

    /// An operator says that the node is gone for good. Not while it may be answering under a lease: then done would
    /// be said although it serves what is older.
    pub fn declare_gone(
        &mut self,
        name: &str,
        head: Position,
        now: Moment,
    ) -> Result<Vec<DeclaredGone>, ForgetError> {
        let lives: Vec<(NodeId, Held)> = self
            .held
            .iter()
            .filter(|(node, _)| node.name == name)
            .map(|(node, held)| (node.clone(), *held))
            .collect();
        let name = name.to_owned();
        if lives.is_empty() {
            return Err(ForgetError::Unknown { name });
        }
        let millis = lives.iter().map(|(_, held)| now.until(held.until)).max().unwrap_or_default();
        if millis > 0 {
            return Err(ForgetError::HoldsLease { name, millis });
        }
        let mut gone = Vec::new();
        for (node, Held { acknowledged, .. }) in lives {
            self.held.remove(&node);
            gone.push(DeclaredGone { node, acknowledged, head });
        }
        self.remember_gone(gone.iter().cloned());
        Ok(gone)
    }

    /// What operators declared before a restart.
    pub fn remember_gone(&mut self, gone: impl IntoIterator<Item = DeclaredGone>) {
        for gone in gone {
            self.held.remove(&gone.node);
            self.gone.insert(gone.node.clone(), gone);
        }
        while self.gone.len() > Self::GONE_MAX {
            let oldest = self.gone.values().min_by_key(|gone| gone.head.get()).map(|gone| gone.node.clone());
            oldest.map(|node| self.gone.remove(&node));
        }
    }

    pub fn gone(&self) -> impl Iterator<Item = &DeclaredGone> {
        self.gone.values()
    }

    /// Whether this life, or the one whose stored responses it took over, was declared gone.
    pub fn is_gone(&self, node: &NodeId, inherits_from: Option<u64>) -> bool {
        let last = inherits_from.unwrap_or(node.incarnation).min(node.incarnation);
        self.gone.keys().any(|gone| gone.name == node.name && gone.incarnation >= last)
    }

    pub fn grant(&self) -> Grant {
        self.grant
    }

    /// After a restart of the authority: whoever it knew may hold a lease that was renewed in the last moment.
    pub fn restore(grant: Grant, known: impl IntoIterator<Item = (NodeId, Position)>, now: Moment) -> Self {
        let mut leases = Self::new(grant);
        for (node, acknowledged) in known {
            leases.renew_as(&node, Isolation::Validate, acknowledged, now);
        }
        leases
    }

    /// A node asked, at `received`, and said what it has acknowledged.
    ///
    /// The caller books this *before* it reads the head of the log for its answer. The other way round, a record
    /// could be appended and settled between the two, with nobody waiting for a node that is about to be told it
    /// holds a lease.
    pub fn renew(&mut self, node: &NodeId, acknowledged: Position, received: Moment) -> Grant {
        let isolation = self.held.get(node).map_or(Isolation::Validate, |held| held.isolation);
        self.renew_as(node, isolation, acknowledged, received)
    }

    /// As [`Leases::renew`], of a node that says what it does when it is cut off.
    ///
    /// Requests may overtake each other: one life of a node never takes an acknowledgement back, and its lease
    /// never ends earlier than one that was granted before.
    pub fn renew_as(
        &mut self,
        node: &NodeId,
        isolation: Isolation,
        acknowledged: Position,
        received: Moment,
    ) -> Grant {
        let until = received.plus(self.grant.millis);
        let fresh = Held { until, acknowledged, isolation };
        let held = self.held.entry(node.clone()).or_insert(fresh);
        held.until = held.until.max(until);
        held.acknowledged = held.acknowledged.later_of(acknowledged);
        held.isolation = isolation;
        self.grant
    }

    /// The node's own lock on its data proves that this earlier life has ended, or an operator says so.
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
            } else if held.isolation == Isolation::ServeStale {
                settlement.serving_stale.push(node.clone());
            } else if held.until >= appended {
                settlement.expired.push(node.clone());
            }
        }
        for DeclaredGone { node, acknowledged, head } in self.gone.values() {
            if head.has_reached(position) && !acknowledged.has_reached(position) {
                settlement.declared_gone.push(node.clone());
            }
        }
        settlement
    }

    /// Every life of every node in the book, what it acknowledged, and what it does when it is cut off.
    pub fn known(&self) -> impl Iterator<Item = (&NodeId, Position, Isolation)> {
        self.held.iter().map(|(node, held)| (node, held.acknowledged, held.isolation))
    }

    /// Forgets nodes whose lease ended long ago; never one that serves stale, since it may still be doing so.
    pub fn forget_before(&mut self, moment: Moment) {
        self.held.retain(|_, held| held.until >= moment || held.isolation == Isolation::ServeStale);
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

    #[test]
    fn what_a_node_may_do_when_it_is_cut_off_is_its_operators_choice() {
        let never = HeldLease::none();
        let held = never.renewed(Grant { millis: 1000 }, Moment(0), Drift { parts_per_million: 0 });
        for (isolation, lease, now, expected) in [
            (Isolation::Validate, held, 999, Leave::Answer),
            (Isolation::Validate, held, 1000, Leave::Ask),
            (Isolation::Validate, never, 0, Leave::Ask),
            (Isolation::ServeStale, held, 999, Leave::Answer),
            (Isolation::ServeStale, held, 1000, Leave::AnswerStale),
            (Isolation::ServeStale, never, 0, Leave::Ask),
        ] {
            assert_eq!(isolation.leave(lease, Moment(now)), expected, "{isolation:?} at {now}");
        }
    }

    #[test]
    fn a_record_pushed_unasked_is_no_lease() {
        let pushed = HeldLease::none().renewed(Grant { millis: 0 }, Moment(5), Drift::DEFAULT);
        assert!(!pushed.was_ever_held());
    }

    #[test]
    fn no_purge_is_done_on_behalf_of_a_node_that_serves_stale() {
        let mut leases = Leases::new(Grant { millis: 1000 });
        let isolated = node("island");
        leases.renew_as(&isolated, Isolation::ServeStale, Position::new(1), Moment(0));
        leases.forget_before(Moment(9000));
        let settlement = leases.settlement(Position::new(2), Moment(5000), Moment(9000));
        assert_eq!(
            (settlement.is_done(), names(settlement.serving_stale)),
            (false, vec!["island".to_owned()])
        );
        leases.renew_as(&isolated, Isolation::ServeStale, Position::new(2), Moment(9000));
        assert!(leases.settlement(Position::new(2), Moment(5000), Moment(9000)).is_done());
    }

    #[test]
    fn a_node_that_an_operator_declares_gone_is_waited_for_no_more_and_the_settlement_says_so() {
        let mut leases = Leases::new(Grant { millis: 1000 });
        let island = node("island");
        leases.renew_as(&island, Isolation::ServeStale, Position::new(1), Moment(0));
        let head = Position::new(2);
        assert_eq!(
            leases.declare_gone("island", head, Moment(400)),
            Err(ForgetError::HoldsLease { name: "island".to_owned(), millis: 600 })
        );
        assert_eq!(
            leases.declare_gone("islet", head, Moment(2000)),
            Err(ForgetError::Unknown { name: "islet".to_owned() })
        );
        let before = leases.settlement(head, Moment(500), Moment(2000));
        assert!(before.is_held_up() && !before.is_done());

        leases.declare_gone("island", head, Moment(2000)).unwrap();
        let after = leases.settlement(head, Moment(500), Moment(2000));
        assert!(after.is_done());
        assert_eq!(names(after.declared_gone), ["island"]);
        for (position, why) in [(1, "what it acknowledged"), (3, "what came later")] {
            let settlement = leases.settlement(Position::new(position), Moment(0), Moment(2000));
            assert_eq!(settlement.declared_gone, [], "{why} has nothing to do with it");
        }
    }

    #[test]
    fn neither_a_life_that_was_declared_gone_nor_its_heir_comes_back() {
        let mut leases = Leases::new(Grant { millis: 1000 });
        let life = |incarnation| NodeId { incarnation, ..node("edge") };
        leases.renew(&life(5), Position::ZERO, Moment(0));
        leases.declare_gone("edge", Position::ZERO, Moment(1000)).unwrap();
        for (incarnation, inherits_from, gone) in [
            (5, None, true),
            (5, Some(4), true),
            (4, None, true),
            (6, None, false),
            (6, Some(5), true),
            (8, Some(4), true),
            (8, Some(6), false),
        ] {
            assert_eq!(leases.is_gone(&life(incarnation), inherits_from), gone, "{incarnation}");
        }
        assert!(!leases.is_gone(&node("other"), None));
    }

    #[test]
    fn those_who_are_remembered_as_gone_are_bounded() {
        let mut leases = Leases::new(Grant { millis: 1000 });
        let gone = |n: u64| DeclaredGone {
            node: NodeId { name: format!("n{n}"), incarnation: 1 },
            acknowledged: Position::ZERO,
            head: Position::new(n),
        };
        leases.remember_gone((0..=Leases::GONE_MAX as u64).map(gone));
        assert_eq!(leases.gone().count(), Leases::GONE_MAX);
        assert!(!leases.is_gone(&gone(0).node, None), "the oldest went");
    }

    #[test]
    fn a_request_that_was_overtaken_takes_nothing_back() {
        let mut leases = Leases::new(Grant { millis: 1000 });
        leases.renew(&node("edge"), Position::new(5), Moment(100));
        leases.renew(&node("edge"), Position::new(3), Moment(50));
        assert_eq!(leases.of(&node("edge")), Some((Moment(1100), Position::new(5))));
    }
}
