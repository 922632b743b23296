//! Events of buckets whose senders show no key but sign: with a secret, or as SNS does, by a certificate that a real server has.

mod world;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use api::{SenderSettings, Signs};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use axum::extract::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use expect_test::expect;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::{advance, pause, resume};
use world::{Answer, World};

const SECRET: &str = "a secret of these stories";
const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:images";
/// Made with OpenSSL, as SNS makes them; its key is gone.
const CERTIFICATE: &str = include_str!("sns/certificate.pem");
const VERSION_1: &str = include_str!("sns/version_1.json");
const VERSION_2: &str = include_str!("sns/version_2.json");

fn hmac_sender(tenant: &str) -> SenderSettings {
    let signs = Signs::Hmac { secret: SECRET.as_bytes().to_vec() };
    SenderSettings { name: "uploads".to_owned(), tenant: Some(tenant.to_owned()), signs }
}

fn signature(secret: &str, body: &str) -> String {
    let now = UNIX_EPOCH.elapsed().expect("a clock").as_secs();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{now}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={now},v1={hex}")
}

async fn tell(world: &World, path: &str, fields: &[(&str, &str)], body: &str) -> Answer {
    let mut request = world.anonymous(Method::POST, path);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    world.send(request, body).await
}

fn said(answer: &Answer) -> String {
    let detail = if answer.status.is_success() { Value::Null } else { answer.json()["detail"].clone() };
    format!("{} {}", answer.status.as_u16(), detail.as_str().unwrap_or_default())
}

async fn purges(world: &World) -> usize {
    world.get("/v1/purges").await.json()["purges"].as_array().expect("purges").len()
}

