//! A run in a dozen lines, for whoever waits at the terminal.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use api_types::PurgeState;

use crate::journal::{Answers, Records};
use crate::plan::Kind;
use crate::run::{Findings, HITS_AT_LEAST};

pub struct Summary {
    pub answers: Answers,
    pub quiet: Answers,
    /// By how they ended; `None`: not at all.
    pub purges: BTreeMap<&'static str, usize>,
    /// From accepted to done, shortest first.
    pub latencies: Vec<Duration>,
    pub faults: BTreeMap<Kind, usize>,
}

impl Summary {
    pub fn of(records: &Records) -> Self {
        let mut answers = Answers::default();
        for span in records.answers.iter().flatten() {
            answers.add(*span);
        }
        let mut purges = BTreeMap::new();
        for purge in &records.purges {
            let end = match purge.state() {
                Some(state) if state.has_ended() => state.as_str(),
                Some(_) => "not ended",
                None => "not accepted",
            };
            *purges.entry(end).or_default() += 1;
        }
        let done = records.purges.iter().filter(|purge| purge.state() == Some(PurgeState::Done));
        let mut latencies: Vec<Duration> =
            done.filter_map(|purge| Some(purge.ended?.saturating_sub(purge.accepted?))).collect();
        latencies.sort();
        let mut faults = BTreeMap::new();
        for fault in &records.faults {
            *faults.entry(fault.planned.kind()).or_default() += 1;
        }
        Self { answers, quiet: records.quiet, purges, latencies, faults }
    }

    /// So many thousandths of the purges that were done took no longer.
    pub fn latency(&self, permille: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get((last * permille).div_ceil(1000)).copied().unwrap_or_default()
    }

    pub fn latency_line(&self) -> String {
        format!(
            "half within {}, 99 % within {}, the longest {}",
            millis(self.latency(500)),
            millis(self.latency(990)),
            millis(self.latency(1000))
        )
    }

    pub fn quiet_line(&self) -> String {
        format!(
            "{:.2} % of {} reads were hits (at least {HITS_AT_LEAST} %)",
            self.quiet.hit_percent(),
            self.quiet.reads()
        )
    }
}

pub fn millis(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reads = self.answers.reads();
        let share = |count: u64| 100.0 * count as f64 / (reads as f64).max(1.0);
        writeln!(f, "  reads              {reads:>9}")?;
        for (name, count) in [
            ("hits", self.answers.hits),
            ("stale", self.answers.stale),
            ("forwarded", self.answers.forwarded),
            ("failed", self.answers.failed),
        ] {
            writeln!(f, "    {name:<17}{count:>9}  {:>5.1} %", share(count))?;
        }
        writeln!(f, "  without faults     {}", self.quiet_line())?;
        writeln!(f, "  purges             {:>9}", self.purges.values().sum::<usize>())?;
        for (end, count) in &self.purges {
            writeln!(f, "    {end:<17}{count:>9}")?;
        }
        writeln!(f, "  accepted to done   {}", self.latency_line())?;
        writeln!(f, "  faults             {:>9}", self.faults.values().sum::<usize>())?;
        for (kind, count) in &self.faults {
            writeln!(f, "    {:<32}{count:>4}", kind.to_string())?;
        }
        Ok(())
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Findings { options, records, took, .. } = self;
        let (storm, took) = (options.storm.as_secs_f64(), took.as_secs_f64());
        writeln!(f, "seed {}, {storm:.0} s of storm, {took:.0} s in all", options.seed)?;
        write!(f, "{}", Summary::of(records))?;
        writeln!(f, "  violations         {:>9}", records.violations.len() as u64 + records.unreported)?;
        for violation in records.violations.iter().take(10) {
            writeln!(f, "  {violation}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_of_those_that_were_done_from_the_shortest_to_the_longest() {
        let latencies = (1..=200).map(Duration::from_millis).collect();
        let summary = Summary { latencies, ..Summary::of(&Records::default()) };
        assert_eq!(summary.latency_line(), "half within 101 ms, 99 % within 199 ms, the longest 200 ms");
        assert_eq!(
            Summary::of(&Records::default()).latency_line(),
            "half within 0 ms, 99 % within 0 ms, the longest 0 ms"
        );
    }
}
