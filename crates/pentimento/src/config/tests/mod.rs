//! Whole configurations.

mod doors;
mod meaning;
mod precedence;
mod refusals;
mod round_trip;
mod secrets;

use super::{Config, DataDirectory, FILE_NAME, Overrides};

fn try_load(text: &str, variables: &[(&str, &str)], overrides: &Overrides) -> Result<Config, String> {
    let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let config = super::read(FILE_NAME, text, variables, overrides, DataDirectory::AsSet);
    config.map_err(|errors| errors.to_string())
}

fn loaded(text: &str) -> Config {
    try_load(text, &[], &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}\n\n{text}"))
}
