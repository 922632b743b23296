//! A preset is changed, and every picture that was made with it has the new look, everywhere; others were left alone.

mod world;

use std::time::Duration;

use cdn::VendorName;
use cdn::fake::{self, FakeCdn, Temper};
use http::Method;
use pentimento::config::Cdn;
use serde_json::{Value, json};
use testkit::{Seen, picture, send};
use tokio::net::TcpListener;
use world::{BLUE, GREEN, RED, World, leased};

const THUMB: &str = "/demo/cat.jpg?preset=thumb";
const SMALL: &str = "/demo/cat.jpg?preset=thumb&w=60&h=10";
const OTHER: &str = "/demo/cat.jpg?preset=hero";
const PLAIN: &str = "/demo/cat.jpg?w=140&format=png";

fn width(seen: &Seen) -> u32 {
    assert_eq!(seen.status, 200, "{}", seen.text());
    picture::look_at(&seen.body).0
}

async fn put(world: &World, path: &str, parameters: &str) -> Value {
    let token = world.node.token();
    let fields = [("authorization", token.as_str()), ("content-type", "application/json")];
    let body = json!({"parameters": parameters}).to_string();
    let seen = send(world.node.control, Method::PUT, path, &fields, body.into()).await.expect("an answer");
    assert!(matches!(seen.status, 200 | 201), "{}", seen.text());
    seen.json()
}

/// The purge that a change of a preset announces, as it has ended.
async fn settled(world: &World, changed: &Value) -> Value {
    let id = changed["purge"].as_str().unwrap_or_else(|| panic!("no purge: {changed:#}"));
    let view = world.node.ended(id).await;
    assert_eq!(view["state"], "done", "{view:#}");
    view
}

