//! The control plane: takes purges in, appends their records, answers nodes, and says when a purge is done.

use std::collections::BTreeMap;

use purge_protocol::{
    Authority, Batch, DeclaredGone, Grant, Isolation, LogId, Mode, Moment, NodeId, Position, Receipt,
    Refused, Renewal, SavedLog, Subject,
};

use crate::agenda::Time;
use crate::clock::Clock;
use crate::message::NodeNumber;
use crate::sabotage::Sabotage;
use crate::scenario::GRANT;
use crate::truth::Truth;

pub type PurgeNumber = u64;

#[derive(Debug)]
pub struct Control {
    pub up: bool,
    pub life: u64,
    pub clock: Clock,
    pub purges: BTreeMap<PurgeNumber, Purge>,
    authority: Authority,
    /// When this life appended what it appended. Not durable: clocks of two lives do not compare.
    appended: BTreeMap<PurgeNumber, Moment>,
    /// What is in the database while the process is down.
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    log: SavedLog,
    known: Vec<Known>,
    gone: Vec<DeclaredGone>,
}

/// A life of a node that was ever granted a lease.
type Known = (NodeId, Position, Isolation);

/// A row of the database.
#[derive(Debug, Clone)]
pub struct Purge {
    pub order: Order,
    pub received: Time,
    pub state: State,
    pub receipt: Option<Receipt>,
}

/// What an operator asks for, and which change it announces.
#[derive(Debug, Clone)]
pub struct Order {
    pub subject: Subject,
    pub mode: Mode,
    pub announces: Option<Announced>,
}

#[derive(Debug, Clone, Copy)]
pub enum Announced {
    Original { number: usize, version: u32 },
    Preset { number: usize, version: u32 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Received,
    Appended(Position),
    Done,
}

#[derive(Debug, Clone)]
pub enum Chore {
    Append(PurgeNumber),
    Settle,
    Trim,
    Answer { to: NodeNumber, poll: u64, renewal: Renewal },
}

impl Control {
    pub fn new(clock: Clock) -> Self {
        Self {
            up: true,
            life: 1,
            clock,
            purges: BTreeMap::new(),
            authority: Authority::new(LogId(1), Grant { millis: GRANT }, clock.read(0)),
            appended: BTreeMap::new(),
            kept: None,
        }
    }

    /// Durable from here on; the same order twice is one purge.
    pub fn accept(&mut self, number: PurgeNumber, order: Order, now: Time) {
        let purge = Purge { order, received: now, state: State::Received, receipt: None };
        self.purges.entry(number).or_insert(purge);
    }

    /// Appends the record of a purge; gives back who should hear of it at once, and the batch to push.
    pub fn append(&mut self, number: PurgeNumber, truth: &Truth, now: Time) -> Option<(Vec<NodeId>, Batch)> {
        let purge = self.purges.get_mut(&number).filter(|purge| purge.state == State::Received)?;
        let tag = truth.key().tag(&purge.order.subject);
        let position = self.authority.append(&number.to_string(), vec![tag], purge.order.mode, now);
        purge.state = State::Appended(position);
        let log = self.authority.log().id();
        purge.receipt = Some(Receipt::new(&number.to_string(), log, position, purge.order.mode, now));
        self.appended.insert(number, self.clock.read(now));
        let known = self.authority.leases().known().map(|(node, _, _)| node.clone()).collect();
        Some((known, self.authority.batch_after(position.previous(), 1).unasked()))
    }

    pub fn book(&mut self, renewal: &Renewal, now: Time) -> Result<Grant, Refused> {
        self.authority.book(renewal, self.clock.read(now))
    }

    pub fn holds_lease(&self, node: &NodeId, now: Time) -> bool {
        let now = self.clock.read(now);
        self.authority.leases().of(node).is_some_and(|(until, _)| now < until)
    }

    pub fn batch_for(&self, renewal: &Renewal, limit: usize) -> Batch {
        self.authority.batch_for(renewal, limit)
    }

