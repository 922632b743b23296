//! Packs and locations by the API of tenant image services: what is kept, what that purges, and what is refused.

mod world;

use expect_test::expect;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use world::{Answer, TOKEN, World};

use api::faces::FaceKind;

const PACK: &str = "/adminAPI/imagePack/62e8";
const HERO: &str = "/adminAPI/imageLocationConfig/hero";

struct Service {
    world: World,
    key: String,
}

impl Service {
    async fn new() -> Self {
        let world = World::new().await;
        let scopes = ["preset:write", "purge:read", "purge:write"];
        let wanted = json!({"name": "editor", "scopes": scopes, "tenant": "cats"}).to_string();
        let key = world.post("/v1/keys", &wanted).await.json()["key"].as_str().expect("a key").to_owned();
        Self { world, key }
    }

    async fn ask_as(&self, key: &str, method: Method, path: &str, body: &Value) -> Answer {
        let request =
            self.world.anonymous(method, path).header(header::AUTHORIZATION, format!("Bearer {key}"));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.world.send_to(self.world.faces(&[FaceKind::TenantService]), request, &body).await
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.ask_as(&self.key, method, path, body).await
    }

    async fn purges(&self) -> Vec<Value> {
        self.world.get("/v1/purges").await.json()["purges"].as_array().unwrap().clone()
    }
}

fn pack(asset: &str, main: &str, original: &str) -> Value {
    json!({
        "assetId": asset,
        "mainImageLocation": main,
        "imageLocations": {
            "hero": {"original": original, "crop": {"x": 10, "y": 20, "width": 300, "height": 200}},
            "main": {"original": "demo/dog.jpg"},
        },
    })
}

