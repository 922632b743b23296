//! What a seed decides before the run begins: who is there, and what may go wrong.

use crate::chance::Chance;

/// How long things take, in milliseconds of true time.
pub const HEAL: u64 = 20_000;
pub const LAST_READS: u64 = 32_000;
pub const END: u64 = 38_000;
pub const GRANT: u64 = 2_000;

#[derive(Debug, Clone)]
pub struct Scenario {
    pub renderers: usize,
    pub shields: usize,
    /// Edges that ask shields; with a second tier, some of them ask other edges.
    pub edges: usize,
    pub two_tiers: bool,
    /// One in so many nodes serves stale when it is cut off.
    pub serve_stale_percent: u64,
    pub read_every: u64,
    /// Zero is never.
    pub write_every: u64,
    pub fence_capacity: usize,
    pub batch_limit: usize,
    pub faults: Faults,
}

/// Chances in a thousand of a message, or mean milliseconds between events; zero is never.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    pub loss: u64,
    pub duplication: u64,
    /// Messages that take up to twice a lease.
    pub slow: u64,
    pub slow_sources: u64,
    pub failing_sources: u64,
    pub partition_every: u64,
    pub restart_every: u64,
    pub suspend_every: u64,
    pub control_restart_every: u64,
    /// Answers of the control plane that take long to make.
    pub busy_control: u64,
    pub rollback: bool,
    pub trim_every: u64,
    pub evict_every: u64,
    pub erase_percent: u64,
    /// An operator declares a node gone that is silent.
    pub forget_every: u64,
    /// Clocks run fast or slow by up to so many parts per million.
    pub drift: u64,
}

/// What the caller of a run may turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Each kind of fault in about half of the runs.
    Faulty,
    /// Nothing goes wrong; purges go on.
    Calm,
    /// Nothing goes wrong and nobody purges.
    Still,
    /// As faulty, and clocks break the assumption that the protocol rests on.
    LyingClocks,
}

impl Scenario {
    pub fn draw(chance: &mut Chance, weather: Weather) -> Self {
        let two_tiers = chance.percent(50);
        let mut scenario = Self {
            renderers: chance.within(1, 3) as usize,
            shields: chance.within(1, 2) as usize,
            edges: chance.within(2, 8) as usize,
            two_tiers,
            serve_stale_percent: if chance.percent(40) { 40 } else { 0 },
            read_every: chance.within(6, 20),
            write_every: if chance.percent(30) { chance.within(40, 150) } else { chance.within(200, 1200) },
            fence_capacity: if chance.percent(40) { chance.within(2, 12) as usize } else { 10_000 },
            batch_limit: if chance.percent(30) { chance.within(1, 4) as usize } else { 1_000 },
            faults: Faults::default(),
        };
        if matches!(weather, Weather::Calm | Weather::Still) {
            scenario.fence_capacity = 10_000;
            scenario.batch_limit = 1_000;
            if weather == Weather::Still {
                scenario.write_every = 0;
            }
            return scenario;
        }
        let mut maybe = |percent: u64, low: u64, high: u64| {
            let drawn = chance.within(low, high);
            if chance.percent(percent) { drawn } else { 0 }
        };
        scenario.faults = Faults {
            loss: maybe(50, 5, 200),
            duplication: maybe(40, 5, 200),
            slow: maybe(60, 5, 150),
            slow_sources: maybe(60, 50, 400),
            failing_sources: maybe(30, 10, 100),
            partition_every: maybe(60, 300, 3_000),
            restart_every: maybe(60, 500, 5_000),
            suspend_every: maybe(50, 500, 5_000),
            control_restart_every: maybe(50, 2_000, 8_000),
            busy_control: maybe(40, 50, 400),
            rollback: maybe(15, 1, 1) == 1,
            trim_every: maybe(50, 500, 4_000),
            evict_every: maybe(40, 50, 500),
            erase_percent: maybe(50, 5, 30),
            forget_every: maybe(40, 200, 2_000),
            // Two clocks, each within this, stay within the margin of one part in a hundred of each other.
            drift: maybe(70, 100, 4_900),
        };
        if weather == Weather::LyingClocks {
            scenario.faults.drift = 150_000;
        }
        scenario
    }
}
