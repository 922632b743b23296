//! The rounds, and what they come to.

use std::path::Path;

use anyhow::Context;

use crate::case::{Case, Quality};
use crate::contender::{Contenders, Run, Who};
use crate::original::Original;
use crate::score::score;

/// One contender on one original in one case: medians over rounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub case: Case,
    pub who: Who,
    pub original: String,
    pub pixels: u64,
    /// Milliseconds of processor and of wall clock.
    pub cpu: f64,
    pub wall: f64,
    /// KiB.
    pub peak: u64,
    pub bytes: u64,
    pub score: f64,
}

pub struct Rounds {
    /// Fresh processes for each contender and original.
    pub rounds: u32,
    /// Derivatives that each of them makes, beside one to warm up.
    pub times: u32,
}

/// A case that a peer cannot do.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    pub case: Case,
    pub who: Who,
    /// What it lacks, in its own words.
    pub lacks: String,
}

/// Alternates between the contenders in every round, so that whatever else the machine does befalls all of them. Ours is
/// the first of them.
pub fn run(
    contenders: &Contenders,
    who: &[Who],
    case: &Case,
    original: &Original,
    rounds: &Rounds,
) -> anyhow::Result<Vec<Sample>> {
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let output = |who: Who| folder.path().join(format!("{who}.{}", case.format));
    let mut qualities = vec![None; who.len()];
    if case.quality == Quality::SameScore {
        let ours = output(Who::Pentimento);
        contenders.run(Who::Pentimento, case, original, None, 1, &ours)?;
        let wanted = score(contenders, original, &ours)?;
        for (&who, quality) in who.iter().zip(&mut qualities).skip(1) {
            *quality = Some(search(contenders, who, case, original, wanted, &output(who))?);
        }
    }
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); who.len()];
    for _ in 0..rounds.rounds {
        for ((&who, &quality), runs) in who.iter().zip(&qualities).zip(&mut runs) {
            runs.push(contenders.run(who, case, original, quality, rounds.times, &output(who))?);
        }
    }
    let summed = who.iter().zip(&runs).map(|(&who, runs)| {
        let times = || runs.iter().flat_map(|run| &run.times);
        Ok(Sample {
            case: *case,
            who,
            original: original.name.clone(),
            pixels: original.pixels(),
            cpu: median(times().map(|time| time.0 / 1000.0)),
            wall: median(times().map(|time| time.1 / 1000.0)),
            peak: runs.iter().map(|run| run.peak).max().unwrap_or_default(),
            bytes: runs.iter().map(|run| run.bytes).max().unwrap_or_default(),
            score: score(contenders, original, &output(who))?,
        })
    });
    summed.collect()
}

/// The quality at which a peer's score comes nearest to the wanted one.
fn search(
    contenders: &Contenders,
    who: Who,
    case: &Case,
    original: &Original,
    wanted: f64,
    output: &Path,
) -> anyhow::Result<u8> {
    let try_out = |quality: u8| {
        contenders.run(who, case, original, Some(quality), 1, output)?;
        score(contenders, original, output)
    };
    let (mut low, mut high) = (20, 95);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if try_out(middle)? < wanted { low = middle } else { high = middle }
    }
    let (below, above) = (try_out(low)?, try_out(high)?);
    Ok(if (wanted - below).abs() < (above - wanted).abs() { low } else { high })
}

/// 0 of nothing.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    match (values.get(values.len() / 2), values.get(values.len().wrapping_sub(1) / 2)) {
        (Some(upper), Some(lower)) => (upper + lower) / 2.0,
        _ => 0.0,
    }
}

/// A peer beside us in one case, over all originals.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub case: Case,
    pub who: Who,
    pub originals: usize,
    /// Milliseconds of processor, medians.
    pub ours: f64,
    pub theirs: f64,
    /// How many times as long it takes: median, least, most.
    pub cpu: (f64, f64, f64),
    pub wall: (f64, f64),
    /// Most memory of any original, KiB.
    pub peaks: (u64, u64),
    /// Our bytes for each of theirs, median.
    pub bytes: f64,
    /// Our score above theirs: median, least.
    pub score: (f64, f64),
}

pub fn compare(samples: &[Sample]) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    for case in Case::ALL {
        for who in Who::PEERS {
            let of = |wanted: Who| samples.iter().filter(move |one| one.case == case && one.who == wanted);
            let pairs: Vec<(&Sample, &Sample)> = of(Who::Pentimento)
                .filter_map(|ours| Some((ours, of(who).find(|theirs| theirs.original == ours.original)?)))
                .collect();
            if pairs.is_empty() {
                continue;
            }
            let middle = |value: fn(&Sample, &Sample) -> f64| {
                median(pairs.iter().map(|(ours, theirs)| value(ours, theirs)))
            };
            let range = |value: fn(&Sample, &Sample) -> f64| {
                let values = pairs.iter().map(|(ours, theirs)| value(ours, theirs));
                values.fold((f64::MAX, f64::MIN), |(least, most), one| (least.min(one), most.max(one)))
            };
            let cpu = range(|ours, theirs| theirs.cpu / ours.cpu);
            let peak = |one: fn(&(&Sample, &Sample)) -> u64| pairs.iter().map(one).max().unwrap_or_default();
            comparisons.push(Comparison {
                case,
                who,
                originals: pairs.len(),
                ours: middle(|ours, _| ours.cpu),
                theirs: middle(|_, theirs| theirs.cpu),
                cpu: (middle(|ours, theirs| theirs.cpu / ours.cpu), cpu.0, cpu.1),
                wall: (
                    middle(|ours, theirs| theirs.wall / ours.wall),
                    range(|ours, theirs| theirs.wall / ours.wall).0,
                ),
                peaks: (peak(|(ours, _)| ours.peak), peak(|(_, theirs)| theirs.peak)),
                bytes: middle(|ours, theirs| ours.bytes as f64 / theirs.bytes as f64),
                score: (
                    middle(|ours, theirs| ours.score - theirs.score),
                    range(|ours, theirs| ours.score - theirs.score).0,
                ),
            });
        }
    }
    comparisons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_some_numbers() {
        for (values, expected) in [(&[][..], 0.0), (&[3.0], 3.0), (&[9.0, 1.0], 5.0), (&[9.0, 1.0, 2.0], 2.0)]
        {
            assert!((median(values.iter().copied()) - expected).abs() < 1e-9, "{values:?}");
        }
    }

    #[test]
    fn each_original_is_compared_with_itself() {
        let sample = |who: Who, original: &str, cpu: f64| Sample {
            case: Case::ALL[0],
            who,
            original: original.to_owned(),
            pixels: 1,
            cpu,
            wall: cpu,
            peak: 1024,
            bytes: 100,
            score: 70.0,
        };
        let comparisons = compare(&[
            sample(Who::Pentimento, "a", 10.0),
            sample(Who::Sharp, "a", 20.0),
            sample(Who::Pentimento, "b", 100.0),
            sample(Who::Sharp, "b", 90.0),
            sample(Who::Pentimento, "c", 1.0),
        ]);
        assert_eq!(comparisons.len(), 1);
        let one = &comparisons[0];
        assert_eq!((one.who, one.originals), (Who::Sharp, 2));
        assert!((one.cpu.0 - 1.45).abs() < 1e-9 && (one.cpu.1 - 0.9).abs() < 1e-9, "{one:?}");
    }
}
