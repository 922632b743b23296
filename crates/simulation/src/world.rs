//! A run: everyone, everything that happens to them, in the order of true time.

mod cast;
mod faults;
mod operators;

use std::collections::{BTreeMap, BTreeSet};

use purge_protocol::{AsOf, NodeLine, Outcome as Said, Refused, Renewal};

use crate::agenda::{Agenda, Time};
use crate::chance::Chance;
use crate::checker::{Broken, Checker, Demand, Violation};
use crate::control::{Chore, Control, Order, PurgeNumber, State};
use crate::message::{Address, Asker, Effect, How, Message, NodeNumber, Reply, Request, Timer};
use crate::network::{self, Network};
use crate::node::{Context, Node, Tally};
use crate::sabotage::Sabotage;
use crate::scenario::{END, HEAL, LAST_READS, Scenario, Weather};
use crate::truth::Truth;
use cast::{clock, nodes};
use faults::Fault;
use operators::Change;

/// What is turned on for a run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub weather: Weather,
    pub sabotage: Option<Sabotage>,
    pub trace: bool,
}

impl Options {
    pub fn new(weather: Weather) -> Self {
        Self { weather, sabotage: None, trace: false }
    }
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub seed: u64,
    pub violations: Vec<Violation>,
    pub tally: Tally,
    /// How many fills the edges would have needed had they known of each purge at once.
    pub ideal_fills: u64,
    pub trace: Vec<String>,
}

#[derive(Debug)]
enum Event {
    Read,
    LastRead { demand: Demand },
    Write,
    Change(Change),
    Submit { number: PurgeNumber, order: Order },
    Deliver { from: Address, to: Address, message: Message },
    Timer { node: NodeNumber, life: u64, timer: Timer },
    Chore { life: u64, chore: Chore },
    Fault(Fault),
    Heal,
}

struct World {
    now: Time,
    agenda: Agenda<Event>,
    chance: Chance,
    scenario: Scenario,
    options: Options,
    truth: Truth,
    network: Network,
    nodes: Vec<Node>,
    /// The nodes that clients ask: those that no other node asks.
    leaves: Vec<NodeNumber>,
    /// Declared gone, and perhaps still answering stale: no purge is done on their behalf.
    gone: BTreeSet<NodeNumber>,
    /// Those that came back, as which life, and where the log ended then: older responses than both must be void.
    came_back: BTreeMap<NodeNumber, (u64, AsOf)>,
    control: Control,
    checker: Checker,
    tally: Tally,
    next_read: u64,
    next_purge: PurgeNumber,
    submitted: Vec<PurgeNumber>,
    healed: bool,
    trace: Vec<String>,
}

/// One seed, one run.
pub fn run(seed: u64, options: Options) -> Outcome {
    let mut world = World::new(seed, options);
    while let Some((at, event)) = world.agenda.take() {
        if at > END || (options.sabotage.is_some() && !world.checker.violations.is_empty()) {
            break;
        }
        world.now = at;
        world.tally.events += 1;
        world.happens(event);
    }
    world.closes();
    Outcome {
        seed,
        violations: world.checker.violations,
        tally: world.tally,
        ideal_fills: world.checker.ideal_fills,
        trace: world.trace,
    }
}

