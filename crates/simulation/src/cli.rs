//! The command line: `cargo xtask sim [--seeds N] [--first N] [--seed N [--trace]] [--weather W] [--sabotage NAME]`.

use std::process::ExitCode;

use crate::campaign::Campaign;
use crate::sabotage::Sabotage;
use crate::scenario::Weather;
use crate::world::{Options, run};

const USAGE: &str = "\
cargo xtask sim: the purge protocol under everything that can go wrong

  --seeds N        how many runs, on all cores (2000)
  --first N        the first seed (0)
  --seed N         one run only
  --trace          with --seed: print all that happened
  --weather W      faulty (default), calm, still, lying-clocks
  --sabotage NAME  break one rule; the simulation must find it
  --teeth          break each rule in turn, and say how many seeds it took to find
  --list           the names of all sabotages
";

/// For an ordinary campaign to end well there must be no violation, for a sabotaged one there must be one.
pub fn cli(args: &[String]) -> ExitCode {
    match Command::parse(args) {
        Ok(command) => command.run(),
        Err(problem) => {
            eprintln!("{problem}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

#[derive(Debug)]
struct Command {
    seeds: u64,
    first: u64,
    seed: Option<u64>,
    teeth: bool,
    list: bool,
    help: bool,
    options: Options,
}

impl Command {
    fn parse(args: &[String]) -> Result<Self, String> {
        let options = Options::new(Weather::Faulty);
        let mut command =
            Self { seeds: 2_000, first: 0, seed: None, teeth: false, list: false, help: false, options };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} wants a value"));
            match arg.as_str() {
                "--seeds" => command.seeds = number(value()?)?,
                "--first" => command.first = number(value()?)?,
                "--seed" => command.seed = Some(number(value()?)?),
                "--trace" => command.options.trace = true,
                "--teeth" => command.teeth = true,
                "--list" => command.list = true,
                "--help" | "-h" => command.help = true,
                "--weather" => command.options.weather = weather(value()?)?,
                "--sabotage" => {
                    let name = value()?;
                    let unknown = || format!("there is no sabotage {name:?}; --list names them");
                    command.options.sabotage = Some(Sabotage::named(name).ok_or_else(unknown)?);
                }
                other => return Err(format!("unknown argument {other:?}")),
            }
        }
        if command.options.trace && command.seed.is_none() {
            return Err("--trace wants --seed: nobody reads the traces of many runs".to_owned());
        }
        Ok(command)
    }

    fn run(&self) -> ExitCode {
        if self.help {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        if self.list {
            for sabotage in Sabotage::ALL {
                println!("{:<26}{}", sabotage.name(), sabotage.what());
            }
            return ExitCode::SUCCESS;
        }
        if self.teeth {
            return self.bite();
        }
        if let Some(seed) = self.seed {
            return self.replay(seed);
        }
        let campaign = Campaign { first: self.first, ..Campaign::new(self.seeds, self.options) };
        let findings = campaign.run();
        print!("{findings}");
        verdict(findings.violations.is_empty() == self.options.sabotage.is_none())
    }

    fn replay(&self, seed: u64) -> ExitCode {
        let outcome = run(seed, self.options);
        for line in &outcome.trace {
            println!("{line}");
        }
        println!("seed {seed}: {:?}", outcome.tally);
        for violation in &outcome.violations {
            println!("{violation}");
        }
        verdict(outcome.violations.is_empty() == self.options.sabotage.is_none())
    }

    fn bite(&self) -> ExitCode {
        let mut all_found = true;
        for sabotage in Sabotage::ALL {
            let options = Options { sabotage: Some(*sabotage), ..self.options };
            let campaign =
                Campaign { first: self.first, seeds: self.seeds, options, stop_at_violation: true };
            let findings = campaign.run();
            let found = findings.violations.first();
            all_found &= found.is_some();
            let found =
                found.map_or("NOT FOUND".to_owned(), |(seed, violation)| format!("seed {seed}: {violation}"));
            println!("{:<26}{:>6} runs  {found}", sabotage.name(), findings.runs);
        }
        verdict(all_found)
    }
}

fn verdict(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn number(text: &str) -> Result<u64, String> {
    text.replace('_', "").parse().map_err(|_| format!("{text:?} is not a whole number"))
}

fn weather(text: &str) -> Result<Weather, String> {
    match text {
        "faulty" => Ok(Weather::Faulty),
        "calm" => Ok(Weather::Calm),
        "still" => Ok(Weather::Still),
        "lying-clocks" => Ok(Weather::LyingClocks),
        _ => Err(format!("the weather is faulty, calm, still or lying-clocks, not {text:?}")),
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
        let command = parse("--seeds 10_000 --sabotage no-lease --weather calm").unwrap();
        assert_eq!(command.seeds, 10_000);
        assert_eq!(command.options.sabotage, Some(Sabotage::NoLease));
        assert_eq!(command.options.weather, Weather::Calm);
        for (line, problem) in [
            ("--seeds", "--seeds wants a value"),
            ("--seeds many", "\"many\" is not a whole number"),
            ("--sabotage sleep", "there is no sabotage \"sleep\"; --list names them"),
            ("--trace", "--trace wants --seed: nobody reads the traces of many runs"),
            ("--colour", "unknown argument \"--colour\""),
        ] {
            assert_eq!(parse(line).unwrap_err(), problem, "{line}");
        }
    }
}
