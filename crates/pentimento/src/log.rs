//! Where the process's own words go: standard error, one line each.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// `PENTIMENTO_LOG` chooses, as in `PENTIMENTO_LOG=warn,access=off`.
pub fn start() {
    let filter = EnvFilter::try_from_env("PENTIMENTO_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
