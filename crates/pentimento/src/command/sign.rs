//! `pentimento sign`

use std::path::{Path, PathBuf};

use anyhow::Context;
use bus::clock::unix_millis;
use dialect::signature;

use crate::config::{self, Overrides};
use crate::environment;

pub fn run(
    url: &str,
    key: &str,
    expires: Option<u64>,
    file: Option<&Path>,
    data: Option<PathBuf>,
) -> anyhow::Result<()> {
    let overrides = Overrides { data, ..Overrides::default() };
    let config = config::load(file, environment::variables(), overrides)?;
    let found = config.keys.iter().find(|known| known.signing.id().as_str() == key);
    let key = found.with_context(|| format!("the configuration has no key {key:?}"))?;
    let expires = expires.map(|seconds| unix_millis() / 1000 + seconds);
    println!("{}", signature::sign(url, key.signing.key(), expires)?);
    Ok(())
}
