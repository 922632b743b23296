//! Many seeds, on all cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::checker::Violation;
use crate::node::Tally;
use crate::world::{Options, Outcome, run};

#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    pub first: u64,
    pub seeds: u64,
    pub options: Options,
    pub stop_at_violation: bool,
}

/// What a campaign found.
#[derive(Debug, Default)]
pub struct Findings {
    pub runs: u64,
    pub took: Duration,
    pub tally: Tally,
    pub ideal_fills: u64,
    /// The first violation of each seed that had one, by seed.
    pub violations: Vec<(u64, Violation)>,
}

impl Campaign {
    pub fn new(seeds: u64, options: Options) -> Self {
        Self { first: 0, seeds, options, stop_at_violation: false }
    }

    pub fn run(&self) -> Findings {
        let began = Instant::now();
        let next = AtomicU64::new(self.first);
        let enough = AtomicBool::new(false);
        let findings = Mutex::new(Findings::default());
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= self.first.saturating_add(self.seeds) || enough.load(Ordering::Relaxed) {
                            return;
                        }
                        let outcome = run(seed, self.options);
                        let found = !outcome.violations.is_empty();
                        if let Ok(mut findings) = findings.lock() {
                            findings.add(outcome);
                        }
                        if found && self.stop_at_violation {
                            enough.store(true, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let mut findings = findings.into_inner().unwrap_or_default();
        findings.violations.sort_by_key(|(seed, _)| *seed);
        findings.took = began.elapsed();
        findings
    }
}

impl Findings {
    fn add(&mut self, outcome: Outcome) {
        self.runs += 1;
        self.ideal_fills += outcome.ideal_fills;
        self.tally = self.tally.plus(outcome.tally);
        if let Some(first) = outcome.violations.into_iter().next() {
            self.violations.push((outcome.seed, first));
        }
    }

    pub fn seeds_per_second(&self) -> f64 {
        self.runs as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// Fills beyond those that edges would have needed had they known of each purge at once, in a thousand reads.
    pub fn extra_fills_per_thousand_reads(&self) -> f64 {
        let extra = self.tally.leaf_fills as f64 - self.ideal_fills as f64;
        1_000.0 * extra / (self.tally.reads as f64).max(1.0)
    }
}

impl std::fmt::Display for Findings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Tally { reads, .. } = self.tally;
        let share =
            |count: u64| format!("{count:>12}  {:>5.1} %", 100.0 * count as f64 / (reads as f64).max(1.0));
        let rate = self.seeds_per_second();
        writeln!(f, "{} runs in {:.1} s, {rate:.0} seeds/s", self.runs, self.took.as_secs_f64())?;
        writeln!(f, "  reads            {reads:>12}")?;
        for (name, count) in [
            ("hits", self.tally.hits),
            ("stale", self.tally.stale),
            ("isolated", self.tally.isolated),
            ("failed", self.tally.failed),
            ("joined a flight", self.tally.joined),
            ("served once", self.tally.once),
        ] {
            writeln!(f, "    {name:<15}{}", share(count))?;
        }
        for (name, count) in [
            ("purges", self.tally.purges),
            ("fills at edges", self.tally.leaf_fills),
            ("ideal fills", self.ideal_fills),
            ("flights again", self.tally.refetched),
            ("not modified", self.tally.not_modified),
            ("asked behind", self.tally.behind),
            ("gaps", self.tally.gaps),
            ("voided", self.tally.voided),
            ("erasures", self.tally.erasures),
            ("restarts", self.tally.restarts),
            ("came back anew", self.tally.anew),
            ("events", self.tally.events),
        ] {
            writeln!(f, "  {name:<17}{count:>12}")?;
        }
        writeln!(f, "  violations       {:>12}", self.violations.len())?;
        for (seed, violation) in self.violations.iter().take(10) {
            writeln!(f, "    seed {seed}: {violation}")?;
        }
        Ok(())
    }
}
