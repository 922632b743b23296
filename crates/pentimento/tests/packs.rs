//! Packs and locations of a tenant, as their editors change them and their viewers see them.

mod world;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use cdn::VendorName;
use cdn::fake::{self, FakeCdn, Temper};
use http::Method;
use pentimento::config::Cdn;
use serde_json::{Value, json};
use testkit::{Seen, free_port, picture, send};
use tokio::net::TcpListener;
use world::{BLUE, GREEN, RED, World, leased};

const HOST: (&str, &str) = ("host", "cats.test");
const HERO: &str = "/api/v2/img/62e8?location=hero";
const MAIN: &str = "/api/v2/img/62e8";

struct Service {
    world: World,
    face: SocketAddr,
    key: String,
}

impl Service {
    /// With a pack, of which the hero is the left half of a red cat and the main picture a green dog.
    async fn new(more: &str) -> Self {
        let face = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let config = format!(
            "[[tenant]]\nname = \"cats\"\nsources = [\"demo\"]\n\n[[site]]\nhosts = [\"cats.test\"]\npacks = \"cats\"\n\n\
             [[face]]\napi = \"tenant-service\"\nlisten = \"{face}\"\n\n{more}"
        );
        let world = World::with(&config).await;
        world.source.put("/dog.jpg", "image/png", picture::png(300, 300, GREEN));
        let token = world.node.token();
        let fields = [("authorization", token.as_str()), ("content-type", "application/json")];
        let wanted =
            r#"{"name":"editor","scopes":["preset:write","purge:read","purge:write"],"tenant":"cats"}"#;
        let key = testkit::post(world.node.control, "/v1/keys", &fields, wanted).await.json();
        let key = format!("Bearer {}", key["key"].as_str().expect("a key"));
        let service = Self { world, face, key };
        service.put("/adminAPI/imageLocationConfig/hero", &location(120)).await;
        service.put("/adminAPI/imageLocationConfig/main", &location(60)).await;
        let made = service.put("/adminAPI/imagePack/62e8", &pack("a", "demo/cat.jpg")).await;
        service.settled(&made).await;
        service
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Seen {
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let fields = [("authorization", self.key.as_str())];
        send(self.face, method, path, &fields, body).await.expect("an answer")
    }

    async fn put(&self, path: &str, body: &Value) -> Value {
        let seen = self.ask(Method::PUT, path, body).await;
        assert!(matches!(seen.status, 200 | 201), "{path}: {}", seen.text());
        seen.json()
    }

    /// The purge that was announced, as it has ended.
    async fn settled(&self, changed: &Value) -> Value {
        let id = changed["invalidationId"].as_str().unwrap_or_else(|| panic!("no purge: {changed:#}"));
        let view = self.world.node.ended(id).await;
        assert_eq!(view["state"], "done", "{view:#}");
        view
    }

    fn nodes(&self) -> [SocketAddr; 2] {
        [self.world.edge.delivery, self.world.node.delivery]
    }

    async fn get(&self, at: SocketAddr, url: &str) -> Seen {
        leased(at, url, &[HOST]).await
    }

    /// Every node shows this there.
    async fn shows(&self, url: &str, wanted: (u32, [u8; 3])) {
        for node in self.nodes() {
            assert_eq!(look(&self.get(node, url).await), wanted, "{url}");
        }
    }
}

fn location(width: u32) -> Value {
    json!({"width": width, "resize": "fit", "format": "png"})
}

fn pack(asset: &str, hero: &str) -> Value {
    let crop = json!({"x": 0, "y": 0, "width": 320, "height": 480});
    let locations = json!({"hero": {"original": hero, "crop": crop}, "main": {"original": "demo/dog.jpg"}});
    json!({"assetId": asset, "mainImageLocation": "main", "imageLocations": locations})
}

fn look(seen: &Seen) -> (u32, [u8; 3]) {
    assert_eq!(seen.status, 200, "{}", seen.text());
    let (width, _, colour) = picture::look_at(&seen.body);
    (width, colour)
}

#[tokio::test]
async fn what_a_pack_shows_is_seen_by_everyone_when_the_purge_of_its_change_is_done() {
    let service = Service::new("").await;
    service.shows(HERO, (120, RED)).await;
    service.shows(MAIN, (60, GREEN)).await;
    let edge = service.world.edge.delivery;
    let (_, height, _) = picture::look_at(&service.get(edge, HERO).await.body);
    assert_eq!(height, 180, "the crop is half of the picture");
    // What follows a dash and the date change nothing of what is shown.
    for url in ["/api/v2/img/62e8-1662654467834?location=hero", "/api/v2/img/62e8?location=hero&date=1762"] {
        service.shows(url, (120, RED)).await;
        assert_eq!(service.get(edge, url).await.header("x-cache"), "HIT", "{url}");
    }

    service.world.source.put("/bird.jpg", "image/png", picture::png(640, 480, BLUE));
    let changed = service.put("/adminAPI/imagePack/62e8", &pack("a", "demo/bird.jpg")).await;
    let view = service.settled(&changed).await;
    assert_eq!(view["receipt"]["subjects"], json!(["pack:cats/62e8"]), "{view:#}");
    let looks = view["receipt"]["looks"].as_array().unwrap();
    assert!(!looks.is_empty() && looks.iter().all(|look| look["verdict"] == "verified"), "{view:#}");
    service.shows(HERO, (120, BLUE)).await;
    service.shows("/api/v2/img/62e8-1662654467834?location=hero", (120, BLUE)).await;

    // A name is nothing that anybody sees.
    let renamed = service.put("/adminAPI/imagePack/62e8", &pack("b", "demo/bird.jpg")).await;
    assert_eq!(renamed["invalidationId"], Value::Null);
    assert_eq!(service.get(edge, HERO).await.header("x-cache"), "HIT");

    // An original's own purge reaches the packs that show it.
    service.world.source.put("/dog.jpg", "image/png", picture::png(300, 300, RED));
    let purge = r#"{"selectors":[{"original":"demo/dog.jpg"}]}"#;
    let view = service.world.node.ended(&service.world.node.purge(purge).await).await;
    assert_eq!(
        (&view["state"], &view["receipt"]["originals"][0]["dependents"]),
        (&"done".into(), &1.into()),
        "{view:#}"
    );
    service.shows(MAIN, (60, RED)).await;
}

#[tokio::test]
async fn a_location_is_new_for_what_is_made_anew_and_with_force_for_everything() {
    let service = Service::new("").await;
    service.shows(HERO, (120, RED)).await;
    service.shows(MAIN, (60, GREEN)).await;
    let edge = service.world.edge.delivery;
    let saved = service.put("/adminAPI/imageLocationConfig/hero", &location(80)).await;
    assert_eq!(saved["invalidationId"], Value::Null);
    service.shows("/api/v2/img/62e8-2?location=hero", (80, RED)).await;

    let forced = service.put("/adminAPI/imageLocationConfig/hero?force=true", &location(80)).await;
    let view = service.settled(&forced).await;
    assert_eq!(view["receipt"]["subjects"], json!(["location:cats/hero"]), "{view:#}");
    service.shows(HERO, (80, RED)).await;
    assert_eq!(service.get(edge, MAIN).await.header("x-cache"), "HIT", "the other location was left alone");
}

#[tokio::test]
async fn a_pack_that_is_not_there_is_clearly_missing_and_there_at_once_when_it_is_made() {
    let service = Service::new("").await;
    for node in service.nodes() {
        for (url, slug) in [
            ("/api/v2/img/77a0?location=hero", "unknown-pack"),
            ("/api/v2/img/62e8?location=side", "unknown-location"),
            ("/api/v2/img/62e8-1-2", "unknown-pack"),
        ] {
            let seen = service.get(node, url).await;
            assert_eq!(seen.status, 404, "{url}");
            assert!(seen.text().contains(slug), "{url}: {}", seen.text());
        }
        let sized = service.get(node, "/api/v2/img/62e8?w=5000").await;
        assert_eq!(sized.status, 400, "{}", sized.text());
        // Elsewhere that path is an original as any.
        assert_eq!(leased(node, HERO, &[]).await.status, 400);
    }
    let made = service.put("/adminAPI/imagePack/77a0", &pack("a", "demo/cat.jpg")).await;
    service.settled(&made).await;
    service.shows("/api/v2/img/77a0?location=hero", (120, RED)).await;
    let taken = service.ask(Method::DELETE, "/images/cats/77a0", &Value::Null).await.json();
    let view = service.settled(&taken).await;
    assert_eq!((&view["selectors"], &view["urgent"]), (&json!([{"pack": "cats/77a0"}]), &true.into()));
    let gone = service.ask(Method::DELETE, "/adminAPI/imagePack/77a0", &Value::Null).await.json();
    service.settled(&gone).await;
    for node in service.nodes() {
        assert_eq!(service.get(node, "/api/v2/img/77a0?location=hero").await.status, 404);
    }
}

#[tokio::test]
async fn a_cdn_hears_of_packs_in_the_words_of_its_clients_and_of_many_in_few_calls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = fake::settings(VendorName::CloudFront, listener.local_addr().unwrap());
    let section =
        Cdn::example(VendorName::CloudFront, &settings).replace("window = \"10s\"", "window = \"0s\"");
    let section = section.replace("http://127.0.0.1:8080", "http://cats.test") + "verify = false\n";
    let temper = Temper { completes_after: Duration::from_millis(50), ..Temper::default() };
    let fake = FakeCdn::new(VendorName::CloudFront, temper);
    let serving = fake.clone();
    tokio::spawn(async move { serving.serve(listener).await });
    let service = Service::new(&section).await;
    let posts = fake.told().into_iter().filter(|told| told.method == Method::POST);
    let told: Vec<_> = posts.map(|told| String::from_utf8_lossy(&told.body).into_owned()).collect();
    assert!(told.len() == 1 && told[0].contains("<Path>/api/v2/img/62e8*</Path>"), "{told:?}");

    // What comes together in one window is planned as this is.
    let selectors: Vec<Value> = (0..100).map(|n| json!({"pack": format!("cats/pack{n}")})).collect();
    let body = json!({"selectors": selectors, "dry_run": true}).to_string();
    let token = service.world.node.token();
    let fields = [("authorization", token.as_str()), ("content-type", "application/json")];
    let impact = testkit::post(service.world.node.control, "/v1/purges", &fields, body).await.json();
    let calls = impact["cdns"][0]["calls"].as_array().unwrap_or_else(|| panic!("{impact:#}"));
    assert!((1..=7).contains(&calls.len()), "{calls:#?}");
}
