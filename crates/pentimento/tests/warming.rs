//! A purge that warms: what is asked for most is made from the new version before anybody has to wait for it.

mod world;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::{Seen, picture};
use tokio::task::JoinSet;
use world::{BLUE, RED, Settings, World, leased};

const WIDTHS: [u32; 4] = [60, 90, 120, 150];

fn url(width: u32) -> String {
    format!("/demo/cat.jpg?w={width}&format=png")
}

fn colour(seen: &Seen) -> [u8; 3] {
    assert_eq!(seen.status, 200, "{}", seen.text());
    picture::look_at(&seen.body).2
}

/// How many pictures the node has made.
async fn renders(world: &World) -> u64 {
    let metrics = testkit::get(world.node.control, "/metrics").await.text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("pentimento_render_seconds_count "));
    line.map_or(0, |count| count.parse().expect("a number"))
}

/// Each width is asked for through the edge until it is answered from there, and the first two more often than that.
async fn heat(world: &World) {
    for (width, hits) in WIDTHS.into_iter().zip([8, 5, 1, 1]) {
        assert_eq!(colour(&world.edge.get(&url(width)).await), RED);
        for _ in 0..hits {
            assert_eq!(leased(world.edge.delivery, &url(width), &[]).await.header("x-cache"), "HIT");
        }
    }
}

async fn purged(world: &World, body: &str) -> Value {
    let id = world.node.purge(body).await;
    world.node.ended(&id).await
}

