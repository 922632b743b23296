//! A node: edge, shield or renderer. It decides nothing itself: every decision is a call of `purge-protocol`.

mod disk;
mod fills;
mod following;
mod requests;

use std::collections::BTreeMap;

use purge_protocol::{AsOf, CheckedAt, Fences, Follower, Isolation, Moment, NodeId, Reason, Tags, Verdict};

use crate::agenda::Time;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::message::{Address, Effect, Message, NodeNumber, Timer};
use crate::sabotage::Sabotage;
use crate::scenario::Faults;
use crate::truth::{Content, Truth, Url};

pub use disk::{Disk, Loss};
use fills::Flying;

#[derive(Debug)]
pub struct Node {
    pub number: NodeNumber,
    pub name: String,
    /// Connections and timers die with it.
    pub life: u64,
    /// The life that the authority knows: another one also when the node was declared gone and goes on.
    pub incarnation: u64,
    /// The earlier life whose stored responses this one found.
    inherits_from: Option<u64>,
    pub up: bool,
    /// Clients ask it, and no other node does.
    pub leaf: bool,
    pub suspended_until: Time,
    /// Empty for a renderer, which reads the sources.
    pub upstreams: Vec<NodeNumber>,
    pub isolation: Isolation,
    pub clock: Clock,
    pub follower: Follower,
    pub memory: BTreeMap<Url, Entry>,
    pub disk: Disk,
    fence_capacity: usize,
    flights: Vec<Flying>,
    next_flight: u64,
    polls: BTreeMap<u64, Moment>,
    next_poll: u64,
    /// The head of the newest batch that came, applied or not; only a sabotaged node acknowledges it.
    heard: purge_protocol::Position,
}

/// A stored response.
#[derive(Debug)]
pub struct Entry {
    pub content: Content,
    pub tags: Tags,
    pub as_of: AsOf,
    /// Which life of the node stored it.
    pub stored_by: u64,
    checked: CheckedAt,
}

impl Entry {
    fn new(content: Content, tags: Tags, as_of: AsOf, stored_by: u64) -> Self {
        Self { content, tags, as_of, stored_by, checked: CheckedAt::default() }
    }

    fn copy(&self) -> Self {
        Self::new(self.content, self.tags.clone(), self.as_of, self.stored_by)
    }
}

/// What a node may touch while it handles an event.
pub struct Context<'a> {
    pub now: Time,
    pub truth: &'a Truth,
    pub chance: &'a mut Chance,
    pub faults: &'a Faults,
    pub sabotage: Option<Sabotage>,
    pub effects: &'a mut Vec<Effect>,
    pub tally: &'a mut Tally,
}

impl Context<'_> {
    fn sabotaged(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }

    fn send(&mut self, to: Address, message: Message) {
        self.effects.push(Effect::Send { to, message });
    }

    fn later(&mut self, after: u64, timer: Timer) {
        self.effects.push(Effect::Later { after, timer });
    }
}

/// What happened in a run, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub reads: u64,
    pub hits: u64,
    pub stale: u64,
    pub isolated: u64,
    pub failed: u64,
    /// Fills begun by the nodes that clients ask.
    pub leaf_fills: u64,
    pub refetched: u64,
    pub once: u64,
    pub not_modified: u64,
    pub joined: u64,
    pub voided: u64,
    pub gaps: u64,
    pub erasures: u64,
    pub behind: u64,
    pub restarts: u64,
    /// Nodes that were declared gone and came back.
    pub anew: u64,
    pub purges: u64,
    pub events: u64,
}

impl Tally {
    #[must_use]
    pub fn plus(self, other: Tally) -> Tally {
        Tally {
            reads: self.reads + other.reads,
            hits: self.hits + other.hits,
            stale: self.stale + other.stale,
            isolated: self.isolated + other.isolated,
            failed: self.failed + other.failed,
            leaf_fills: self.leaf_fills + other.leaf_fills,
            refetched: self.refetched + other.refetched,
            once: self.once + other.once,
            not_modified: self.not_modified + other.not_modified,
            joined: self.joined + other.joined,
            voided: self.voided + other.voided,
            gaps: self.gaps + other.gaps,
            erasures: self.erasures + other.erasures,
            behind: self.behind + other.behind,
            restarts: self.restarts + other.restarts,
            anew: self.anew + other.anew,
            purges: self.purges + other.purges,
            events: self.events + other.events,
        }
    }
}

