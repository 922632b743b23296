//! Rounds, one contender after the other, and what the middle one says.

use std::time::Duration;

use anyhow::ensure;

use crate::client;
use crate::contender::{Contenders, Subject, Who};
use crate::process::{Cpu, cpu_of, cpu_of_machine};
use crate::scenario::Scenario;
use crate::upstream::{ETAG, Upstream};
use crate::wrk::{self, Seen};

/// One contender in one round of one scenario.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub who: Who,
    pub scenario: Scenario,
    pub round: u32,
    pub seen: Seen,
    pub cpu: Cpu,
    /// Cores that were busy meanwhile, with whatever: the contender and the client take at most two.
    pub busy_cores: f64,
}

impl Sample {
    /// Of the contender, in microseconds for a request.
    pub fn micros(&self) -> f64 {
        per_request(self.cpu.total(), &self.seen)
    }

    pub fn user_micros(&self) -> f64 {
        per_request(self.cpu.user, &self.seen)
    }
}

fn per_request(time: Duration, seen: &Seen) -> f64 {
    time.as_secs_f64() * 1e6 / seen.requests as f64
}

pub fn run(
    contenders: &Contenders,
    scenarios: &[Scenario],
    upstream: &Upstream,
    rounds: u32,
    duration: Duration,
) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for &scenario in scenarios {
        println!("\n{}", scenario.title());
        for subject in contenders.of(scenario) {
            warm(subject, upstream)?;
        }
        for round in 0..rounds {
            let mut subjects: Vec<_> = contenders.of(scenario).collect();
            let places = subjects.len().max(1);
            subjects.rotate_left(round as usize % places);
            for subject in subjects {
                let sample = one(subject, upstream, round, duration)?;
                println!(
                    "  {:10} {:6.1} µs/request  {:7.0} requests/s  p50 {:.2?}  p99 {:.2?}",
                    subject.who,
                    sample.micros(),
                    sample.seen.per_second,
                    sample.seen.p50,
                    sample.seen.p99
                );
                samples.push(sample);
            }
        }
    }
    Ok(samples)
}

/// Stores every URL of the scenario, and sees that each answers what it should without asking the upstream.
fn warm(subject: &Subject, upstream: &Upstream) -> anyhow::Result<()> {
    let scenario = subject.scenario;
    let paths: Vec<String> = (0..scenario.keys()).map(|key| scenario.path(key)).collect();
    let expected = client::get(upstream.address, &paths[0], &[])?.body;
    // Twice: a contender may want to see a URL again before it keeps it where it is measured.
    for path in paths.iter().chain(&paths) {
        let seen = client::get(subject.plain, path, &[])?;
        ensure!(
            seen.status == 200 && seen.body == expected,
            "{} answers {path} with something else ({})",
            subject.who,
            seen.status
        );
    }
    let before = upstream.requests();
    for path in &paths {
        let fields = [("If-None-Match", ETAG)];
        let fields: &[_] = if scenario == Scenario::NotModified { &fields } else { &[] };
        let status = client::get(subject.plain, path, fields)?.status;
        ensure!(status == scenario.expected_status(), "{} answers {path} with {status}", subject.who);
    }
    ensure!(upstream.requests() == before, "{} does not keep what it is to answer", subject.who);
    Ok(())
}

fn one(subject: &Subject, upstream: &Upstream, round: u32, duration: Duration) -> anyhow::Result<Sample> {
    let asked = upstream.requests();
    let (cpu, machine) = (cpu_of(&subject.processes)?, cpu_of_machine()?);
    let seen = wrk::run(subject, duration)?;
    let cpu = cpu_of(&subject.processes)? - cpu;
    let busy = cpu_of_machine()?.saturating_sub(machine);
    ensure!(upstream.requests() == asked, "{} has asked the upstream: those were no hits", subject.who);
    ensure!(seen.requests > 0, "{} has answered nothing", subject.who);
    Ok(Sample {
        who: subject.who,
        scenario: subject.scenario,
        round,
        seen,
        cpu,
        busy_cores: busy.as_secs_f64() / duration.as_secs_f64(),
    })
}

/// A contender in a scenario: medians over the rounds.
#[derive(Debug, Clone, Copy)]
pub struct Summary {
    pub who: Who,
    pub scenario: Scenario,
    pub micros: f64,
    pub micros_range: (f64, f64),
    pub user_micros: f64,
    pub per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
    pub busy_cores: f64,
}

/// In the order in which they were first measured.
pub fn summarise(samples: &[Sample]) -> Vec<Summary> {
    let mut kinds: Vec<(Scenario, Who)> = Vec::new();
    for sample in samples {
        if !kinds.contains(&(sample.scenario, sample.who)) {
            kinds.push((sample.scenario, sample.who));
        }
    }
    kinds
        .into_iter()
        .filter_map(|(scenario, who)| {
            let own: Vec<&Sample> =
                samples.iter().filter(|sample| (sample.scenario, sample.who) == (scenario, who)).collect();
            let sorted = |value: fn(&Sample) -> f64| {
                let mut values: Vec<f64> = own.iter().map(|sample| value(sample)).collect();
                values.sort_by(f64::total_cmp);
                values
            };
            let median = |value| sorted(value).get(own.len() / 2).copied();
            let micros = sorted(Sample::micros);
            Some(Summary {
                who,
                scenario,
                micros: median(Sample::micros)?,
                micros_range: (*micros.first()?, *micros.last()?),
                user_micros: median(Sample::user_micros)?,
                per_second: median(|sample| sample.seen.per_second)?,
                p50: Duration::from_secs_f64(median(|sample| sample.seen.p50.as_secs_f64())?),
                p99: Duration::from_secs_f64(median(|sample| sample.seen.p99.as_secs_f64())?),
                busy_cores: median(|sample| sample.busy_cores)?,
            })
        })
        .collect()
}

/// Of a scenario, the one with the least processor time for a request.
pub fn best(summaries: &[Summary], scenario: Scenario) -> Option<Who> {
    let of_scenario = summaries.iter().filter(|summary| summary.scenario == scenario);
    let best = of_scenario.min_by(|one, other| one.micros.total_cmp(&other.micros));
    best.map(|summary| summary.who)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(who: Who, round: u32, micros: u64) -> Sample {
        let seen = Seen { requests: 1000, per_second: 1e6, p50: Duration::ZERO, p99: Duration::ZERO };
        let cpu = Cpu { user: Duration::ZERO, system: Duration::from_millis(micros) };
        Sample { who, scenario: Scenario::Memory20, round, seen, cpu, busy_cores: 2.0 }
    }

    #[test]
    fn the_middle_round_counts_and_one_bad_round_does_not() {
        let ours = [(0, 14), (1, 900), (2, 12)].map(|(round, micros)| sample(Who::Pentimento, round, micros));
        let theirs = [sample(Who::Nginx, 0, 15)];
        let summaries = summarise(&[&ours[..], &theirs].concat());
        assert_eq!((summaries[0].micros, summaries[0].micros_range), (14.0, (12.0, 900.0)));
        assert_eq!(best(&summaries, Scenario::Memory20), Some(Who::Pentimento));
        assert_eq!(best(&summaries, Scenario::Disk20), None);
    }
}
