//! Nodes that are away: longer than the log is kept, or for good.

mod world;

use testkit::{Seen, eventually, picture, until};
use world::{BLUE, GREEN, RED, Settings, World, leased};

const CAT: &str = "/demo/cat.jpg?w=300&format=png";
/// Nobody ever purges it.
const DOG: &str = "/demo/dog.jpg?w=300&format=png";
const PURGE: &str = r#"{"selectors":[{"original":"demo/cat.jpg"}]}"#;
const FORCED: &str = r#"{"selectors":[{"original":"demo/cat.jpg"}],"force":true}"#;

fn colour(seen: &Seen) -> [u8; 3] {
    assert_eq!(seen.status, 200, "{}", seen.text());
    picture::look_at(&seen.body).2
}

fn is_hit(seen: &Seen) -> bool {
    seen.header("x-cache") == "HIT"
}

/// Asks the edge again and again until it answers as wanted.
async fn answers(world: &World, url: &str, what: &str, wanted: impl Fn(&Seen) -> bool) -> Seen {
    eventually(what, async || Some(world.edge.get(url).await).filter(&wanted)).await
}

/// Both pictures, from the edge's cache.
async fn warm(world: &World) {
    world.source.put("/dog.jpg", "image/png", picture::png(640, 480, GREEN));
    for url in [CAT, DOG] {
        world.edge.get(url).await;
        assert!(is_hit(&leased(world.edge.delivery, url, &[]).await), "{url}");
    }
}

#[tokio::test]
async fn an_edge_that_was_away_for_longer_than_the_log_is_kept_forgets_all_and_is_right() {
    let mut world = World::set_up(Settings { purge: "log_records = 2\n", ..Settings::default() }).await;
    warm(&world).await;

    world.edge.stop().await;
    let id = world.node.purge(FORCED).await;
    assert_eq!(world.node.ended(&id).await["receipt"]["position"], 1);
    world.edge.start().await;
    let dog = leased(world.edge.delivery, DOG, &[]).await;
    assert!(is_hit(&dog), "the log still has what it missed: {}", dog.header("cache-status"));
    assert_eq!(colour(&world.edge.get(CAT).await), RED);

    world.edge.stop().await;
    world.source.put("/cat.jpg", "image/png", picture::png(640, 480, BLUE));
    for position in 2..=5 {
        let id = world.node.purge(FORCED).await;
        assert_eq!(world.node.ended(&id).await["receipt"]["position"], position);
    }
    // What is trimmed is trimmed in the catalog too, and the log goes on counting.
    world.node.kill().await;
    world.node.start().await;
    world.edge.start().await;
    let dog = world.edge.get(DOG).await;
    assert!(!is_hit(&dog), "nobody knows what it missed: {}", dog.header("cache-status"));
    assert_eq!(colour(&dog), GREEN);
    assert_eq!(colour(&world.edge.get(CAT).await), BLUE);
    let id = world.node.purge(FORCED).await;
    assert_eq!(world.node.ended(&id).await["receipt"]["position"], 6);
}

#[tokio::test]
async fn a_node_that_serves_stale_holds_up_a_purge_until_an_operator_says_that_it_is_gone() {
    let edge = "[cluster]\nisolated = \"serve-stale\"\n";
    let world = World::set_up(Settings { edge, ..Settings::default() }).await;
    warm(&world).await;
    let refused = world.node.api_delete("/v1/nodes/edge").await;
    assert_eq!(refused.status, 409, "a node that answers is not gone: {}", refused.text());

    world.wire.cut();
    world.source.put("/cat.jpg", "image/png", picture::png(640, 480, BLUE));
    let id = world.node.purge(PURGE).await;
    let says_stale = |seen: &Seen| seen.header("cache-status").contains("unleased");
    let stale = answers(&world, CAT, "it says stale", says_stale).await;
    assert_eq!(colour(&stale), RED);
    let path = format!("/v1/purges/{id}");
    let edge_in = |view: &serde_json::Value| {
        let nodes = view["receipt"]["nodes"].as_array().cloned().unwrap_or_default();
        nodes.into_iter().find(|node| node["name"] == "edge").map(|node| node["outcome"].clone())
    };
    let names_the_edge = async |path: &str| {
        until("the receipt says who is waited for", async || {
            edge_in(&world.node.api_get(path).await) == Some("serving_stale".into())
        })
        .await;
    };
    names_the_edge(&path).await;
    assert_eq!(world.node.api_get(&path).await["state"], "flushing_servers");
    // Others are held up as well, and leave the workers to each other: there are fewer workers than purges. Not even one
    // that has nothing to do ends, for nobody could say that there are no older bytes.
    for _ in 0..6 {
        world.node.purge(FORCED).await;
    }
    let unchanged = world.node.purge(r#"{"selectors":[{"original":"demo/dog.jpg"}]}"#).await;
    names_the_edge(&format!("/v1/purges/{unchanged}")).await;

    let forgotten = world.node.api_delete("/v1/nodes/edge").await;
    assert_eq!(forgotten.status, 200, "{}", forgotten.text());
    assert!(forgotten.json()["nodes"].as_array().unwrap().iter().all(|node| node["name"] != "edge"));
    // What comes after it waits for nobody, and takes nothing from what those say who did.
    let later = world.node.purge(FORCED).await;
    assert_eq!(edge_in(&world.node.ended(&later).await), None);
    let view = world.node.ended(&id).await;
    assert_eq!(view["state"], "done", "{view:#}");
    assert_eq!(edge_in(&view), Some("declared_gone".into()));
    let view = world.node.ended(&unchanged).await;
    assert_eq!((&view["state"], edge_in(&view)), (&"unchanged".into(), Some("declared_gone".into())));
    assert_eq!(world.node.api_get("/v1/audit").await["entries"][0]["subject"], "node:edge");
    assert!(says_stale(&world.edge.get(CAT).await), "it is out of reach, and goes on saying so");

    world.wire.mend();
    let back = answers(&world, CAT, "it is back", |seen| {
        assert!(seen.status != 200 || says_stale(seen) || colour(seen) == BLUE, "old, and not labelled");
        seen.status == 200 && !says_stale(seen)
    })
    .await;
    assert_eq!(colour(&back), BLUE);
    until("the edge follows it", async || {
        world.node.api_get("/v1/nodes").await.to_string().contains("\"edge\"")
    })
    .await;
    let dog = world.edge.get(DOG).await;
    assert!(!is_hit(&dog), "what it had stored is void: {}", dog.header("cache-status"));
    assert_eq!(colour(&dog), GREEN);
}
