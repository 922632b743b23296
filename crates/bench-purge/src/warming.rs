//! What a purge costs those who ask for pictures at that moment: with a hot set that is warmed, and without.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::Method;
use serde_json::Value;
use testkit::{Node, Source, eventually, send};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Arguments;
use crate::figures::{Figures, millis, quantile};

const CLIENTS: u32 = 32;
const PACE: Duration = Duration::from_millis(50);
const HOT: u32 = 24;
/// Alternating: without, warmed, without, warmed...
const ROUNDS: usize = 3;
const AFTERWARDS: Duration = Duration::from_secs(1);
const PHOTOGRAPHS: [&str; 2] = ["Landscape_1.jpg", "Landscape_6.jpg"];

/// One request: how long its answer took, and whether it had to be got from behind.
struct Asked {
    took: Duration,
    is_miss: bool,
}

pub async fn at_full_traffic(
    arguments: &Arguments,
    folder: &Path,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let [before, after] = PHOTOGRAPHS.map(|name| {
        let file = arguments.photographs.join(name);
        std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))
    });
    let photographs = [Bytes::from(before?), Bytes::from(after?)];
    for (turn, warm) in [0, HOT].repeat(ROUNDS).into_iter().enumerate() {
        let folder = folder.join(turn.to_string());
        let (asked, view) = burst(arguments, &folder, &photographs, warm).await?;
        let mut waits: Vec<Duration> = asked.iter().filter(|one| one.is_miss).map(|one| one.took).collect();
        waits.sort();
        let warmed = view["receipt"]["warm"]["warmed"].as_u64().unwrap_or(0);
        let what = format!("a purge at full traffic, {warmed} of {HOT} warmed: a miss waits");
        let took = view["events"].as_array().and_then(|events| events.last()?["at"].as_u64());
        let took = took.zip(view["received"].as_u64()).map_or(0, |(end, begin)| end.saturating_sub(begin));
        let words = format!(
            "p50 {}, p99 {}, at most {}; {} misses of {} answers; the purge took {}",
            millis(quantile(&waits, 0.5)),
            millis(quantile(&waits, 0.99)),
            millis(quantile(&waits, 1.0)),
            waits.len(),
            asked.len(),
            millis(Duration::from_millis(took)),
        );
        figures.add(what, words);
    }
    Ok(())
}

/// Clients of a hot set ask at an even pace; from the moment of a purge until a second after its end each answer is noted.
async fn burst(
    arguments: &Arguments,
    folder: &Path,
    [before, after]: &[Bytes; 2],
    warm: u32,
) -> anyhow::Result<(Vec<Asked>, Value)> {
    let source = Source::start().await;
    source.put("/hot.jpg", "image/jpeg", before.clone());
    let (node, edge) = start(arguments, folder, &source).await?;
    let urls: Vec<String> =
        (0..HOT).map(|n| format!("/shop/hot.jpg?w={}&format=webp", 320 + n * 40)).collect();
    for url in &urls {
        let first = edge.get(url).await;
        ensure!(first.status == 200, "a picture was answered with {}: {}", first.status, first.text());
        // Until it is there, and the edge holds the lease to answer it unasked.
        eventually("the edge has the hot set", async || {
            (edge.get(url).await.header("x-cache") == "HIT").then_some(())
        })
        .await;
    }
    let (noting, is_noting) = watch::channel(Some(false));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(ask(urls.clone(), client as usize, edge.delivery, is_noting.clone()));
    }
    source.put("/hot.jpg", "image/jpeg", after.clone());
    noting.send_replace(Some(true));
    let id = node.purge(&format!(r#"{{"selectors":[{{"original":"shop/hot.jpg"}}],"warm":{warm}}}"#)).await;
    let view = node.ended(&id).await;
    ensure!(view["state"] == "done", "the purge ended otherwise: {view:#}");
    tokio::time::sleep(AFTERWARDS).await;
    noting.send_replace(None);
    let mut asked = Vec::new();
    for notes in clients.join_all().await {
        asked.extend(notes?);
    }
    Ok((asked, view))
}

async fn start(arguments: &Arguments, folder: &Path, source: &Source) -> anyhow::Result<(Node, Node)> {
    std::fs::create_dir_all(folder)?;
    let file = folder.join("pentimento.toml");
    let text = format!(
        "[[site]]\nhosts = [\"127.0.0.1\"]\nunsigned = true\n\n[[source]]\nname = \"shop\"\nkind = \"http\"\nbase_url = \"http://{}\"\nallow_private = true\n",
        source.address
    );
    std::fs::write(&file, text)?;
    let file = file.display().to_string();
    let mut node = Node::new(&arguments.binary, &folder.join("node"), &["--config", &file, "--node", "node"]);
    node.start().await;
    let upstream = format!("http://{}", node.delivery);
    let flags = ["--role", "edge", "--upstream", &upstream, "--node", "edge"];
    let mut edge = Node::new(&arguments.binary, &folder.join("edge"), &flags);
    edge.start().await;
    Ok((node, edge))
}

/// One client, until nothing is noted any more.
async fn ask(
    urls: Vec<String>,
    client: usize,
    at: std::net::SocketAddr,
    is_noting: watch::Receiver<Option<bool>>,
) -> anyhow::Result<Vec<Asked>> {
    let mut pace = tokio::time::interval(PACE);
    let mut noted = Vec::new();
    for turn in client.. {
        pace.tick().await;
        let Some(notes) = *is_noting.borrow() else { break };
        let began = Instant::now();
        let seen = send(at, Method::GET, &urls[turn * 7 % urls.len()], &[], Bytes::new()).await;
        let seen = seen.map_err(anyhow::Error::msg)?;
        ensure!(seen.status == 200, "a picture was answered with {}: {}", seen.status, seen.text());
        if notes {
            noted.push(Asked { took: began.elapsed(), is_miss: seen.header("x-cache") != "HIT" });
        }
    }
    Ok(noted)
}