#[tokio::test]
async fn a_changed_preset_is_seen_by_everyone_when_its_purge_is_done() {
    let mut world = World::new().await;
    settled(&world, &put(&world, "/v1/presets/thumb", "w=120&format=png").await).await;
    settled(&world, &put(&world, "/v1/presets/hero", "w=200&format=png").await).await;
    let nodes = [world.edge.delivery, world.node.delivery];
    for node in nodes {
        for (url, wide) in [(THUMB, 120), (SMALL, 13), (OTHER, 200), (PLAIN, 140)] {
            assert_eq!(width(&leased(node, url, &[]).await), wide, "{url}");
            let again = leased(node, url, &[]).await;
            assert_eq!((again.header("x-cache"), width(&again)), ("HIT", wide), "{url}");
        }
    }
    let view = settled(&world, &put(&world, "/v1/presets/thumb", "w=80&format=png").await).await;
    assert_eq!(view["receipt"]["subjects"], json!(["preset:thumb"]), "{view:#}");
    let looks = view["receipt"]["looks"].as_array().unwrap();
    assert!(looks.len() >= 4 && looks.iter().all(|look| look["verdict"] == "verified"), "{view:#}");
    for round in ["at once", "after a restart"] {
        for node in nodes {
            for (url, wide) in [(THUMB, 80), (SMALL, 13), (OTHER, 200), (PLAIN, 140)] {
                assert_eq!(width(&leased(node, url, &[]).await), wide, "{round}: {url}");
            }
        }
        if round == "at once" {
            for url in [OTHER, PLAIN] {
                assert_eq!(leased(nodes[0], url, &[]).await.header("x-cache"), "HIT", "{url} was left alone");
            }
            world.edge.kill().await;
            world.node.kill().await;
            world.node.start().await;
            world.edge.start().await;
        }
    }
    assert_eq!(put(&world, "/v1/presets/thumb", "format=png&w=80").await["purge"], Value::Null);
    settled(&world, &put(&world, "/v1/presets/thumb?force=true", "w=80&format=png").await).await;
    // By hand too, and by its name alone.
    let view = world.node.ended(&world.node.purge(r#"{"selectors":[{"preset":"hero"}]}"#).await).await;
    assert_eq!((&view["state"], &view["receipt"]["subjects"]), (&"done".into(), &json!(["preset:hero"])));
    assert!(!view["receipt"]["looks"].as_array().unwrap().is_empty(), "{view:#}");
    let dry = r#"{"selectors":[{"preset":"thumb"}],"dry_run":true}"#;
    leased(nodes[0], THUMB, &[]).await;
    let token = world.node.token();
    let fields = [("authorization", token.as_str()), ("content-type", "application/json")];
    let impact = testkit::post(world.node.control, "/v1/purges", &fields, dry).await.json();
    assert!(impact["memory"]["responses"].as_u64() >= Some(2), "{impact:#}");
}

#[tokio::test]
async fn a_preset_that_is_not_there_is_clearly_missing_and_there_at_once_when_it_is_made() {
    let world = World::new().await;
    let nodes = [world.edge.delivery, world.node.delivery];
    for node in nodes {
        let seen = leased(node, THUMB, &[]).await;
        assert_eq!((seen.status, seen.header("cache-control")), (404, "public, max-age=0"));
        assert!(seen.text().contains("unknown-preset"), "{}", seen.text());
        assert!(seen.text().contains("there is no preset thumb for the pictures of demo"), "{}", seen.text());
    }
    settled(&world, &put(&world, "/v1/presets/thumb", "w=120&crop=top&format=png").await).await;
    for node in nodes {
        // Alone it lacks something, which a URL may add.
        let seen = leased(node, THUMB, &[]).await;
        assert_eq!((seen.status, seen.header("cache-control")), (400, "public, max-age=0"));
        assert!(
            seen.text().contains("with the preset thumb: the parameter crop has no effect here"),
            "{}",
            seen.text()
        );
        let whole = "/demo/cat.jpg?preset=thumb&h=50&fit=crop&w=999";
        assert_eq!(picture::look_at(&leased(node, whole, &[]).await.body), (120, 50, RED));
    }
    let token = world.node.token();
    let fields = [("authorization", token.as_str())];
    let gone =
        send(world.node.control, Method::DELETE, "/v1/presets/thumb", &fields, Vec::new().into()).await;
    let gone = gone.expect("an answer").json();
    assert_eq!(world.node.ended(gone["id"].as_str().unwrap()).await["state"], "done");
    for node in nodes {
        let seen = leased(node, "/demo/cat.jpg?preset=thumb&h=50&fit=crop&w=999", &[]).await;
        assert_eq!(seen.status, 404, "{}", seen.text());
    }
}

#[tokio::test]
async fn what_a_preset_lays_over_a_picture_reaches_it_by_its_own_purge_and_is_warmed() {
    let world = World::new().await;
    world.source.put("/brand/logo.png", "image/png", picture::png(40, 30, GREEN));
    settled(&world, &put(&world, "/v1/presets/marked", "w=120&format=png&mark=demo/brand/logo.png").await)
        .await;
    let marked = "/demo/cat.jpg?preset=marked&mark-align=center";
    let colour = async || picture::look_at(&leased(world.edge.delivery, marked, &[]).await.body).2;
    assert_eq!(colour().await, GREEN);
    world.source.put("/brand/logo.png", "image/png", picture::png(40, 30, BLUE));
    let purge = r#"{"selectors":[{"original":"demo/brand/logo.png"}],"warm":5}"#;
    let view = world.node.ended(&world.node.purge(purge).await).await;
    assert_eq!(view["state"], "done", "{view:#}");
    assert_eq!(view["receipt"]["originals"][0]["dependents"], 1, "{view:#}");
    assert_eq!(view["receipt"]["warm"]["warmed"], 1, "{view:#}");
    assert_eq!(colour().await, BLUE);
    // The mark is no more a part of it, so that nothing of it is reached by the mark.
    settled(&world, &put(&world, "/v1/presets/marked", "w=120&format=png&blend=red&blend-mode=normal").await)
        .await;
    let plain = leased(world.edge.delivery, "/demo/cat.jpg?preset=marked", &[]).await;
    assert_eq!(picture::look_at(&plain.body).2, [255, 0, 0]);
}

#[tokio::test]
async fn the_format_is_the_presets_to_leave_open_and_each_client_gets_its_own() {
    let world = World::new().await;
    settled(&world, &put(&world, "/v1/presets/thumb", "w=60&format=auto").await).await;
    for _ in ["first", "again"] {
        for (accept, kind) in [
            ("image/avif,image/webp,*/*", "image/webp"),
            ("image/webp,*/*", "image/webp"),
            ("*/*", "image/png"),
        ] {
            let seen = leased(world.edge.delivery, THUMB, &[("accept", accept)]).await;
            assert_eq!((seen.header("content-type"), seen.header("vary")), (kind, "Accept"));
        }
    }
}

#[tokio::test]
async fn a_cdn_hears_of_a_changed_preset_by_its_tag_or_by_the_urls_that_are_known() {
    let (by_tag, tagged) = rehearsed(VendorName::Cloudflare).await;
    let (by_url, untagged) = rehearsed(VendorName::KeyCdn).await;
    let world = World::with(&format!("{tagged}tags = true\n{untagged}")).await;
    settled(&world, &put(&world, "/v1/presets/thumb", "w=120&format=png").await).await;
    let seen = leased(world.edge.delivery, THUMB, &[]).await;
    let tags: Vec<&str> = seen.header("cache-tag").split(',').collect();
    assert!(tags.len() >= 4, "{:?}", seen.headers);
    let view = settled(&world, &put(&world, "/v1/presets/thumb", "w=80&format=png").await).await;
    let told =
        |fake: &FakeCdn| String::from_utf8_lossy(&fake.told().last().expect("it is told").body).into_owned();
    let (by_tag, by_url) = (told(&by_tag), told(&by_url));
    assert!(tags.iter().any(|tag| by_tag.contains(tag)), "{by_tag} of {tags:?}: {view:#}");
    assert_eq!(by_url, r#"{"urls":["127.0.0.1/demo/cat.jpg?preset=thumb"]}"#);
    let note = &view["receipt"]["cdns"][1]["notes"][0];
    assert!(
        note.as_str().is_some_and(|note| note.contains("that were delivered lately, and no others")),
        "{view:#}"
    );
}

async fn rehearsed(vendor: VendorName) -> (FakeCdn, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = fake::settings(vendor, listener.local_addr().unwrap());
    let section = Cdn::example(vendor, &settings).replace("window = \"10s\"", "window = \"0s\"");
    let section = section.replace("http://127.0.0.1:8080", "http://127.0.0.1");
    let temper = Temper { completes_after: Duration::from_millis(50), ..Temper::default() };
    let fake = FakeCdn::new(vendor, temper);
    let serving = fake.clone();
    tokio::spawn(async move { serving.serve(listener).await });
    (fake, section)
}
