//! The command line: `cargo torture [--minutes N] [--seed N] [--binary PATH] [--folder PATH] [--teeth]`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::report;
use crate::run::{Options, run};
use crate::sabotage::Sabotage;

const USAGE: &str = "\
cargo torture: real processes under faults, held to the promises of the purge protocol

  --minutes N     how long the storm lasts; also 0.5 (1)
  --seed N        what the plan of faults is drawn from (a new one each time)
  --binary PATH   the program (target/release/pentimento)
  --folder PATH   where the nodes keep their data and the report goes (target/torture)
  --teeth         break the promise on purpose in several ways; each has to be found
";

const QUIET: Duration = Duration::from_secs(3);
/// Long enough for each sabotage to be met by a few purges.
const TEETH_STORM: Duration = Duration::from_secs(6);

/// Ends well if there was no violation; with `--teeth`, if there was one of the right kind each time.
pub fn cli(args: &[String]) -> ExitCode {
    let command = match Command::parse(args) {
        Ok(command) => command,
        Err(problem) => {
            eprintln!("{problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if command.help {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match command.run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the torture could not go on: {error}");
            ExitCode::from(2)
        }
    }
}

#[derive(Debug)]
struct Command {
    storm: Duration,
    seed: u64,
    binary: PathBuf,
    folder: PathBuf,
    teeth: bool,
    help: bool,
}

impl Command {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut command = Self {
            storm: Duration::from_secs(60),
            seed: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            binary: PathBuf::from("target/release/pentimento"),
            folder: PathBuf::from("target/torture"),
            teeth: false,
            help: false,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} wants a value"));
            match arg.as_str() {
                "--minutes" => command.storm = minutes(value()?)?,
                "--seed" => {
                    let value = value()?;
                    command.seed = value.parse().map_err(|_| format!("{value:?} is not a whole number"))?;
                }
                "--binary" => command.binary = PathBuf::from(value()?),
                "--folder" => command.folder = PathBuf::from(value()?),
                "--teeth" => command.teeth = true,
                "--help" | "-h" => command.help = true,
                other => return Err(format!("unknown argument {other:?}")),
            }
        }
        Ok(command)
    }

    fn run(&self) -> std::io::Result<bool> {
        if !self.binary.is_file() {
            let missing = format!("there is no {}; `make build` makes it", self.binary.display());
            return Err(std::io::Error::new(std::io::ErrorKind::NotFound, missing));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async { if self.teeth { self.bite().await } else { self.torture().await } })
    }

    async fn torture(&self) -> std::io::Result<bool> {
        println!("seed {}: a storm of {:.0} s", self.seed, self.storm.as_secs_f64());
        let findings = run(self.options(None)).await?;
        let report = self.folder.join("report.html");
        report::write(&report, &findings)?;
        print!("{findings}");
        println!("  report             {}", report.display());
        Ok(findings.is_clean())
    }

    async fn bite(&self) -> std::io::Result<bool> {
        let mut all_found = true;
        for sabotage in Sabotage::ALL {
            let findings = run(self.options(Some(sabotage))).await?;
            report::write(&self.folder.join(format!("{}.html", sabotage.name())), &findings)?;
            let found = findings.records.violations.iter().find(|one| one.broken == sabotage.breaks());
            all_found &= found.is_some();
            let found = found.map_or_else(|| "NOT FOUND".to_owned(), ToString::to_string);
            println!("{}: {}\n  {found}", sabotage.name(), sabotage.what());
        }
        Ok(all_found)
    }

    fn options(&self, sabotage: Option<Sabotage>) -> Options {
        Options {
            seed: self.seed,
            storm: if sabotage.is_some() { TEETH_STORM } else { self.storm },
            quiet: QUIET,
            binary: absolute(&self.binary),
            folder: absolute(&self.folder.join("nodes")),
            sabotage,
        }
    }
}

/// What cannot be made absolute stays as it is, and the system will say what is wrong with it.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn minutes(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(minutes) if minutes > 0.0 && minutes <= 1440.0 => Ok(Duration::from_secs_f64(minutes * 60.0)),
        _ => Err(format!("minutes are a number above 0 and at most 1440, not {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        Command::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_asked_for_is_understood_or_explained() {
        let command = parse("--minutes 0.5 --seed 7 --binary ./p --folder f").unwrap();
        assert_eq!((command.storm, command.seed), (Duration::from_secs(30), 7));
        assert_eq!((command.binary, command.folder), (PathBuf::from("./p"), PathBuf::from("f")));
        for (line, problem) in [
            ("--minutes", "--minutes wants a value"),
            ("--minutes 0", "minutes are a number above 0 and at most 1440, not \"0\""),
            ("--minutes NaN", "minutes are a number above 0 and at most 1440, not \"NaN\""),
            ("--seed x", "\"x\" is not a whole number"),
            ("--colour", "unknown argument \"--colour\""),
        ] {
            assert_eq!(parse(line).unwrap_err(), problem, "{line}");
        }
    }
}
