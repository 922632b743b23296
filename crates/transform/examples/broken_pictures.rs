//! Every file of a folder through the engine, each in a process of its own: none may panic, crash, or take more memory or time
//! than was allowed, whatever is wrong with it.
//!
//! `cargo run --release -p transform --example broken_pictures -- FOLDER`, with `--each` to be told of each file, and with
//! `--mutations 50` for as many more of each small one, with bytes that are changed at random.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

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

/// The largest file of which there are mutations.
const MUTATED_MOST: usize = 64 << 10;

#[derive(Default)]
struct Wish {
    each: bool,
    mutations: u64,
    /// A file, in the process that is there for it.
    one: Option<PathBuf>,
    folder: Option<PathBuf>,
}

impl Wish {
    fn read() -> Result<Wish, Box<dyn Error>> {
        let (mut wish, mut arguments) = (Wish::default(), std::env::args().skip(1));
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--each" => wish.each = true,
                "--mutations" => wish.mutations = arguments.next().ok_or("how many?")?.parse()?,
                "--one" => wish.one = arguments.next().map(PathBuf::from),
                folder => wish.folder = Some(PathBuf::from(folder)),
            }
        }
        Ok(wish)
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let wish = Wish::read()?;
    match (&wish.one, &wish.folder) {
        (Some(file), _) => {
            println!("{}", outcome(file, wish.mutations)?);
            Ok(ExitCode::SUCCESS)
        }
        (None, Some(folder)) => all(folder, &wish),
        (None, None) => Err("usage: broken_pictures [--each] [--mutations NUMBER] FOLDER".into()),
    }
}

/// As [`of_bytes`] of the file as it is, unless there is a fault with one of its mutations.
fn outcome(file: &Path, mutations: u64) -> Result<String, Box<dyn Error>> {
    let original = std::fs::read(file)?;
    let mut allowed = 0;
    let word = of_bytes(&original, &mut allowed)?;
    let mutations = if original.is_empty() || original.len() > MUTATED_MOST { 0 } else { mutations };
    for number in 1..=mutations {
        let mutated = mutated(&original, number);
        let word = of_bytes(&mutated, &mut allowed)?;
        if word.starts_with("FAULT") {
            return Ok(format!("{word}, mutation {number}"));
        }
    }
    Ok(word)
}

/// The same each time for the same number: bytes are changed, half of the time in the header, where it hurts most; and some are cut.
fn mutated(original: &[u8], number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % limit.max(1)
    };
    let mut bytes = original.to_vec();
    let reach = if number.is_multiple_of(2) { bytes.len() } else { bytes.len().min(256) };
    for _ in 0..1 + number % 7 {
        let at = below(reach);
        // Numbers are wrong at their ends.
        bytes[at] = [0, 1, 0x7f, 0x80, 0xff, below(256) as u8, bytes[at] ^ 1 << below(8)][below(7)];
    }
    if number.is_multiple_of(5) {
        bytes.truncate(1 + below(original.len()));
    }
    bytes
}

/// What becomes of them, in a word or two. This process may take as much memory as any of those before was allowed.
fn of_bytes(original: &[u8], allowed: &mut u64) -> Result<String, Box<dyn Error>> {
    let limits = limits();
    let mut word = String::new();
    for plan in plans() {
        *allowed = (*allowed).max(memory_needed(&[original], &plan, &limits));
        let before = processor_time()?;
        let made = transform(original, &plan, &limits);
        let took = processor_time()? - before;
        if took > limits.time + Duration::from_secs(1) {
            return Ok(format!("FAULT: took {took:?}"));
        }
        word = match made {
            Ok(_) => "made".to_owned(),
            Err(TransformError::Panicked { why }) => return Ok(format!("FAULT: panicked: {why}")),
            Err(TransformError::Failed { stage, why }) => return Ok(format!("FAULT: {stage} failed: {why}")),
            Err(TransformError::UnknownFormat) => "in no format that is read".to_owned(),
            Err(TransformError::Unread { format }) => format!("{format}, not read"),
            Err(TransformError::Unsupported { format, .. }) => format!("{format}, not supported"),
            Err(TransformError::Corrupt { format, .. }) => format!("{format}, corrupt"),
            Err(TransformError::Truncated { format }) => format!("{format}, truncated"),
            Err(TransformError::OutOfTime { .. }) => "out of time".to_owned(),
            Err(_) => "beyond a limit".to_owned(),
        };
    }
    let taken = peak_memory()?;
    if taken > *allowed + OVERHEAD {
        return Ok(format!("FAULT: took {} MiB where {} were planned", taken >> 20, *allowed >> 20));
    }
    Ok(word)
}

/// What this process has worked, whoever else is busy: its own and the kernel's hundredths of a second (proc(5), `stat`).
fn processor_time() -> Result<Duration, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Its name may hold anything, and stands in parentheses.
    let (_, after_name) = stat.rsplit_once(')').ok_or("no name")?;
    let hundredths =
        after_name.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(hundredths * 10))
}

/// The most memory that this process has had, as the kernel says.
fn peak_memory() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib << 10)
}

fn all(folder: &Path, wish: &Wish) -> Result<ExitCode, Box<dyn Error>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let this = std::env::current_exe()?;
    let (mut outcomes, mut faults) = (BTreeMap::<String, usize>::new(), 0);
    for file in &files {
        let output = Command::new(&this)
            .arg("--one")
            .arg(file)
            .args(["--mutations", &wish.mutations.to_string()])
            .output()?;
        let word = match output.status.success() {
            true => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            false => format!("FAULT: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()),
        };
        let fault = word.starts_with("FAULT");
        if fault || wish.each {
            println!("{}: {word}", file.display());
        }
        if fault {
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
