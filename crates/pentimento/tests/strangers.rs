//! Those who are let in without being the owner: stores that tell of new pictures, with a key or by signing, and whoever has a
//! token of an issuer that is believed.

mod world;

use std::path::Path;
use std::process::Command;
use std::time::UNIX_EPOCH;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use testkit::{Node, Seen, Source, picture, send};
use world::{BLUE, GREEN, RED, World};

const SECRET: &str = "a secret of these stories";

async fn key(node: &Node, name: &str, scope: &str) -> String {
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_pentimento")));
    command.args(["keys", "create", name, "--scope", scope, "--tenant", "cats"]);
    command.args(["--control", &format!("http://{}", node.control)]);
    command.args(["--token", node.token().trim_start_matches("Bearer ")]);
    let made = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let made = made.expect("the binary starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).expect("text").trim().to_owned()
}

async fn post(node: &Node, path: &str, fields: &[(&str, &str)], body: &str) -> Seen {
    let fields = [fields, &[("content-type", "application/json")]].concat();
    send(node.control, Method::POST, path, &fields, Bytes::from(body.to_owned())).await.expect("an answer")
}

/// The colour of the picture, as a client of the edge sees it.
async fn colour(world: &World) -> [u8; 3] {
    picture::look_at(&world.edge.get("/demo/a.png?w=40&format=png").await.body).2
}

fn put(world: &World, colour: [u8; 3]) {
    world.source.put("/a.png", "image/png", picture::png(64, 64, colour));
}

async fn purges(node: &Node) -> usize {
    node.api_get("/v1/purges").await["purges"].as_array().expect("purges").len()
}

fn now() -> u64 {
    UNIX_EPOCH.elapsed().expect("a clock").as_secs()
}

#[tokio::test]
async fn a_store_that_tells_of_a_new_picture_with_a_key_or_by_signing_has_it_seen_and_says_it_twice_in_vain()
{
    let more = format!(
        "[[tenant]]\nname = \"cats\"\nsources = [\"demo\"]\n\n\
         [[bucket]]\nname = \"photos\"\nsource = \"demo\"\nprefix = \"img/\"\n\n\
         [[sender]]\nname = \"uploads\"\ntenant = \"cats\"\nsignature = \"hmac\"\nsecret = \"{SECRET}\"\n"
    );
    let world = World::with(&more).await;
    let node = &world.node;
    let bearer = format!("Bearer {}", key(node, "minio", "purge:write").await);
    put(&world, RED);
    assert_eq!(colour(&world).await, RED);
    put(&world, BLUE);
    let event = json!({"EventName": "s3:ObjectCreated:Put", "Key": "photos/img/a.png", "Records": [{
        "eventVersion": "2.0", "eventName": "s3:ObjectCreated:Put", "s3": {
            "bucket": {"name": "photos"},
            "object": {"key": "img/a.png", "eTag": "e", "sequencer": "17D5F2E8C2AB4D3F"}}}]});
    let told = post(node, "/v1/events/s3", &[("authorization", &bearer)], &event.to_string()).await;
    assert_eq!((told.status, &told.json()["originals"]), (202, &json!(["demo/a.png"])), "{}", told.text());
    let id = told.json()["purge"].as_str().expect("an id").to_owned();
    assert_eq!(node.ended(&id).await["state"], "done");
    assert_eq!(colour(&world).await, BLUE);
    let again = post(node, "/v1/events/s3", &[("authorization", &bearer)], &event.to_string()).await;
    assert_eq!(again.json()["purge"], id.as_str());

    put(&world, GREEN);
    let signed = async |secret: &str, body: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, format!("{}.{body}", now()).as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let signature = format!("t={},v1={hex}", now());
        post(node, "/v1/events/generic", &[("pentimento-signature", &signature)], body).await
    };
    let body = r#"{"id": "1", "bucket": "photos", "objects": ["img/a.png"]}"#;
    assert_eq!(signed("another secret of these stories", body).await.status, 401);
    let told = signed(SECRET, body).await;
    assert_eq!(told.status, 202, "{}", told.text());
    let view = node.ended(told.json()["purge"].as_str().expect("an id")).await;
    assert_eq!((&view["state"], &view["cause"]), (&json!("done"), &json!("sender:uploads")));
    assert_eq!(colour(&world).await, GREEN);

    let reader = format!("Bearer {}", key(node, "reader", "purge:read").await);
    let another = event.to_string().replace("17D5F2E8C2AB4D3F", "17D5F2E8C2AB4D40");
    assert_eq!(post(node, "/v1/events/s3", &[("authorization", &reader)], &another).await.status, 403);
    assert_eq!(post(node, "/v1/events/s3", &[], &another).await.status, 401);
    assert_eq!(
        post(node, "/v1/events/s3", &[("authorization", &bearer)], r#"{"Records": 7}"#).await.status,
        400
    );
    let audit = node.api_get("/v1/audit").await;
    assert_eq!(
        (&audit["entries"][0]["operator"], &audit["entries"][0]["action"]),
        (&json!("key:reader"), &json!("refuse"))
    );
    assert_eq!(purges(node).await, 2);
}

#[tokio::test]
async fn a_token_of_an_issuer_opens_what_it_says_and_its_keys_come_from_where_the_issuer_has_them() {
    let issuer = Source::start().await;
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key");
    let public = URL_SAFE_NO_PAD.encode(pair.public_key());
    let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": public}]}).to_string();
    issuer.put("/keys", "application/json", keys);
    let more = format!(
        "[[tenant]]\nname = \"cats\"\nsources = [\"demo\"]\n\n\
         [[jwt]]\nissuer = \"https://id.test\"\naudience = \"pentimento\"\nalgorithms = [\"EdDSA\"]\n\
         keys_url = \"http://{}/keys\"\nallow_private = true\nrequire = [\"email=ann@id.test\"]\ntenant = \"cats\"\n",
        issuer.address
    );
    let world = World::with(&more).await;
    put(&world, RED);
    assert_eq!(colour(&world).await, RED);
    put(&world, BLUE);
    let token = |email: &str, scope: &str| {
        let claims: Value = json!({"iss": "https://id.test", "aud": "pentimento", "sub": "ann", "exp": now() + 300,
                                   "email": email, "scope": scope});
        let head = json!({"alg": "EdDSA", "kid": "k1"});
        let text = [head, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(text.as_bytes()));
        format!("Bearer {text}.{signature}")
    };
    let purge = r#"{"selectors": [{"original": "demo/a.png"}]}"#;
    let ask =
        async |token: String| post(&world.node, "/v1/purges", &[("authorization", &token)], purge).await;
    assert_eq!(ask(token("eve@id.test", "purge:write")).await.status, 401);
    assert_eq!(ask(token("ann@id.test", "purge:read")).await.status, 403);
    let asked = ask(token("ann@id.test", "openid purge:write")).await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let view = world.node.ended(asked.json()["id"].as_str().expect("an id")).await;
    assert_eq!(
        (&view["state"], &view["cause"], &view["tenant"]),
        (&json!("done"), &json!("jwt:ann"), &json!("cats"))
    );
    assert_eq!(colour(&world).await, BLUE);
    assert_eq!(issuer.asked("/keys"), 1);
    assert_eq!(purges(&world.node).await, 1);
}
