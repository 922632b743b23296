//! The purge log at its source: appends, trims, answers nodes, and says when a purge is done.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::follower::Batch;
use crate::lease::{DeclaredGone, ForgetError, Grant, Isolation, Leases, Moment, NodeId, Settlement};
use crate::position::{LogId, Position};
use crate::record::{Mode, Record};
use crate::tag::Tag;

/// The log and the book of leases. Whoever calls it has made durable what it says before anyone else hears of it:
/// a record before it is in a batch, a node's name before its first grant.
#[derive(Debug)]
pub struct Authority {
    log: SavedLog,
    leases: Leases,
    /// Nothing is done before: leases of nodes that this authority has never heard of may still be live.
    settles_from: Moment,
}

/// What the authority keeps through a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedLog {
    id: LogId,
    head: Position,
    /// Contiguous, and ending with `head`; older ones were trimmed.
    records: VecDeque<Record>,
}

/// A node's request: what is new, and may I go on answering?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    pub node: NodeId,
    /// The earlier life whose stored responses this one took over, if it found any.
    #[serde(default)]
    pub inherits_from: Option<u64>,
    /// The log that `applied` and `acknowledged` belong to.
    pub log: Option<LogId>,
    pub applied: Position,
    pub acknowledged: Position,
    pub isolation: Isolation,
}

/// Why a renewal gets no lease.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(
        "a node has applied position {applied}, and this log ends at {head}: the log was rolled back, and must go \
         on under a new id"
    )]
    RolledBack { applied: Position, head: Position },
    #[error(
        "{name} has started again since (incarnation {incarnation}): this is late mail of an earlier life"
    )]
    Superseded { name: String, incarnation: u64 },
    #[error(
        "{name} was declared gone by an operator: it goes on as a new life, with nothing of what it has stored"
    )]
    DeclaredGone { name: String },
}

impl SavedLog {
    /// A log that is kept elsewhere: the newest of its records, contiguous, oldest first, and where it ends.
    pub fn of(id: LogId, head: Position, records: impl IntoIterator<Item = Record>) -> Self {
        Self { id, head, records: records.into_iter().collect() }
    }

    pub fn id(&self) -> LogId {
        self.id
    }

    pub fn head(&self) -> Position {
        self.head
    }

    /// The oldest record still held; one past the head if none is.
    pub fn start(&self) -> Position {
        self.records.front().map_or(self.head.next(), |record| record.position)
    }
}

impl Authority {
    /// The first log of all: it knows of nobody. Nothing is done before one grant has passed, in case it is not
    /// the first after all.
    pub fn new(id: LogId, grant: Grant, now: Moment) -> Self {
        let log = SavedLog { id, head: Position::ZERO, records: VecDeque::new() };
        Self { log, leases: Leases::new(grant), settles_from: now.plus(grant.millis) }
    }

    /// A new log in place of one that was lost or rolled back, with the records that are left and everyone still
    /// known of the old one.
    ///
    /// Leases of nodes that are not known any more run out within one grant, and nothing is done before. A node
    /// that *serves stale* has to be among the known, or nobody waits for it.
    pub fn replacing(
        log: SavedLog,
        known: impl IntoIterator<Item = (NodeId, Isolation)>,
        grant: Grant,
        now: Moment,
    ) -> Self {
        let mut authority = Self { log, ..Self::new(LogId(0), grant, now) };
        for (node, isolation) in known {
            authority.leases.renew_as(&node, isolation, Position::ZERO, now);
        }
        authority
    }

    /// After a restart, with everyone it ever granted a lease: each may have got one in the last moment.
    pub fn restore(
        log: SavedLog,
        known: impl IntoIterator<Item = (NodeId, Position, Isolation)>,
        grant: Grant,
        now: Moment,
    ) -> Self {
        let mut leases = Leases::new(grant);
        for (node, acknowledged, isolation) in known {
            leases.renew_as(&node, isolation, acknowledged, now);
        }
        Self { log, leases, settles_from: now }
    }

    pub fn log(&self) -> &SavedLog {
        &self.log
    }

    pub fn leases(&self) -> &Leases {
        &self.leases
    }