    /// An operator says that a node is gone for good. Mostly it is only cut off.
    pub fn declare_gone(&mut self, name: &str, now: Time, sabotage: Option<Sabotage>) -> bool {
        let moment = self.clock.read(now);
        if sabotage == Some(Sabotage::LivingForgotten) {
            let head = self.authority.log().head();
            let known = self.authority.leases().known().filter(|(node, _, _)| node.name == name);
            let gone: Vec<_> = known
                .map(|(node, acknowledged, _)| DeclaredGone { node: node.clone(), acknowledged, head })
                .collect();
            self.authority.leases_mut().remember_gone(gone.iter().cloned());
            return !gone.is_empty();
        }
        self.authority.declare_gone(name, moment).is_ok()
    }

    pub fn head(&self) -> (LogId, Position) {
        (self.authority.log().id(), self.authority.log().head())
    }

    pub fn trim_to(&mut self, newest: usize) {
        self.authority.trim_to(newest);
    }

    /// Which purges are done now that were not.
    pub fn settle(&mut self, now: Time) -> Vec<PurgeNumber> {
        let moment = self.clock.read(now);
        let mut done = Vec::new();
        for (number, purge) in &mut self.purges {
            let State::Appended(position) = purge.state else {
                continue;
            };
            let appended = self.appended.get(number).copied().unwrap_or(Moment(0));
            if !self.authority.is_settled(position, appended, moment) {
                continue;
            }
            purge.state = State::Done;
            if let Some(receipt) = &mut purge.receipt {
                receipt.observe(&self.authority.settlement(position, appended, moment), now);
            }
            done.push(*number);
        }
        done
    }

    pub fn stop(&mut self, sabotage: Option<Sabotage>) {
        self.up = false;
        let known = self.authority.leases().known();
        let known = known.map(|(node, acknowledged, isolation)| (node.clone(), acknowledged, isolation));
        let forgotten = sabotage == Some(Sabotage::LeasesForgotten);
        let known = if forgotten { Vec::new() } else { known.collect() };
        let gone = self.authority.leases().gone().cloned().collect();
        self.kept = Some(Kept { log: self.authority.log().clone(), known, gone });
        self.appended.clear();
    }

    /// Goes on from what is durable.
    pub fn start(&mut self, clock: Clock, now: Time) {
        let Some(Kept { log, known, gone }) = self.kept.take() else {
            return;
        };
        self.up = true;
        self.life += 1;
        self.clock = clock;
        self.authority = Authority::restore(log, known, Grant { millis: GRANT }, clock.read(now));
        self.authority.leases_mut().remember_gone(gone);
    }

    /// Goes on from a backup taken at `backup`: who the nodes are is known, later purges and records are lost, so the log gets a new id.
    /// Gives back which purges are lost.
    pub fn start_from_backup(&mut self, clock: Clock, backup: Time, now: Time) -> Vec<PurgeNumber> {
        let Some(Kept { log, known, gone }) = self.kept.take() else {
            return Vec::new();
        };
        self.up = true;
        self.life += 1;
        self.clock = clock;
        let known = known.into_iter().map(|(node, _, isolation)| (node, isolation));
        let log = SavedLog::of(LogId(log.id().0 + 1), Position::ZERO, []);
        self.authority = Authority::replacing(log, known, Grant { millis: GRANT }, clock.read(now));
        self.authority.leases_mut().remember_gone(gone);
        let lost: Vec<_> = self
            .purges
            .iter()
            .filter(|(_, purge)| purge.received > backup)
            .map(|(number, _)| *number)
            .collect();
        self.purges.retain(|number, _| !lost.contains(number));
        for purge in self.purges.values_mut().filter(|purge| purge.state != State::Done) {
            purge.state = State::Received;
        }
        lost
    }

    /// What a life that begins has to take up again.
    pub fn unappended(&self) -> Vec<PurgeNumber> {
        let waiting = self.purges.iter().filter(|(_, purge)| purge.state == State::Received);
        waiting.map(|(number, _)| *number).collect()
    }
}