impl Node {
    pub fn new(number: NodeNumber, name: String, upstreams: Vec<NodeNumber>, isolation: Isolation) -> Self {
        Self {
            number,
            name,
            life: 1,
            incarnation: 1,
            inherits_from: None,
            up: true,
            leaf: false,
            suspended_until: 0,
            upstreams,
            isolation,
            clock: Clock::new(0, 1_000_000),
            follower: Follower::new(Fences::unfollowed(1)),
            memory: BTreeMap::new(),
            disk: Disk::default(),
            fence_capacity: 1,
            flights: Vec::new(),
            next_flight: 0,
            polls: BTreeMap::new(),
            next_poll: 0,
            heard: purge_protocol::Position::ZERO,
        }
    }

    pub fn begin(&mut self, clock: Clock, fence_capacity: usize) {
        self.clock = clock;
        self.fence_capacity = fence_capacity;
        self.follower = Follower::new(Fences::unfollowed(fence_capacity));
    }

    pub fn id(&self) -> NodeId {
        NodeId { name: self.name.clone(), incarnation: self.incarnation }
    }

    pub fn is_renderer(&self) -> bool {
        self.upstreams.is_empty()
    }

    fn local(&self, ctx: &Context<'_>) -> Moment {
        self.clock.read(ctx.now)
    }

    /// Whether a stored response may answer now, as [`Fences::judge`] says.
    fn judge(&self, tags: &Tags, as_of: AsOf, ctx: &Context<'_>) -> Verdict {
        match self.follower.fences().judge(tags, as_of) {
            Verdict::Unusable(Reason::BelowFloor { .. }) if ctx.sabotaged(Sabotage::FloorIgnored) => {
                Verdict::Usable
            }
            Verdict::Stale { .. } if ctx.sabotaged(Sabotage::SoftIgnored) => Verdict::Usable,
            verdict => verdict,
        }
    }

    /// As [`Node::judge`], for what is in memory: not at all while the fences have not changed.
    fn judge_stored(&self, entry: &Entry, ctx: &Context<'_>) -> Verdict {
        let revision = self.follower.fences().revision();
        if entry.checked.is_current(revision) {
            return Verdict::Usable;
        }
        let verdict = self.judge(&entry.tags, entry.as_of, ctx);
        if verdict == Verdict::Usable {
            entry.checked.note(revision);
        }
        verdict
    }

    pub fn on_message(&mut self, message: Message, ctx: &mut Context<'_>) {
        match message {
            Message::Ask { asker, request } => self.on_request(asker, request, 0, ctx),
            Message::Answer { life, ask, answer } if life == self.life => self.on_answer(ask, answer, ctx),
            Message::Batch { incarnation, poll, batch } if incarnation == self.incarnation => {
                self.on_batch(batch, Some(poll), ctx)
            }
            Message::Pushed { batch } => self.on_batch(batch, None, ctx),
            Message::Gone { incarnation } if incarnation == self.incarnation => self.begin_anew(ctx),
            Message::Answer { .. }
            | Message::Batch { .. }
            | Message::Gone { .. }
            | Message::Renewal { .. } => {}
        }
    }

    pub fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_>) {
        match timer {
            Timer::Poll => {
                self.poll(ctx);
                ctx.later(400, Timer::Poll);
            }
            Timer::SaveFences => {
                self.disk.save_fences(self.incarnation, &self.follower);
                let after = ctx.chance.within(300, 1_500);
                ctx.later(after, Timer::SaveFences);
            }
            Timer::Apply { batch, poll } => self.apply(&batch, poll, ctx),
            Timer::Erased { erasure } => {
                self.erase(&erasure);
                self.poll(ctx);
            }
            Timer::WriteDisk { url } => self.write_disk(url, ctx),
            Timer::ReadSource { flight } => self.read_source(flight, ctx),
            Timer::SourceAnswered { flight, content } => self.on_source(flight, content, ctx),
            Timer::TimedOut { flight } => self.on_timeout(flight, ctx),
            Timer::Retry { asker, request, tries } => self.on_request(asker, request, tries, ctx),
        }
    }
}
