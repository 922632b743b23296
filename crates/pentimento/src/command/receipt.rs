//! `pentimento receipt`

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use api::receipts::{self, KEYS_PATH};
use api_types::receipt::{ReceiptKeys, SignedReceipt};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use url::Url;

use crate::command::control::{ControlAddress, ControlClient, path_segment};

/// A receipt has at most a few hundred lines.
const FILE_BYTES_MAX: u64 = 16 << 20;

pub async fn get(id: &str, control: ControlAddress) -> anyhow::Result<()> {
    let path = format!("/v1/purges/{}/receipt", path_segment(id));
    let receipt: SignedReceipt = ControlClient::new(control)?.get(&path).await?;
    println!("{}", serde_json::to_string_pretty(&receipt)?);
    Ok(())
}

pub async fn verify(file: &Path, keys: Option<&Path>, control: &Url) -> anyhow::Result<()> {
    let receipt: SignedReceipt = read(file)?;
    let keys = match keys {
        Some(keys) => read(keys)?,
        None => ask(control).await?,
    };
    let view = receipts::verify(&receipt, &keys).with_context(|| format!("{}", file.display()))?;
    eprintln!("the receipt of purge {} is genuine; it ended as {}", view.id, view.state);
    println!("{}", serde_json::to_string_pretty(&view)?);
    Ok(())
}

fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let mut text = Vec::new();
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        bail!("{} has more than {FILE_BYTES_MAX} bytes", path.display());
    }
    serde_json::from_slice(&text).with_context(|| format!("{} is not what it should be", path.display()))
}

/// They are for everybody: no token is shown.
async fn ask(control: &Url) -> anyhow::Result<ReceiptKeys> {
    let request = Request::get(KEYS_PATH).header(header::HOST, control.authority()).body(Bytes::new())?;
    let limits = origin::FetchLimits::default();
    let answer = origin::Client::new().forward(control, true, &limits, request).await;
    let answer = answer.with_context(|| format!("no answer from {control}; is a node running there?"))?;
    if answer.status() != StatusCode::OK {
        bail!("{control} has no keys for receipts: it answered {}", answer.status());
    }
    Ok(serde_json::from_slice(&answer.into_body().collect().await?.to_bytes())?)
}
