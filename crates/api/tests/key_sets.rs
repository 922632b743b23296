//! Tokens whose issuer has its keys behind a URL: a real server that replaces them, is slow, goes away or talks nonsense.

mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use api::{Granted, Issuers, JwtKeys, JwtSettings};
use api_types::Scope;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use expect_test::expect;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::{advance, pause, resume};
use world::{Answer, World};

/// How often keys may be asked for, whatever is sent; how long they are kept.
const ASK_AGAIN: Duration = Duration::from_secs(30);
const LIFETIME: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Who signs.
struct Signer {
    id: &'static str,
    pair: RsaKeyPair,
}

impl Signer {
    fn new(id: &'static str) -> Self {
        Self { id, pair: RsaKeyPair::generate(KeySize::Rsa2048).expect("a key") }
    }

    fn public(&self) -> Value {
        let n = URL_SAFE_NO_PAD.encode(self.modulus());
        json!({"kty": "RSA", "kid": self.id, "use": "sig", "alg": "RS256", "n": n, "e": "AQAB"})
    }

    /// A public key of PKCS #1 is a sequence of it, after nine bytes where it has 2048 bits, and of the exponent.
    fn modulus(&self) -> &[u8] {
        &self.pair.public_key().as_ref()[9..265]
    }

    fn sign(&self, head: Value, claims: &Value) -> String {
        let text = unsigned(&head, claims);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).expect("a signature");
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn token(&self, change: Value) -> String {
        self.sign(json!({"alg": "RS256", "typ": "JWT", "kid": self.id}), &claims(change))
    }
}

fn unsigned(head: &Value, claims: &Value) -> String {
    [head, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".")
}

fn now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().expect("a clock");
    i64::try_from(since.as_secs()).expect("a time")
}

fn claims(change: Value) -> Value {
    let mut claims = json!({
        "iss": "https://id.test", "aud": ["another", "pentimento"], "sub": "ann", "exp": now() + 300,
        "scope": "purge:read", "tenant": "cats",
    });
    for (name, value) in change.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
}

fn set(keys: &[Value]) -> String {
    json!({"keys": keys}).to_string()
}

#[derive(Clone)]
enum Mood {
    Says(StatusCode, String),
    /// To this place.
    Redirects(String),
    /// Nothing comes.
    Silent,
}

/// A server with a key set.
#[derive(Clone)]
struct KeyServer {
    url: String,
    mood: Arc<Mutex<Mood>>,
    asked: Arc<AtomicU32>,
    was_asked: Arc<Notify>,
}