impl World {
    fn new(seed: u64, options: Options) -> Self {
        let mut chance = Chance::new(seed);
        let scenario = Scenario::draw(&mut chance, options.weather);
        let truth = Truth::default();
        let checker = Checker::default();
        let control = Control::new(clock(&mut chance, scenario.faults.drift));
        let mut world = Self {
            now: 0,
            agenda: Agenda::default(),
            nodes: nodes(&scenario, &mut chance),
            leaves: Vec::new(),
            gone: BTreeSet::new(),
            came_back: BTreeMap::new(),
            chance,
            scenario,
            options,
            truth,
            network: Network::default(),
            control,
            checker,
            tally: Tally::default(),
            next_read: 0,
            next_purge: 0,
            submitted: Vec::new(),
            healed: false,
            trace: Vec::new(),
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        let asked: Vec<NodeNumber> = self.nodes.iter().flat_map(|node| node.upstreams.clone()).collect();
        for number in 0..self.nodes.len() {
            let clock = clock(&mut self.chance, self.scenario.faults.drift);
            self.nodes[number].begin(clock, self.scenario.fence_capacity);
            if !asked.contains(&number) {
                self.nodes[number].leaf = true;
                self.leaves.push(number);
            }
            for timer in [Timer::Poll, Timer::SaveFences] {
                let at = self.chance.within(0, 300);
                self.agenda.add(at, Event::Timer { node: number, life: 1, timer });
            }
        }
        self.agenda.add(1_500, Event::Read);
        self.agenda.add(1_500, Event::Write);
        self.agenda.add(100, Event::Chore { life: 1, chore: Chore::Settle });
        self.agenda.add(HEAL, Event::Heal);
        self.agenda.add(LAST_READS, Event::LastRead { demand: Demand::Success });
        self.agenda.add(LAST_READS + 3_000, Event::LastRead { demand: Demand::Hit });
        if self.scenario.faults.trim_every > 0 {
            self.chore(self.scenario.faults.trim_every, Chore::Trim);
        }
        self.plan_faults();
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Read => {
                let leaf = self.leaves[self.chance.index(self.leaves.len())];
                let url = self.chance.skewed(self.truth.urls.len());
                self.read(leaf, url, Demand::Nothing);
                if self.now < LAST_READS - 1_000 {
                    self.agenda.add(self.now + self.scenario.read_every, Event::Read);
                }
            }
            Event::LastRead { demand } => {
                for leaf in self.leaves.clone() {
                    for url in 0..self.truth.urls.len() {
                        self.read(leaf, url, demand);
                    }
                }
            }
            Event::Write => self.write(),
            Event::Change(change) => self.change(change),
            Event::Submit { number, order } => self.submit(number, order),
            Event::Deliver { from, to, message } => self.deliver(from, to, message),
            Event::Timer { node, life, timer } => self.timer(node, life, timer),
            Event::Chore { life, chore } if life == self.control.life && self.control.up => {
                self.do_chore(chore)
            }
            Event::Chore { .. } => {}
            Event::Fault(fault) => self.strike(fault),
            Event::Heal => self.heal(),
        }
    }

    fn read(&mut self, leaf: NodeNumber, url: usize, demand: Demand) {
        self.next_read += 1;
        let read = self.next_read;
        self.tally.reads += 1;
        self.checker.read_begins(read, leaf, url, self.now, demand);
        if !self.nodes[leaf].up {
            return self.finish(leaf, read, Reply::Failed);
        }
        let asker = Asker::Reader(read);
        let message = Message::Ask { asker, request: Request { url, asked: None, has: None } };
        let to = Address::Node(leaf);
        self.agenda.add(self.now, Event::Deliver { from: to, to, message });
    }

    fn finish(&mut self, leaf: NodeNumber, read: u64, reply: Reply) {
        match reply {
            Reply::Content { how: How::Hit, .. } => self.tally.hits += 1,
            Reply::Content { how: How::Stale, .. } => self.tally.stale += 1,
            Reply::Content { how: How::Isolated, .. } => self.tally.isolated += 1,
            Reply::Content { .. } => {}
            Reply::Failed => self.tally.failed += 1,
        }
        let url = self.checker.url_of(read);
        if matches!(reply, Reply::Content { how: How::Isolated, .. }) && self.gone.contains(&leaf) {
            return self.checker.read_is_excused(read);
        }
        let replacing = url.is_some_and(|url| self.nodes[leaf].is_replacing(url));
        self.note(|world| format!("{} answers read {read} with {reply:?}", world.nodes[leaf].name));
        self.checker.read_ends(read, reply, replacing, self.now);
    }

