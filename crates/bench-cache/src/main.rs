//! `make bench-cache`: what a hit costs, beside nginx and Varnish on the same machine in the same run.
//!
//! Everybody stands in front of the same upstream, is warmed with the same responses, and is asked by the same client.
//! Rounds alternate between the contenders, so that whatever else the machine does befalls all of them; what is
//! reported are medians. The contenders share one core and the client has another.

mod bench;
mod client;
mod contender;
mod herd;
mod measure;
mod plot;
mod process;
mod report;
mod scenario;
mod upstream;
mod wrk;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Parser;

use crate::bench::Bench;
use crate::contender::Contenders;
use crate::scenario::Scenario;
use crate::upstream::Upstream;

/// What a hit costs, beside nginx and Varnish on the same machine in the same run.
#[derive(Parser)]
struct Arguments {
    /// Our binary, as built by `make build`
    #[arg(long, default_value = "target/release/pentimento")]
    binary: PathBuf,
    /// How often each contender is measured in each scenario
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How long each of these takes
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// Scenarios by name; without any, all
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Where the figures go
    #[arg(long, default_value = "target/bench-cache")]
    out: PathBuf,
    /// Where the contenders keep what they store on disk: a real disk, if that is what is to be measured
    #[arg(long)]
    disk: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let scenarios = Scenario::named(&arguments.only)?;
    ensure!(arguments.rounds > 0 && arguments.seconds > 0, "no rounds of no seconds say nothing");
    ensure!(arguments.binary.is_file(), "{} is not there: make build", arguments.binary.display());
    process::allow_many_files()?;
    fs::create_dir_all(&arguments.out).context("cannot make the folder of the figures")?;
    let disk = arguments.disk.unwrap_or_else(|| arguments.out.clone());
    let machine = Bench::look(&arguments.binary)?;
    print!("{machine}");

    let upstream = Upstream::start()?;
    let contenders = Contenders::start(&arguments.binary, &disk, &scenarios, &upstream)?;
    let round = Duration::from_secs(u64::from(arguments.seconds));
    let samples = measure::run(&contenders, &scenarios, &upstream, arguments.rounds, round)?;
    let herds = contenders
        .herds()
        .map(|(who, address)| herd::run(who, address, &upstream))
        .collect::<anyhow::Result<Vec<_>>>()?;

    let summaries = measure::summarise(&samples);
    let text = report::markdown(&machine, &summaries, &herds, arguments.rounds, round);
    println!("\n{text}");
    for (name, content) in [
        ("samples.csv", report::csv(&samples)),
        ("report.md", text),
        ("cpu.svg", plot::cpu_per_request(&summaries)),
    ] {
        let path = arguments.out.join(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}
