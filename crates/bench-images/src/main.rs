//! `make bench-images`: what a derivative costs, beside sharp, Pillow and libvips on the same machine in the same run.
//!
//! Each contender makes the same derivative of the same original, in fresh processes that alternate, so that whatever
//! else the machine does befalls all of them. What is reported are medians of processor time, and beside them wall clock,
//! peak memory, bytes and SSIMULACRA2: being quick is no merit where the picture is worse.

mod calibrate;
mod case;
mod contender;
mod measure;
mod original;
mod ours;
mod plot;
mod report;
mod score;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};
use testkit::Machine;

use crate::case::Case;
use crate::contender::{Contenders, said};
use crate::measure::{Gap, Rounds, Sample};
use crate::original::Original;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a derivative costs, beside sharp, Pillow and libvips on the same machine in the same run.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<What>,
    /// What `scripts/setup-bench-images` has got
    #[arg(long, default_value = ".tools/bench-images")]
    tools: PathBuf,
    /// Photographs beside those that were got
    #[arg(long, default_value = "../shared/data/images")]
    photographs: PathBuf,
    /// The peers' scripts
    #[arg(long, default_value = "crates/bench-images/peers")]
    peers: PathBuf,
    /// Fresh processes for each contender, case and original
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Derivatives that each of them makes, beside one to warm up
    #[arg(long, default_value_t = 3)]
    times: u32,
    /// Cases by name; without any, all
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// At most so many originals a case, the largest first
    #[arg(long)]
    originals: Option<usize>,
    /// Where the figures go
    #[arg(long, default_value = "target/bench-images")]
    out: PathBuf,
}

#[derive(Subcommand)]
enum What {
    #[command(hide = true)]
    Make(ours::Make),
    Calibrate(calibrate::Calibrate),
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-images: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.command {
        Some(What::Make(make)) => return ours::make(make),
        Some(What::Calibrate(calibrate)) => return calibrate::calibrate(calibrate),
        None => {}
    }
    let cases = Case::named(&arguments.only)?;
    let rounds = Rounds { rounds: arguments.rounds, times: arguments.times };
    ensure!(rounds.rounds > 0 && rounds.times > 0, "no rounds of nothing say nothing");
    fs::create_dir_all(&arguments.out)
        .with_context(|| format!("the figures cannot go into a folder {}", arguments.out.display()))?;
    let contenders = Contenders::find(&arguments.tools, &arguments.peers)?;
    let machine = Machine::look();
    let machine = format!("{machine}; load before the run {}. {}.", machine.load, contenders.versions());
    println!("{machine}");
    let originals = prepare(arguments, &contenders)?;

    let (mut samples, mut gaps) = (Vec::new(), Vec::new());
    for case in &cases {
        let mut originals = Original::of(case, &originals);
        originals.truncate(arguments.originals.unwrap_or(usize::MAX));
        let (found, without) = measure_case(&contenders, case, &originals, &rounds)?;
        samples.extend(found);
        gaps.extend(without);
    }
    let comparisons = measure::compare(&samples);
    let text = report::markdown(&machine, &comparisons, &gaps, &rounds);
    println!("\n{text}");
    for (name, content) in
        [("samples.csv", report::csv(&samples)), ("report.md", text), ("images.svg", plot::cpu(&comparisons))]
    {
        let path = arguments.out.join(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Those who can do the case, on each of its originals; and those who cannot.
fn measure_case(
    contenders: &Contenders,
    case: &Case,
    originals: &[Original],
    rounds: &Rounds,
) -> anyhow::Result<(Vec<Sample>, Vec<Gap>)> {
    let (mut samples, mut gaps, mut able) = (Vec::new(), Vec::new(), Vec::new());
    // All are of one kind.
    let Some(first) = originals.first() else { return Ok((samples, gaps)) };
    for &who in contenders.who() {
        match contenders.lacks(who, case, first)? {
            Some(lacks) => gaps.push(Gap { case: *case, who, lacks }),
            None => able.push(who),
        }
    }
    for original in originals {
        let found = measure::run(contenders, &able, case, original, rounds)
            .with_context(|| format!("{} of {}", case.title, original.name))?;
        let times: Vec<String> = found.iter().map(|one| format!("{} {:.1} ms", one.who, one.cpu)).collect();
        println!("{}, {}: {}", case.title, original.name, times.join(", "));
        samples.extend(found);
    }
    Ok((samples, gaps))
}

/// Collects the originals, and makes those that are not there in every kind.
fn prepare(arguments: &Arguments, contenders: &Contenders) -> anyhow::Result<Vec<Original>> {
    let folder = arguments.tools.join("originals");
    let mut command = contenders.python();
    command.arg(contenders.script("prepare.py")).arg(&folder);
    for photographs in [&arguments.tools.join("photographs"), &arguments.photographs] {
        // Those beside the project are not there for everybody.
        let Ok(entries) = fs::read_dir(photographs) else { continue };
        for entry in entries {
            command.arg(entry.context("cannot list the photographs")?.path());
        }
    }
    print!("{}", said(&mut command)?);
    Original::all(&folder)
}
