//! `kill -9` at every step of a purge and of what a CDN is told, right after it is written down, and right before, when
//! whatever it does outside has been done: whoever comes back goes on, and nothing is lost or done twice.
//!
//! In a build for tests a node can be told to end by itself (`crates/purge/src/failpoint.rs`), at each step, so that each of
//! its lives comes one further, or at one. A release cannot, and then this tests nothing.

mod world;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use cdn::VendorName;
use cdn::fake::{self, FakeCdn, Temper};
use http::{Method, StatusCode};
use pentimento::config::Cdn;
use serde_json::Value;
use testkit::{Postgres, eventually, picture, send, until};
use tokio::net::TcpListener;
use world::{BLUE, World};

const PNG: &str = "/demo/cat.jpg?w=300&format=png";
const PURGE: &str = r#"{"selectors":[{"original":"demo/cat.jpg"}]}"#;
const FORCED: &str = r#"{"selectors":[{"original":"demo/cat.jpg"}],"force":true}"#;
/// `after` a step, or `before` the second, or at one that is named.
const DIES: &str = "PENTIMENTO_DIES";
const LIVES_MAX: usize = 40;

struct Story {
    world: World,
    log: PathBuf,
}

impl Story {
    async fn new(more: &str) -> Self {
        let mut world = World::with(more).await;
        world.edge.get(PNG).await;
        world.source.put("/cat.jpg", "image/png", picture::png(640, 480, BLUE));
        let log = world.folder.path().join("log");
        world.node.log = Some(log.clone());
        Self { world, log }
    }

    /// Under one key, so that whoever heard no answer and asks again asks for the same purge.
    async fn ask(&self) -> Option<Value> {
        let token = self.world.node.token();
        let fields = [
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", "cat"),
        ];
        let seen =
            send(self.world.node.control, Method::POST, "/v1/purges", &fields, PURGE.into()).await.ok()?;
        Some(seen.json())
    }

    async fn has_ended(&self) -> bool {
        let token = self.world.node.token();
        let fields = [("authorization", token.as_str())];
        let seen = send(self.world.node.control, Method::GET, "/v1/purges", &fields, Bytes::new()).await;
        let state = seen.ok().and_then(|seen| Some(seen.json()["purges"][0]["state"].as_str()?.to_owned()));
        state.is_some_and(|state| state == "done" || state.starts_with("error"))
    }

    /// Lives of which each ends at a step, until the purge has; gives what they died of, and what the purge has become.
    async fn carried_by_the_dying(&mut self, moment: &str) -> (Vec<String>, Value) {
        self.world.node.kill().await;
        self.world.node.environment = vec![(DIES.to_owned(), moment.to_owned())];
        self.world.node.start().await;
        // It may die before it answers.
        self.ask().await;
        for _ in 0..LIVES_MAX {
            let has_died = eventually("it dies, or the purge ends", async || {
                let has_ended = self.world.node.is_running() && self.has_ended().await;
                let has_died = !self.world.node.is_running();
                (has_died || has_ended).then_some(has_died)
            })
            .await;
            if !has_died {
                break;
            }
            drop(self.world.node.spawn());
        }
        self.world.node.kill().await;
        self.world.node.environment.clear();
        self.world.node.start().await;
        let id = self.ask().await.and_then(|view| Some(view["id"].as_str()?.to_owned()));
        let view = self.world.node.ended(&id.expect("it is known by its key")).await;
        let log = std::fs::read_to_string(&self.log).unwrap();
        let deaths = log.lines().filter_map(|line| line.strip_prefix("dies ")).map(str::to_owned).collect();
        (deaths, view)
    }

    /// It has ended well, each step is in its history once, and its record in the log once.
    async fn dies_often_and_does_it_once(mut self, moment: &str) {
        let (deaths, view) = self.carried_by_the_dying(moment).await;
        // The first life writes down that it was received before it dies before a step.
        let steps = &STEPS[usize::from(moment == "before")..];
        assert_eq!(deaths, steps.iter().map(|step| format!("{moment} {step}")).collect::<Vec<_>>());
        assert_eq!(view["state"], "done", "{view:#}");
        let events = view["events"].as_array().unwrap();
        let states: Vec<&str> = events.iter().filter_map(|event| event["state"].as_str()).collect();
        let passed = ["received", "preparing", "flushing_origin", "flushing_origin", "flushing_servers"];
        assert_eq!(states, [passed.as_slice(), &["flushing_cdn", "verifying", "done"]].concat(), "{view:#}");
        assert_eq!(view["receipt"]["position"], 1, "{view:#}");
        assert_eq!(view["receipt"]["originals"].as_array().unwrap().len(), 1, "{view:#}");
        let forced = self.world.node.ended(&self.world.node.purge(FORCED).await).await;
        assert_eq!(forced["receipt"]["position"], 2, "{forced:#}");
        for node in [&self.world.edge, &self.world.node] {
            assert_eq!(picture::look_at(&node.get(PNG).await.body).2, BLUE);
        }
    }
}

