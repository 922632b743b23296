//! `cargo torture`: see `cargo torture --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    torture::cli(&args)
}