    fn deliver(&mut self, from: Address, to: Address, message: Message) {
        match (to, message) {
            (Address::Control, Message::Renewal { from, poll, renewal }) if self.control.up => {
                self.renew(from, poll, renewal);
            }
            (Address::Node(number), message) if self.nodes[number].up => {
                // A connection dies with the life that it was made to, even where that life slept.
                if let Message::Ask { asker: Asker::Reader(read), .. } = &message
                    && self.checker.url_of(*read).is_none()
                {
                    return;
                }
                let until = self.nodes[number].suspended_until;
                if until > self.now {
                    return self.agenda.add(until, Event::Deliver { from, to, message });
                }
                self.note(|world| format!("{} gets {message:?}", world.nodes[number].name));
                self.with_node(number, |node, ctx| node.on_message(message, ctx));
            }
            _ => {}
        }
    }

    fn timer(&mut self, number: NodeNumber, life: u64, timer: Timer) {
        let node = &self.nodes[number];
        if !node.up || node.life != life {
            return;
        }
        if node.suspended_until > self.now {
            return self.agenda.add(node.suspended_until, Event::Timer { node: number, life, timer });
        }
        self.note(|world| format!("{} {timer:?}", world.nodes[number].name));
        self.with_node(number, |node, ctx| node.on_timer(timer, ctx));
    }

    /// The lease is booked at once, and the answer made a little later, from the log as it is then.
    fn renew(&mut self, from: NodeNumber, poll: u64, renewal: Renewal) {
        let slow = self.chance.permille(self.scenario.faults.busy_control);
        let busy = if slow { self.chance.within(50, 1_200) } else { self.chance.within(0, 4) };
        let late = self.options.sabotage == Some(Sabotage::LeaseBookedLate);
        if late && !self.control.holds_lease(&renewal.node, self.now) {
            let busy = self.chance.within(200, 1_500);
            let batch = self.control.batch_for(&renewal, self.scenario.batch_limit);
            let message = Message::Batch { incarnation: renewal.node.incarnation, poll, batch };
            self.send(Address::Control, Address::Node(from), message, busy);
            self.agenda
                .add(self.now + busy, Event::Fault(Fault::BookLate { from, renewal: Box::new(renewal) }));
        } else if self.book(from, &renewal) {
            self.chore(busy, Chore::Answer { to: from, poll, renewal });
        }
    }

    fn book(&mut self, from: NodeNumber, renewal: &Renewal) -> bool {
        match self.control.book(renewal, self.now) {
            Ok(_) => true,
            Err(Refused::Superseded { .. }) => false,
            Err(Refused::DeclaredGone { .. }) => {
                let message = Message::Gone { incarnation: renewal.node.incarnation };
                self.send(Address::Control, Address::Node(from), message, 0);
                false
            }
            Err(refused) => {
                self.checker.violation(self.now, Broken::Log, refused.to_string());
                false
            }
        }
    }

    fn do_chore(&mut self, chore: Chore) {
        match chore {
            Chore::Append(number) => self.append(number),
            Chore::Settle => {
                for number in self.control.settle(self.now) {
                    self.done(number);
                }
                self.chore(60, Chore::Settle);
            }
            Chore::Trim => {
                if !self.healed {
                    let newest = self.chance.within(0, 6) as usize;
                    self.control.trim_to(newest);
                    self.chore(self.scenario.faults.trim_every.max(100), Chore::Trim);
                }
            }
            Chore::Answer { to, poll, renewal } => {
                let batch = self.control.batch_for(&renewal, self.scenario.batch_limit);
                let message = Message::Batch { incarnation: renewal.node.incarnation, poll, batch };
                self.send(Address::Control, Address::Node(to), message, 0);
            }
        }
    }

    fn append(&mut self, number: PurgeNumber) {
        self.prepare(number);
        let Some((known, batch)) = self.control.append(number, &self.truth, self.now) else {
            return;
        };
        let Some(purge) = self.control.purges.get(&number) else {
            return;
        };
        self.checker.appended(number, &purge.order, &self.truth);
        self.note(|world| format!("control appends {:?}", world.control.purges.get(&number)));
        for node in known {
            if let Some(to) = self.nodes.iter().position(|known| known.name == node.name) {
                self.send(Address::Control, Address::Node(to), Message::Pushed { batch: batch.clone() }, 0);
            }
        }
    }

