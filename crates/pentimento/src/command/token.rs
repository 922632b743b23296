//! `pentimento token`

use std::path::Path;

use crate::data_dir;

pub fn run(data: &Path) -> anyhow::Result<()> {
    println!("{}", data_dir::read_token(data)?);
    Ok(())
}
