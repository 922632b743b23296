//! The simulation by itself: `cargo run -p simulation --release --example sim -- --seeds 10000`.

use std::process::ExitCode;

fn main() -> ExitCode {
    simulation::cli(&std::env::args().skip(1).collect::<Vec<_>>())
}
