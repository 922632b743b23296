//! Every file of a folder through the engine, each in a process of its own: none may panic, crash, or take more memory or time
//! than was allowed, whatever is wrong with it.
//!
//! `cargo run --release -p transform --example broken_pictures -- FOLDER`

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use plan::{Accepted, Format, FormatWish, Plan, Resize};
use transform::{Limits, TransformError, memory_needed, transform};

/// What a process takes before it has seen a picture, and what an allocator keeps for later.
const OVERHEAD: u64 = 24 << 20;

fn limits() -> Limits {
    Limits { time: Duration::from_secs(10), ..Limits::default() }
}

fn plans() -> [Plan; 2] {
    let resize = Resize { width: Some(120), height: Some(90), ..Resize::default() };
    let small = Plan { resize, format: FormatWish::Auto(Accepted::Webp), ..Plan::default() };
    [small, Plan { format: FormatWish::Exactly(Format::Png), ..Plan::default() }]
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [one, file] if one == "--one" => {
            println!("{}", outcome(Path::new(file))?);
            Ok(ExitCode::SUCCESS)
        }
        [folder] => all(Path::new(folder)),
        _ => Err("usage: broken_pictures FOLDER".into()),
    }
}

/// What becomes of a file, in a word or two.
fn outcome(file: &Path) -> Result<String, Box<dyn Error>> {
    let original = std::fs::read(file)?;
    let limits = limits();
    let mut word = String::new();
    let mut allowed = 0;
    for plan in plans() {
        allowed = allowed.max(memory_needed(&[&original], &plan, &limits));
        let started = Instant::now();
        let made = transform(&original, &plan, &limits);
        if started.elapsed() > limits.time + Duration::from_secs(1) {
            return Ok(format!("FAULT: took {:?}", started.elapsed()));
        }
        word = match made {
            Ok(_) => "made".to_owned(),
            Err(TransformError::Panicked { why }) => return Ok(format!("FAULT: panicked: {why}")),
            Err(TransformError::Failed { stage, why }) => return Ok(format!("FAULT: {stage} failed: {why}")),
            Err(TransformError::UnknownFormat) => "in no format that is read".to_owned(),
            Err(TransformError::Unsupported { format, .. }) => format!("{format}, not supported"),
            Err(TransformError::Corrupt { format, .. }) => format!("{format}, corrupt"),
            Err(TransformError::Truncated { format }) => format!("{format}, truncated"),
            Err(TransformError::OutOfTime { .. }) => "out of time".to_owned(),
            Err(_) => "beyond a limit".to_owned(),
        };
    }
    let taken = peak_memory()?;
    if taken > allowed + OVERHEAD {
        return Ok(format!("FAULT: took {} MiB where {} were planned", taken >> 20, allowed >> 20));
    }
    Ok(word)
}

/// The most memory that this process has had, as the kernel says.
fn peak_memory() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib << 10)
}

fn all(folder: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let this = std::env::current_exe()?;
    let (mut outcomes, mut faults) = (BTreeMap::<String, usize>::new(), 0);
    for file in &files {
        let output = Command::new(&this).arg("--one").arg(file).output()?;
        let word = match output.status.success() {
            true => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            false => format!("FAULT: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()),
        };
        if word.starts_with("FAULT") {
            println!("{}: {word}", file.display());
            faults += 1;
        } else {
            *outcomes.entry(word).or_default() += 1;
        }
    }
    for (word, count) in outcomes {
        println!("{count:6} {word}");
    }
    println!("{} files, {faults} faults", files.len());
    Ok(if faults == 0 && !files.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else if entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}
