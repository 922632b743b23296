//! Presets by the API: what is kept, whose it is, what it purges, and what is refused in which words.

mod world;

use expect_test::expect;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use world::{Answer, World};

async fn put(world: &World, path: &str, parameters: &str) -> Answer {
    let request = world.request(Method::PUT, path).header(header::CONTENT_TYPE, "application/json");
    world.send(request, &json!({"parameters": parameters}).to_string()).await
}

async fn purges(world: &World) -> Vec<Value> {
    world.get("/v1/purges").await.json()["purges"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_preset_is_kept_in_one_spelling_and_each_change_of_it_is_a_purge() {
    let world = World::new().await;
    let made = put(&world, "/v1/presets/thumb", "fit=crop&h=100&w=200").await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let view = made.json();
    assert_eq!((&view["parameters"], &view["version"]), (&json!("w=200&h=100&fit=crop"), &json!(1)));
    let purge = world.get(&format!("/v1/purges/{}", view["purge"].as_str().unwrap())).await.json();
    assert_eq!(purge["selectors"], json!([{"preset": "thumb"}]));
    assert_eq!(purge["mode"], "hard");

    let same = put(&world, "/v1/presets/thumb", "w=200&h=100&fit=crop").await;
    assert_eq!((same.status, &same.json()["purge"]), (StatusCode::OK, &Value::Null));
    assert_eq!(purges(&world).await.len(), 1, "it is as it was");
    let forced = put(&world, "/v1/presets/thumb?force=true", "w=200&h=100&fit=crop").await.json();
    assert_eq!((&forced["version"], forced["purge"].is_string()), (&json!(1), true));
    let changed = put(&world, "/v1/presets/thumb", "w=300").await.json();
    assert_eq!((&changed["version"], changed["purge"].is_string()), (&json!(2), true));
    assert_eq!(purges(&world).await.len(), 3);

    let shown = world.get("/v1/presets/thumb").await.json();
    assert_eq!((&shown["parameters"], &shown["purge"]), (&json!("w=300"), &Value::Null));
    assert_eq!(world.get("/v1/presets").await.json()["presets"].as_array().unwrap().len(), 1);
    let dropped = world.send(world.request(Method::DELETE, "/v1/presets/thumb"), "").await;
    assert_eq!(dropped.status, StatusCode::ACCEPTED);
    assert_eq!(dropped.json()["selectors"], json!([{"preset": "thumb"}]));
    assert_eq!(world.get("/v1/presets/thumb").await.problem(), "404 no-such-preset");
}

#[tokio::test]
async fn what_is_no_preset_is_refused_in_the_words_of_a_url() {
    let world = World::new().await;
    let mut story = String::new();
    for (path, parameters) in [
        ("/v1/presets/thumb", ""),
        ("/v1/presets/thumb", "w=0"),
        ("/v1/presets/thumb", "w=1&w=2"),
        ("/v1/presets/thumb", "preset=other"),
        ("/v1/presets/thumb", "w=1&s=x"),
        ("/v1/presets/a%20b", "w=1"),
        ("/v1/presets/thumb?forced=1", "w=1"),
        ("/v1/presets/thumb?force=yes", "w=1"),
        ("/v1/presets/thumb?tenant=dogs", "w=1"),
    ] {
        let refused = put(&world, path, parameters).await;
        story += &format!(
            "{path} {parameters}: {}: {}\n",
            refused.problem(),
            refused.json()["detail"].as_str().unwrap()
        );
    }
    expect![[r#"
        /v1/presets/thumb : 400 malformed-preset: a preset has at least one parameter, as in w=300&h=200&fit=crop
        /v1/presets/thumb w=0: 400 malformed-preset: the parameter w is "0"; allowed is a whole number from 1 to 16384
        /v1/presets/thumb w=1&w=2: 400 malformed-preset: the parameter w is given more than once; it is allowed once
        /v1/presets/thumb preset=other: 400 malformed-preset: a preset is made of parameters, not of another preset
        /v1/presets/thumb w=1&s=x: 400 malformed-preset: the parameter s belongs to a signature: URLs are signed, presets are not
        /v1/presets/a%20b w=1: 400 malformed-preset: the preset name "a b" is not allowed: 1 to 64 of A-Z, a-z, 0-9, ., _ and -
        /v1/presets/thumb?forced=1 w=1: 400 unknown-parameter: "forced" is not a parameter here; allowed are tenant and force
        /v1/presets/thumb?force=yes w=1: 400 malformed-parameter: force is true or false, not "yes"
        /v1/presets/thumb?tenant=dogs w=1: 422 unknown-tenant: there is no tenant "dogs" in the configuration, or it is not yours
    "#]]
    .assert_eq(&story);
    assert!(purges(&world).await.is_empty());
    let unknown = put(&world, "/v1/presets/thumb", "colour=red").await;
    assert_eq!(unknown.problem(), "400 malformed-preset");
    assert!(unknown.body.contains("there is no parameter"), "{}", unknown.body);
    let gone = world.send(world.request(Method::DELETE, "/v1/presets/thumb"), "").await;
    assert_eq!(gone.problem(), "404 no-such-preset");
    let post = world.post("/v1/presets/thumb", "{}").await;
    assert_eq!(
        (post.problem().as_str(), post.field("allow")),
        ("405 method-not-allowed", "GET,HEAD,PUT,DELETE")
    );
}

#[tokio::test]
async fn a_tenant_has_presets_of_its_own_and_the_owner_reaches_them_by_name() {
    let world = World::new().await;
    let key = async |name: &str, scopes: &[&str]| {
        let wanted = json!({"name": name, "scopes": scopes, "tenant": "cats"}).to_string();
        let made = world.post("/v1/keys", &wanted).await;
        format!("Bearer {}", made.json()["key"].as_str().expect("a key"))
    };
    let designer = key("designer", &["preset:write", "purge:read", "purge:write"]).await;
    let reader = key("reader", &["purge:read", "purge:write", "purge:all", "purge:erase"]).await;
    let send = async |key: &str, method: Method, path: &str, body: &str| {
        let request = world.anonymous(method, path).header(header::AUTHORIZATION, key);
        world.send(request.header(header::CONTENT_TYPE, "application/json"), body).await
    };
    let body = r#"{"parameters":"w=9"}"#;
    assert_eq!(send(&reader, Method::PUT, "/v1/presets/thumb", body).await.problem(), "403 scope-missing");
    let made = send(&designer, Method::PUT, "/v1/presets/thumb", body).await.json();
    assert_eq!(made["tenant"], "cats");
    let purge = purges(&world).await.remove(0);
    assert_eq!((&purge["selectors"], &purge["tenant"]), (&json!([{"preset": "cats/thumb"}]), &json!("cats")));
    assert_eq!(send(&reader, Method::GET, "/v1/presets/thumb", "").await.json()["parameters"], "w=9");
    let theirs = r#"{"parameters":"w=9&mark=other/logo.png"}"#;
    assert_eq!(
        send(&designer, Method::PUT, "/v1/presets/thumb", theirs).await.problem(),
        "403 beyond-tenant"
    );

    // The owner's is another.
    assert_eq!(world.get("/v1/presets/thumb").await.problem(), "404 no-such-preset");
    assert_eq!(world.get("/v1/presets/thumb?tenant=cats").await.json()["version"], 1);
    assert_eq!(put(&world, "/v1/presets/thumb?tenant=cats", "w=8").await.json()["version"], 2);
    assert_eq!(put(&world, "/v1/presets/thumb", "w=7").await.json()["tenant"], Value::Null);

    // A purge by hand means their own, and can mean no other.
    let purged = send(&designer, Method::POST, "/v1/purges", r#"{"selectors":[{"preset":"thumb"}]}"#).await;
    assert_eq!(purged.json()["selectors"], json!([{"preset": "cats/thumb"}]), "{}", purged.body);
    let beyond = r#"{"selectors":[{"preset":"dogs/thumb"}]}"#;
    assert_eq!(send(&designer, Method::POST, "/v1/purges", beyond).await.problem(), "403 beyond-tenant");
}
