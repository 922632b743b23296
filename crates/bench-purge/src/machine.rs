//! On what was measured: a purge is as quick as the disk says that it has kept what it was given.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use testkit::Machine;

use crate::figures::{millis, quantile};

const SYNCS: usize = 200;

/// Processor, cores, kernel, how busy it was before anything was measured, and how long the disk takes to sync a page.
pub fn look(folder: &Path) -> std::io::Result<String> {
    let machine = Machine::look();
    let (half, most) = syncs(&folder.join("synced"))?;
    Ok(format!(
        "{machine}; load before the run {}; `fsync` of 4 KiB p50 {}, p99 {}",
        machine.load,
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
