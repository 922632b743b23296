//! URLs that are not ours, at somebody else's CDN: a strict fake of Cloudimage that serves pictures, told and looked at until
//! they are others.

mod world;

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use cdn::VendorName;
use cdn::fake::{self, FakeCdn, Temper};
use http::{Method, StatusCode};
use pentimento::config::Cdn;
use serde_json::{Value, json};
use testkit::{Node, head, post};
use tokio::net::TcpListener;
use world::{Settings, World};

const PICTURE: &str = "/example.com/cat.jpg";

struct Stage {
    world: World,
    fake: FakeCdn,
    /// Where the fake serves its pictures.
    site: String,
}

impl Stage {
    async fn with(deaf_to: u32, purge: &str, change: impl FnOnce(String) -> String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let temper = Temper { completes_after: Duration::from_millis(300), deaf_to, ..Temper::default() };
        let fake = FakeCdn::new(VendorName::Cloudimage, temper);
        let serving = fake.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        let site = format!("http://{address}");
        let section = Cdn::example(VendorName::Cloudimage, &fake::settings(VendorName::Cloudimage, address))
            .replace("http://127.0.0.1:8080", &site)
            .replace("\"cloudimage-rehearsal\"", "\"far\"\nonly_by_name = true");
        let section = change(section);
        let world = World::set_up(Settings { more: &section, purge, ..Settings::default() }).await;
        Self { world, fake, site }
    }

    fn url(&self) -> String {
        format!("{}{PICTURE}", self.site)
    }

    async fn begun(&self) -> String {
        let selectors = json!([{ "external": { "cdn": "far", "url": self.url() } }]);
        self.world.node.purge(&json!({ "selectors": selectors, "urgent": true }).to_string()).await
    }

    async fn ended(&self) -> Value {
        self.world.node.ended(&self.begun().await).await
    }

    /// What was posted to the fake, and taken on.
    fn told(&self) -> Vec<String> {
        let told = self.fake.told();
        let posts = told.iter().filter(|told| told.method == Method::POST && told.status.is_success());
        posts.map(|told| String::from_utf8_lossy(&told.body).into_owned()).collect()
    }
}

fn verdicts(view: &Value) -> Vec<&str> {
    let looks = view["receipt"]["looks"].as_array().expect("looks");
    looks.iter().filter_map(|look| look["verdict"].as_str()).collect()
}

async fn command(node: &Node, arguments: &[&str]) -> Output {
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_pentimento")));
    command.args(arguments).args(["--control", &format!("http://{}", node.control)]);
    command.args(["--token", node.token().trim_start_matches("Bearer ")]);
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("the binary starts")
}