/// What an original's purge writes down. That its source has answered is a step of its own.
const STEPS: [&str; 6] =
    ["received", "flushing_origin", "flushing_origin", "flushing_servers", "verifying", "done"];

#[tokio::test]
async fn a_purge_that_dies_after_each_step_is_done_once() {
    if cfg!(debug_assertions) {
        Story::new("").await.dies_often_and_does_it_once("after").await;
    }
}

#[tokio::test]
async fn a_purge_that_dies_before_each_step_is_written_down_is_done_once() {
    if cfg!(debug_assertions) {
        Story::new("").await.dies_often_and_does_it_once("before").await;
    }
}

#[tokio::test]
async fn on_postgresql_too_a_purge_that_dies_before_each_step_is_done_once() {
    let Some(postgres) = postgres() else { return };
    Story::new(&postgres.catalog()).await.dies_often_and_does_it_once("before").await;
}

fn postgres() -> Option<Postgres> {
    if cfg!(debug_assertions) { Postgres::start() } else { None }
}

/// A node in front of which CloudFront is a fake, which takes what it is told at once.
async fn before_cloudfront(more: &str) -> (World, FakeCdn) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = fake::settings(VendorName::CloudFront, listener.local_addr().unwrap());
    let section =
        Cdn::example(VendorName::CloudFront, &settings).replace("window = \"10s\"", "window = \"0s\"");
    let section = section.replace("http://127.0.0.1:8080", "http://127.0.0.1");
    let temper = Temper { completes_after: Duration::from_millis(200), ..Temper::default() };
    let fake = FakeCdn::new(VendorName::CloudFront, temper);
    let serving = fake.clone();
    tokio::spawn(async move { serving.serve(listener).await });
    (World::with(&format!("{section}\n{more}")).await, fake)
}

/// Asks for a purge of which its node dies at this point; gives the purge's id.
async fn dies_at(world: &mut World, point: &str) -> String {
    world.node.kill().await;
    world.node.environment = vec![(DIES.to_owned(), point.to_owned())];
    world.node.start().await;
    let id = world.node.purge(FORCED).await;
    until(&format!("it dies {point}"), async || !world.node.is_running()).await;
    world.node.environment.clear();
    id
}

/// A node dies at each of these points of what CloudFront is told, and comes back. It is told once, or in the same words
/// under the same reference again, which to CloudFront is the same call.
async fn a_cdn_is_told(points: &[(&str, usize)], more: &str) {
    let (mut world, fake) = before_cloudfront(more).await;

    for (point, times) in points {
        let before = told(&fake).len();
        let id = dies_at(&mut world, point).await;
        world.node.start().await;
        let view = world.node.ended(&id).await;

        assert_eq!(view["state"], "done", "{point}: {view:#}");
        assert_eq!(
            view["receipt"]["cdns"][0]["calls"].as_array().map(Vec::len),
            Some(1),
            "{point}: {view:#}"
        );
        let calls = told(&fake).split_off(before);
        assert_eq!(calls.len(), *times, "{point}");
        assert!(calls.iter().all(|call| *call == calls[0]), "{point}: {calls:#?}");
    }
}