#[tokio::test]
async fn whoever_signs_needs_no_key_and_reaches_as_far_as_their_tenant_does() {
    let mut world = World::new().await;
    world.senders = vec![hmac_sender("cats")];
    let signed = async |secret: &str, path: &str, body: &str| {
        let signature = signature(secret, body);
        let fields = [("content-type", "application/json"), ("pentimento-signature", signature.as_str())];
        tell(&world, path, &fields, body).await
    };
    let event = r#"{"id": "1", "bucket": "b", "objects": ["images/cat.jpg"]}"#;
    let first = signed(SECRET, "/v1/events/generic", event).await;
    assert_eq!(first.status, StatusCode::ACCEPTED, "{}", first.body);
    let view =
        world.get(&format!("/v1/purges/{}", first.json()["purge"].as_str().expect("an id"))).await.json();
    assert_eq!((&view["cause"], &view["tenant"]), (&json!("sender:uploads"), &json!("cats")));
    let again = signed(SECRET, "/v1/events/generic", event).await;
    assert_eq!(again.json()["purge"], first.json()["purge"], "told twice, purged once");

    let mut story = String::new();
    let long = format!(r#"{{"id": "1", "bucket": "b", "objects": ["{}"]}}"#, "x".repeat(70 << 10));
    for (secret, path, body) in [
        ("a secret of somebody else", "/v1/events/generic", event),
        (SECRET, "/v1/events/generic", r#"{"id": "2", "bucket": "b"}"#),
        (SECRET, "/v1/events/generic", "no JSON"),
        (SECRET, "/v1/events/ftp", "{}"),
        (SECRET, "/v1/events/generic", &long),
        // It is a right to tell of events, and no more.
        (SECRET, "/v1/purges", r#"{"selectors": [{"original": "demo/cat.jpg"}]}"#),
    ] {
        story += &format!("{}\n", said(&signed(secret, path, body).await));
    }
    let unsigned = tell(&world, "/v1/events/generic", &[("content-type", "application/json")], event).await;
    story += &format!("{}\n", said(&unsigned));
    expect![[r#"
        401 what the request says is not believed: its signature does not fit
        400 the body is no event of generic: missing field `objects`
        400 the body is not what is expected here: expected ident at line 1 column 2
        404 there are events of s3, gcs, azure and generic, not of "ftp"
        413 a request's body has at most 65536 bytes here
        401 the request shows no API token: send `Authorization: Bearer …` (`pentimento token` prints it)
        401 the request shows no API token: send `Authorization: Bearer …` (`pentimento token` prints it)
    "#]]
    .assert_eq(&story);
    assert_eq!(purges(&world).await, 1);

    world.senders = vec![hmac_sender("nobody")];
    let signature = signature(SECRET, event);
    let fields = [("content-type", "application/json"), ("pentimento-signature", signature.as_str())];
    assert_eq!(tell(&world, "/v1/events/generic", &fields, event).await.problem(), "403 unknown-tenant");
    let audit = world.get("/v1/audit").await.json();
    assert_eq!(
        (&audit["entries"][0]["operator"], &audit["entries"][0]["action"]),
        (&json!("sender:uploads"), &json!("refuse"))
    );
}

/// Where certificates are, and subscriptions are confirmed.
#[derive(Clone)]
struct Sns {
    endpoint: String,
    certificate: Arc<Mutex<Option<String>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Sns {
    async fn start(certificate: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let sns = Self {
            endpoint: format!("http://{}", listener.local_addr().expect("an address")),
            certificate: Arc::new(Mutex::new(Some(certificate.to_owned()))),
            asked: Arc::default(),
        };
        let serving = sns.clone();
        let router = Router::new().fallback(async move |request: Request| serving.answer(&request));
        tokio::spawn(async move { axum::serve(listener, router).await });
        sns
    }

    fn answer(&self, request: &Request) -> (StatusCode, String) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(request.uri().to_string());
        match self.certificate.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Some(certificate) => (StatusCode::OK, certificate),
            None => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn has(&self, certificate: Option<&str>) {
        *self.certificate.lock().unwrap_or_else(PoisonError::into_inner) = certificate.map(str::to_owned);
    }

    fn sender(&self) -> SenderSettings {
        let topic = TOPIC.parse().expect("a topic");
        let signs = Signs::Sns { topic, endpoint: self.endpoint.parse().ok() };
        SenderSettings { name: "aws".to_owned(), tenant: Some("cats".to_owned()), signs }
    }

    /// A message of this place, with some of it changed.
    fn letter(&self, text: &str, change: Value) -> Value {
        let mut letter: Value = serde_json::from_str(text).expect("a message");
        letter["SigningCertURL"] = json!(format!("{}/SimpleNotificationService-0.pem", self.endpoint));
        for (name, value) in change.as_object().expect("an object") {
            letter[name] = value.clone();
        }
        letter
    }
}

/// As SNS does: its type in a field, and never as JSON.
async fn deliver(world: &World, letter: &Value) -> Answer {
    let kind = letter["Type"].as_str().unwrap_or_default().to_owned();
    let fields = [("content-type", "text/plain; charset=UTF-8"), ("x-amz-sns-message-type", kind.as_str())];
    tell(world, "/v1/events/s3", &fields, &letter.to_string()).await
}

async fn pass(time: Duration) {
    pause();
    advance(time).await;
    resume();
}

#[tokio::test]
async fn messages_of_sns_are_believed_by_their_signatures_and_nothing_else() {
    let sns = Sns::start(CERTIFICATE).await;
    let mut world = World::new().await;
    world.senders = vec![sns.sender()];
    let router = world.router();
    let deliver = async |letter: &Value| {
        let kind = letter["Type"].as_str().unwrap_or_default().to_owned();
        let request = world.anonymous(Method::POST, "/v1/events/s3").header("x-amz-sns-message-type", kind);
        world.send_to(router.clone(), request, &letter.to_string()).await
    };
    let first = deliver(&sns.letter(VERSION_1, json!({}))).await;
    assert_eq!(
        (first.status, &first.json()["originals"]),
        (StatusCode::ACCEPTED, &json!(["demo/cat.jpg"])),
        "{}",
        first.body
    );
    let second = deliver(&sns.letter(VERSION_2, json!({}))).await;
    assert_eq!(second.json()["purge"], first.json()["purge"], "the same event");
    assert_eq!(sns.asked(), ["/SimpleNotificationService-0.pem"], "its certificate is asked for once");

    let mut story = String::new();
    for (name, change) in [
        ("another message", json!({"Message": "{\"Records\":[]}"})),
        ("another subject", json!({"Subject": "x"})),
        ("without its subject", json!({"Subject": null})),
        ("another time", json!({"Timestamp": "2026-11-23T18:00:00.000Z"})),
        (
            "another kind",
            json!({"Type": "UnsubscribeConfirmation", "Token": "t", "SubscribeURL": "https://x.test/"}),
        ),
        ("an unknown kind", json!({"Type": "Rumour"})),
        ("another topic", json!({"TopicArn": format!("{TOPIC}2")})),
        ("the other version", json!({"SignatureVersion": "1"})),
        ("an unknown version", json!({"SignatureVersion": "3"})),
        ("no signature", json!({"Signature": ""})),
        ("no Base64", json!({"Signature": "?"})),
        (
            "a certificate elsewhere",
            json!({"SigningCertURL": "https://sns.eu-central-1.amazonaws.com.evil.test/a.pem"}),
        ),
        (
            "a certificate at Amazon, not at the endpoint",
            json!({"SigningCertURL": "https://sns.eu-central-1.amazonaws.com/a.pem"}),
        ),
        ("something else at the endpoint", json!({"SigningCertURL": format!("{}/key", sns.endpoint)})),
        ("no URL", json!({"SigningCertURL": "a.pem"})),
        ("no topic", json!({"TopicArn": null})),
    ] {
        story += &format!(
            "{name}: {}\n",
            said(&deliver(&sns.letter(VERSION_2, change)).await).replace(&sns.endpoint, "…")
        );
    }
    expect![[r#"
        another message: 401 what the request says is not believed: its signature does not fit
        another subject: 401 what the request says is not believed: its signature does not fit
        without its subject: 401 what the request says is not believed: its signature does not fit
        another time: 401 what the request says is not believed: its signature does not fit
        another kind: 401 what the request says is not believed: its signature does not fit
        an unknown kind: 401 what the request says is not believed: it is no message of SNS: unknown variant `Rumour`, expected one of `Notification`, `SubscriptionConfirmation`, `UnsubscribeConfirmation` at line 1 column 819
        another topic: 401 what the request says is not believed: nobody who signs in this way may tell of events here
        the other version: 401 what the request says is not believed: its signature does not fit
        an unknown version: 401 what the request says is not believed: it is no message of SNS: the signature's version is 1 or 2
        no signature: 401 what the request says is not believed: its signature does not fit
        no Base64: 401 what the request says is not believed: its signature does not fit
        a certificate elsewhere: 401 what the request says is not believed: SigningCertURL is not at SNS of the topic's region
        a certificate at Amazon, not at the endpoint: 401 what the request says is not believed: SigningCertURL is not at SNS of the topic's region
        something else at the endpoint: 401 what the request says is not believed: SigningCertURL is not at SNS of the topic's region
        no URL: 401 what the request says is not believed: SigningCertURL is not at SNS of the topic's region
        no topic: 401 what the request says is not believed: it is no message of SNS: invalid type: null, expected a string at line 1 column 761
    "#]].assert_eq(&story);
    assert_eq!((purges(&world).await, sns.asked().len()), (1, 1));
}

#[tokio::test]
async fn without_an_endpoint_only_amazon_of_the_topics_region_has_certificates() {
    let mut world = World::new().await;
    let signs = Signs::Sns { topic: TOPIC.parse().expect("a topic"), endpoint: None };
    world.senders = vec![SenderSettings { name: "aws".to_owned(), tenant: None, signs }];
    for url in [
        "http://sns.eu-central-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-central-1.amazonaws.com:444/a.pem",
        "https://user@sns.eu-central-1.amazonaws.com/a.pem",
        "https://sns.eu-central-1.amazonaws.com@evil.test/a.pem",
        "https://evil.test/sns.eu-central-1.amazonaws.com/a.pem",
        "https://sns.eu-central-1.amazonaws.com.cn/a.pem",
        "https://s3.eu-central-1.amazonaws.com/a.pem",
        "https://sns.eu-central-1.amazonaws.com/a.pem?x=1#y",
        "https://127.0.0.1/a.pem",
    ] {
        let mut letter: Value = serde_json::from_str(VERSION_2).expect("a message");
        letter["SigningCertURL"] = json!(url);
        let answer = deliver(&world, &letter).await;
        assert_eq!(answer.problem(), "401 unauthorized", "{url}");
        assert!(answer.body.contains("SigningCertURL is not at SNS"), "{url}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_certificate_that_is_away_or_none_is_asked_for_again_but_not_all_the_time() {
    let sns = Sns::start(CERTIFICATE).await;
    let mut world = World::new().await;
    world.senders = vec![sns.sender()];
    let router = world.router();
    let deliver = async || {
        let letter = sns.letter(VERSION_2, json!({}));
        let request =
            world.anonymous(Method::POST, "/v1/events/s3").header("x-amz-sns-message-type", "Notification");
        world.send_to(router.clone(), request, &letter.to_string()).await
    };
    sns.has(None);
    for _ in 0..5 {
        assert_eq!(deliver().await.problem(), "503 sender-unverifiable");
    }
    assert_eq!(sns.asked().len(), 1);
    let expired = {
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        parameters.not_after = rcgen::date_time_ymd(2001, 1, 1);
        parameters.not_before = rcgen::date_time_ymd(2000, 1, 1);
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
        parameters.self_signed(&key).expect("a certificate").pem()
    };
    let mut story = String::new();
    for certificate in
        ["", "<html>", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &expired]
    {
        sns.has(Some(certificate));
        pass(Duration::from_secs(3)).await;
        story += &format!("{}\n", said(&deliver().await));
    }
    expect![[r#"
        401 what the request says is not believed: its certificate is none that counts: it is no PEM
        401 what the request says is not believed: its certificate is none that counts: it is no PEM
        401 what the request says is not believed: its certificate is none that counts: it is no certificate
        401 what the request says is not believed: its certificate is none that counts: it is not valid now
    "#]]
    .assert_eq(&story);
    sns.has(Some(CERTIFICATE));
    pass(Duration::from_secs(3)).await;
    assert_eq!(deliver().await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_subscription_to_our_topic_is_confirmed_and_no_other_url_is_asked_for() {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
    let certificate = rcgen::CertificateParams::new(Vec::new()).expect("parameters").self_signed(&key);
    let sns = Sns::start(&certificate.expect("a certificate").pem()).await;
    let pair = RsaKeyPair::from_pkcs8(&key.serialize_der()).expect("a key pair");
    let mut world = World::new().await;
    world.senders = vec![sns.sender()];
    let confirmation = |url: &str| {
        let fields = [
            ("Message", "You have chosen to subscribe to the topic."),
            ("MessageId", "165545c9-2a5c-472c-8df2-7ff2be2b3b1b"),
            ("SubscribeURL", url),
            ("Timestamp", "2026-11-22T18:00:00.000Z"),
            ("Token", "2336412f37"),
            ("TopicArn", TOPIC),
            ("Type", "SubscriptionConfirmation"),
        ];
        let text: String = fields.iter().map(|(name, value)| format!("{name}\n{value}\n")).collect();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .expect("a signature");
        let mut letter = json!({"SignatureVersion": "2", "Signature": STANDARD.encode(signature)});
        letter["SigningCertURL"] = json!(format!("{}/a.pem", sns.endpoint));
        for (name, value) in fields {
            letter[name] = json!(value);
        }
        letter
    };
    let right = format!("{}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37", sns.endpoint);
    let confirmed = deliver(&world, &confirmation(&right)).await;
    assert_eq!(confirmed.status, StatusCode::OK, "{}", confirmed.body);
    let query = right.strip_prefix(&sns.endpoint).expect("it is there");
    assert_eq!(sns.asked(), ["/a.pem", query]);

    let mut story = String::new();
    for url in [
        "https://internal.test/?Action=ConfirmSubscription".to_owned(),
        right.replace("ConfirmSubscription", "DeleteTopic"),
        right.replace(TOPIC, &format!("{TOPIC}2")),
        right.replace("2336412f37", "another"),
        format!("{right}&a=1&b=2"),
        "no URL".to_owned(),
    ] {
        story += &format!("{}\n", said(&deliver(&world, &confirmation(&url)).await));
    }
    expect![[r#"
        401 what the request says is not believed: SubscribeURL is not at SNS of the topic's region
        401 what the request says is not believed: it is no message of SNS: SubscribeURL confirms something else
        401 what the request says is not believed: it is no message of SNS: SubscribeURL confirms something else
        401 what the request says is not believed: it is no message of SNS: SubscribeURL confirms something else
        401 what the request says is not believed: it is no message of SNS: SubscribeURL confirms something else
        401 what the request says is not believed: SubscribeURL is not at SNS of the topic's region
    "#]].assert_eq(&story);
    let asked = sns.asked();
    assert!(asked.iter().all(|asked| asked == "/a.pem" || asked == query), "{asked:?}");
}
