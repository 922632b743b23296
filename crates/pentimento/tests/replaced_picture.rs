//! The whole story over real sockets and processes: a picture is replaced, purged, and gone everywhere.

mod world;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use rustix::process::Signal;
use testkit::{Seen, begin, eventually, get, get_with, picture, until};
use world::{BLUE, GREEN, RED, World, leased, shop};

const REPRESENTATIONS: [&str; 3] = [
    "/demo/cat.jpg?w=300&format=png",
    "/demo/cat.jpg?w=120&h=80&fit=crop&format=webp",
    "/demo/cat.jpg?w=200&format=jpg",
];
const PNG: &str = "/demo/cat.jpg?w=300&format=png";
const PURGE: &str = r#"{"selectors":[{"original":"demo/cat.jpg"}]}"#;

fn colour(seen: &Seen) -> [u8; 3] {
    assert_eq!(seen.status, 200, "{}", seen.text());
    picture::look_at(&seen.body).2
}

async fn all(world: &World) -> Vec<Seen> {
    let mut all = Vec::new();
    for url in REPRESENTATIONS {
        for node in [&world.edge, &world.node] {
            all.push(node.get(url).await);
        }
    }
    all
}

#[tokio::test]
async fn after_done_not_one_old_byte_from_any_process_memory_or_disk() {
    let mut world = World::new().await;
    let before = all(&world).await;
    let nodes = [world.edge.delivery, world.node.delivery];
    let places = REPRESENTATIONS.into_iter().flat_map(|url| nodes.map(|node| (node, url)));
    for (cold, (node, url)) in before.iter().zip(places) {
        let warm = leased(node, url, &[]).await;
        assert_eq!(warm.header("x-cache"), "HIT", "{}", warm.header("cache-status"));
        assert_eq!(cold.body, warm.body);
    }

    world.source.put("/cat.jpg", "image/png", picture::png(640, 480, BLUE));
    assert_eq!(colour(&world.edge.get(PNG).await), RED, "nobody has purged yet");
    let id = world.node.purge(PURGE).await;
    let view = world.node.ended(&id).await;

    assert_eq!(view["state"], "done", "{view:#}");
    let receipt = &view["receipt"];
    assert_eq!(receipt["originals"][0]["outcome"], "changed");
    assert_ne!(receipt["originals"][0]["before"], receipt["originals"][0]["after"]);
    let names: Vec<_> =
        receipt["nodes"].as_array().unwrap().iter().map(|node| node["name"].clone()).collect();
    assert_eq!(names, ["edge", "node"]);
    assert!(
        receipt["looks"].as_array().unwrap().iter().all(|look| look["verdict"] == "verified"),
        "{receipt:#}"
    );

    let old: Vec<_> = before.iter().map(|seen| seen.body.clone()).collect();
    for seen in all(&world).await {
        assert_eq!(seen.status, 200);
        assert!(!old.contains(&seen.body), "old bytes: {}", seen.header("cache-status"));
    }
    // Nor from a disk that was written before, by a process that was killed.
    world.edge.kill().await;
    world.node.kill().await;
    world.node.start().await;
    world.edge.start().await;
    for seen in all(&world).await {
        assert!(!old.contains(&seen.body), "old bytes after a restart: {}", seen.header("cache-status"));
    }
    assert_eq!(colour(&world.edge.get(PNG).await), BLUE);
}

