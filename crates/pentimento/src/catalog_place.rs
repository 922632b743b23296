//! Opens the catalog where the configuration says that it is.

use anyhow::{Context, bail};
use bus::clock::unix_millis;
use catalog::{Catalog, Server};

use crate::config::Config;
use crate::data_dir::DataDir;

/// `adopt`: an operator says that the data directory which has it is gone for good.
pub async fn open(config: &Config, data: &DataDir, adopt: bool) -> anyhow::Result<Catalog> {
    let Some(server) = &config.catalog else {
        if adopt {
            bail!("--adopt-catalog is for a catalog on a server, and `url` in [catalog] names none");
        }
        return Ok(Catalog::open(&data.catalog()).await?);
    };
    let password = match &server.password {
        Some(password) => {
            let password =
                std::str::from_utf8(password.bytes()).context("the catalog's password must be text")?;
            Some(password.to_owned())
        }
        None => None,
    };
    let holder = data.holder(&config.node.name)?;
    let server = Server { url: server.url.clone(), password, holder, adopt };
    Ok(Catalog::connect(&server, unix_millis()).await?)
}
