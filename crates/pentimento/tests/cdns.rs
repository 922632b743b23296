//! Purges that tell other people's CDNs, over real sockets, with a real process that can be killed: strict fakes stand in
//! for the vendors.

mod world;

use std::time::{Duration, Instant};

use cdn::VendorName;
use cdn::fake::{self, FakeCdn, Temper, Told};
use http::StatusCode;
use pentimento::config::Cdn;
use serde_json::Value;
use testkit::picture;
use tokio::net::TcpListener;
use world::{BLUE, GREEN, World};

const CAT: &str = r#"{"selectors":[{"original":"demo/cat.jpg"}]}"#;
const FORCED: &str = r#"{"selectors":[{"original":"demo/cat.jpg"}],"force":true}"#;

/// A fake, and the section with which a node talks to it.
async fn rehearsed(vendor: VendorName, window: &str, temper: Temper) -> (FakeCdn, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = fake::settings(vendor, listener.local_addr().unwrap());
    let section =
        Cdn::example(vendor, &settings).replace("window = \"10s\"", &format!("window = \"{window}\""));
    let section = section.replace("http://127.0.0.1:8080", "http://127.0.0.1");
    let fake = FakeCdn::new(vendor, temper);
    let serving = fake.clone();
    tokio::spawn(async move { serving.serve(listener).await });
    (fake, section)
}

fn quick() -> Temper {
    Temper { completes_after: Duration::from_millis(300), ..Temper::default() }
}

fn bodies(told: &[Told]) -> Vec<String> {
    let posts = told.iter().filter(|told| told.method == http::Method::POST);
    posts.map(|told| String::from_utf8_lossy(&told.body).into_owned()).collect()
}

async fn until_told(fake: &FakeCdn, number: usize) {
    let mut changes = fake.changes();
    let wait = async {
        while fake.told().len() < number {
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("the fake is told");
}

fn of<'a>(view: &'a Value, name: &str) -> &'a Value {
    let cdns = view["receipt"]["cdns"].as_array().unwrap();
    cdns.iter().find(|cdn| cdn["name"] == name).unwrap_or_else(|| panic!("{name} in {view:#}"))
}

#[tokio::test]
async fn a_purge_is_done_when_the_cdn_says_that_its_call_has_taken_effect() {
    let (fake, section) = rehearsed(VendorName::CloudFront, "0s", quick()).await;
    let world = World::with(&section).await;
    world.node.get("/demo/cat.jpg?w=300").await;
    world.source.put("/cat.jpg", "image/png", picture::png(640, 480, BLUE));

    let view = world.node.ended(&world.node.purge(CAT).await).await;

    assert_eq!(view["state"], "done", "{view:#}");
    let cdn = of(&view, "cloudfront-rehearsal");
    assert_eq!(cdn["outcome"], "done");
    let call = &cdn["calls"][0];
    assert_eq!(call["what"], "1 path");
    assert!(call["handle"].as_str().is_some_and(|id| id.starts_with('I')), "{call:#}");
    let took = call["ended"].as_u64().unwrap() - call["sent"].as_u64().unwrap();
    assert!(took >= 300, "it asked until that was so, not {took} ms");
    let told = bodies(&fake.told());
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("<Path>/demo/cat.jpg*</Path>"), "{}", told[0]);

    // Nothing has changed since: there is nothing to tell.
    let view = world.node.ended(&world.node.purge(CAT).await).await;
    assert_eq!(view["state"], "unchanged");
    assert_eq!(bodies(&fake.told()).len(), 1);
}

