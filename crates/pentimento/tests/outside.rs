//! Purges that look at a public address afterwards: a real Varnish stands before the node, as a CDN that does not always
//! do what it is told.

mod world;

use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::{Deaf, Installed, free_port, get, picture};
use world::{BLUE, GREEN, Settings, World};

const CAT: &str = r#"{"selectors":[{"original":"demo/cat.jpg"}]}"#;
const URL: &str = "/demo/cat.jpg?w=300&format=png";

/// A Varnish before a node, told through somebody who is deaf to its first calls.
struct Stage {
    world: World,
    varnish: Installed,
    deaf: Deaf,
}

impl Stage {
    /// `None` where there is no Varnish.
    async fn with(deaf_to: u32, purge: &str, cdn: &str) -> Option<Self> {
        let port = free_port();
        let deaf = Deaf::before(([127, 0, 0, 1], port).into(), deaf_to).await;
        let section = format!(
            "[[cdn]]\nname = \"front\"\nvendor = \"varnish\"\nsites = [\"http://127.0.0.1:{port}\"]\nwindow = \"0s\"\n\
             nodes = [\"http://{}\"]\n{cdn}\n",
            deaf.address
        );
        let world = World::set_up(Settings { more: &section, purge, ..Settings::default() }).await;
        let varnish = Installed::varnish(port, world.node.delivery, world.folder.path()).await;
        if varnish.is_none() {
            eprintln!("skipped: there is no varnishd here");
        }
        Some(Self { world, varnish: varnish?, deaf })
    }

    /// What a client gets through Varnish.
    async fn colour(&self) -> [u8; 3] {
        let seen = get(self.varnish.address, URL).await;
        picture::look_at(&seen.body).2
    }

    fn replace(&self, colour: [u8; 3]) {
        self.world.source.put("/cat.jpg", "image/png", picture::png(640, 480, colour));
    }

    async fn purged(&self, body: &str) -> Value {
        self.world.node.ended(&self.world.node.purge(body).await).await
    }
}

fn outside(view: &Value) -> Vec<&Value> {
    let looks = view["receipt"]["looks"].as_array().expect("looks");
    looks.iter().filter(|look| look["host"].is_string()).collect()
}

