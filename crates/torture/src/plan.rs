//! Which faults come when: all of it from the seed, so that a run's weather can be had again.
//!
//! What the faults meet is real and never twice the same; only their times and kinds are.

use std::fmt;
use std::time::Duration;

use simulation::Chance;

use crate::link::{Trouble, Way};
use crate::stage::{LINKS, NODES, ORIGIN};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Since the storm began.
    pub at: Duration,
    pub fault: Fault,
    pub lasts: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9`, some of its data lost, and a new life after a while.
    Kill {
        node: usize,
        loss: Loss,
    },
    /// SIGSTOP, then SIGCONT: shorter than a lease, or longer.
    Freeze {
        node: usize,
    },
    Link {
        link: usize,
        trouble: Trouble,
    },
    /// Every process ends what it has begun, and starts again.
    RestartAll,
}

/// What a node that is killed loses of its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    Nothing,
    /// Its fences: the cache is of no use any more.
    State,
    Cache,
    /// Some files of the cache are cut short.
    TornCache,
    /// All that it had. Never of the node with the catalog: that is the truth.
    Everything,
}

/// The kinds, as a summary counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Kill,
    KillWithLoss,
    ShortFreeze,
    LongFreeze,
    Cut,
    Refuse,
    Stall,
    Delay,
    Truncate,
    RestartAll,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Kill => "kill -9",
            Kind::KillWithLoss => "kill -9 and data lost",
            Kind::ShortFreeze => "stopped for less than a lease",
            Kind::LongFreeze => "stopped for longer than a lease",
            Kind::Cut => "connections cut",
            Kind::Refuse => "connections refused",
            Kind::Stall => "link stalled",
            Kind::Delay => "link slow",
            Kind::Truncate => "answers truncated",
            Kind::RestartAll => "restart of everything",
        })
    }
}

/// How long a node may answer from its cache without having heard from the purge log.
pub const LEASE: Duration = Duration::from_secs(2);
/// Nothing new comes in the last part of a storm, so that what came has time to bite.
const CALM_AT_THE_END: Duration = Duration::from_secs(1);

impl Planned {
    pub fn kind(&self) -> Kind {
        match &self.fault {
            Fault::Kill { loss: Loss::Nothing, .. } => Kind::Kill,
            Fault::Kill { .. } => Kind::KillWithLoss,
            Fault::Freeze { .. } if self.lasts < LEASE => Kind::ShortFreeze,
            Fault::Freeze { .. } => Kind::LongFreeze,
            Fault::Link { trouble, .. } => match trouble {
                Trouble::Cut => Kind::Cut,
                Trouble::Refuse => Kind::Refuse,
                Trouble::Stall(_) => Kind::Stall,
                Trouble::Delay(_) => Kind::Delay,
                Trouble::Truncate(_) => Kind::Truncate,
            },
            Fault::RestartAll => Kind::RestartAll,
        }
    }
}

/// The faults of a storm, in the order in which they begin. No node and no link has two at a time.
pub fn plan(seed: u64, storm: Duration) -> Vec<Planned> {
    let mut chance = Chance::new(seed);
    let mut planned = Vec::new();
    let mut node_free = [Duration::ZERO; NODES.len()];
    let mut link_free = [Duration::ZERO; LINKS.len()];
    let last = storm.saturating_sub(CALM_AT_THE_END);
    let mut at = millis(&mut chance, 100, 500);
    while at < last {
        let node = chance.index(NODES.len());
        let link = chance.index(LINKS.len());
        let (fault, lasts) = match chance.within(0, 99) {
            0..20 => (Fault::Kill { node, loss: loss(&mut chance, node) }, millis(&mut chance, 50, 2_500)),
            20..34 => (Fault::Freeze { node }, millis(&mut chance, 200, 1_700)),
            34..46 => (Fault::Freeze { node }, millis(&mut chance, 2_300, 5_000)),
            46..97 => (Fault::Link { link, trouble: trouble(&mut chance) }, millis(&mut chance, 200, 4_000)),
            _ => (Fault::RestartAll, millis(&mut chance, 50, 500)),
        };
        let free = match &fault {
            Fault::Kill { .. } | Fault::Freeze { .. } => node_free[node],
            Fault::Link { .. } => link_free[link],
            Fault::RestartAll => node_free.into_iter().max().unwrap_or_default(),
        };
        let begins = at.max(free);
        if begins < last {
            // A life of its own between two faults.
            let over = begins + lasts + Duration::from_millis(300);
            match &fault {
                Fault::Kill { .. } | Fault::Freeze { .. } => node_free[node] = over,
                Fault::Link { .. } => link_free[link] = over,
                Fault::RestartAll => node_free.fill(over),
            }
            planned.push(Planned { at: begins, fault, lasts });
        }
        at += millis(&mut chance, 100, 1_300);
    }
    planned.sort_by_key(|planned| planned.at);
    planned
}

fn loss(chance: &mut Chance, node: usize) -> Loss {
    match chance.within(0, 9) {
        0 => Loss::State,
        1 => Loss::Cache,
        2 | 3 => Loss::TornCache,
        4 if node != ORIGIN => Loss::Everything,
        _ => Loss::Nothing,
    }
}

fn trouble(chance: &mut Chance) -> Trouble {
    match chance.within(0, 9) {
        0..=1 => Trouble::Cut,
        2..=3 => Trouble::Refuse,
        4 => Trouble::Stall(Way::Up),
        5 => Trouble::Stall(Way::Down),
        6 => Trouble::Stall(Way::Both),
        7..=8 => Trouble::Delay(millis(chance, 20, 400)),
        _ => Trouble::Truncate(chance.within(0, 2_000)),
    }
}

fn millis(chance: &mut Chance, low: u64, high: u64) -> Duration {
    Duration::from_millis(chance.within(low, high))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const STORM: Duration = Duration::from_secs(60);

    #[test]
    fn one_seed_is_one_plan() {
        assert_eq!(plan(7, STORM), plan(7, STORM));
        assert_ne!(plan(7, STORM), plan(8, STORM));
    }

    #[test]
    fn a_minute_has_faults_of_every_kind_for_most_seeds() {
        let mut seen: BTreeMap<Kind, usize> = BTreeMap::new();
        for seed in 0..100 {
            let mut kinds: Vec<Kind> = plan(seed, STORM).iter().map(Planned::kind).collect();
            kinds.sort();
            kinds.dedup();
            for kind in kinds {
                *seen.entry(kind).or_default() += 1;
            }
        }
        assert_eq!(seen.len(), 10, "{seen:?}");
        assert!(seen.values().all(|seeds| *seeds > 50), "{seen:?}");
    }

    #[test]
    fn no_node_and_no_link_has_two_faults_at_a_time_and_none_begins_late() {
        for seed in 0..200 {
            let mut busy: BTreeMap<(&str, usize), Duration> = BTreeMap::new();
            for planned in plan(seed, STORM) {
                assert!(planned.at < STORM - CALM_AT_THE_END);
                let over = planned.at + planned.lasts;
                let touched: Vec<(&str, usize)> = match planned.fault {
                    Fault::Kill { node, loss } => {
                        assert!(node != ORIGIN || loss != Loss::Everything, "the catalog is the truth");
                        vec![("node", node)]
                    }
                    Fault::Freeze { node } => vec![("node", node)],
                    Fault::Link { link, .. } => vec![("link", link)],
                    Fault::RestartAll => (0..NODES.len()).map(|node| ("node", node)).collect(),
                };
                for one in touched {
                    let free = busy.insert(one, over).unwrap_or_default();
                    assert!(planned.at >= free, "seed {seed}: {planned:?}");
                }
            }
        }
    }
}
