//! On what was measured: a purge is as quick as the disk says that it has kept what it was given.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::figures::{millis, quantile};

const SYNCS: usize = 200;

/// Processor, cores, kernel, how busy it was before anything was measured, and how long the disk takes to sync a page.
pub fn look(folder: &Path) -> std::io::Result<String> {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let processor = processor.map_or("unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let (half, most) = syncs(&folder.join("synced"))?;
    Ok(format!(
        "{processor}, {cores} cores, Linux {}; load before the run {load}; `fsync` of 4 KiB p50 {}, p99 {}",
        kernel.trim(),
        millis(half),
        millis(most)
    ))
}

fn syncs(path: &Path) -> std::io::Result<(Duration, Duration)> {
    let mut file = File::create(path)?;
    let mut took = Vec::new();
    for _ in 0..SYNCS {
        file.write_all(&[1; 4096])?;
        let began = Instant::now();
        file.sync_all()?;
        took.push(began.elapsed());
    }
    fs::remove_file(path)?;
    took.sort();
    Ok((quantile(&took, 0.5), quantile(&took, 0.99)))
}
