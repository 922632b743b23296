//! Every order of events, exhaustively, of the smallest world in which purges and fills race: one original, one
//! shield, one edge, two purges, fills in flight on both tiers, readers that share them.
//!
//! The simulation throws dice in a large world; this model looks at all of a small one. Its rules are calls of the
//! crate, and each of them can be broken, to see that the model would notice.

use purge_protocol::{
    Arrival, AsOf, Batch, Drift, Fences, Fill, Flight, Follower, Grant, Landing, LogId, Mode, Moment,
    Position, Readiness, Record, Tag, Tags, Verdict,
};
use stateright::{Checker, Model, Property};

const LOG: LogId = LogId(1);
const PURGES: u8 = 2;

/// The version of the original that some bytes show.
type Version = u8;

#[derive(Clone, Debug, Default, Hash, PartialEq, Eq)]
struct World {
    /// What the original really shows; each change is announced by one record.
    truth: Version,
    /// The head of the log.
    head: u8,
    shield: Node,
    edge: Node,
    /// A reader came while the edge had applied this, and shares the edge's flight. With it, what it must see:
    /// whatever was done by then.
    waiting: Option<(u8, Version)>,
    /// What some reader got that was older than what it must see.
    broken: bool,
}

#[derive(Clone, Debug, Default, Hash, PartialEq, Eq)]
struct Node {
    applied: u8,
    /// Bytes, and the position they are stamped with.
    stored: Option<(Version, u8)>,
    flight: Option<InFlight>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct InFlight {
    /// What the node had applied when it departed.
    began: u8,
    /// What was read, and what the upstream said of it; not known before it was read.
    read: Option<(Version, u8)>,
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
enum Step {
    ChangeAndAnnounce,
    ShieldApplies,
    EdgeApplies,
    ShieldDeparts,
    ShieldReadsTheOriginal,
    ShieldLands,
    EdgeDeparts,
    EdgeIsAnswered,
    ReaderJoins,
    EdgeLands,
    Read,
}

/// The rules, each of which can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rules {
    Sound,
    AsOfAtFillEnd,
    NoMinPosition,
    NoArrivalCheck,
    RecordBeforeState,
}

/// A node's knowledge as the crate keeps it: `applied` purges of the one tag, and a live lease.
fn follower(applied: u8) -> Follower {
    let record = |position| Record {
        position: Position::new(position),
        purge: String::new(),
        tags: vec![Tag(1)],
        mode: Mode::Hard,
        at: 0,
    };
    let batch = Batch {
        log: LOG,
        start: Position::new(1),
        head: Position::new(u64::from(applied)),
        records: (1..=u64::from(applied)).map(record).collect(),
        grant: Grant { millis: 1000 },
    };
    let mut follower = Follower::new(Fences::unfollowed(100));
    follower.receive(&batch, Moment(0), Drift::DEFAULT);
    follower
}

fn at(position: u8) -> AsOf {
    AsOf { log: LOG, position: Position::new(u64::from(position)) }
}

fn small(as_of: AsOf) -> u8 {
    as_of.position.get() as u8
}

fn tags() -> Tags {
    Tags::new(vec![Tag(1)]).unwrap_or_default()
}

impl Node {
    fn usable(&self) -> Option<(Version, u8)> {
        self.stored.filter(|(_, stamp)| {
            follower(self.applied).fences().judge(&tags(), at(*stamp)) == Verdict::Usable
        })
    }

    fn fill(&self, flight: &InFlight) -> Option<Fill> {
        Fill::begin(follower(flight.began).fences())
    }

    /// Takes the flight down; gives back the bytes and their stamp, if the upstream's word was good enough.
    fn take(&mut self, rules: Rules, from_upstream: bool) -> Option<(Version, Option<AsOf>, Flight)> {
        let flight = self.flight.take()?;
        let (version, said) = flight.read?;
        let fill = self.fill(&flight)?;
        let stamp = match rules {
            Rules::AsOfAtFillEnd => Some(at(self.applied)),
            Rules::NoMinPosition => Some(fill.stamp()),
            _ if from_upstream => fill.stamp_from_upstream(Some(at(said))),
            _ => Some(fill.stamp()),
        };
        Some((version, stamp, Flight::new(fill, Moment(0))))
    }
}

impl World {
    /// A purge is done when both have acknowledged it; a read that begins then must see what it announced.
    fn done(&self) -> Version {
        self.shield.applied.min(self.edge.applied)
    }

    fn shield_lands(&mut self, rules: Rules) {
        if let Some((version, Some(stamp), _)) = self.shield.take(rules, false)
            && (rules == Rules::NoArrivalCheck
                || follower(self.shield.applied).fences().judge(&tags(), stamp) == Verdict::Usable)
        {
            self.shield.stored = Some((version, small(stamp)));
        }
    }

