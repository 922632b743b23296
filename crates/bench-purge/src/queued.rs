//! Purges of somebody whose neighbour has filled the queue.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::ensure;
use api_types::Selector;
use catalog::{Catalog, NewPurge};

use crate::Arguments;
use crate::cluster::{Cluster, HOST, data};
use crate::figures::{Figures, millis, quantile};

const ASKED: usize = 100;

/// They are there when the cluster starts, and it works on them while somebody else asks.
pub async fn behind_another_tenant(
    arguments: &Arguments,
    folder: &Path,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let count = arguments.before;
    fill(&data(folder), count).await?;
    let cluster = Cluster::start(arguments, folder).await?;
    let mut took = Vec::new();
    for n in 0..ASKED {
        let began = Instant::now();
        let seen = cluster.purge(&format!("/few-{n}")).await?;
        ensure!(seen.status == 200, "a purge was answered with {}: {}", seen.status, seen.text());
        took.push(began.elapsed());
    }
    let left = (count + ASKED).saturating_sub(cluster.ended().await?);
    ensure!(left > 0, "the queue was empty before all were asked");
    took.sort();
    let (half, most) = (quantile(&took, 0.5), quantile(&took, 0.99));
    let what = format!(
        "asked to done while {count} of another tenant wait ({left} at the end), {ASKED} one after the other"
    );
    figures.add(what, format!("p50 {}, p99 {}", millis(half), millis(most)));
    Ok(())
}

async fn fill(data: &Path, count: usize) -> anyhow::Result<()> {
    std::fs::create_dir_all(data)?;
    let catalog = Catalog::open(&data.join("catalog.sqlite")).await?;
    for n in 0..count {
        let selectors = vec![Selector::Url(format!("http://{HOST}/many-{n}"))];
        let purge = NewPurge {
            tenant: Some("many".to_owned()),
            ..NewPurge::of(format!("many-{n:09}"), "bench", selectors)
        };
        catalog.accept_purge(&purge, unix_millis()).await?;
    }
    catalog.close().await;
    Ok(())
}

pub fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
