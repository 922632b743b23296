//! Changes that wait for another CDN: what becomes of a full window, and in what memory a long queue waits.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use api_types::{PurgeState, Selector};
use catalog::{Catalog, NewPurge, NewWish, Step};
use cdn::fake::{self, FakeCdn, Temper};
use cdn::{Driver, Scope, Terms, VendorName, Wish};
use purge::{Cdn, CdnWorker};
use telemetry::Metrics;
use tokio::net::TcpListener;

use crate::figures::Figures;
use crate::queued::unix_millis;

const NAME: &str = "cdn";
/// Of one purge, which may have so many selectors.
const CHANGES: usize = 100;
const PATIENCE: Duration = Duration::from_secs(600);
/// While a million changes become calls, whatever their number.
const MEMORY_MIB: u64 = 64;

/// From the end of the window until all of it has become calls.
pub async fn aggregate(folder: &Path, changes: usize, figures: &mut Figures) -> anyhow::Result<()> {
    let catalog = Catalog::open(&folder.join("window.sqlite")).await?;
    fill(&catalog, changes).await?;
    let Told { planned, told, calls, .. } = tell(&catalog, true).await?;
    catalog.close().await;
    let words = format!(
        "{:.2} s: {calls} calls, the last made after {:.2} s",
        planned.as_secs_f64(),
        told.as_secs_f64()
    );
    let what = format!("{changes} changes in one window become calls");
    figures.add_bounded(what, words, "5 s", planned < Duration::from_secs(5));
    Ok(())
}

/// What this process takes more while all of the queue becomes calls.
pub async fn queue(folder: &Path, changes: usize, figures: &mut Figures) -> anyhow::Result<()> {
    let catalog = Catalog::open(&folder.join("queue.sqlite")).await?;
    let empty = resident()?;
    fill(&catalog, changes).await?;
    let full = resident()?;
    let Told { planned, most, .. } = tell(&catalog, false).await?;
    catalog.close().await;
    let mib = |bytes: u64| bytes >> 20;
    let words = format!(
        "{} MiB before they came, {} MiB with all of them queued, at most {} MiB while they became calls, in {:.0} s",
        mib(empty),
        mib(full),
        mib(most),
        planned.as_secs_f64()
    );
    let is_kept = mib(most.max(full).saturating_sub(empty)) < MEMORY_MIB;
    figures.add_bounded(
        format!("memory for {changes} changes"),
        words,
        format!("{MEMORY_MIB} MiB more"),
        is_kept,
    );
    Ok(())
}

/// Purges that have come as far as their CDNs, with changes of which each is another label.
async fn fill(catalog: &Catalog, changes: usize) -> anyhow::Result<()> {
    let now = unix_millis();
    for n in (0..changes).step_by(CHANGES) {
        let purge = NewPurge::of(format!("purge-{n:09}"), "bench", vec![Selector::All(true)]);
        catalog.accept_purge(&purge, now).await?;
        let claim = catalog.claim_purge(now, 1000).await?.context("it was just accepted")?;
        let wishes = (n..changes.min(n + CHANGES)).map(|n| wish(n, now)).collect::<Result<_, _>>()?;
        let waiting = Step { due_ms: now + 3_600_000, wishes, ..Step::to(&claim, PurgeState::FlushingCdn) };
        catalog.advance_purge(&claim, waiting, now, 0).await?;
    }
    Ok(())
}

fn wish(n: usize, now: u64) -> anyhow::Result<NewWish> {
    let tag = format!("pack-{n}");
    let wish = Wish {
        subject: format!("tag {tag}"),
        scope: Scope::Tagged,
        tag: Some(tag),
        known: Vec::new(),
        elsewhere: None,
    };
    Ok(NewWish { cdn: NAME.to_owned(), wish: serde_json::to_string(&wish)?, soft: false, due_ms: now })
}

struct Told {
    /// Until nothing waited to become a call any more.
    planned: Duration,
    /// Until the last of them was made, by the vendor's limits.
    told: Duration,
    calls: usize,
    /// The most memory that was taken until all were planned.
    most: u64,
}

/// Runs the worker of a CDN that takes 256 labels in a call, and answers at once.
async fn tell(catalog: &Catalog, to_the_end: bool) -> anyhow::Result<Told> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let settings = fake::settings(VendorName::Fastly, listener.local_addr()?);
    let fake = FakeCdn::new(VendorName::Fastly, Temper::default());
    let cdn = Arc::new(Cdn {
        name: NAME.to_owned(),
        driver: Driver::new(VendorName::Fastly, &settings, origin::Client::new())?,
        terms: Terms { sites: vec!["http://www.example.com".to_owned()], may_purge_all: false },
        window: Duration::ZERO,
        attempts: 3,
        has_tags: true,
        only_by_name: false,
        verify: false,
        allow_private: true,
    });
    let worker = CdnWorker::new(cdn, catalog.clone(), Arc::new(Metrics::new()));
    let serving = fake.clone();
    let server = tokio::spawn(async move { serving.serve(listener).await });
    let began = Instant::now();
    let worker = tokio::spawn(worker.run());
    let mut most = resident()?;
    while !catalog.wishes_due(NAME, unix_millis(), 1).await?.is_empty() {
        ensure!(began.elapsed() < PATIENCE, "the changes do not become calls");
        tokio::time::sleep(Duration::from_millis(10)).await;
        most = most.max(resident()?);
    }
    let planned = began.elapsed();
    while to_the_end && catalog.cdn_due(NAME, 1).await?.is_some() {
        ensure!(began.elapsed() < PATIENCE, "the calls are not made");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    worker.abort();
    server.abort();
    Ok(Told { planned, told: began.elapsed(), calls: fake.told().len(), most })
}

/// Bytes of this process that are in memory.
fn resident() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).context("VmRSS")?;
    Ok(kib << 10)
}