#[tokio::test]
async fn a_cdn_with_wrong_credentials_or_nonsense_to_say_holds_up_no_other_and_ends_in_an_error() {
    let (_fastly, fastly) = rehearsed(VendorName::Fastly, "0s", quick()).await;
    let fastly = fastly.replace(fake::SECRET, "not-the-secret-that-it-wants");
    // An original cannot be named by prefix there; everything may be purged.
    let fastly = format!("{fastly}purge_all = true\n");
    let (nonsense, cloudflare) = rehearsed(VendorName::Cloudflare, "0s", quick()).await;
    nonsense.set_temper(|temper| temper.answers = Some(StatusCode::OK));
    let cloudflare = format!("{cloudflare}attempts = 2\n");
    let (webhook, hook) = rehearsed(VendorName::Webhook, "0s", quick()).await;
    let world = World::with(&format!("{fastly}{cloudflare}{hook}")).await;
    world.node.get("/demo/cat.jpg?w=300&format=png").await;
    world.source.put("/cat.jpg", "image/png", picture::png(640, 480, GREEN));

    let view = world.node.ended(&world.node.purge(CAT).await).await;

    assert_eq!(view["state"], "error_cdn", "{view:#}");
    let error = view["error"].as_str().unwrap();
    assert!(error.contains("fastly-rehearsal: it does not accept our credentials (status 401)"), "{error}");
    assert!(error.contains("cloudflare-rehearsal: it answered what we do not understand"), "{error}");
    assert_eq!(of(&view, "fastly-rehearsal")["outcome"], "failed");
    assert_eq!(of(&view, "cloudflare-rehearsal")["calls"][0]["attempts"], 2);
    let told = of(&view, "webhook-rehearsal");
    assert_eq!(told["outcome"], "done");
    // The one that works did not wait for the ones that do not.
    let failed = of(&view, "cloudflare-rehearsal")["calls"][0]["ended"].as_u64();
    assert!(told["calls"][0]["ended"].as_u64() < failed, "{view:#}");
    assert!(bodies(&webhook.told())[0].contains(r#""paths":["http://127.0.0.1/demo/cat.jpg"]"#));
    // And our own nodes are right all the same.
    let fresh = world.edge.get("/demo/cat.jpg?w=300&format=png").await;
    assert_eq!(picture::look_at(&fresh.body).2, GREEN);
    let looks = view["receipt"]["looks"].as_array().unwrap();
    assert!(looks.iter().any(|look| look["node"] == "edge" && look["verdict"] == "verified"));
    // Nobody listens where the CDNs are said to be, and that is not held against them.
    let host = &view["receipt"]["hosts"][0];
    assert_eq!((&host["host"], &host["verdict"]), (&"http://127.0.0.1".into(), &"unverifiable".into()));
    assert!(looks.iter().all(|look| look["verdict"] != "stale"), "{looks:#?}");
}

#[tokio::test]
async fn what_waits_for_one_window_is_told_in_one_call_and_an_urgent_purge_takes_it_along() {
    let (fake, section) = rehearsed(VendorName::Cloudimage, "1h", quick()).await;
    let world = World::with(&section).await;
    let mut ids = Vec::new();
    for name in ["a.jpg", "b.jpg", "c%20d.jpg", "a.jpg"] {
        let body = FORCED.replace("cat.jpg", &name.replace("%20", " "));
        ids.push(world.node.purge(&body).await);
    }
    for id in &ids {
        world.node.until(id, |view| view["receipt"]["cdns"][0]["outcome"] == "waiting").await;
    }
    assert!(fake.told().is_empty());
    let waiting = world.node.api_get(&format!("/v1/purges/{}", ids[0])).await;
    assert_eq!(waiting["state"], "flushing_cdn");
    let until = waiting["receipt"]["cdns"][0]["waits_until"].as_u64().unwrap();
    assert!(until > waiting["received"].as_u64().unwrap() + 3_500_000, "{waiting:#}");

    ids.push(world.node.purge(&FORCED.replace("\"force\"", "\"urgent\":true,\"force\"")).await);

    let mut references = Vec::new();
    for id in &ids {
        let view = world.node.ended(id).await;
        assert_eq!(view["state"], "done", "{view:#}");
        references.push(view["receipt"]["cdns"][0]["calls"][0]["reference"].clone());
    }
    references.dedup();
    assert_eq!(references.len(), 1, "all of them were one call");
    let all =
        r#"{"scope":"original","urls":["/demo/a.jpg","/demo/b.jpg","/demo/c%20d.jpg","/demo/cat.jpg"]}"#;
    assert_eq!(bodies(&fake.told()), [all]);
}

#[tokio::test]
async fn pictures_carry_the_tags_by_which_their_purges_are_told() {
    let (fake, section) = rehearsed(VendorName::Fastly, "0s", quick()).await;
    let world = World::with(&format!("{section}tags = true\n")).await;
    let url = "/demo/cat.jpg?w=300&format=png";
    let own = world.node.get(url).await.header("surrogate-key").to_owned();
    assert_eq!(world.edge.get(url).await.header("surrogate-key"), own, "also through an edge");

    for (purge, what) in
        [(FORCED, "1 tag"), (r#"{"selectors":[{"source":"demo"}],"mode":"soft"}"#, "1 tag, softly")]
    {
        let view = world.node.ended(&world.node.purge(purge).await).await;
        assert_eq!(view["state"], "done", "{view:#}");
        assert_eq!(of(&view, "fastly-rehearsal")["calls"][0]["what"], what);
        let body: Value = serde_json::from_slice(&fake.told().last().unwrap().body).unwrap();
        let key = body["surrogate_keys"][0].as_str().unwrap();
        assert!(own.split(' ').any(|tag| tag == key), "{key} is none of {own}");
    }
}

#[tokio::test]
async fn a_node_that_is_killed_between_a_call_and_its_note_makes_the_same_call_again() {
    // The vendor takes the call at once, and keeps its answer back.
    let temper = Temper { latency: Duration::from_secs(3), ..quick() };
    let (fake, section) = rehearsed(VendorName::CloudFront, "0s", temper).await;
    let mut world = World::with(&section).await;
    let id = world.node.purge(FORCED).await;
    until_told(&fake, 1).await;
    world.node.kill().await;
    fake.set_temper(|temper| temper.latency = Duration::ZERO);
    world.node.start().await;

    let view = world.node.ended(&id).await;

    assert_eq!(view["state"], "done", "{view:#}");
    let told = bodies(&fake.told());
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], told[1], "reference and all, so that to the vendor it is one invalidation");
    assert_eq!(of(&view, "cloudfront-rehearsal")["calls"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_window_survives_the_process_that_opened_it() {
    let (fake, section) = rehearsed(VendorName::Webhook, "3s", quick()).await;
    let mut world = World::with(&section).await;
    let started = Instant::now();
    let id = world.node.purge(FORCED).await;
    world.node.until(&id, |view| view["receipt"]["cdns"][0]["outcome"] == "waiting").await;
    world.node.kill().await;
    world.node.start().await;
    let view = world.node.ended(&id).await;
    assert_eq!(view["state"], "done", "{view:#}");
    assert!(started.elapsed() >= Duration::from_secs(3));
    assert_eq!(bodies(&fake.told()).len(), 1);
}

#[tokio::test]
async fn a_vendor_that_has_a_bad_moment_is_asked_again() {
    let (fake, section) = rehearsed(VendorName::CloudFront, "0s", quick()).await;
    fake.set_temper(|temper| temper.answers = Some(StatusCode::BAD_GATEWAY));
    let world = World::with(&section).await;
    let id = world.node.purge(FORCED).await;
    until_told(&fake, 1).await;
    fake.set_temper(|temper| temper.answers = None);
    let view = world.node.ended(&id).await;
    assert_eq!(view["state"], "done", "{view:#}");
    assert_eq!(bodies(&fake.told()).len(), 2);
}

#[tokio::test]
async fn a_cdn_that_the_configuration_loses_is_given_up_and_not_waited_for() {
    let (_fake, section) = rehearsed(VendorName::Webhook, "1h", quick()).await;
    let mut world = World::with(&section).await;
    let id = world.node.purge(FORCED).await;
    world.node.until(&id, |view| view["receipt"]["cdns"][0]["outcome"] == "waiting").await;
    world.node.stop().await;
    let file = world.folder.path().join("pentimento.toml");
    let without = std::fs::read_to_string(&file).unwrap().replace(&section, "");
    std::fs::write(&file, without).unwrap();
    world.node.start().await;
    let view = world.node.ended(&id).await;
    assert_eq!(view["state"], "error_cdn", "{view:#}");
    assert!(view["error"].as_str().unwrap().contains("does not have it any more"), "{view:#}");
}