    fn edge_is_answered(&mut self, rules: Rules) -> Option<()> {
        let asked = self.edge.fill(self.edge.flight.as_ref()?)?.min_position();
        let shield = follower(self.shield.applied);
        let ready = Readiness::of(shield.fences(), asked) == Readiness::Ready;
        if !ready && rules != Rules::NoMinPosition {
            return None;
        }
        let (version, stamp) = self.shield.usable()?;
        let said = shield.fences().reflected(&tags(), at(stamp))?;
        self.edge.flight.as_mut()?.read = Some((version, small(said)));
        Some(())
    }

    fn edge_lands(&mut self, rules: Rules) {
        let Some((version, stamp, flight)) = self.edge.take(rules, true) else {
            return;
        };
        let edge = follower(self.edge.applied);
        if let Some(stamp) = stamp
            && (rules == Rules::NoArrivalCheck || edge.fences().judge(&tags(), stamp) == Verdict::Usable)
        {
            self.edge.stored = Some((version, small(stamp)));
        }
        let Some((came, must_see)) = self.waiting.take() else {
            return;
        };
        let when = follower(came);
        let arrival = Arrival::new(when.fences(), when.lease(), Moment(0));
        let landing = flight.land(edge.fences(), &tags(), stamp, arrival, Flight::ROUNDS);
        if rules == Rules::NoArrivalCheck || landing != Landing::Again {
            self.broken |= version < must_see;
        }
    }
}

struct Race(Rules);

impl Model for Race {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World::default()]
    }

    fn actions(&self, _: &World, steps: &mut Vec<Step>) {
        steps.extend([
            Step::ChangeAndAnnounce,
            Step::ShieldApplies,
            Step::EdgeApplies,
            Step::ShieldDeparts,
            Step::ShieldReadsTheOriginal,
            Step::ShieldLands,
            Step::EdgeDeparts,
            Step::EdgeIsAnswered,
            Step::ReaderJoins,
            Step::EdgeLands,
            Step::Read,
        ]);
    }

    fn next_state(&self, before: &World, step: Step) -> Option<World> {
        let rules = self.0;
        let mut world = before.clone();
        match step {
            // In a sound world one transaction. Otherwise the record first, and the change at the next chance.
            Step::ChangeAndAnnounce if rules == Rules::RecordBeforeState && world.truth < world.head => {
                world.truth += 1;
            }
            Step::ChangeAndAnnounce if world.head < PURGES => {
                world.head += 1;
                world.truth += u8::from(rules != Rules::RecordBeforeState);
            }
            Step::ShieldApplies if world.shield.applied < world.head => world.shield.applied += 1,
            Step::EdgeApplies if world.edge.applied < world.head => world.edge.applied += 1,
            Step::ShieldDeparts if world.shield.flight.is_none() && world.shield.usable().is_none() => {
                world.shield.flight = Some(InFlight { began: world.shield.applied, read: None });
            }
            Step::ShieldReadsTheOriginal => {
                let flight = world.shield.flight.as_mut().filter(|flight| flight.read.is_none())?;
                flight.read = Some((world.truth, flight.began));
            }
            Step::ShieldLands if world.shield.flight.as_ref()?.read.is_some() => world.shield_lands(rules),
            Step::EdgeDeparts if world.edge.flight.is_none() && world.edge.usable().is_none() => {
                world.edge.flight = Some(InFlight { began: world.edge.applied, read: None });
            }
            Step::EdgeIsAnswered if world.edge.flight.as_ref()?.read.is_none() => {
                world.edge_is_answered(rules)?
            }
            Step::ReaderJoins if world.edge.flight.is_some() && world.waiting.is_none() => {
                world.waiting = Some((world.edge.applied, world.done()));
            }
            Step::EdgeLands if world.edge.flight.as_ref()?.read.is_some() => world.edge_lands(rules),
            Step::Read => {
                let (version, _) = world.edge.usable()?;
                world.broken |= version < world.done();
            }
            _ => return None,
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "a read that began after a purge was done sees what it announced",
                |_, world: &World| !world.broken,
            ),
            Property::sometimes("the edge has stored what the last purge announced", |_, world: &World| {
                world.edge.applied == PURGES
                    && world.edge.usable().is_some_and(|(version, _)| version == PURGES)
            }),
            Property::sometimes("a reader waits while a fence rises", |_, world: &World| {
                world.waiting.is_some_and(|(came, _)| came < world.edge.applied)
            }),
        ]
    }
}

#[test]
fn in_no_order_of_events_does_a_fill_outlive_a_purge() {
    let checker = Race(Rules::Sound).checker().spawn_bfs().join();
    println!("{} states", checker.unique_state_count());
    checker.assert_properties();
}

#[test]
fn the_model_notices_each_broken_rule() {
    for rules in [Rules::AsOfAtFillEnd, Rules::NoMinPosition, Rules::NoArrivalCheck, Rules::RecordBeforeState]
    {
        let checker = Race(rules).checker().spawn_bfs().join();
        let found = checker.discovery("a read that began after a purge was done sees what it announced");
        let steps = found.map(|path| path.into_actions());
        println!("{rules:?}: {steps:?}");
        assert!(steps.is_some(), "{rules:?} goes unnoticed");
    }
}