#[tokio::test]
async fn a_preset_is_changed_together_with_its_purge_or_not_at_all() {
    const THUMB: &str = "/demo/cat.jpg?preset=thumb";
    if !cfg!(debug_assertions) {
        return;
    }
    let mut world = World::new().await;
    let put = async |world: &World, width: u32| {
        let token = world.node.token();
        let fields = [("authorization", token.as_str()), ("content-type", "application/json")];
        let body = format!(r#"{{"parameters":"w={width}&format=png"}}"#);
        // It may die before it answers.
        _ = send(world.node.control, Method::PUT, "/v1/presets/thumb", &fields, body.into()).await;
    };
    let newest = async |world: &World| {
        let token = world.node.token();
        let fields = [("authorization", token.as_str())];
        let seen = send(world.node.control, Method::GET, "/v1/purges", &fields, Bytes::new()).await.unwrap();
        seen.json()["purges"][0]["id"].as_str().unwrap().to_owned()
    };
    put(&world, 60).await;
    world.node.ended(&newest(&world).await).await;
    for (point, wide) in [
        ("before received", 60),
        ("after received", 90),
        ("before flushing_servers", 120),
        ("after verifying", 150),
    ] {
        let before = newest(&world).await;
        assert_eq!(world.edge.get(THUMB).await.status, 200);
        world.node.kill().await;
        world.node.environment = vec![(DIES.to_owned(), point.to_owned())];
        world.node.start().await;
        put(&world, if point == "before received" { 75 } else { wide }).await;
        until(&format!("it dies {point}"), async || !world.node.is_running()).await;
        world.node.environment.clear();
        world.node.start().await;
        let id = newest(&world).await;
        assert_eq!(id != before, point != "before received", "{point}");
        let view = world.node.ended(&id).await;
        assert_eq!(view["state"], "done", "{point}: {view:#}");
        for node in [&world.edge, &world.node] {
            assert_eq!(picture::look_at(&node.get(THUMB).await.body).0, wide, "{point}");
        }
    }
}

/// What makes a call, in their order, with its `CallerReference`.
fn told(fake: &FakeCdn) -> Vec<String> {
    let posts = fake.told().into_iter().filter(|told| told.method == Method::POST);
    posts.map(|told| String::from_utf8_lossy(&told.body).into_owned()).collect()
}

#[tokio::test]
async fn a_cdn_is_told_once_whatever_a_node_has_written_down_of_it_when_it_dies() {
    if cfg!(debug_assertions) {
        let points = ["after calls are planned", "after a call is accepted", "after a call is done"];
        a_cdn_is_told(&points.map(|point| (point, 1)), "").await;
    }
}

#[tokio::test]
async fn a_cdn_hears_the_same_call_again_if_a_node_dies_before_it_has_written_it_down() {
    if cfg!(debug_assertions) {
        let points =
            [("before calls are planned", 1), ("before a call is accepted", 2), ("before a call is done", 1)];
        a_cdn_is_told(&points, "").await;
    }
}

#[tokio::test]
async fn on_postgresql_too_a_cdn_hears_the_same_call_again() {
    let Some(postgres) = postgres() else { return };
    a_cdn_is_told(&[("before a call is accepted", 2)], &postgres.catalog()).await;
}

#[tokio::test]
async fn what_a_cdn_refused_is_said_again_in_the_same_words_by_whoever_comes_after_the_node_that_heard_it() {
    if !cfg!(debug_assertions) {
        return;
    }
    // A refusal is written down as a call that is planned again, for later.
    for point in ["before a call is planned", "after a call is planned"] {
        let (mut world, fake) = before_cloudfront("").await;
        fake.set_temper(|temper| temper.answers = Some(StatusCode::SERVICE_UNAVAILABLE));
        let id = dies_at(&mut world, point).await;
        let refused = told(&fake).len();
        assert!(refused > 0, "{point}");
        fake.set_temper(|temper| temper.answers = None);
        world.node.start().await;
        let view = world.node.ended(&id).await;
        assert_eq!(view["state"], "done", "{point}: {view:#}");
        let calls = told(&fake);
        assert_eq!(calls.len(), refused + 1, "{point}");
        assert!(calls.iter().all(|call| *call == calls[0]), "{point}: {calls:#?}");
    }
}

#[tokio::test]
async fn a_purge_for_later_is_done_when_it_is_time_by_a_node_that_was_dead_in_between() {
    let mut story = Story::new("").await;
    let at = unix_millis() + 3000;
    let body = format!(r#"{{"selectors":[{{"original":"demo/cat.jpg"}}],"at":{at}}}"#);
    let id = story.world.node.purge(&body).await;
    story.world.node.kill().await;
    story.world.node.start().await;
    let view = story.world.node.api_get(&format!("/v1/purges/{id}")).await;
    // Unless this machine was so slow that it is time already.
    assert!(view["state"] == "received" || unix_millis() >= at, "{view:#}");
    story.world.node.kill().await;
    until("it is time", async || unix_millis() >= at).await;
    story.world.node.start().await;
    let view = story.world.node.ended(&id).await;
    assert_eq!(view["state"], "done", "{view:#}");
    let events = view["events"].as_array().unwrap();
    assert!(events[1..].iter().all(|event| event["at"].as_u64() >= Some(at)), "{view:#}");
    assert_eq!(view["receipt"]["position"], 1, "{view:#}");
}

fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}