#[tokio::test]
async fn a_pack_is_purged_when_it_shows_something_else_and_not_when_it_is_called_something_else() {
    let service = Service::new().await;
    for (n, (wanted, version, purged)) in [
        (pack("a", "main", "demo/cat.jpg"), 1, 1),
        (pack("b", "main", "demo/cat.jpg"), 1, 1),
        (pack("b", "hero", "demo/cat.jpg"), 2, 2),
        (pack("b", "hero", "demo/bird.jpg"), 3, 3),
    ]
    .into_iter()
    .enumerate()
    {
        let kept = service.ask(Method::PUT, PACK, &wanted).await;
        let status = if n == 0 { StatusCode::CREATED } else { StatusCode::OK };
        assert_eq!(kept.status, status, "{}", kept.body);
        let mut view = kept.json();
        assert_eq!(
            (&view["version"], view["invalidationId"].is_string()),
            (&json!(version), n != 1),
            "{view:#}"
        );
        view.as_object_mut().unwrap().remove("invalidationId");
        assert_eq!(service.ask(Method::GET, PACK, &Value::Null).await.json(), view);
        assert_eq!((&view["assetId"], &view["tenant"]), (&wanted["assetId"], &json!("cats")));
        let purges = service.purges().await;
        assert_eq!(purges.len(), purged, "{n}");
        assert_eq!(purges[0]["selectors"], json!([{"pack": "cats/62e8"}]));
    }
    let taken = service.ask(Method::DELETE, "/images/cats/62e8", &Value::Null).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED, "{}", taken.body);
    let purge = service.purges().await.remove(0);
    assert_eq!((&purge["selectors"], &purge["urgent"]), (&json!([{"pack": "cats/62e8"}]), &json!(true)));

    let gone = service.ask(Method::DELETE, PACK, &Value::Null).await;
    assert_eq!(gone.status, StatusCode::ACCEPTED, "{}", gone.body);
    assert_eq!(service.ask(Method::GET, PACK, &Value::Null).await.status, StatusCode::NOT_FOUND);
    assert_eq!(service.ask(Method::DELETE, PACK, &Value::Null).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_location_is_purged_when_that_is_forced_and_only_then() {
    let service = Service::new().await;
    let config =
        |width: u32| json!({"width": width, "height": 90, "resize": "crop", "format": "auto", "quality": 70});
    for (path, width, version, forced) in [
        (HERO.to_owned(), 100, 1, false),
        (HERO.to_owned(), 200, 2, false),
        (format!("{HERO}?force=true"), 200, 3, true),
    ] {
        let kept = service.ask(Method::PUT, &path, &config(width)).await;
        assert_eq!(kept.status, StatusCode::OK, "{}", kept.body);
        let view = kept.json();
        assert_eq!((&view["version"], view["invalidationId"].is_string()), (&json!(version), forced));
        assert_eq!(view["parameters"], format!("w={width}&h=90&fit=crop&format=auto&q=70"));
        assert_eq!(service.ask(Method::GET, HERO, &Value::Null).await.json()["width"], width);
    }
    let purges = service.purges().await;
    assert_eq!(purges.len(), 1);
    assert_eq!(purges[0]["selectors"], json!([{"location": "cats/hero"}]));
}

#[tokio::test]
async fn what_is_no_pack_or_location_or_somebody_elses_is_refused_and_nothing_is_kept() {
    let service = Service::new().await;
    let reader =
        json!({"name": "reader", "scopes": ["purge:read", "purge:write", "purge:all"], "tenant": "cats"});
    let reader =
        service.world.post("/v1/keys", &reader.to_string()).await.json()["key"].as_str().unwrap().to_owned();
    let other = |from: &str, to: Value| {
        let mut wanted = pack("a", "main", "demo/cat.jpg");
        *wanted.pointer_mut(from).unwrap() = to;
        wanted
    };
    let mut story = String::new();
    for (key, path, body) in [
        (&service.key, PACK, json!({"mainImageLocation": "main"})),
        (&service.key, PACK, other("/mainImageLocation", json!("side"))),
        (&service.key, PACK, other("/imageLocations", json!({}))),
        (&service.key, PACK, other("/imageLocations/hero/original", json!("other/cat.jpg"))),
        (&service.key, PACK, other("/imageLocations/hero/original", json!("demo"))),
        (&service.key, PACK, other("/imageLocations/hero/crop/width", json!(0))),
        (
            &service.key,
            PACK,
            other("/imageLocations/hero/crop", json!({"x": -1, "y": 0, "width": 1, "height": 1})),
        ),
        (
            &service.key,
            PACK,
            json!({"mainImageLocation": "_main", "imageLocations": {"_main": {"original": "demo/a"}}}),
        ),
        (
            &service.key,
            PACK,
            json!({"mainImageLocation": "a b", "imageLocations": {"a b": {"original": "demo/a"}}}),
        ),
        (&service.key, PACK, other("/assetId", json!("x".repeat(257)))),
        (&service.key, "/adminAPI/imagePack/62e8-1", pack("a", "main", "demo/cat.jpg")),
        (&service.key, "/adminAPI/imagePack/62e8?force=true", pack("a", "main", "demo/cat.jpg")),
        (&reader, PACK, pack("a", "main", "demo/cat.jpg")),
        (&TOKEN.to_owned(), PACK, pack("a", "main", "demo/cat.jpg")),
        (&"wrong".to_owned(), PACK, pack("a", "main", "demo/cat.jpg")),
        (&service.key, HERO, json!({"width": 0})),
        (&service.key, HERO, json!({"width": "wide"})),
        (&service.key, HERO, json!({"colour": "red"})),
        (&service.key, "/adminAPI/imageLocationConfig/hero?force=1", json!({"width": 9})),
        (&service.key, "/adminAPI/imageLocationConfig/_main", json!({"width": 9})),
    ] {
        let refused = service.ask_as(key, Method::PUT, path, &body).await;
        story += &format!("{path}: {}\n", refused.body);
    }
    expect![[r#"
        /adminAPI/imagePack/62e8: {"error":"the body cannot be read: missing field `imageLocations` at line 1 column 28","status":400}
        /adminAPI/imagePack/62e8: {"error":"mainImageLocation is \"side\", which is none of the imageLocations","status":400}
        /adminAPI/imagePack/62e8: {"error":"a pack has 1 to 64 imageLocations, this one has 0","status":400}
        /adminAPI/imagePack/62e8: {"error":"\"original other/cat.jpg\" is beyond tenant cats: its source belongs to somebody else","status":403}
        /adminAPI/imagePack/62e8: {"error":"the selector \"original demo\" cannot be understood: an original is source/path, as in demo/cat.jpg","status":400}
        /adminAPI/imagePack/62e8: {"error":"the crop of hero has no width or no height","status":400}
        /adminAPI/imagePack/62e8: {"error":"the body cannot be read: invalid value: integer `-1`, expected u32 at line 1 column 76","status":400}
        /adminAPI/imagePack/62e8: {"error":"no location is called _main: it stands for a pack's main one","status":400}
        /adminAPI/imagePack/62e8: {"error":"a location's name is as a preset's: the preset name \"a b\" is not allowed: 1 to 64 of A-Z, a-z, 0-9, ., _ and -","status":400}
        /adminAPI/imagePack/62e8: {"error":"assetId has at most 256 characters, and no control characters","status":400}
        /adminAPI/imagePack/62e8-1: {"error":"the pack id \"62e8-1\" is not allowed: 1 to 128 letters, digits and _","status":400}
        /adminAPI/imagePack/62e8?force=true: {"error":"a pack is kept without a query","status":400}
        /adminAPI/imagePack/62e8: {"error":"key:reader may not do this: it needs the scope preset:write","status":403}
        /adminAPI/imagePack/62e8: {"error":"packs and locations are a tenant's, and the key that was shown has none","status":400}
        /adminAPI/imagePack/62e8: {"error":"what the request shows is neither the API token of this server nor a key that stands","status":401}
        /adminAPI/imageLocationConfig/hero: {"error":"the parameter w is \"0\"; allowed is a whole number from 1 to 16384","status":400}
        /adminAPI/imageLocationConfig/hero: {"error":"the body cannot be read: invalid type: string \"wide\", expected u32 at line 1 column 15","status":400}
        /adminAPI/imageLocationConfig/hero: {"error":"the body cannot be read: unknown field `colour`, expected one of `width`, `height`, `resize`, `format`, `quality` at line 1 column 9","status":400}
        /adminAPI/imageLocationConfig/hero?force=1: {"error":"the query is force=true, or nothing","status":400}
        /adminAPI/imageLocationConfig/_main: {"error":"no location is called _main: it stands for a pack's main one","status":400}
    "#]]
    .assert_eq(&story);
    assert!(service.purges().await.is_empty());
    for path in [PACK, HERO] {
        assert_eq!(service.ask(Method::GET, path, &Value::Null).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_purge_by_hand_says_whose_pack_or_location_it_means() {
    let service = Service::new().await;
    let purge = async |key: &str, selector: Value| {
        let request = service.world.anonymous(Method::POST, "/v1/purges");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        let body = json!({"selectors": [selector]}).to_string();
        service.world.send(request.header(header::CONTENT_TYPE, "application/json"), &body).await
    };
    for kind in ["pack", "location"] {
        let own = purge(&service.key, json!({kind: "hero"})).await;
        assert_eq!(own.json()["selectors"], json!([{kind: "cats/hero"}]), "{}", own.body);
        assert_eq!(purge(TOKEN, json!({kind: "cats/hero"})).await.status, StatusCode::ACCEPTED);
        assert_eq!(purge(&service.key, json!({kind: "dogs/hero"})).await.problem(), "403 beyond-tenant");
        assert_eq!(purge(TOKEN, json!({kind: "hero"})).await.problem(), "400 malformed-selector");
        assert_eq!(purge(TOKEN, json!({kind: "cats/he/ro"})).await.problem(), "400 malformed-selector");
    }
}