#[tokio::test]
async fn the_hottest_are_made_from_the_new_version_before_it_is_current() {
    // The looks of the verifier would make pictures too.
    for selector in [r#"{"original":"demo/cat.jpg"}"#, r#"{"source":"demo"}"#] {
        let world = World::new().await;
        heat(&world).await;
        world.source.put("/cat.jpg", "image/png", picture::png(640, 480, BLUE));
        let before = renders(&world).await;
        let view = purged(&world, &format!(r#"{{"selectors":[{selector}],"warm":2}}"#)).await;
        assert_eq!(view["state"], "done", "{view:#}");
        let receipt = &view["receipt"];
        let hottest: Vec<_> = receipt["hottest"].as_array().unwrap().iter().map(|hot| &hot["url"]).collect();
        assert_eq!(hottest, [&url(WIDTHS[0]), &url(WIDTHS[1])], "{selector}: {receipt:#}");
        let warm = &receipt["warm"];
        let told = ["wanted", "warmed", "failed", "skipped"].map(|what| warm[what].as_u64());
        assert_eq!(told, [Some(2), Some(2), Some(0), Some(0)], "{selector}: {receipt:#}");
        // By the time the nodes' fences rose, both had been made.
        assert!(renders(&world).await >= before + 2);

        let before = renders(&world).await;
        for width in &WIDTHS[..2] {
            assert_eq!(colour(&world.edge.get(&url(*width)).await), BLUE, "what is warmed is the new one");
        }
        assert_eq!(renders(&world).await, before, "{selector}: nobody waited for a render");
        for width in &WIDTHS[2..] {
            assert_eq!(colour(&world.edge.get(&url(*width)).await), BLUE, "and so is what is not");
        }
    }
}

#[tokio::test]
async fn a_mark_that_is_purged_warms_what_shows_it() {
    let world = World::new().await;
    world.source.put("/mark.png", "image/png", picture::png(80, 60, RED));
    let url = "/demo/cat.jpg?w=100&mark=demo/mark.png&format=png";
    let first = world.edge.get(url).await;
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(leased(world.edge.delivery, url, &[]).await.header("x-cache"), "HIT");
    world.source.put("/mark.png", "image/png", picture::png(80, 60, BLUE));
    let view = purged(&world, r#"{"selectors":[{"original":"demo/mark.png"}],"warm":5}"#).await;
    assert_eq!(view["receipt"]["warm"]["warmed"], 1, "{view:#}");
    let before = renders(&world).await;
    assert_eq!(world.edge.get(url).await.status, 200);
    assert_eq!(renders(&world).await, before);
}

#[tokio::test]
async fn warming_holds_no_purge_up_and_says_what_it_did_not_come_to() {
    let world = World::set_up(Settings { purge: "warm_time = \"100ms\"\n", ..Settings::default() }).await;
    heat(&world).await;
    // What cannot be rendered fails, and its purge goes on.
    world.source.put("/cat.jpg", "image/png", "no picture at all");
    let view = purged(&world, r#"{"selectors":[{"original":"demo/cat.jpg"}],"warm":4}"#).await;
    let warm = &view["receipt"]["warm"];
    assert_eq!(warm["warmed"], 0, "{view:#}");
    assert_eq!(warm["failed"].as_u64().unwrap() + warm["skipped"].as_u64().unwrap(), 4, "{view:#}");
    assert!(view["receipt"]["position"].is_u64(), "{view:#}");

    // What is as it was leaves nothing to warm.
    let view = purged(&world, r#"{"selectors":[{"original":"demo/cat.jpg"}],"warm":4}"#).await;
    assert_eq!(
        (&view["state"], &view["receipt"]["warm"]["skipped"]),
        (&"unchanged".into(), &4.into()),
        "{view:#}"
    );
}

const CLIENTS: u32 = 32;
const PACE: Duration = Duration::from_millis(50);
const HOT: u32 = 24;
const ROUNDS: usize = 3;

/// One request: how long its answer took, and whether it had to be got from behind.
type Asked = (Duration, bool);

/// A photograph, or pixels by code where there are none.
fn photograph(name: &str, colour: [u8; 3]) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/images");
    std::fs::read(folder.join(name)).unwrap_or_else(|_| picture::png(1600, 1200, colour))
}

/// Clients of a hot set ask at an even pace; from the moment of a purge until a second after its end each answer is noted.
async fn burst(warm: u32) -> (Vec<Asked>, Value) {
    let world = World::new().await;
    world.source.put("/hot.jpg", "image/jpeg", photograph("Landscape_1.jpg", RED));
    let urls: Vec<String> =
        (0..HOT).map(|n| format!("/demo/hot.jpg?w={}&format=webp", 320 + n * 40)).collect();
    for url in &urls {
        assert_eq!(world.edge.get(url).await.status, 200);
        leased(world.edge.delivery, url, &[]).await;
    }
    let (noting, is_noting) = tokio::sync::watch::channel(Some(false));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (urls, at, is_noting) = (urls.clone(), world.edge.delivery, is_noting.clone());
        clients.spawn(async move {
            let mut pace = tokio::time::interval(PACE);
            let mut noted: Vec<Asked> = Vec::new();
            for turn in client as usize.. {
                pace.tick().await;
                let Some(notes) = *is_noting.borrow() else { break };
                let began = Instant::now();
                let seen = testkit::get(at, &urls[turn * 7 % urls.len()]).await;
                assert_eq!(seen.status, 200, "{}", seen.text());
                if notes {
                    noted.push((began.elapsed(), seen.header("x-cache") != "HIT"));
                }
            }
            noted
        });
    }
    world.source.put("/hot.jpg", "image/jpeg", photograph("Landscape_6.jpg", BLUE));
    noting.send_replace(Some(true));
    let body = format!(r#"{{"selectors":[{{"original":"demo/hot.jpg"}}],"warm":{warm}}}"#);
    let view = purged(&world, &body).await;
    assert_eq!(view["state"], "done", "{view:#}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    noting.send_replace(None);
    (clients.join_all().await.concat(), view)
}

/// `cargo test -p pentimento --test warming -- --ignored --nocapture`
#[tokio::test]
#[ignore = "a measurement, for docs/benchmarks.md"]
async fn what_a_purge_costs_those_who_ask_at_that_moment() {
    println!("warmed  requests  misses  p50 of misses  p99 of misses  longest  purge took");
    for warm in [0, HOT].repeat(ROUNDS) {
        let (asked, view) = burst(warm).await;
        let mut misses: Vec<Duration> = asked.iter().filter(|one| one.1).map(|one| one.0).collect();
        misses.sort_unstable();
        let at = |part: f64| {
            let place = ((misses.len() as f64 - 1.0) * part).round() as usize;
            misses.get(place).map_or(0.0, |wait| wait.as_secs_f64() * 1000.0)
        };
        let events = view["events"].as_array().expect("events");
        let took = events.last().and_then(|event| event["at"].as_u64()).zip(view["received"].as_u64());
        println!(
            "{:>6}  {:>8}  {:>6}  {:>10.0} ms  {:>10.0} ms  {:>4.0} ms  {:>7} ms",
            view["receipt"]["warm"]["warmed"].as_u64().unwrap_or(0),
            asked.len(),
            misses.len(),
            at(0.5),
            at(0.99),
            at(1.0),
            took.map_or(0, |(end, begin)| end.saturating_sub(begin)),
        );
    }
}