#[tokio::test]
async fn a_fill_in_flight_across_the_purge_brings_nothing_old_back() {
    let world = World::new().await;
    world.source.put("/slow.jpg", "image/png", picture::png(640, 480, RED));
    world.source.close_gate();
    let url = "/demo/slow.jpg?w=300&format=png";
    let edge = world.edge.delivery;
    let slow = tokio::spawn(async move { get_with(edge, url, &[]).await });
    world.source.until_asked("/slow.jpg", 1).await;
    // The source has read the old picture for that answer, and keeps it back.
    world.source.put("/slow.jpg", "image/png", picture::png(640, 480, BLUE));

    let id = world.node.purge(r#"{"selectors":[{"original":"demo/slow.jpg"}]}"#).await;
    let view = world.node.ended_or_waiting(&id).await;
    let after_the_purge = tokio::spawn(async move { get_with(edge, url, &[]).await });
    world.source.open_gate();

    let view = if view["state"] == "done" { view } else { world.node.ended(&id).await };
    assert_eq!(view["state"], "done", "{view:#}");
    slow.await.unwrap();
    assert_eq!(
        colour(&after_the_purge.await.unwrap()),
        BLUE,
        "whoever came after the purge waited for a new fill"
    );
    for node in [&world.edge, &world.node] {
        assert_eq!(colour(&node.get(url).await), BLUE);
    }
}

/// How many clients are connected.
async fn connections(control: SocketAddr) -> u64 {
    let metrics = get(control, "/metrics").await.text();
    let open = metrics.lines().find_map(|line| {
        line.strip_prefix("pentimento_connections_open{listener=\"delivery\"} ")?.parse().ok()
    });
    open.unwrap_or_else(|| panic!("no gauge of connections among {metrics}"))
}

#[tokio::test]
async fn a_slow_fill_of_a_pass_through_site_across_the_purge_reaches_nobody_who_came_after_it() {
    let source = testkit::Source::start().await;
    let world = World::with(&shop(source.address)).await;
    let fields = [("cache-control", "max-age=600")];
    for (node, path) in [(&world.node, "/a.txt"), (&world.edge, "/b.txt")] {
        let (at, control) = (node.delivery, node.control);
        let ask = || tokio::spawn(async move { get_with(at, path, &[("host", "shop.test")]).await.text() });
        source.put_with(path, "text/plain", "old", &fields);
        source.close_gate();
        let before = ask();
        // The server has read the old text for this answer, and keeps it back until long after the purge.
        source.until_asked(path, 1).await;
        source.put_with(path, "text/plain", "new", &fields);
        let purge = format!(r#"{{"selectors":[{{"url":"http://shop.test{path}"}}]}}"#);
        let id = world.node.purge(&purge).await;
        assert_eq!(world.node.ended(&id).await["state"], "done");
        let open = connections(control).await;
        let after = ask();
        // It boards the flight that is under way.
        until("its connection is open", async || connections(control).await > open).await;
        source.open_gate();

        assert_eq!(after.await.unwrap(), "new", "whoever came after the purge waited for a new fill");
        before.await.unwrap();
        assert_eq!(ask().await.unwrap(), "new", "and the old one was not stored");
    }
}

#[tokio::test]
async fn half_an_old_body_on_its_way_across_the_purge_reaches_nobody_who_came_after_it() {
    let source = testkit::Source::start().await;
    let world = World::with(&shop(source.address)).await;
    let fields = [("cache-control", "max-age=600")];
    let (old, new) = ("old ".repeat(100_000), "new ".repeat(100_000));
    for (at, path) in [(world.node.delivery, "/a.txt"), (world.edge.delivery, "/b.txt")] {
        let ask = || tokio::spawn(async move { get_with(at, path, &[("host", "shop.test")]).await.text() });
        source.put_with(path, "text/plain", old.clone(), &fields);
        source.close_halfway();
        let before = begin(at, Method::GET, path, &[("host", "shop.test")], Bytes::new()).await;
        let before = before.expect("its head comes with the first half");
        source.put_with(path, "text/plain", new.clone(), &fields);
        let purge = format!(r#"{{"selectors":[{{"url":"http://shop.test{path}"}}]}}"#);
        let id = world.node.purge(&purge).await;
        assert_eq!(world.node.ended(&id).await["state"], "done");
        // The old fill is still under way, and could be joined if the protocol let anybody.
        let after = ask();
        source.until_asked(path, 2).await;
        source.open_halfway();

        assert!(after.await.unwrap() == new, "whoever came after the purge has a new fill");
        let before = before.whole().await.expect("and the second half");
        assert!(before.text() == old, "whoever came before it gets what it began with, to its end");
        assert!(ask().await.unwrap() == new, "and the old one was not stored");
    }
}

#[tokio::test]
async fn a_purge_survives_kill_9_of_the_control_plane() {
    let mut world = World::new().await;
    all(&world).await;
    world.source.put("/cat.jpg", "image/png", picture::png(640, 480, BLUE));
    // The source fails, so that the purge is under way when the process dies.
    world.source.fail(true);
    let id = world.node.purge(PURGE).await;
    world.node.kill().await;
    world.source.fail(false);
    world.node.start().await;

    let view = world.node.ended(&id).await;
    assert_eq!(view["state"], "done", "{view:#}");
    assert_eq!(colour(&world.edge.get(PNG).await), BLUE);
    assert_eq!(colour(&world.node.get(PNG).await), BLUE);
}

#[tokio::test]
async fn an_unchanged_original_ends_the_purge_unless_it_is_forced() {
    let world = World::new().await;
    all(&world).await;
    let id = world.node.purge(PURGE).await;
    let view = world.node.ended(&id).await;
    assert_eq!(view["state"], "unchanged", "{view:#}");
    assert_eq!(view["receipt"]["position"], serde_json::Value::Null);
    assert_eq!(leased(world.edge.delivery, PNG, &[]).await.header("x-cache"), "HIT");

    let id = world.node.purge(r#"{"selectors":[{"original":"demo/cat.jpg"}],"force":true}"#).await;
    let view = world.node.ended(&id).await;
    assert_eq!(view["state"], "done", "{view:#}");
    assert_eq!(view["receipt"]["position"], 1);
}

#[tokio::test]
async fn a_purge_that_finds_nothing_to_do_ends_no_sooner_than_the_one_that_was_quicker() {
    let world = World::new().await;
    assert_eq!(colour(&world.edge.get(PNG).await), RED);
    assert_eq!(leased(world.edge.delivery, PNG, &[]).await.header("x-cache"), "HIT");
    world.source.put("/cat.jpg", "image/png", picture::png(640, 480, BLUE));
    // The edge holds a lease and hears nothing.
    world.edge.signal(Signal::STOP);
    let quicker = world.node.purge(PURGE).await;
    let path = format!("/v1/purges/{quicker}");
    until("it has a position", async || !world.node.api_get(&path).await["receipt"]["position"].is_null())
        .await;

    let id = world.node.purge(PURGE).await;
    let view = world.node.ended(&id).await;
    world.edge.signal(Signal::CONT);

    assert_eq!(view["state"], "unchanged", "{view:#}");
    assert_eq!(colour(&world.edge.get(PNG).await), BLUE, "whoever was told so must find it so");
}

#[tokio::test]
async fn a_hard_purge_after_a_soft_one_is_not_unchanged_for_older_bytes_may_still_answer() {
    let world = World::new().await;
    // More than the verifier looks at, and so brings up to date.
    let urls: Vec<String> = (1..=8).map(|n| format!("/demo/cat.jpg?w={}&format=png", n * 20)).collect();
    for url in &urls {
        assert_eq!(colour(&world.edge.get(url).await), RED);
    }
    world.source.put("/cat.jpg", "image/png", picture::png(640, 480, BLUE));
    let soft = r#"{"selectors":[{"original":"demo/cat.jpg"}],"mode":"soft"}"#;
    for end in ["done", "unchanged"] {
        let id = world.node.purge(soft).await;
        assert_eq!(world.node.ended(&id).await["state"], end);
    }
    for end in ["done", "unchanged"] {
        let id = world.node.purge(PURGE).await;
        assert_eq!(world.node.ended(&id).await["state"], end);
    }
    for url in &urls {
        let seen = world.edge.get(url).await;
        assert_eq!(colour(&seen), BLUE, "{url}: {}", seen.header("cache-status"));
    }
}

#[tokio::test]
async fn after_a_forced_purge_nothing_old_is_served_though_the_source_could_not_be_asked() {
    let world = World::new().await;
    assert_eq!(colour(&world.edge.get(PNG).await), RED);
    world.source.put("/cat.jpg", "image/png", picture::png(640, 480, BLUE));
    world.source.fail(true);
    let id = world.node.purge(r#"{"selectors":[{"original":"demo/cat.jpg"}],"force":true}"#).await;
    let view = world.node.ended(&id).await;
    assert_eq!(view["receipt"]["originals"][0]["outcome"], "unasked", "{view:#}");
    let meanwhile = world.edge.get(PNG).await;
    assert_eq!(meanwhile.status, 502, "{}", meanwhile.text());
    world.source.fail(false);
    assert_eq!(colour(&world.edge.get(PNG).await), BLUE);
}

#[tokio::test]
async fn an_unknown_original_is_fenced_all_the_same_and_the_receipt_says_so() {
    let world = World::new().await;
    let id = world.node.purge(r#"{"selectors":[{"original":"demo/never-seen.jpg"}]}"#).await;
    let view = world.node.ended(&id).await;
    assert_eq!(view["state"], "done", "{view:#}");
    assert_eq!(view["receipt"]["originals"][0]["outcome"], "unknown");
    assert!(view["receipt"]["notes"][0].as_str().unwrap().contains("was not known here"));
}

#[tokio::test]
async fn a_node_that_is_cut_off_stops_answering_when_its_lease_ends() {
    let world = World::new().await;
    assert_eq!(colour(&world.edge.get(PNG).await), RED);
    assert_eq!(leased(world.edge.delivery, PNG, &[]).await.header("x-cache"), "HIT");

    // Stopped, not dead: connections open and nothing answers.
    world.edge.signal(Signal::STOP);
    world.source.put("/cat.jpg", "image/png", picture::png(640, 480, BLUE));
    let began = Instant::now();
    let id = world.node.purge(PURGE).await;
    let view = world.node.ended(&id).await;
    assert_eq!(view["state"], "done", "{view:#}");
    assert!(began.elapsed() < Duration::from_secs(20), "done within the lease and the verifier's patience");
    let nodes = view["receipt"]["nodes"].as_array().unwrap();
    let edge = nodes.iter().find(|node| node["name"] == "edge").expect("the receipt names it");
    assert_eq!(edge["outcome"], "lease_expired");

    world.edge.signal(Signal::CONT);
    assert_eq!(colour(&world.edge.get(PNG).await), BLUE, "awake again, it asks before it answers");
}

#[tokio::test]
async fn an_edge_whose_upstream_is_dead_answers_nothing_once_its_lease_has_ended() {
    let mut world = World::new().await;
    assert_eq!(colour(&world.edge.get(PNG).await), RED);
    world.node.kill().await;
    let refused = eventually("it answers no more", async || {
        Some(world.edge.get(PNG).await).filter(|seen| seen.status != 200)
    })
    .await;
    assert_eq!(refused.status, 502, "{}", refused.header("cache-status"));
    assert!(refused.header("content-type").starts_with("application/problem+json"));

    world.node.start().await;
    let back = eventually("it answers again", async || {
        Some(world.edge.get(PNG).await).filter(|seen| seen.status == 200)
    })
    .await;
    assert_eq!(colour(&back), RED);
}

#[tokio::test]
async fn a_folder_is_purged_without_its_neighbours() {
    let world = World::new().await;
    for path in ["/a/cat.jpg", "/ab/cat.jpg"] {
        world.source.put(path, "image/png", picture::png(64, 48, RED));
    }
    let urls = ["/demo/a/cat.jpg?format=png", "/demo/ab/cat.jpg?format=png"];
    for url in urls {
        world.edge.get(url).await;
    }
    for path in ["/a/cat.jpg", "/ab/cat.jpg"] {
        world.source.put(path, "image/png", picture::png(64, 48, GREEN));
    }
    let id = world.node.purge(r#"{"selectors":[{"folder":"demo/a"}]}"#).await;
    assert_eq!(world.node.ended(&id).await["state"], "done");
    assert_eq!(colour(&world.edge.get(urls[0]).await), GREEN);
    assert_eq!(colour(&world.edge.get(urls[1]).await), RED, "ab is another folder");
}

#[tokio::test]
async fn an_erased_picture_is_gone_from_every_store_and_is_not_fetched_again() {
    let world = World::new().await;
    all(&world).await;
    let asked = world.source.asked("/cat.jpg");
    let id = world.node.purge(r#"{"selectors":[{"original":"demo/cat.jpg"}],"mode":"erase"}"#).await;
    let view = world.node.ended(&id).await;
    assert_eq!(view["state"], "done", "{view:#}");
    for seen in all(&world).await {
        assert_eq!(seen.status, 410, "{}", seen.text());
    }
    assert_eq!(world.source.asked("/cat.jpg"), asked);
    let mut left = Vec::new();
    for folder in ["node/cache", "edge/cache", "node/store"] {
        files_in(&world.folder.path().join(folder), &mut left);
    }
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_lifted_erasure_lets_the_picture_be_fetched_again_and_is_told() {
    let mut world = World::new().await;
    all(&world).await;
    let erase = r#"{"selectors":[{"original":"demo/cat.jpg"}],"mode":"erase","reason":"court order 7"}"#;
    let erased = world.node.purge(erase).await;
    assert_eq!(world.node.ended(&erased).await["state"], "done");
    assert_eq!(world.edge.get(PNG).await.status, 451);
    world.node.kill().await;
    world.node.start().await;
    let seen = world.edge.get(PNG).await;
    assert_eq!(seen.status, 451, "a tombstone outlives the process");
    assert!(seen.text().contains("court order 7"), "{}", seen.text());

    let listed = &world.node.api_get("/v1/erasures").await["erasures"][0];
    assert_eq!((&listed["original"], &listed["operator"]), (&"demo/cat.jpg".into(), &"api".into()));
    assert_eq!(listed["purge"], erased.as_str());
    let lifted = world.node.api_delete("/v1/erasures/demo/cat.jpg").await;
    assert_eq!(lifted.status, 202, "{}", lifted.text());
    let view = world.node.ended(lifted.json()["id"].as_str().unwrap()).await;
    assert_eq!(view["state"], "done", "{view:#}");
    assert_eq!(colour(&world.edge.get(PNG).await), RED, "no 451 is left in any cache");
    assert_eq!(world.node.api_get("/v1/erasures").await["erasures"].as_array().map(Vec::len), Some(0));
    let audit = world.node.api_get("/v1/audit").await;
    let told: Vec<_> = audit["entries"].as_array().unwrap().iter().map(|e| e["action"].as_str()).collect();
    assert_eq!(told, [Some("lift"), Some("erase")]);
}

fn files_in(folder: &std::path::Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_in(&path, found);
        } else if entry.metadata().is_ok_and(|metadata| metadata.len() > 0) && !path.ends_with("lock") {
            found.push(path.display().to_string());
        }
    }
}
