//! A node whose catalog is in PostgreSQL: purges survive it when either of the two dies, and nobody else takes it unasked.

mod world;

use std::path::Path;

use testkit::{Node, Postgres, Seen, picture, post, until};
use world::{BLUE, GREEN, RED, World};

const PNG: &str = "/demo/cat.jpg?w=300&format=png";
const PURGE: &str = r#"{"selectors":[{"original":"demo/cat.jpg"}]}"#;

fn colour(seen: &Seen) -> [u8; 3] {
    assert_eq!(seen.status, 200, "{}", seen.text());
    picture::look_at(&seen.body).2
}

/// Asks for a purge of the cat while the source keeps its answer back.
async fn held_purge(world: &World, colour: [u8; 3]) -> String {
    world.source.put("/cat.jpg", "image/png", picture::png(640, 480, colour));
    let asked = world.source.asked("/cat.jpg");
    world.source.close_gate();
    let id = world.node.purge(PURGE).await;
    world.source.until_asked("/cat.jpg", asked + 1).await;
    id
}

#[tokio::test]
async fn a_purge_survives_the_death_of_the_node_and_that_of_its_database() {
    let Some(mut postgres) = Postgres::start() else { return };
    let mut world = World::with(&postgres.catalog()).await;
    assert_eq!(colour(&world.edge.get(PNG).await), RED);

    let id = held_purge(&world, BLUE).await;
    world.node.kill().await;
    world.source.open_gate();
    world.node.start().await;
    let view = world.node.ended(&id).await;
    assert_eq!(view["state"], "done", "{view:#}");
    assert_eq!(colour(&world.edge.get(PNG).await), BLUE);

    let id = held_purge(&world, GREEN).await;
    postgres.crash();
    world.source.open_gate();
    let token = world.node.token();
    let fields = [("authorization", token.as_str()), ("content-type", "application/json")];
    let refused = post(world.node.control, "/v1/purges", &fields, PURGE.to_owned()).await;
    assert_eq!(
        (refused.status, refused.json()["title"].as_str()),
        (503, Some("Catalog away")),
        "{}",
        refused.text()
    );
    assert_eq!(refused.header("retry-after"), "1");
    let cached = world.node.get(PNG).await;
    assert_eq!(colour(&cached), BLUE, "no hit needs a database: {}", cached.header("cache-status"));
    postgres.run();
    let view = world.node.ended(&id).await;
    assert_eq!(view["state"], "done", "{view:#}");
    for node in [&world.edge, &world.node] {
        assert_eq!(colour(&node.get(PNG).await), GREEN);
    }
    let positions = "SELECT string_agg(position::text, ',' ORDER BY position) FROM purge_log";
    assert_eq!(postgres.ask("pentimento", positions), "1,2", "each purge has one record");
}

#[tokio::test]
async fn another_data_directory_has_the_catalog_only_when_an_operator_says_so() {
    let Some(postgres) = Postgres::start() else { return };
    let mut world = World::with(&postgres.catalog()).await;
    let binary = Path::new(env!("CARGO_BIN_EXE_pentimento"));
    let file = world.folder.path().join("pentimento.toml").display().to_string();
    let data = world.folder.path().join("other");
    let log = world.folder.path().join("other.log");
    let mut other = Node::new(binary, &data, &["--config", &file, "--node", "other"]);
    other.log = Some(log.clone());
    other.spawn();
    until("it ends", async || !other.is_running()).await;
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(said.contains("the catalog belongs to the data directory node-"), "{said}");

    let mut other = Node::new(binary, &data, &["--config", &file, "--node", "other", "--adopt-catalog"]);
    other.start().await;
    // Whatever the first one wants to write now, it learns of it, and ends.
    let token = world.node.token();
    let fields = [("authorization", token.as_str()), ("content-type", "application/json")];
    let refused = post(world.node.control, "/v1/purges", &fields, PURGE.to_owned()).await;
    assert_eq!(refused.status, 500, "{}", refused.text());
    until("it ends", async || !world.node.is_running()).await;
    let id = other.purge(PURGE).await;
    assert_eq!(other.ended(&id).await["state"], "done");
}
