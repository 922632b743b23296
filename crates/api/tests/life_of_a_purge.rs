//! A purge for later, taken back, tried again, watched among others, and its signed receipt.

mod world;

use api::receipts;
use futures_util::StreamExt;
use http::{Method, StatusCode};
use serde_json::json;
use world::World;

const ONE: &str = r#"{"selectors":[{"original":"demo/cat.jpg"}]}"#;

fn in_an_hour() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock");
    u64::try_from(now.as_millis()).expect("a date") + 3_600_000
}

#[tokio::test]
async fn a_purge_for_later_waits_and_can_be_taken_back() {
    let world = World::new().await;
    let at = in_an_hour();
    let body = json!({"selectors": [{"original": "demo/cat.jpg"}], "at": at}).to_string();
    let purge = world.post("/v1/purges", &body).await;
    assert_eq!((purge.status, &purge.json()["at"]), (StatusCode::ACCEPTED, &json!(at)));
    let path = purge.field("location").to_owned();

    let taken_back = world.send(world.request(Method::DELETE, &path), "").await;
    assert_eq!((taken_back.status, &taken_back.json()["state"]), (StatusCode::OK, &json!("cancelled")));
    let again = world.send(world.request(Method::DELETE, &path), "").await;
    assert_eq!(again.problem(), "409 purge-has-begun");
    let nothing = world.send(world.request(Method::DELETE, "/v1/purges/no-such"), "").await;
    assert_eq!(nothing.problem(), "404 no-such-purge");
    for at in [json!(1), json!(at * 2)] {
        let body = json!({"selectors": [{"original": "demo/cat.jpg"}], "at": at}).to_string();
        assert_eq!(world.post("/v1/purges", &body).await.problem(), "400 malformed-time", "{at}");
    }
    let audit = world.get("/v1/audit").await.json();
    assert_eq!(audit["entries"][0]["action"], "cancel");
}

#[tokio::test]
async fn what_failed_is_tried_again_as_a_purge_of_its_own() {
    let world = World::new().await;
    let first = world.post("/v1/purges", ONE).await;
    let path = first.field("location").to_owned();
    let retry = async || world.send(world.request(Method::POST, &format!("{path}/retry")), "").await;
    assert_eq!(retry().await.problem(), "409 purge-has-not-failed");
    world.fail_oldest("the source is away").await;
    let second = retry().await;
    assert_eq!((second.status, &second.json()["retry_of"]), (StatusCode::ACCEPTED, &first.json()["id"]));
    assert_eq!(second.json()["selectors"], first.json()["selectors"]);
    let failed = world.get("/v1/purges?state=error,error_cdn&subject=demo/cat.jpg").await.json();
    assert_eq!(failed["purges"].as_array().map(Vec::len), Some(1), "{failed}");
    let page = format!("/v1/purges?after={}", second.json()["id"].as_str().expect("an id"));
    assert_eq!(world.get(&page).await.json()["purges"][0]["id"], first.json()["id"]);
}

#[tokio::test]
async fn a_receipt_is_signed_once_the_purge_has_ended_and_everybody_can_check_it() {
    let world = World::new().await;
    let purge = world.post("/v1/purges", ONE).await;
    let path = format!("{}/receipt", purge.field("location"));
    assert_eq!(world.get(&path).await.problem(), "409 purge-under-way");
    world.fail_oldest("the source is away").await;
    let receipt = serde_json::from_value(world.get(&path).await.json()).expect("a receipt");

    let keys = world.send(world.anonymous(Method::GET, receipts::KEYS_PATH), "").await;
    let keys = serde_json::from_value(keys.json()).expect("keys");
    let view = receipts::verify(&receipt, &keys).expect("a genuine receipt");
    assert_eq!(
        (view.id.as_str(), view.error.as_deref()),
        (purge.json()["id"].as_str().unwrap(), Some("the source is away"))
    );
}

#[tokio::test]
async fn who_watches_all_purges_sees_each() {
    let world = World::new().await;
    let router = world.router();
    let mut events = world.open(&router, "/v1/purges/events").await.into_body().into_data_stream();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let purge = world.post("/v1/purges", ONE).await.json();
        ids.push(purge["id"].as_str().expect("an id").to_owned());
        let event = events.next().await.expect("an event").expect("bytes");
        let event = String::from_utf8(event.to_vec()).expect("text");
        assert!(event.starts_with("event: purge\ndata: {") && event.contains(&ids[ids.len() - 1]), "{event}");
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn objects_that_changed_in_a_bucket_are_one_purge_however_often_that_is_told() {
    let world = World::new().await;
    let event = json!({"id": "e1", "bucket": "b", "objects": ["images/cat.jpg", "logs/x", "images/dog.jpg"]})
        .to_string();
    let first = world.post("/v1/events/generic", &event).await;
    assert_eq!(first.status, StatusCode::ACCEPTED, "{}", first.body);
    assert_eq!(first.json()["originals"], json!(["demo/cat.jpg", "demo/dog.jpg"]));
    assert_eq!(world.post("/v1/events/generic", &event).await.json()["purge"], first.json()["purge"]);
    let other = event.replace("e1", "e2");
    assert_ne!(world.post("/v1/events/generic", &other).await.json()["purge"], first.json()["purge"]);
    let elsewhere = json!({"id": "e3", "bucket": "c", "objects": ["images/cat.jpg"]}).to_string();
    assert_eq!(
        world.post("/v1/events/generic", &elsewhere).await.json(),
        json!({"received": 1, "originals": []})
    );
    for (path, body, wanted) in [
        ("/v1/events/s3", "{}", "400 malformed-event"),
        ("/v1/events/generic", r#"{"id":"1","bucket":"b","objects":[],"x":1}"#, "400 malformed-event"),
        ("/v1/events/ftp", "{}", "404 no-such-path"),
        ("/v1/events/gcs", "{", "400 malformed-body"),
    ] {
        assert_eq!(world.post(path, body).await.problem(), wanted, "{path} {body}");
    }
    let many = json!({"id": "e4", "bucket": "b", "objects": vec!["images/a"; 101]}).to_string();
    assert_eq!(world.post("/v1/events/generic", &many).await.problem(), "400 too-many-events");
}
