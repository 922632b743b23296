//! A purge that warms: what is asked for most is made from the new version before anybody has to wait for it.

mod world;

use serde_json::Value;
use testkit::{Seen, picture};
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
