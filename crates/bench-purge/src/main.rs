//! `make bench-purge`: what a purge costs. Eight real processes, from a purge's acceptance to its end; how many a minute;
//! one of them dead; a queue of somebody else's before it; what waits for other people's CDNs, in how much memory; and what
//! a purge costs those who ask for the picture at that moment.

mod cluster;
mod figures;
mod machine;
mod purging;
mod queued;
mod warming;
mod window;

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::{Parser, ValueEnum};

use crate::cluster::Cluster;
use crate::figures::Figures;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a purge costs: from its acceptance to its end, how many, and in what memory.
#[derive(Parser)]
struct Arguments {
    /// Our binary, as built by `make build`
    #[arg(long, default_value = "target/release/pentimento")]
    binary: PathBuf,
    /// Processes in the cluster
    #[arg(long, default_value_t = 8)]
    nodes: usize,
    /// Purges one after the other, for their latency
    #[arg(long, default_value_t = 1000)]
    singly: usize,
    /// Purges by 32 clients at once, for their number
    #[arg(long, default_value_t = 10_000)]
    together: usize,
    /// Purges of one tenant that wait already, when somebody else asks for one
    #[arg(long, default_value_t = 100_000)]
    before: usize,
    /// Changes that wait for one window of one CDN
    #[arg(long, default_value_t = 100_000)]
    window: usize,
    /// Changes that wait in the queue, for its memory
    #[arg(long, default_value_t = 1_000_000)]
    queue: usize,
    /// Photographs that are asked for while one of them is purged
    #[arg(long, default_value = "../shared/data/images")]
    photographs: PathBuf,
    /// The parts of it; without any, all
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Where everything is kept while it is measured: a real disk, because each step is synced
    #[arg(long, default_value = "target/bench-purge")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Singly,
    Together,
    Dead,
    Before,
    Window,
    Queue,
    Warming,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.binary.is_file(), "{} is not there: make build", arguments.binary.display());
    ensure!(arguments.nodes > 3, "three of the nodes are killed");
    std::fs::create_dir_all(&arguments.out).context("cannot make the folder of the figures")?;
    let has = |part: Part| arguments.only.is_empty() || arguments.only.contains(&part);
    let folder = tempfile::tempdir_in(&arguments.out).context("the folder cannot be used")?;
    let machine = machine::look(folder.path())?;
    println!("{machine}");
    let mut figures = Figures::default();

    if has(Part::Singly) || has(Part::Together) || has(Part::Dead) {
        let mut cluster = Cluster::start(&arguments, &folder.path().join("cluster")).await?;
        if has(Part::Singly) {
            purging::one_after_the_other(&cluster, arguments.singly, &mut figures).await?;
        }
        if has(Part::Together) {
            purging::together(&cluster, arguments.together, &mut figures).await?;
        }
        if has(Part::Dead) {
            purging::with_one_dead(&mut cluster, &mut figures).await?;
        }
    }
    if has(Part::Before) {
        queued::behind_another_tenant(&arguments, &folder.path().join("queued"), &mut figures).await?;
    }
    if has(Part::Window) {
        window::aggregate(folder.path(), arguments.window, &mut figures).await?;
    }
    if has(Part::Queue) {
        window::queue(folder.path(), arguments.queue, &mut figures).await?;
    }
    if has(Part::Warming) {
        warming::at_full_traffic(&arguments, &folder.path().join("warming"), &mut figures).await?;
    }
    let report = arguments.out.join("report.md");
    std::fs::write(&report, format!("{machine}\n\n{figures}")).context("cannot write the report")?;
    println!("\n{figures}\n{}", report.display());
    ensure!(figures.are_all_kept(), "a bound was missed");
    Ok(())
}
