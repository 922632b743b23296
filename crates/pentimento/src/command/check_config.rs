//! `pentimento check-config`

use std::path::Path;

use crate::config::{self, Overrides};
use crate::environment;

pub fn run(file: Option<&Path>, overrides: Overrides) -> anyhow::Result<()> {
    let config = config::load(file, environment::variables(), overrides)?;
    print!("{}", config::resolved_toml(&config));
    Ok(())
}
