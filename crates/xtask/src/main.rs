//! The house-keeping: `cargo xtask tidy` and `cargo xtask sim`.

mod code;
mod tidy;
mod tree;
mod workspace;

use std::path::Path;
use std::process::ExitCode;

use tree::Tree;

const USAGE: &str = "\
cargo xtask COMMAND

  tidy         the rules of the house that a machine can check
  sim [...]    the purge protocol under faults; `cargo xtask sim --help` says more
";

/// Where this workspace is.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("tidy") if args.len() == 1 => tidy_up(),
        Some("sim") => simulation::cli(&args[1..]),
        Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn tidy_up() -> ExitCode {
    let tree = match Tree::read(Path::new(ROOT)) {
        Ok(tree) => tree,
        Err(error) => {
            eprintln!("the workspace cannot be read: {error}");
            return ExitCode::from(2);
        }
    };
    let complaints = tidy::complaints_about(&tree);
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    if complaints.is_empty() {
        println!("tidy: {} rules hold for {} files", tidy::RULES.len(), tree.len());
        ExitCode::SUCCESS
    } else {
        eprintln!("tidy: {} complaints", complaints.len());
        ExitCode::FAILURE
    }
}