    pub fn leases_mut(&mut self) -> &mut Leases {
        &mut self.leases
    }

    /// See [`Leases::declare_gone`].
    pub fn declare_gone(&mut self, name: &str, now: Moment) -> Result<Vec<DeclaredGone>, ForgetError> {
        self.leases.declare_gone(name, self.log.head, now)
    }

    /// What the purge announces is durable and readable already (invariant 2).
    pub fn append(&mut self, purge: &str, tags: Vec<Tag>, mode: Mode, at: u64) -> Position {
        let position = self.log.head.next();
        self.log.records.push_back(Record { position, purge: purge.to_owned(), tags, mode, at });
        self.log.head = position;
        position
    }

    /// Forgets all but the newest records. Who has not seen the others finds out from [`Batch::start`].
    pub fn trim_to(&mut self, newest: usize) {
        let surplus = self.log.records.len().saturating_sub(newest);
        self.log.records.drain(..surplus);
    }

    /// Forgets all records before `oldest`.
    pub fn trim_before(&mut self, oldest: Position) {
        let surplus =
            self.log.records.iter().take_while(|record| !record.position.has_reached(oldest)).count();
        self.log.records.drain(..surplus);
    }

    /// Books the lease, then looks at the log. In this order: see [`Leases::renew`].
    pub fn renew(&mut self, renewal: &Renewal, limit: usize, received: Moment) -> Result<Batch, Refused> {
        self.book(renewal, received)?;
        Ok(self.batch_for(renewal, limit))
    }

    /// The first half of [`Authority::renew`], for a caller that answers later.
    ///
    /// A later life of a node takes the place of the earlier ones: incarnations of one name grow, and a node
    /// starts only under the lock on its data, which proves that the life before has ended.
    pub fn book(&mut self, renewal: &Renewal, received: Moment) -> Result<Grant, Refused> {
        let ours = renewal.log == Some(self.log.id);
        if ours && !self.log.head.has_reached(renewal.applied) {
            return Err(Refused::RolledBack { applied: renewal.applied, head: self.log.head });
        }
        let NodeId { name, incarnation } = &renewal.node;
        if self.leases.is_gone(&renewal.node, renewal.inherits_from) {
            return Err(Refused::DeclaredGone { name: name.clone() });
        }
        let other_lives = self.leases.known().map(|(node, _, _)| node).filter(|node| node.name == *name);
        let other_lives: Vec<NodeId> =
            other_lives.filter(|node| node.incarnation != *incarnation).cloned().collect();
        if let Some(later) = other_lives.iter().find(|node| node.incarnation > *incarnation) {
            return Err(Refused::Superseded { name: name.clone(), incarnation: later.incarnation });
        }
        for earlier in &other_lives {
            self.leases.superseded(earlier);
        }
        // Who follows another log has acknowledged nothing of this one, however far along it says it is.
        let acknowledged = if ours { renewal.acknowledged } else { Position::ZERO };
        Ok(self.leases.renew_as(&renewal.node, renewal.isolation, acknowledged, received))
    }

    /// The second half of [`Authority::renew`]: the log as it stands when the answer leaves.
    pub fn batch_for(&self, renewal: &Renewal, limit: usize) -> Batch {
        let ours = renewal.log == Some(self.log.id);
        self.batch_after(if ours { renewal.applied } else { Position::ZERO }, limit)
    }

    /// Up to `limit` records after `position`. Only an answer to a booked renewal may leave with its grant; what
    /// is pushed unasked goes through [`Batch::unasked`].
    pub fn batch_after(&self, position: Position, limit: usize) -> Batch {
        let start = self.log.start();
        let skipped = position.next().get().saturating_sub(start.get());
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let records = self.log.records.iter().skip(skipped).take(limit).cloned().collect();
        Batch { log: self.log.id, start, head: self.log.head, records, grant: self.leases.grant() }
    }

    /// Where every node stands towards a record. `appended` is on this life's clock: [`Moment`] zero for what was
    /// appended in an earlier one, which makes it wait for everyone known.
    pub fn settlement(&self, position: Position, appended: Moment, now: Moment) -> Settlement {
        self.leases.settlement(position, appended, now)
    }