#[tokio::test]
async fn a_cdn_that_did_not_do_what_it_was_told_is_told_again_and_then_it_is_verified() {
    let purge = "verify_looks = 2\n";
    let Some(stage) = Stage::with(1, purge, "allow_private = true").await else { return };
    let old = stage.colour().await;
    stage.replace(BLUE);

    let view = stage.purged(CAT).await;

    assert_eq!(view["state"], "done", "{view:#}");
    assert_ne!(old, BLUE);
    assert_eq!(stage.colour().await, BLUE);
    assert_eq!(stage.deaf.told(), 2);
    let host = &view["receipt"]["hosts"][0];
    assert_eq!((&host["verdict"], &host["cdns"][0]), (&"verified".into(), &"front".into()), "{view:#}");
    let verdicts: Vec<&Value> = outside(&view).into_iter().map(|look| &look["verdict"]).collect();
    assert_eq!(verdicts, ["stale", "stale", "verified"]);
    let calls = view["receipt"]["cdns"][0]["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_ne!(calls[0]["reference"], calls[1]["reference"]);
    let events = view["events"].as_array().unwrap();
    let again = |event: &&Value| event["detail"].as_str().is_some_and(|text| text.contains("is told again"));
    assert_eq!(events.iter().filter(again).count(), 1, "{view:#}");

    // One that does what it is told is looked at once, and nobody waits.
    stage.replace(GREEN);
    let view = stage.purged(CAT).await;
    assert_eq!(view["state"], "done", "{view:#}");
    assert_eq!(outside(&view).len(), 1);
    assert_eq!(stage.colour().await, GREEN);
}

#[tokio::test]
async fn a_cdn_that_never_gives_in_ends_in_an_error_with_the_evidence() {
    let purge = "verify_looks = 2\nverify_rounds = 2\n";
    let Some(stage) = Stage::with(u32::MAX, purge, "allow_private = true").await else { return };
    stage.colour().await;
    stage.replace(BLUE);

    let view = stage.purged(CAT).await;

    assert_eq!(view["state"], "error_cdn_node", "{view:#}");
    assert_eq!(stage.deaf.told(), 2);
    let looks = outside(&view);
    assert_eq!(looks.len(), 4);
    for look in looks {
        assert_eq!(look["verdict"], "stale");
        assert_ne!(look["seen"], look["expected"]);
        let evidence = &look["evidence"];
        assert_eq!(evidence["address"], stage.varnish.address.to_string());
        assert_eq!(evidence["fields"]["etag"], look["seen"]);
        assert!(evidence["fields"]["age"].is_string() && evidence["fields"]["x-varnish"].is_string());
        assert_eq!(evidence["digest"].as_str().map(str::len), Some(64));
    }
    let error = view["error"].as_str().unwrap();
    let site = format!("http://{}", stage.varnish.address);
    assert_eq!(error, format!("{site} still shows old bytes after 2 rounds; the receipt has the evidence"));
    // Our own nodes are right all the same.
    assert_eq!(picture::look_at(&stage.world.edge.get(URL).await.body).2, BLUE);
}

#[tokio::test]
async fn a_node_that_is_killed_while_it_waits_for_its_next_look_goes_on_where_it_was() {
    let purge = "verify_looks = 2\nverify_interval = \"2s\"\n";
    let Some(mut stage) = Stage::with(1, purge, "allow_private = true").await else { return };
    stage.colour().await;
    stage.replace(BLUE);
    let started = Instant::now();
    let id = stage.world.node.purge(CAT).await;
    stage.world.die_between_looks(&id).await;

    let view = stage.world.node.ended(&id).await;

    assert_eq!(view["state"], "done", "{view:#}");
    assert!(started.elapsed() >= Duration::from_secs(2), "the timer was not forgotten");
    let verdicts: Vec<&Value> = outside(&view).into_iter().map(|look| &look["verdict"]).collect();
    assert_eq!(verdicts, ["stale", "stale", "verified"], "no look was lost and none made twice");
    assert_eq!(stage.deaf.told(), 2);
}

#[tokio::test]
async fn of_a_folder_what_was_asked_for_last_is_looked_at_and_the_receipt_says_of_how_much() {
    let purge = "verify_sample = 2\n";
    let Some(stage) = Stage::with(0, purge, "allow_private = true").await else { return };
    for n in 0..5 {
        let path = format!("/cats/{n}.jpg");
        stage.world.source.put(&path, "image/png", picture::png(64, 48, BLUE));
        get(stage.varnish.address, &format!("/demo{path}?w=30&format=png")).await;
    }
    let view = stage.purged(r#"{"selectors":[{"folder":"demo/cats"}]}"#).await;
    assert_eq!(view["state"], "done", "{view:#}");
    assert_eq!(view["receipt"]["sample"], serde_json::json!({"looked_at": 2, "of": 5}));
    assert_eq!(outside(&view).len(), 2);
    assert_eq!(view["receipt"]["hosts"][0]["verdict"], "verified");
}

#[tokio::test]
async fn an_address_that_may_not_be_looked_at_is_unverifiable_and_holds_nothing_up() {
    let Some(stage) = Stage::with(u32::MAX, "verify_interval = \"1h\"\n", "").await else { return };
    stage.colour().await;
    stage.replace(BLUE);
    let view = stage.purged(CAT).await;
    assert_eq!(view["state"], "done", "{view:#}");
    let host = &view["receipt"]["hosts"][0];
    assert_eq!(host["verdict"], "unverifiable");
    assert!(host["why"].as_str().unwrap().contains("allow_private"), "{host}");
}
