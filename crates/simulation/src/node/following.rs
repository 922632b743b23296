//! How a node keeps up with the log and its lease.

use purge_protocol::{
    AsOf, Batch, Drift, Isolation, Leave, Mode, Moment, Position, Record, Renewal, Verdict,
};

use super::{Context, Entry, Node};
use crate::agenda::Time;
use crate::message::{Address, Message, Timer};
use crate::sabotage::Sabotage;
use crate::truth::Url;

impl Node {
    pub(super) fn poll(&mut self, ctx: &mut Context<'_>) {
        let acknowledged = match ctx.sabotage {
            // Erasures it does wait for, or this would be the next one.
            Some(Sabotage::AckBeforeApply) if self.follower.acknowledged() == self.follower.applied() => {
                if self.heard.has_reached(self.follower.applied()) {
                    self.heard
                } else {
                    self.follower.applied()
                }
            }
            Some(Sabotage::AckBeforeErased) => self.follower.applied(),
            _ => self.follower.acknowledged(),
        };
        let declared = !ctx.sabotaged(Sabotage::StaleUndeclared);
        let renewal = Renewal {
            node: self.id(),
            inherits_from: self.inherits_from,
            log: self.follower.fences().log(),
            applied: self.follower.applied(),
            acknowledged,
            isolation: if declared { self.isolation } else { Isolation::Validate },
        };
        self.next_poll += 1;
        let poll = self.next_poll;
        let sent = self.local(ctx);
        self.polls.insert(poll, sent);
        // Nobody waits for an answer for ever; what it would grant ran out long ago.
        self.polls.retain(|known, _| known + 64 > poll);
        ctx.send(Address::Control, Message::Renewal { from: self.number, poll, renewal });
    }

    /// It was declared gone, and is not: it goes on as another life, with nothing of what it had.
    pub(super) fn begin_anew(&mut self, ctx: &mut Context<'_>) {
        self.incarnation += 1;
        self.inherits_from = None;
        self.polls.clear();
        ctx.tally.anew += 1;
        if !ctx.sabotaged(Sabotage::ReturnsAsItWas) {
            self.follower.begin_anew();
        }
        self.poll(ctx);
    }

    /// What an earlier life than `incarnation` stored that may answer now, though it does not reflect all up to `head`.
    pub fn kept_from_before(&self, incarnation: u64, head: AsOf, now: Time) -> Option<Url> {
        if self.isolation.leave(self.follower.lease(), self.clock.read(now)) == Leave::Ask {
            return None;
        }
        let old = |entry: &Entry| {
            entry.stored_by < incarnation
                && entry.as_of.log == head.log
                && !entry.as_of.position.has_reached(head.position)
                && self.follower.fences().judge(&entry.tags, entry.as_of) == Verdict::Usable
        };
        self.memory.iter().find(|(_, entry)| old(entry)).map(|(url, _)| *url)
    }

    /// Received; it is applied a little later, because a machine is busy.
    pub(super) fn on_batch(&mut self, batch: Batch, poll: Option<u64>, ctx: &mut Context<'_>) {
        if self.follower.fences().log() == Some(batch.log) && !self.heard.has_reached(batch.head) {
            self.heard = batch.head;
        }
        let busy = if ctx.chance.percent(90) { ctx.chance.within(0, 5) } else { ctx.chance.within(5, 800) };
        let received = self.local(ctx);
        if let (Some(poll), true) = (poll, ctx.sabotaged(Sabotage::LeaseFromReceipt)) {
            self.polls.insert(poll, received);
        }
        ctx.later(busy, Timer::Apply { batch, poll });
    }

    pub(super) fn apply(&mut self, batch: &Batch, poll: Option<u64>, ctx: &mut Context<'_>) {
        let sent = match poll {
            Some(poll) => match self.polls.get(&poll) {
                Some(sent) => *sent,
                None => return,
            },
            // A record that was pushed brings no grant, and begins to follow nothing.
            None if self.follower.fences().log() != Some(batch.log) => return,
            None => Moment(0),
        };
        let filled;
        let batch = if ctx.sabotaged(Sabotage::GapsIgnored) {
            filled = without_gaps(batch, self.follower.applied());
            &filled
        } else {
            batch
        };
        let received = self.follower.receive(batch, sent, Drift::DEFAULT);
        ctx.tally.voided += u64::from(received.voided);
        ctx.tally.gaps += u64::from(received.gap);
        for erasure in received.erasures {
            ctx.tally.erasures += 1;
            if erasure.everything && ctx.sabotaged(Sabotage::WipeSkipped) {
                self.follower.carried_out(&erasure);
                continue;
            }
            let slow = ctx.chance.within(20, 900);
            ctx.later(slow, Timer::Erased { erasure });
        }
        // What was pushed is acknowledged at once; what is missing is asked for at once.
        let pushed = poll.is_none() && received.applied > 0;
        if pushed || received.gap || !self.follower.applied().has_reached(batch.head) {
            self.poll(ctx);
        }
    }

    pub(super) fn leave(&self, ctx: &Context<'_>) -> Leave {
        let leave = self.isolation.leave(self.follower.lease(), self.local(ctx));
        match ctx.sabotage {
            Some(Sabotage::NoLease) => Leave::Answer,
            Some(Sabotage::StaleBeforeContact)
                if self.isolation == Isolation::ServeStale && leave == Leave::Ask =>
            {
                Leave::AnswerStale
            }
            _ => leave,
        }
    }
}

/// As a node sees a batch that believes it missed nothing.
fn without_gaps(batch: &Batch, applied: Position) -> Batch {
    let last = batch.records.last().map_or(batch.head, |record| record.position);
    let mut records = Vec::new();
    for position in applied.next().get()..=last.get() {
        let came = batch.records.iter().find(|record| record.position.get() == position);
        records.push(came.cloned().unwrap_or_else(|| Record {
            position: Position::new(position),
            purge: String::new(),
            tags: Vec::new(),
            mode: Mode::Hard,
            at: 0,
        }));
    }
    Batch { start: Position::new(1), records, ..batch.clone() }
}
