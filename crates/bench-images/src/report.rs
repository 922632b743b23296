//! What was measured, for people and for programs.

use std::fmt::Write;

use crate::contender::Who;
use crate::measure::{Comparison, Gap, Rounds, Sample};

/// Every sample, one a line.
pub fn csv(samples: &[Sample]) -> String {
    let mut text = String::from("case,contender,original,pixels,cpu_ms,wall_ms,peak_kib,bytes,ssimulacra2\n");
    for one in samples {
        // Writing into a String cannot fail.
        let _ = writeln!(
            text,
            "{},{},{},{},{:.3},{:.3},{},{},{:.2}",
            one.case.name,
            one.who,
            one.original,
            one.pixels,
            one.cpu,
            one.wall,
            one.peak,
            one.bytes,
            one.score
        );
    }
    text
}

pub fn markdown(machine: &str, comparisons: &[Comparison], gaps: &[Gap], rounds: &Rounds) -> String {
    let mut text = format!(
        "{machine}\n\nMedians of {} alternating rounds, each in a fresh process that warms up with one derivative and makes {} more.\n\n",
        rounds.rounds, rounds.times
    );
    text.push_str("| case | originals | beside | our CPU ms | theirs | CPU, times ours (least–most) | wall, times ours (least) | peak MB, ours / theirs | our bytes | our score |\n");
    text.push_str("| --- | --: | --- | --: | --: | --: | --: | --: | --: | --: |\n");
    for one in comparisons {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.1} | {:.1} | **{:.2}** ({:.2}–{:.2}) | {:.2} ({:.2}) | {} / {} | {:+.1} % | {:+.1} ({:+.1}) |",
            one.case.title,
            one.originals,
            one.who,
            one.ours,
            one.theirs,
            one.cpu.0,
            one.cpu.1,
            one.cpu.2,
            one.wall.0,
            one.wall.1,
            one.peaks.0 / 1024,
            one.peaks.1 / 1024,
            (one.bytes - 1.0) * 100.0,
            one.score.0,
            one.score.1
        );
    }
    if !gaps.is_empty() {
        let line = |gap: &Gap| format!("* {}, {}: {}", gap.case.title, gap.who, gap.lacks);
        let lines: Vec<String> = gaps.iter().map(line).collect();
        let _ = writeln!(text, "\nWhat a peer cannot do, in its words:\n\n{}", lines.join("\n"));
    }
    let lost = where_peers_win(comparisons);
    if !lost.is_empty() {
        let _ = writeln!(text, "\nWhere a peer is better:\n\n{}", lost.join("\n"));
    }
    text
}

/// Every figure in which we are behind, single originals included.
fn where_peers_win(comparisons: &[Comparison]) -> Vec<String> {
    let mut lines = Vec::new();
    for one in comparisons {
        let mut better = Vec::new();
        if one.cpu.1 < 1.0 {
            better.push(format!("takes {:.2} times our processor time on one original", one.cpu.1));
        }
        if one.wall.1 < 1.0 {
            better.push(format!("takes {:.2} times our wall clock on one original", one.wall.1));
        }
        if one.peaks.1 < one.peaks.0 {
            better.push(format!("needs {} instead of {} MB", one.peaks.1 / 1024, one.peaks.0 / 1024));
        }
        if one.bytes > 1.005 {
            better.push(format!("its files are smaller: ours have {:.1} % more", (one.bytes - 1.0) * 100.0));
        }
        if one.score.0 < -0.05 {
            better.push(format!("scores {:.1} more", -one.score.0));
        }
        if !better.is_empty() {
            lines.push(format!("* {}, {}: {}", one.case.title, one.who, better.join("; ")));
        }
    }
    lines
}

/// What stands for a contender in pictures.
pub fn colour(who: Who) -> &'static str {
    match who {
        Who::Pentimento => "#b5541c",
        Who::Sharp => "#5b8a5a",
        Who::Pillow => "#5a78a8",
        Who::Libvips => "#a8843a",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Case;

    #[test]
    fn what_a_peer_cannot_do_is_said_and_has_no_row() {
        let gap = Gap { case: Case::ALL[0], who: Who::Libvips, lacks: "no JPEG".to_owned() };
        let text = markdown("A machine.", &[], &[gap], &Rounds { rounds: 1, times: 1 });
        assert!(text.contains(
            "\nWhat a peer cannot do, in its words:\n\n* JPEG to JPEG, 800 px, libvips: no JPEG\n"
        ));
        assert_eq!(text.lines().filter(|line| line.starts_with('|')).count(), 2, "{text}");
    }
}