    fn done(&mut self, number: PurgeNumber) {
        self.note(|_| format!("purge {number} is done"));
        let Some(receipt) = self.control.purges.get(&number).and_then(|purge| purge.receipt.as_ref()) else {
            return;
        };
        let acknowledged = self.nodes.iter().filter(|node| {
            let said = |line: &&NodeLine| line.outcome == Said::Acknowledged;
            node.up && receipt.nodes.iter().filter(said).any(|line| line.node == node.id())
        });
        self.checker.done(number, acknowledged, self.now);
    }

    fn with_node(&mut self, number: NodeNumber, act: impl FnOnce(&mut Node, &mut Context<'_>)) {
        let mut effects = Vec::new();
        let mut ctx = Context {
            now: self.now,
            truth: &self.truth,
            chance: &mut self.chance,
            faults: &self.scenario.faults,
            sabotage: self.options.sabotage,
            effects: &mut effects,
            tally: &mut self.tally,
        };
        let before = self.nodes[number].incarnation;
        act(&mut self.nodes[number], &mut ctx);
        let life = self.nodes[number].life;
        self.watch_revenant(number, before);
        for effect in effects {
            match effect {
                Effect::Send { to, message } => self.send(Address::Node(number), to, message, 0),
                Effect::Later { after, timer } => {
                    self.agenda.add(self.now + after, Event::Timer { node: number, life, timer });
                }
                Effect::Finish { read, reply } => self.finish(number, read, reply),
            }
        }
    }

    /// A node that was declared gone and came back must have left behind what it had stored.
    fn watch_revenant(&mut self, number: NodeNumber, before: u64) {
        let incarnation = self.nodes[number].incarnation;
        if incarnation != before {
            let (log, position) = self.control.head();
            // Another life by a restart, or by being told that it was gone: that is so only of those declared gone.
            if self.gone.remove(&number) {
                self.came_back.insert(number, (incarnation, AsOf { log, position }));
            }
        }
        if let Some((incarnation, head)) = self.came_back.get(&number)
            && self.nodes[number].up
            && let Some(url) = self.nodes[number].kept_from_before(*incarnation, *head, self.now)
        {
            let story = format!("{} came back, and would answer {url} from before", self.nodes[number].name);
            self.checker.violation(self.now, Broken::Revenant, story);
        }
    }

    fn send(&mut self, from: Address, to: Address, message: Message, after: u64) {
        let arrivals = self.network.arrivals(from, to, self.now, &self.scenario.faults, &mut self.chance);
        if arrivals.is_empty() {
            self.note(|world| format!("lost on the way to {}: {message:?}", world.name(to)));
        }
        for delay in arrivals {
            self.agenda.add(self.now + after + delay, Event::Deliver { from, to, message: message.clone() });
        }
    }

    fn chore(&mut self, after: u64, chore: Chore) {
        self.agenda.add(self.now + after, Event::Chore { life: self.control.life, chore });
    }

    fn name(&self, address: Address) -> String {
        network::name(address, &|number| self.nodes[number].name.clone())
    }

    fn note(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.options.trace {
            let line = line(self);
            self.trace.push(format!("{:>6} {line}", self.now));
        }
    }

    fn closes(&mut self) {
        if self.options.sabotage.is_some() && !self.checker.violations.is_empty() {
            return;
        }
        for number in &self.submitted {
            match self.control.purges.get(number).map(|purge| purge.state) {
                Some(State::Done) => {}
                state => {
                    let story = format!("purge {number} was accepted, and in the end is {state:?}");
                    self.checker.violation(self.now, Broken::PurgeLost, story);
                }
            }
        }
        self.tally.purges = self.submitted.len() as u64;
        self.checker.ends(self.nodes.iter(), self.now);
    }
}