impl KeyServer {
    async fn start(says: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let server = Self {
            url: format!("http://{}/keys", listener.local_addr().expect("an address")),
            mood: Arc::new(Mutex::new(Mood::Says(StatusCode::OK, says))),
            asked: Arc::default(),
            was_asked: Arc::default(),
        };
        let serving = server.clone();
        let router = Router::new().route("/keys", get(async move || serving.answer().await));
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    async fn answer(&self) -> Response {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.was_asked.notify_one();
        let mood = self.mood.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (status, place, body) = match mood {
            Mood::Says(status, body) => (status, String::new(), body),
            Mood::Redirects(place) => (StatusCode::FOUND, place, String::new()),
            Mood::Silent => std::future::pending().await,
        };
        let answer = Response::builder().status(status).header(header::LOCATION, place);
        answer.body(Body::from(body)).expect("an answer")
    }

    fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    fn says(&self, keys: &[Value]) {
        self.is(Mood::Says(StatusCode::OK, set(keys)));
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A world that believes in one whose keys are at this URL.
async fn believing(url: &str, allow_private: bool) -> World {
    let mut world = World::new().await;
    world.issuers = Issuers::new([settings(url, allow_private)], &origin::Client::new());
    world
}

fn settings(url: &str, allow_private: bool) -> JwtSettings {
    JwtSettings {
        issuer: "https://id.test".to_owned(),
        audience: "pentimento".to_owned(),
        algorithms: vec!["RS256".to_owned()],
        keys: JwtKeys::Url { url: url.parse().expect("a URL"), allow_private },
        require: Vec::new(),
        scopes: Granted::Claim("scope".to_owned()),
        tenant: Some(Granted::Claim("tenant".to_owned())),
    }
}

async fn shown(world: &World, token: &str) -> Answer {
    let request = world.anonymous(Method::GET, "/v1/purges");
    world.send(request.header(header::AUTHORIZATION, format!("Bearer {token}")), "").await
}

async fn said(world: &World, token: &str) -> String {
    let answer = shown(world, token).await;
    let detail = if answer.status == StatusCode::OK { Value::Null } else { answer.json()["detail"].clone() };
    let detail =
        detail.as_str().unwrap_or_default().replace("the token that the request shows is not believed: ", "");
    format!("{} {detail}", answer.status.as_u16()).trim_end().to_owned()
}

/// Time passes, and nobody waits for it.
async fn pass(time: Duration) {
    pause();
    advance(time).await;
    resume();
}

#[tokio::test]
async fn each_way_in_which_a_token_is_wrong_is_refused_with_its_reason() {
    let (signer, other) = (Signer::new("k1"), Signer::new("k1"));
    let server = KeyServer::start(set(&[signer.public()])).await;
    let world = believing(&server.url, true).await;
    let head = |alg: &str| json!({"alg": alg, "typ": "JWT", "kid": "k1"});
    // The public key in each form that somebody might take for a secret.
    let public = signer.pair.public_key();
    let hmac_with = |secret: &[u8]| {
        let text = unsigned(&head("HS256"), &claims(json!({})));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> = public.as_der().expect("it can be written");
    let tampered = {
        let token = signer.token(json!({}));
        let signature = token.rsplit_once('.').expect("a signature").1.to_owned();
        format!("{}.{signature}", unsigned(&head("RS256"), &claims(json!({"scope": "purge:all"}))))
    };
    let mut story = String::new();
    for (name, token) in [
        ("right", signer.token(json!({}))),
        ("for us alone", signer.token(json!({"aud": "pentimento"}))),
        ("its key unnamed", signer.sign(json!({"alg": "RS256"}), &claims(json!({})))),
        ("expired a moment ago, by its clock", signer.token(json!({"exp": now() - 20}))),
        ("expired", signer.token(json!({"exp": now() - 40}))),
        ("without an end", signer.token(json!({"exp": null}))),
        ("valid in a moment, by its clock", signer.token(json!({"nbf": now() + 20}))),
        ("not valid yet", signer.token(json!({"nbf": now() + 60}))),
        ("for others", signer.token(json!({"aud": ["another"]}))),
        ("for nobody", signer.token(json!({"aud": null}))),
        ("of another issuer", signer.token(json!({"iss": "https://evil.test"}))),
        ("of nobody", signer.token(json!({"sub": null}))),
        ("alg: none", format!("{}.", unsigned(&json!({"alg": "none"}), &claims(json!({}))))),
        ("alg: none, as one that is allowed", format!("{}.", unsigned(&head("RS256"), &claims(json!({}))))),
        ("HS256 with the modulus", hmac_with(signer.modulus())),
        ("HS256 with the PKCS #1 key", hmac_with(public.as_ref())),
        ("HS256 with the X.509 key", hmac_with(der.as_ref())),
        ("RS512, which is not pinned", signer.sign(head("RS512"), &claims(json!({})))),
        ("changed after it was signed", tampered),
        ("signed by another with the same name", other.token(json!({}))),
        ("a key of an unknown name", Signer { id: "k9", ..Signer::new("k9") }.token(json!({}))),
        ("no token", "a.b.c".to_owned()),
        ("too long", format!("{}.b.c", "a".repeat(9000))),
    ] {
        story += &format!("{name}: {}\n", said(&world, &token).await);
    }
    expect![[r#"
        right: 200
        for us alone: 200
        its key unnamed: 200
        expired a moment ago, by its clock: 200
        expired: 401 it has expired
        without an end: 401 it lacks the claim `exp`
        valid in a moment, by its clock: 200
        not valid yet: 401 it is not valid yet
        for others: 401 it is for somebody else (`aud`)
        for nobody: 401 it lacks the claim `aud`
        of another issuer: 401 its issuer is not one whose tokens are believed here
        of nobody: 401 it lacks the claim `sub`
        alg: none: 401 it is no token that can be read
        alg: none, as one that is allowed: 401 its signature does not fit
        HS256 with the modulus: 401 it is signed with HS256, which is not believed here
        HS256 with the PKCS #1 key: 401 it is signed with HS256, which is not believed here
        HS256 with the X.509 key: 401 it is signed with HS256, which is not believed here
        RS512, which is not pinned: 401 it is signed with RS512, which is not believed here
        changed after it was signed: 401 its signature does not fit
        signed by another with the same name: 401 its signature does not fit
        a key of an unknown name: 401 its issuer has no such key
        no token: 401 it is no token that can be read
        too long: 401 it is no token that can be read
    "#]]
    .assert_eq(&story);
    assert_eq!(server.asked(), 1, "and its keys were asked for once");
    assert_eq!(world.get("/v1/audit").await.json()["entries"], json!([]), "strangers are not written down");
}

#[tokio::test]
async fn a_key_that_is_new_is_asked_for_once_however_many_tokens_name_it_and_one_that_is_withdrawn_ends() {
    let (first, second) = (Signer::new("k1"), Signer::new("k2"));
    let server = KeyServer::start(set(&[first.public()])).await;
    let world = believing(&server.url, true).await;
    let (old, new) = (first.token(json!({})), second.token(json!({})));
    let all = futures_util::future::join_all((0..20).map(|_| said(&world, &old))).await;
    assert_eq!(
        (all, server.asked()),
        (vec!["200".to_owned(); 20], 1),
        "those who come together wait for one answer"
    );

    server.says(&[first.public(), second.public()]);
    assert_eq!(said(&world, &new).await, "401 its issuer has no such key", "asked just now");
    pass(ASK_AGAIN).await;
    let all = futures_util::future::join_all((0..20).map(|_| said(&world, &new))).await;
    assert_eq!((all, server.asked()), (vec!["200".to_owned(); 20], 2));
    assert_eq!(said(&world, &old).await, "200", "both are believed while both are there");

    // Names that nobody has make us ask no more often than that.
    for _ in 0..3 {
        pass(ASK_AGAIN).await;
        for n in 0..10 {
            let head = json!({"alg": "RS256", "kid": format!("unknown-{n}")});
            assert_eq!(
                said(&world, &first.sign(head, &claims(json!({})))).await,
                "401 its issuer has no such key"
            );
        }
    }
    assert_eq!(server.asked(), 5);

    server.says(&[second.public()]);
    assert_eq!(said(&world, &first.token(json!({"exp": now() + 3600}))).await, "200");
    pass(LIFETIME).await;
    assert_eq!(
        said(&world, &first.token(json!({"exp": now() + 3600}))).await,
        "401 its issuer has no such key"
    );
    assert_eq!(said(&world, &second.token(json!({}))).await, "200");
}

#[tokio::test]
async fn whatever_the_server_does_later_the_keys_that_are_known_count_and_nobody_waits_for_it() {
    let signer = Signer::new("k1");
    let server = KeyServer::start(set(&[signer.public()])).await;
    let world = believing(&server.url, true).await;
    let token = signer.token(json!({"exp": now() + 3600}));
    let unknown = signer.sign(json!({"alg": "RS256", "kid": "k9"}), &claims(json!({})));
    assert_eq!(said(&world, &token).await, "200");
    server.was_asked.notified().await;
    for mood in [
        Mood::Says(StatusCode::INTERNAL_SERVER_ERROR, set(&[])),
        Mood::Says(StatusCode::OK, "<html>maintenance</html>".to_owned()),
        Mood::Says(StatusCode::OK, set(&[])),
        Mood::Says(StatusCode::OK, json!({"keys": {"k1": 7}}).to_string()),
        Mood::Says(StatusCode::OK, set(&[json!({"kty": "RSA", "padding": "x".repeat(300 << 10)})])),
        Mood::Redirects(server.url.clone()),
    ] {
        server.is(mood);
        pass(LIFETIME).await;
        let asked = server.asked();
        assert_eq!(said(&world, &token).await, "200");
        server.was_asked.notified().await;
        assert_eq!(server.asked(), asked + 1);
        // Such a token waits for the answer that is on its way.
        assert_eq!(said(&world, &unknown).await, "401 its issuer has no such key");
    }
    // It hangs: whoever has a known key does not notice.
    server.is(Mood::Silent);
    pass(LIFETIME).await;
    let began = std::time::Instant::now();
    assert_eq!(said(&world, &token).await, "200");
    assert!(began.elapsed() < Duration::from_secs(4), "it waited for the server: {:?}", began.elapsed());
    // After a day without a word they are believed no longer; when the server is back, they are.
    pass(DAY).await;
    server.is(Mood::Says(StatusCode::BAD_GATEWAY, String::new()));
    assert_eq!(shown(&world, &token).await.problem(), "503 issuer-unreachable");
    server.says(&[signer.public()]);
    pass(ASK_AGAIN).await;
    assert_eq!(said(&world, &token).await, "200");
}

#[tokio::test]
async fn a_key_set_is_as_good_as_those_of_its_keys_that_can_be_read() {
    let signer = Signer::new("k1");
    let with = |change: Value| {
        let mut key = signer.public();
        for (name, value) in change.as_object().expect("an object") {
            key[name] = value.clone();
        }
        key
    };
    let mut story = String::new();
    for (name, keys) in [
        ("beside what nobody knows", vec![json!({"kty": "lattice", "kid": 7}), json!(null), signer.public()]),
        ("for encryption", vec![with(json!({"use": "enc"}))]),
        ("for another algorithm", vec![with(json!({"alg": "RS512"}))]),
        ("a secret of the same name", vec![json!({"kty": "oct", "kid": "k1", "k": "c2VjcmV0"})]),
        ("two of the same name", vec![signer.public(), Signer::new("k1").public()]),
        ("too short to be safe", vec![with(json!({"n": URL_SAFE_NO_PAD.encode([0xc1; 64])}))]),
        ("without its modulus", vec![with(json!({"n": null}))]),
    ] {
        let server = KeyServer::start(set(&keys)).await;
        let world = believing(&server.url, true).await;
        story += &format!("{name}: {}\n", said(&world, &signer.token(json!({}))).await);
    }
    expect![[r#"
        beside what nobody knows: 200
        for encryption: 401 its issuer has no such key
        for another algorithm: 401 its issuer has no such key
        a secret of the same name: 401 its issuer has no such key
        two of the same name: 401 its issuer has no such key
        too short to be safe: 401 its signature does not fit
        without its modulus: 401 its issuer has no such key
    "#]]
    .assert_eq(&story);
}

#[tokio::test]
async fn keys_that_were_never_had_are_a_503_and_are_asked_for_again_soon() {
    let signer = Signer::new("k1");
    let token = signer.token(json!({}));
    let server = KeyServer::start(String::new()).await;
    let world = believing(&server.url, true).await;
    for _ in 0..5 {
        assert_eq!(shown(&world, &token).await.problem(), "503 issuer-unreachable");
    }
    assert_eq!(server.asked(), 1);
    server.says(&[signer.public()]);
    pass(ASK_AGAIN).await;
    assert_eq!(said(&world, &token).await, "200");

    // Nobody listens; and what is on loopback is nothing that the Internet may make us ask.
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let nobody = format!("http://{}/keys", gone.local_addr().expect("an address"));
    drop(gone);
    for (url, allow_private) in [(nobody.as_str(), true), (server.url.as_str(), false)] {
        let world = believing(url, allow_private).await;
        assert_eq!(shown(&world, &token).await.problem(), "503 issuer-unreachable");
    }
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn pushes_of_cloud_storage_and_event_grid_are_let_in_by_the_tokens_of_their_accounts() {
    let signer = Signer::new("k1");
    let server = KeyServer::start(set(&[signer.public()])).await;
    let mut world = World::new().await;
    // As Google's and Microsoft's tokens are: without scopes, of an issuer whose tokens everybody can have.
    let of = |issuer: &str, require: &[(&str, &str)]| JwtSettings {
        issuer: issuer.to_owned(),
        require: require.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        scopes: Granted::Always(vec![Scope::Write]),
        tenant: Some(Granted::Always("cats".to_owned())),
        ..settings(&server.url, true)
    };
    let (google, entra) = ("https://accounts.google.com", "https://sts.windows.net/7/");
    let account = [("email", "push@project.test"), ("email_verified", "true")];
    let issuers = [of(google, &account), of(entra, &[("appid", "4962773b")])];
    world.issuers = Issuers::new(issuers, &origin::Client::new());
    let tell = async |kind: &str, claims: Value, body: &Value| {
        let mut claims = claims;
        claims["scope"] = Value::Null;
        let request = world.anonymous(Method::POST, &format!("/v1/events/{kind}"));
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", signer.token(claims)));
        world.send(request.header(header::CONTENT_TYPE, "application/json"), &body.to_string()).await
    };
    let push = json!({"subscription": "s", "message": {"messageId": "7", "data": "e30=", "attributes": {
        "bucketId": "b", "objectId": "images/cat.jpg", "eventType": "OBJECT_FINALIZE"}}});
    let pusher = json!({"iss": google, "email": "push@project.test", "email_verified": true});
    let told = tell("gcs", pusher.clone(), &push).await;
    assert_eq!(
        (told.status, &told.json()["originals"]),
        (StatusCode::ACCEPTED, &json!(["demo/cat.jpg"])),
        "{}",
        told.body
    );
    assert_eq!(
        tell("gcs", pusher, &push).await.json()["purge"],
        told.json()["purge"],
        "told twice, purged once"
    );
    let eve = json!({"iss": google, "email": "eve@project.test", "email_verified": true});
    assert_eq!(tell("gcs", eve, &push).await.problem(), "401 unauthorized");

    let handshake = json!([{"id": "1", "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
                            "subject": "", "data": {"validationCode": "c0de"}}]);
    let grid = json!({"iss": entra, "appid": "4962773b"});
    assert_eq!(tell("azure", grid.clone(), &handshake).await.json(), json!({"validationResponse": "c0de"}));
    let event = json!([{"id": "2", "eventType": "Microsoft.Storage.BlobCreated",
                        "subject": "/blobServices/default/containers/b/blobs/images/dog.jpg", "data": {}}]);
    let told = tell("azure", grid, &event).await;
    assert_eq!((told.status, &told.json()["originals"]), (StatusCode::ACCEPTED, &json!(["demo/dog.jpg"])));
    let other = json!({"iss": entra, "appid": "another"});
    assert_eq!(tell("azure", other, &handshake).await.problem(), "401 unauthorized");
}