#[tokio::test]
async fn a_picture_is_told_and_looked_at_until_it_is_another() {
    let stage = Stage::with(1, "verify_looks = 3\n", |section| section).await;
    let address = stage.site.trim_start_matches("http://").parse().unwrap();
    let before = head(address, PICTURE).await.header("date").to_owned();

    let view = stage.ended().await;

    assert_eq!(view["state"], "done", "{view:#}");
    assert_eq!(
        verdicts(&view),
        ["stale", "stale", "stale", "verified"],
        "three looks, then it is told again"
    );
    assert_ne!(head(address, PICTURE).await.header("date"), before);
    let call = format!(r#"{{"scope":"original","urls":["{PICTURE}"]}}"#);
    assert_eq!(stage.told(), [call.clone(), call]);
    let receipt = &view["receipt"];
    assert_eq!(receipt["externals"][0]["url"], stage.url());
    assert!(receipt["externals"][0]["before"]["aged_since"].is_u64(), "{receipt:#}");
    assert!(receipt["position"].is_null(), "nothing of ours was fenced");
    let handles: Vec<_> =
        receipt["cdns"][0]["calls"].as_array().unwrap().iter().map(|call| call["handle"].clone()).collect();
    assert_eq!(handles.len(), 2);
    assert_ne!(handles[0], handles[1]);
    let states: Vec<&str> =
        view["events"].as_array().unwrap().iter().filter_map(|event| event["state"].as_str()).collect();
    assert!(!states.contains(&"flushing_origin") && states.contains(&"preparing"), "{states:?}");
    // The questions for it were for its head alone.
    let looks = stage.fake.told();
    let mut looks = looks.iter().filter(|told| told.uri.path() == PICTURE);
    assert!(looks.all(|told| told.method == Method::HEAD));
    // And purges of ours were nothing to it.
    stage.world.node.get("/demo/cat.jpg?w=30").await;
    let ours = r#"{"selectors":[{"original":"demo/cat.jpg"}],"force":true,"urgent":true}"#;
    let view = stage.world.node.ended(&stage.world.node.purge(ours).await).await;
    assert_eq!((&view["state"], &view["receipt"]["cdns"]), (&json!("done"), &json!([])));
}

#[tokio::test]
async fn the_command_shows_each_step_and_ends_as_the_picture_does() {
    let purge = "verify_looks = 1\nverify_rounds = 2\n";
    let stage = Stage::with(1, purge, |section| section).await;
    let url = stage.url();
    let done = command(&stage.world.node, &["invalidate-and-verify", url.as_str(), "--via", "far"]).await;
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(done.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&done.stderr));
    let mut at = 0;
    for line in ["preparing", "flushing_cdn", "verifying", "is told again", "verifying", "done", "verified"] {
        at += text[at..].find(line).unwrap_or_else(|| panic!("{line:?} is not where it should be: {text}"));
    }

    stage.fake.set_temper(|temper| temper.answers = Some(StatusCode::FORBIDDEN));
    let failed = command(&stage.world.node, &["invalidate-and-verify", url.as_str(), "--via", "far"]).await;
    let text = String::from_utf8_lossy(&failed.stdout).into_owned();
    assert_eq!(failed.status.code(), Some(1), "{text}");
    assert!(text.contains("far: it does not accept our credentials (status 403)"), "{text}");

    for (arguments, words) in [
        (["invalidate-and-verify", url.as_str(), "--via", "near"], "no CDN named \"near\""),
        (
            ["invalidate-and-verify", "https://img.test/a.jpg", "--via", "far"],
            "far answers for http://127.0.0.1",
        ),
    ] {
        let refused = command(&stage.world.node, &arguments).await;
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{text}");
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn a_node_that_is_killed_between_two_looks_goes_on_where_it_was() {
    let purge = "verify_looks = 2\nverify_interval = \"2s\"\n";
    let mut stage = Stage::with(1, purge, |section| section).await;
    let started = Instant::now();
    let id = stage.begun().await;
    stage.world.die_between_looks(&id).await;
    let view = stage.world.node.ended(&id).await;
    assert_eq!(view["state"], "done", "{view:#}");
    assert!(started.elapsed() >= Duration::from_secs(2), "the timer was not forgotten");
    assert_eq!(verdicts(&view), ["stale", "stale", "verified"]);
    assert_eq!(stage.told().len(), 2);
}

#[tokio::test]
async fn one_that_stays_as_it_is_ends_in_an_error_and_bad_moments_in_between_are_passed_over() {
    let purge = "verify_looks = 2\nverify_rounds = 2\n";
    let stage = Stage::with(u32::MAX, purge, |section| section).await;
    stage.fake.set_temper(|temper| temper.answers = Some(StatusCode::BAD_GATEWAY));
    let id = stage.begun().await;
    stage.world.node.until(&id, |view| view["events"].to_string().contains("answered 502")).await;
    stage.fake.set_temper(|temper| temper.answers = None);
    let view = stage.world.node.ended(&id).await;
    assert_eq!(view["state"], "error_cdn_node", "{view:#}");
    assert_eq!(verdicts(&view), ["stale"; 4]);
    assert_eq!(stage.told().len(), 2, "{view:#}");
    let evidence = &view["receipt"]["looks"][0]["evidence"];
    assert_eq!(evidence["address"], stage.site.trim_start_matches("http://"));
    assert!(evidence["fields"]["age"].is_string() && evidence["fields"]["date"].is_string());
}

#[tokio::test]
async fn what_is_ours_and_what_is_not_are_not_purged_together() {
    let stage = Stage::with(0, "", |section| section).await;
    let headers =
        [("authorization", stage.world.node.token()), ("content-type", "application/json".to_owned())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let external = json!({ "external": { "cdn": "far", "url": stage.url() } });
    for (selectors, mode, problem) in [
        (vec![external.clone(), json!({ "original": "demo/cat.jpg" })], "hard", "externals-alone"),
        (vec![external.clone(); 11], "hard", "too-many-selectors"),
        (vec![external], "erase", "erase-needs-originals"),
    ] {
        let body = json!({ "selectors": selectors, "mode": mode }).to_string();
        let seen = post(stage.world.node.control, "/v1/purges", &headers, body).await;
        assert!((400..500).contains(&seen.status), "{}", seen.text());
        assert!(seen.text().contains(problem), "{}", seen.text());
    }
    assert!(stage.told().is_empty());
}

#[tokio::test]
async fn a_picture_of_ours_can_be_verified_by_hand() {
    let stage = Stage::with(0, "", |section| section).await;
    let url = format!("http://{}/demo/cat.jpg?w=30", stage.world.node.delivery);
    let found = command(&stage.world.node, &["verify", &url, "--accept", "image/webp"]).await;
    let text = String::from_utf8_lossy(&found.stdout).into_owned();
    assert_eq!(found.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&found.stderr));
    for line in ["verified through edge: /demo/cat.jpg?w=30", "verified through node: /demo/cat.jpg?w=30"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(text.ends_with(": verified\n"), "{text}");

    // An edge that is cut off serves what it has, or nothing; it is not taken for right.
    for (url, code, words) in [
        ("http://127.0.0.1/", 2, "Malformed question"),
        ("demo/cat.jpg", 2, "is not an absolute http or https URL"),
    ] {
        let refused = command(&stage.world.node, &["verify", url]).await;
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(code), "{text}");
        assert!(text.contains(words), "{text}");
    }
}
