//! What those see and do who are not the owner.

mod world;

use expect_test::expect;
use http::request::Builder;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use world::World;

const JSON: &str = "application/json";
const ONE: &str = r#"{"selectors":[{"original":"demo/cat.jpg"}]}"#;

fn keyed(world: &World, key: &str) -> Builder {
    let request = world.request(Method::POST, "/v1/purges").header(header::CONTENT_TYPE, JSON);
    request.header("idempotency-key", key)
}

/// Makes a key; gives a request that shows it.
async fn keyholder(world: &World, key: Value) -> impl Fn(Method, &str) -> Builder {
    let made = world.post("/v1/keys", &key.to_string()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let secret = made.json()["key"].as_str().expect("a key").to_owned();
    let anonymous = |method, path: &str| {
        http::Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8081")
    };
    move |method, path| {
        let request = anonymous(method, path).header(header::AUTHORIZATION, format!("Bearer {secret}"));
        request.header(header::CONTENT_TYPE, JSON)
    }
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_and_its_tenant_say_and_the_rest_is_refused_and_written_down() {
    let world = World::new().await;
    let mine = json!({"name": "deploy", "scopes": ["purge:read", "purge:write"], "tenant": "cats"});
    let deploy = keyholder(&world, mine).await;
    let purge = async |body: &str| world.send(deploy(Method::POST, "/v1/purges"), body).await;

    let accepted = purge(ONE).await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED);
    let view = accepted.json();
    assert_eq!((&view["cause"], &view["tenant"]), (&json!("key:deploy"), &json!("cats")));
    let location = accepted.field("location").to_owned();
    assert_eq!(world.send(deploy(Method::GET, &location), "").await.status, StatusCode::OK);
    let owners = world.post("/v1/purges", ONE).await.field("location").to_owned();

    let mut story = String::new();
    for body in [
        r#"{"selectors":[{"original":"other/cat.jpg"}]}"#,
        r#"{"selectors":[{"original":"demo/cat.jpg"},{"original":"other/cat.jpg"}]}"#,
        r#"{"selectors":[{"tag":"product-17"}]}"#,
        r#"{"selectors":[{"all":true}]}"#,
        r#"{"selectors":[{"source":"demo"}]}"#,
        r#"{"selectors":[{"original":"demo/cat.jpg"}],"mode":"erase"}"#,
    ] {
        let refused = purge(body).await;
        story += &format!("{}: {}\n", refused.problem(), refused.json()["detail"].as_str().unwrap_or(""));
    }
    for path in ["/v1/nodes", "/v1/keys", "/v1/audit", "/v1/erasures", "/v1/why?url=http://h/"] {
        let refused = world.send(deploy(Method::GET, path), "").await;
        story +=
            &format!("{path}: {}: {}\n", refused.problem(), refused.json()["detail"].as_str().unwrap_or(""));
    }
    expect![[r#"
        403 beyond-tenant: "original other/cat.jpg" is beyond tenant cats: its source belongs to somebody else
        403 beyond-tenant: "original other/cat.jpg" is beyond tenant cats: its source belongs to somebody else
        403 beyond-tenant: "tag product-17" is beyond tenant cats: labels are shared by all sites
        403 scope-missing: key:deploy may not do this: it needs the scope purge:all
        403 scope-missing: key:deploy may not do this: it needs the scope purge:all
        403 scope-missing: key:deploy may not do this: it needs the scope purge:erase
        /v1/nodes: 403 owner-only: key:deploy may not do this: it is for the owner's token alone
        /v1/keys: 403 owner-only: key:deploy may not do this: it is for the owner's token alone
        /v1/audit: 403 owner-only: key:deploy may not do this: it is for the owner's token alone
        /v1/erasures: 403 owner-only: key:deploy may not do this: it is for the owner's token alone
        /v1/why?url=http://h/: 403 owner-only: key:deploy may not do this: it is for the owner's token alone
    "#]]
    .assert_eq(&story);
    assert_eq!(world.send(deploy(Method::GET, &owners), "").await.problem(), "404 no-such-purge");
    assert_eq!(
        world.send(deploy(Method::GET, &format!("{owners}/events")), "").await.problem(),
        "404 no-such-purge"
    );
    let seen = world.send(deploy(Method::GET, "/v1/purges"), "").await.json();
    assert_eq!(seen["purges"].as_array().map(Vec::len), Some(1), "nothing was enqueued: {seen}");

    let audit = world.get("/v1/audit").await.json();
    let newest = &audit["entries"][0];
    assert_eq!((&newest["operator"], &newest["action"]), (&json!("key:deploy"), &json!("refuse")));
    assert_eq!(audit["entries"].as_array().map(Vec::len), Some(12), "eleven refusals and the key: {audit}");

    let gone = world.send(world.request(Method::DELETE, "/v1/keys/deploy"), "").await;
    assert_eq!(gone.json(), json!({"keys": []}));
    assert_eq!(purge(ONE).await.problem(), "401 unauthorized");
}

#[tokio::test]
async fn all_means_all_of_ones_own_and_a_tenants_idempotency_key_is_not_anothers() {
    let world = World::new().await;
    let scopes = json!(["purge:read", "purge:write", "purge:all"]);
    let cats = keyholder(&world, json!({"name": "cats", "scopes": scopes, "tenant": "cats"})).await;
    let all = r#"{"selectors":[{"all":true}]}"#;
    let post = || cats(Method::POST, "/v1/purges").header("idempotency-key", "k");
    let first = world.send(post(), all).await.json();
    assert_eq!(first["selectors"], json!([{"source": "demo"}]));
    assert_eq!(world.send(post(), all).await.json()["id"], first["id"], "asked again, it is the same");
    let owners = world.send(keyed(&world, "k"), ONE).await;
    assert_eq!(owners.status, StatusCode::ACCEPTED);
    assert_ne!(owners.json()["id"], first["id"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_said_and_its_secret_is_shown_once() {
    let world = World::new().await;
    for (body, wanted) in [
        (json!({"name": "a b", "scopes": ["purge:read"]}), "400 malformed-key"),
        (json!({"name": "", "scopes": ["purge:read"]}), "400 malformed-key"),
        (json!({"name": "a", "scopes": []}), "400 malformed-key"),
        (json!({"name": "a", "scopes": ["purge:everything"]}), "400 malformed-body"),
        (json!({"name": "a", "scopes": ["purge:read"], "tenant": "dogs"}), "422 unknown-tenant"),
        (json!({"name": "a", "scopes": ["purge:read"], "colour": 1}), "400 malformed-body"),
    ] {
        assert_eq!(world.post("/v1/keys", &body.to_string()).await.problem(), wanted, "{body}");
    }
    let made = world.post("/v1/keys", &json!({"name": "a", "scopes": ["purge:read"]}).to_string()).await;
    let key = made.json()["key"].as_str().expect("a key").to_owned();
    let again = world.post("/v1/keys", &json!({"name": "a", "scopes": ["purge:read"]}).to_string()).await;
    assert_eq!(again.problem(), "409 key-name-taken");
    assert!(!world.get("/v1/keys").await.body.contains(&key));
    let (_, secret) = key.rsplit_once('_').expect("a secret");
    for wrong in
        [key[..key.len() - 1].to_owned(), format!("ptm__{secret}"), "ptm_".to_owned(), format!("{key}0")]
    {
        let request = world.anonymous(Method::GET, "/v1/purges");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {wrong}"));
        assert_eq!(world.send(request, "").await.problem(), "401 unauthorized", "{wrong}");
    }
    assert_eq!(
        world.send(world.request(Method::DELETE, "/v1/keys/b"), "").await.problem(),
        "404 no-such-key"
    );
}

#[tokio::test]
async fn a_tenant_that_asks_too_often_is_told_when_to_come_back() {
    let world = World::new().await;
    let scopes = json!(["purge:write", "purge:all"]);
    let cats = keyholder(&world, json!({"name": "cats", "scopes": scopes, "tenant": "cats"})).await;
    let all = r#"{"selectors":[{"all":true}]}"#;
    for left in (0..10).rev() {
        let answer = world.send(cats(Method::POST, "/v1/purges"), all).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
        let shown = (answer.field("x-ratelimit-limit"), answer.field("x-ratelimit-remaining"));
        assert_eq!(shown, ("10", left.to_string().as_str()));
    }
    let refused = world.send(cats(Method::POST, "/v1/purges"), all).await;
    assert_eq!(refused.problem(), "429 too-many-purges");
    assert_eq!((refused.field("retry-after"), refused.field("x-ratelimit-remaining")), ("3600", "0"));
    assert_eq!(world.send(cats(Method::POST, "/v1/purges"), ONE).await.status, StatusCode::ACCEPTED);
    assert_eq!(world.post("/v1/purges", all).await.status, StatusCode::ACCEPTED, "the owner is not counted");
}
