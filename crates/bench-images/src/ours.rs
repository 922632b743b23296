//! Our engine, doing what the peers' scripts do.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use plan::{Fit, Format, FormatWish, Plan, QualityWish, Resize};
use rustix::time::{ClockId, clock_gettime};
use transform::{Limits, transform};

/// Makes a derivative with our engine as often as asked for, and says what each time cost
#[derive(Args)]
pub struct Make {
    input: PathBuf,
    output: PathBuf,
    times: u32,
    /// 0: no resize
    width: u32,
    format: Format,
    /// -: our default; else the codec's own number, as the peers are told
    quality: String,
    /// Ours is fixed
    effort: String,
}

pub fn make(arguments: &Make) -> anyhow::Result<()> {
    let original = fs::read(&arguments.input).context("cannot read the original")?;
    let width = Some(arguments.width).filter(|width| *width > 0);
    let quality = match arguments.quality.as_str() {
        "-" => None,
        number => Some(QualityWish::Codec(number.parse()?)),
    };
    let plan = Plan {
        resize: Resize { width, fit: Fit::Clip, ..Resize::default() },
        format: FormatWish::Exactly(arguments.format),
        quality,
        ..Plan::default()
    };
    let limits = Limits::default();
    let mut derivative = None;
    for time in 0..=arguments.times {
        let (before, started) = (micros(), Instant::now());
        derivative = Some(transform(&original, &plan, &limits)?);
        let (cpu, wall) = (micros() - before, started.elapsed().as_micros());
        // The first one warms up.
        if time > 0 {
            println!("time {cpu} {wall}");
        }
    }
    let status = fs::read_to_string("/proc/self/status").context("cannot read the process's status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
    println!("peak {}", peak.context("the system does not say how much memory was used")?);
    let derivative = derivative.context("nothing was made")?;
    fs::write(&arguments.output, derivative.bytes).context("cannot write the derivative")?;
    Ok(())
}

/// Of processor, used by all threads so far.
fn micros() -> i64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1000
}
