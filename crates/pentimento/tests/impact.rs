//! What a purge would take away, asked of every node beforehand.

mod world;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testkit::{get_with, post};
use world::{World, leased, shop};

const PICTURE: &str = "/demo/cat.jpg?w=64&format=png";
const HOST: (&str, &str) = ("host", "shop.test");

async fn impact(world: &World, selectors: &str) -> Value {
    let body = format!(r#"{{"selectors":{selectors},"dry_run":true}}"#);
    let bearer = world.node.token();
    let fields = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let answer = post(world.node.control, "/v1/purges", &fields, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn counts(impact: &Value, node: &str) -> (u64, bool) {
    let nodes = impact["nodes"].as_array().expect("nodes");
    let node = nodes.iter().find(|one| one["name"] == node).expect("every node is named");
    let hits = node["count"]["hits_per_minute"].as_f64().unwrap_or_default();
    (node["count"]["memory"]["responses"].as_u64().unwrap_or_default(), hits >= 1.0)
}

#[tokio::test]
async fn a_dry_run_counts_on_every_node_what_a_purge_then_takes_away() {
    let source = testkit::Source::start().await;
    let mut world = World::with(&shop(source.address)).await;
    for path in ["/blog/a", "/blog/b", "/about"] {
        source.put_with(path, "text/plain", path, &[("cache-control", "max-age=600"), ("xkey", "news")]);
        get_with(world.edge.delivery, path, &[HOST]).await;
    }
    for width in 1..=3 {
        world.edge.get(&format!("/demo/cat.jpg?w={}&format=png", width * 20)).await;
    }
    world.edge.get(PICTURE).await;
    for _ in 0..10 {
        assert_eq!(leased(world.edge.delivery, PICTURE, &[]).await.header("x-cache"), "HIT");
    }

    for (selectors, responses, is_hit) in [
        (r#"[{"original":"demo/cat.jpg"}]"#, 4, true),
        (r#"[{"original":"demo/other.jpg"}]"#, 0, false),
        (r#"[{"source":"demo"}]"#, 4, true),
        (r#"[{"tag":"news"}]"#, 3, false),
        (r#"[{"prefix":"http://shop.test/blog/"}]"#, 2, false),
        (r#"[{"url":"http://shop.test/about"}]"#, 1, false),
        (r#"[{"url":"http://shop.test/about"},{"original":"demo/cat.jpg"}]"#, 5, true),
        (r#"[{"all":true}]"#, 7, true),
    ] {
        let impact = impact(&world, selectors).await;
        assert_eq!(counts(&impact, "edge"), (responses, is_hit), "{selectors}: {impact:#}");
        // The edge's misses have filled the node behind it.
        assert_eq!(counts(&impact, "node").0, responses, "{selectors}: {impact:#}");
        assert_eq!(impact["memory"]["responses"], responses * 2, "{selectors}");
    }
    let purges = world.node.api_get("/v1/purges").await;
    assert_eq!(purges["purges"].as_array().map(Vec::len), Some(0), "nothing was enqueued");
    let nodes = world.node.api_get("/v1/nodes").await;
    assert_eq!(nodes["head"], 0, "nor was a position given out");

    let id = world.node.purge(r#"{"selectors":[{"tag":"news"}]}"#).await;
    assert_eq!(world.node.ended(&id).await["state"], "done");
    let after = impact(&world, r#"[{"all":true}]"#).await;
    assert_eq!(counts(&after, "edge").0, 4, "what is fenced already is not counted again: {after:#}");
    assert_eq!(after["expected"]["measured"], 1);
    assert!(after["expected"]["millis"].is_u64(), "{after:#}");

    // A node that does not answer is named.
    world.edge.kill().await;
    let without = impact(&world, r#"[{"all":true}]"#).await;
    let edge = without["nodes"].as_array().unwrap().iter().find(|node| node["name"] == "edge").unwrap();
    assert!(edge["why"].is_string() && edge["count"].is_null(), "{without:#}");
    assert_eq!(counts(&without, "node").0, 4);
}

#[tokio::test]
async fn the_command_tells_the_impact_and_purges_nothing() {
    let world = World::new().await;
    world.edge.get(PICTURE).await;
    let out = Command::new(Path::new(env!("CARGO_BIN_EXE_pentimento")))
        .args(["purge", "demo/cat.jpg", "--dry-run", "--control", &format!("http://{}", world.node.control)])
        .arg("--data")
        .arg(&world.node.data)
        .output()
        .expect("the command runs");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{text}{}", String::from_utf8_lossy(&out.stderr));
    assert!(text.starts_with("fences    original:demo/cat.jpg\nstored    2 ("), "{text}");
    assert!(text.contains("node      edge: 1 (") && text.contains("node      node: 1 ("), "{text}");
    assert_eq!(world.node.api_get("/v1/purges").await["purges"].as_array().map(Vec::len), Some(0));
}
