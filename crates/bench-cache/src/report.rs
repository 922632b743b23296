//! What was measured, for people and for programs.

use std::fmt::Write;
use std::time::Duration;

use crate::bench::Bench;
use crate::contender::Who;
use crate::herd::{CLIENTS, Herd};
use crate::measure::{Sample, Summary, best};
use crate::scenario::Scenario;
use crate::wrk::CONNECTIONS;

/// Every sample, one a line.
pub fn csv(samples: &[Sample]) -> String {
    let mut text = String::from(
        "scenario,contender,round,requests,requests_per_second,cpu_us_per_request,user_us_per_request,p50_us,p99_us,busy_cores\n",
    );
    for sample in samples {
        let seen = &sample.seen;
        // Writing into a String cannot fail.
        let _ = writeln!(
            text,
            "{},{},{},{},{:.0},{:.2},{:.2},{},{},{:.2}",
            sample.scenario.name(),
            sample.who,
            sample.round,
            seen.requests,
            seen.per_second,
            sample.micros(),
            sample.user_micros(),
            seen.p50.as_micros(),
            seen.p99.as_micros(),
            sample.busy_cores
        );
    }
    text
}

pub fn markdown(
    machine: &Bench,
    summaries: &[Summary],
    herds: &[Herd],
    rounds: u32,
    duration: Duration,
) -> String {
    let mut text = format!(
        "{machine}\nMedians of {rounds} alternating rounds of {} s; {CONNECTIONS} connections; the contenders on one core, wrk on another.\n\n",
        duration.as_secs()
    );
    text.push_str("| scenario | server | processor µs a request (range) | of it user | requests/s | p50 ms | p99 ms | busy cores |\n");
    text.push_str("| --- | --- | --: | --: | --: | --: | --: | --: |\n");
    for summary in summaries {
        let is_best = best(summaries, summary.scenario) == Some(summary.who);
        let mark = if is_best { "**" } else { "" };
        let (least, most) = summary.micros_range;
        let _ = writeln!(
            text,
            "| {} | {} | {mark}{:.1}{mark} ({least:.1}–{most:.1}) | {:.1} | {:.0} | {:.2} | {:.2} | {:.1} |",
            summary.scenario.title(),
            summary.who,
            summary.micros,
            summary.user_micros,
            summary.per_second,
            millis(summary.p50),
            millis(summary.p99),
            summary.busy_cores
        );
    }
    if !herds.is_empty() {
        let _ = writeln!(text, "\n{CLIENTS} clients on one cold URL whose upstream takes a second:\n");
        text.push_str(
            "| server | upstream requests | answered | last answer after |\n| --- | --: | --: | --: |\n",
        );
    }
    for herd in herds {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.2} s |",
            herd.who,
            herd.upstream_requests,
            herd.answered,
            herd.took.as_secs_f64()
        );
    }
    let lost = where_peers_win(summaries);
    if !lost.is_empty() {
        let _ = writeln!(text, "\nWhere a peer is better:\n\n{}", lost.join("\n"));
    }
    text
}

/// Every figure in which we are not the best.
fn where_peers_win(summaries: &[Summary]) -> Vec<String> {
    let mut lines = Vec::new();
    for scenario in Scenario::ALL {
        let of_scenario = || summaries.iter().filter(|summary| summary.scenario == scenario);
        let Some(own) = of_scenario().find(|summary| summary.who == Who::Pentimento) else { continue };
        for peer in of_scenario().filter(|summary| summary.who != Who::Pentimento) {
            let mut better = Vec::new();
            if peer.micros < own.micros {
                better.push(format!("{:.1} instead of {:.1} µs", peer.micros, own.micros));
            }
            if peer.per_second > own.per_second {
                better.push(format!("{:.0} instead of {:.0} requests/s", peer.per_second, own.per_second));
            }
            for (name, peers, ours) in [("p50", peer.p50, own.p50), ("p99", peer.p99, own.p99)] {
                if peers < ours {
                    better.push(format!("{name} {:.2} instead of {:.2} ms", millis(peers), millis(ours)));
                }
            }
            if !better.is_empty() {
                lines.push(format!("* {}, {}: {}", scenario.title(), peer.who, better.join(", ")));
            }
        }
    }
    lines
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