    /// Whether the purge whose record this is may be reported done (invariant 7).
    pub fn is_settled(&self, position: Position, appended: Moment, now: Moment) -> bool {
        now >= self.settles_from && self.settlement(position, appended, now).is_done()
    }
}

impl Batch {
    /// Without its grant: of a batch that no renewal asked for, nobody knows when its lease would have begun.
    #[must_use]
    pub fn unasked(self) -> Self {
        Self { grant: Grant { millis: 0 }, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fences::Fences;
    use crate::follower::Follower;
    use crate::lease::Drift;

    const LOG: LogId = LogId(1);
    const GRANT: Grant = Grant { millis: 1000 };

    fn authority(records: u64) -> Authority {
        let mut authority = Authority::new(LOG, GRANT, Moment(0));
        for tag in 1..=records {
            authority.append("p", vec![Tag(tag)], Mode::Hard, 0);
        }
        authority
    }

    fn renewal(applied: u64) -> Renewal {
        Renewal {
            node: NodeId { name: "edge".to_owned(), incarnation: 1 },
            inherits_from: None,
            log: Some(LOG),
            applied: Position::new(applied),
            acknowledged: Position::new(applied),
            isolation: Isolation::Validate,
        }
    }

    fn positions(batch: &Batch) -> Vec<u64> {
        batch.records.iter().map(|record| record.position.get()).collect()
    }

    #[test]
    fn a_batch_begins_after_what_the_node_has_and_ends_at_the_limit() {
        let mut authority = authority(5);
        for (after, limit, expected) in
            [(0, 9, vec![1, 2, 3, 4, 5]), (2, 2, vec![3, 4]), (5, 9, vec![]), (u64::MAX, 9, vec![])]
        {
            assert_eq!(
                positions(&authority.batch_after(Position::new(after), limit)),
                expected,
                "after {after}"
            );
        }
        authority.trim_to(2);
        let trimmed = authority.batch_after(Position::new(1), 9);
        assert_eq!((trimmed.start, positions(&trimmed)), (Position::new(4), vec![4, 5]));
        authority.trim_to(0);
        let empty = authority.batch_after(Position::new(1), 9);
        assert_eq!((empty.start, empty.head), (Position::new(6), Position::new(5)));
        authority.trim_before(Position::new(3));
        assert_eq!(authority.append("p", vec![], Mode::Soft, 0), Position::new(6));
    }

    #[test]
    fn a_node_that_pages_through_a_long_log_holds_no_lease_before_its_end() {
        let mut authority = authority(5);
        let mut follower = Follower::new(Fences::unfollowed(100));
        let mut live = Vec::new();
        for _ in 0..3 {
            let applied = follower.applied().get();
            let batch = authority.renew(&renewal(applied), 2, Moment(0)).unwrap();
            follower.receive(&batch, Moment(0), Drift::DEFAULT);
            live.push(follower.lease().is_live(Moment(0)));
        }
        assert_eq!(live, [false, false, true]);
    }

    #[test]
    fn a_node_ahead_of_the_log_proves_that_it_was_rolled_back() {
        let mut authority = authority(5);
        let refused = authority.renew(&renewal(6), 9, Moment(0)).unwrap_err();
        assert_eq!(refused, Refused::RolledBack { applied: Position::new(6), head: Position::new(5) });
    }

    #[test]
    fn a_later_life_takes_the_place_of_the_earlier_whose_late_mail_is_refused() {
        let mut authority = authority(2);
        let life = |incarnation| {
            let node = NodeId { name: "edge".to_owned(), incarnation };
            Renewal { node, isolation: Isolation::ServeStale, ..renewal(1) }
        };
        authority.renew(&life(1), 9, Moment(0)).unwrap();
        authority.renew(&Renewal { acknowledged: Position::new(2), ..life(2) }, 9, Moment(10)).unwrap();
        let refused = authority.renew(&life(1), 9, Moment(20)).unwrap_err();
        assert_eq!(refused, Refused::Superseded { name: "edge".to_owned(), incarnation: 2 });
        assert!(authority.is_settled(Position::new(2), Moment(0), Moment(1000)), "nobody waits for a ghost");
    }

    #[test]
    fn what_is_left_of_a_log_keeps_its_positions_under_the_new_id() {
        let mut before = authority(5);
        before.trim_before(Position::new(4));
        let records = before.batch_after(Position::ZERO, 9).records;
        let log = SavedLog::of(LogId(2), Position::new(5), records);
        let mut after = Authority::replacing(log, [], GRANT, Moment(0));
        assert_eq!((after.log().id(), after.log().start()), (LogId(2), Position::new(4)));
        assert_eq!(after.append("p", vec![], Mode::Hard, 0), Position::new(6));
    }

    #[test]
    fn a_life_that_was_declared_gone_gets_no_lease_and_its_successor_does() {
        let mut authority = authority(2);
        authority.renew(&renewal(1), 9, Moment(0)).unwrap();
        authority.declare_gone("edge", Moment(1000)).unwrap();
        let refused = authority.renew(&renewal(1), 9, Moment(1001)).unwrap_err();
        assert_eq!(refused, Refused::DeclaredGone { name: "edge".to_owned() });
        let node = NodeId { incarnation: 2, ..renewal(1).node };
        let heir = Renewal { node: node.clone(), inherits_from: Some(1), ..renewal(1) };
        assert_eq!(authority.renew(&heir, 9, Moment(1001)).unwrap_err(), refused);
        let anew = Renewal { node, log: None, ..renewal(0) };
        assert!(authority.renew(&anew, 9, Moment(1002)).is_ok());
    }

    #[test]
    fn an_acknowledgement_of_another_log_is_worth_nothing() {
        let mut authority = authority(2);
        let stranger = Renewal { log: Some(LogId(9)), ..renewal(100) };
        let batch = authority.renew(&stranger, 9, Moment(2000)).unwrap();
        assert_eq!(positions(&batch), [1, 2], "it starts at the beginning");
        assert!(!authority.is_settled(Position::new(2), Moment(0), Moment(2001)));
    }

    #[test]
    fn a_new_log_settles_nothing_while_leases_of_the_one_before_may_be_live() {
        let authority = authority(1);
        assert!(!authority.is_settled(Position::new(1), Moment(0), Moment(999)));
        assert!(authority.is_settled(Position::new(1), Moment(0), Moment(1000)));
    }

    #[test]
    fn a_log_that_replaces_another_waits_for_the_nodes_that_serve_stale() {
        let known = [(renewal(9).node, Isolation::ServeStale)];
        let log = SavedLog::of(LogId(2), Position::ZERO, []);
        let mut authority = Authority::replacing(log, known, GRANT, Moment(0));
        let position = authority.append("p", vec![], Mode::Hard, 0);
        assert!(
            !authority.is_settled(position, Moment(0), Moment(90_000)),
            "it still answers from the old log"
        );
        let renewal = Renewal { log: Some(LogId(2)), ..renewal(1) };
        authority.renew(&renewal, 9, Moment(90_000)).unwrap();
        assert!(authority.is_settled(position, Moment(0), Moment(90_000)));
    }

    #[test]
    fn a_restarted_authority_goes_on_where_it_was_and_waits_for_everyone_it_knew() {
        let mut before = authority(2);
        before.renew(&renewal(1), 9, Moment(5000)).unwrap();
        let known = before.leases().known().map(|(node, at, isolation)| (node.clone(), at, isolation));
        let after = Authority::restore(before.log().clone(), known.collect::<Vec<_>>(), GRANT, Moment(50));
        assert_eq!(after.log().head(), Position::new(2));
        assert!(!after.is_settled(Position::new(2), Moment(0), Moment(1049)));
        assert!(after.is_settled(Position::new(2), Moment(0), Moment(1050)));
    }

    #[test]
    fn a_pushed_record_is_applied_but_renews_nothing() {
        let authority = authority(1);
        let mut follower = Follower::new(Fences::unfollowed(100));
        let pushed = authority.batch_after(Position::ZERO, 1).unasked();
        assert_eq!(follower.receive(&pushed, Moment(0), Drift::DEFAULT).applied, 1);
        assert!(!follower.lease().was_ever_held());
    }
}
