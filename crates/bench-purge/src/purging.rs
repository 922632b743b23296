//! Purges of a cluster: one after the other, many at once, and with a node that has died.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use testkit::post;

use crate::cluster::{Cluster, HOST, LEASE};
use crate::figures::{Figures, millis, quantile};

const CLIENTS: usize = 32;
const PATIENCE: Duration = Duration::from_secs(600);
/// The first few find empty pools, and statements that nobody has prepared.
const WARM_UP: usize = 20;
/// Nodes that are killed, one after the other.
const DEAD: usize = 3;

pub async fn one_after_the_other(
    cluster: &Cluster,
    count: usize,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let mut took = Vec::new();
    for n in 0..count + WARM_UP {
        let began = Instant::now();
        let seen = cluster.purge(&format!("/page-{n}")).await?;
        ensure!(seen.status == 200, "a purge was answered with {}: {}", seen.status, seen.text());
        if n >= WARM_UP {
            took.push(began.elapsed());
        }
    }
    took.sort();
    let nodes = cluster.edges.len() + 1;
    for (share, name, bound) in [(0.5, "p50", 10), (0.99, "p99", 50)] {
        let value = quantile(&took, share);
        let what = format!("asked to done, {nodes} processes, {name} of {count} one after the other");
        figures.add_bounded(what, millis(value), format!("{bound} ms"), value < Duration::from_millis(bound));
    }
    Ok(())
}

pub async fn together(cluster: &Cluster, count: usize, figures: &mut Figures) -> anyhow::Result<()> {
    let before = cluster.ended().await?;
    let next = Arc::new(AtomicUsize::new(0));
    let (control, token) = (cluster.control.control, cluster.control.token());
    let began = Instant::now();
    let clients = (0..CLIENTS).map(|_| {
        let (next, token) = (Arc::clone(&next), token.clone());
        tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return Ok(());
                }
                let body = format!(r#"{{"selectors":[{{"url":"http://{HOST}/item-{n}"}}]}}"#);
                let fields = [("authorization", token.as_str()), ("content-type", "application/json")];
                let seen = post(control, "/v1/purges", &fields, body).await;
                ensure!(seen.status == 202, "a purge was answered with {}: {}", seen.status, seen.text());
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await??;
    }
    let accepted = began.elapsed();
    while cluster.ended().await? < before + count {
        ensure!(began.elapsed() < PATIENCE, "the purges do not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = began.elapsed();
    let rate = count as f64 / took.as_secs_f64() * 60.0;
    let words = format!(
        "{rate:.0} a minute: {count} in {:.1} s, the last accepted after {:.1} s",
        took.as_secs_f64(),
        accepted.as_secs_f64()
    );
    let what = format!("accepted and done, by {CLIENTS} clients at once");
    figures.add_bounded(what, words, "10000 a minute", rate > 10_000.0);
    Ok(())
}

pub async fn with_one_dead(cluster: &mut Cluster, figures: &mut Figures) -> anyhow::Result<()> {
    let mut longest = Duration::ZERO;
    let mut outcomes = Vec::new();
    for _ in 0..DEAD {
        let name = format!("edge-{}", cluster.edges.len());
        let mut last = cluster.edges.pop().context("a node to kill")?;
        last.kill().await;
        let began = Instant::now();
        let seen = cluster.purge(&format!("/without-{name}")).await?;
        longest = longest.max(began.elapsed());
        ensure!(seen.status == 200, "a purge was answered with {}: {}", seen.status, seen.text());
        let view = seen.json();
        let nodes = view["receipt"]["nodes"].as_array().cloned().unwrap_or_default();
        let told = nodes.iter().find(|node| node["name"] == name.as_str());
        outcomes.extend(told.and_then(|node| node["outcome"].as_str()).map(str::to_owned));
    }
    let is_named = outcomes.len() == DEAD;
    outcomes.dedup();
    let words = match is_named {
        true => format!("{:.2} s; the receipt calls it {}", longest.as_secs_f64(), outcomes.join(", ")),
        false => "a receipt does not name it".to_owned(),
    };
    let bound = LEASE + Duration::from_secs(1);
    let what = format!("done with a node killed just before, the longest of {DEAD}");
    let in_words = format!("{} s of lease + 1 s", LEASE.as_secs());
    figures.add_bounded(what, words, in_words, is_named && longest <= bound);
    Ok(())
}
