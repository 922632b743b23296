//! `pentimento run`

use std::path::Path;

use crate::command::stop;
use crate::compose::{self, Start};
use crate::config::{self, Overrides};
use crate::data_dir::DataDir;
use crate::{environment, log};

pub async fn run(file: Option<&Path>, overrides: Overrides, adopt_catalog: bool) -> anyhow::Result<()> {
    log::start();
    let config = config::load(file, environment::variables(), overrides)?;
    let data = DataDir::open(&config.node.data)?;
    if file.is_none() {
        data.write_config_once(None)?;
    }
    let stop = stop::on_signal()?;
    let start = Start { demo: None, adopt_catalog };
    compose::run(config, data, start, |_| println!("ready"), stop).await
}
