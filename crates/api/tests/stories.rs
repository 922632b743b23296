//! The control listener as its callers see it.

mod world;

use expect_test::expect;
use futures_util::StreamExt;
use http::request::Builder;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use world::{TOKEN, World};

const JSON: &str = "application/json";
const ONE: &str = r#"{"selectors":[{"original":"demo/cat.jpg"}]}"#;

fn keyed(world: &World, key: &str) -> Builder {
    let request = world.request(Method::POST, "/v1/purges").header(header::CONTENT_TYPE, JSON);
    request.header("idempotency-key", key)
}

#[tokio::test]
async fn a_purge_is_accepted_and_found_again_under_its_location() {
    let world = World::new().await;

    let answer = world.post("/v1/purges", ONE).await;

    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.field("content-type"), "application/json");
    assert_eq!(answer.field("cache-control"), "no-store");
    let purge = answer.json();
    assert_eq!(purge["state"], "received");
    assert_eq!(purge["selectors"], json!([{"original": "demo/cat.jpg"}]));
    assert_eq!((&purge["mode"], &purge["force"]), (&json!("hard"), &json!(false)));
    let location = answer.field("location").to_owned();
    assert_eq!(location, format!("/v1/purges/{}", purge["id"].as_str().expect("an id")));

    let found = world.get(&location).await;
    assert_eq!((found.status, &found.json()["id"]), (StatusCode::OK, &purge["id"]));
    let listed = world.get("/v1/purges?limit=1").await.json();
    assert_eq!(listed["purges"][0]["id"], purge["id"]);
}

#[tokio::test]
async fn the_same_idempotency_key_is_the_same_purge_and_never_silently_another() {
    let world = World::new().await;
    let post = async |body: &str, key: &str| world.send(keyed(&world, key), body).await;

    let first = post(ONE, "deploy-17").await;
    let second = post(ONE, "deploy-17").await;
    assert_eq!((first.status, second.status), (StatusCode::ACCEPTED, StatusCode::ACCEPTED));
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_ne!(post(ONE, "deploy-18").await.json()["id"], first.json()["id"]);

    let another = post(r#"{"selectors":[{"source":"demo"}]}"#, "deploy-17").await;
    assert_eq!(another.problem(), "422 idempotency-key-reused");
    assert_eq!(post(ONE, "two words").await.problem(), "400 malformed-idempotency-key");
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_in_words() {
    let world = World::new().await;
    let tags = |count| format!(r#"{{"selectors":[{}]}}"#, vec![r#"{"tag":"t"}"#; count].join(","));
    let (many, large) = (tags(101), tags(6000));
    let mut story = String::new();
    for (about, body) in [
        ("no JSON", "selectors=demo"),
        ("nothing", ""),
        ("an unknown field", r#"{"selectors":[{"original":"demo/cat.jpg"}],"hard":true}"#),
        ("no selectors field", r#"{"force":true}"#),
        ("an unknown selector", r#"{"selectors":[{"picture":"demo/cat.jpg"}]}"#),
        ("an unknown mode", r#"{"selectors":[{"original":"demo/cat.jpg"}],"mode":"gentle"}"#),
        ("empty selectors", r#"{"selectors":[]}"#),
        ("too much to warm", r#"{"selectors":[{"original":"demo/cat.jpg"}],"warm":101}"#),
        ("an erasure that warms", r#"{"selectors":[{"original":"demo/cat.jpg"}],"mode":"erase","warm":1}"#),
        ("labels that warm", r#"{"selectors":[{"tag":"x"}],"warm":1}"#),
        ("an original without a path", r#"{"selectors":[{"original":"demo"}]}"#),
        ("many selectors", &many),
        ("a large body", &large),
    ] {
        let answer = world.post("/v1/purges", body).await;
        let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
        let detail = detail.split(". An example").next().unwrap_or_default().to_owned();
        story += &format!("{about}: {}: {detail}\n", answer.problem());
    }
    expect![[r#"
        no JSON: 400 malformed-purge: the body is not a purge: expected value at line 1 column 1
        nothing: 400 malformed-purge: the body is not a purge: EOF while parsing a value at line 1 column 0
        an unknown field: 400 malformed-purge: the body is not a purge: unknown field `hard`, expected one of `selectors`, `mode`, `force`, `reason`, `urgent`, `at`, `warm`, `dry_run` at line 1 column 49
        no selectors field: 400 malformed-purge: the body is not a purge: missing field `selectors` at line 1 column 14
        an unknown selector: 400 malformed-purge: the body is not a purge: unknown variant `picture`, expected one of `original`, `folder`, `source`, `url`, `prefix`, `tag`, `preset`, `pack`, `location`, `all`, `external` at line 1 column 24
        an unknown mode: 400 malformed-purge: the body is not a purge: unknown variant `gentle`, expected one of `soft`, `hard`, `erase` at line 1 column 58
        empty selectors: 400 no-selectors: a purge needs at least one selector, as in {"selectors":[{"original":"demo/cat.jpg"}]}
        too much to warm: 400 malformed-purge: a purge warms at most 100 derivatives, not 101
        an erasure that warms: 422 nothing-to-warm: nothing here can be warmed: what is erased never comes back, and only pictures of ours are made anew
        labels that warm: 422 nothing-to-warm: nothing here can be warmed: what is erased never comes back, and only pictures of ours are made anew
        an original without a path: 400 malformed-selector: the selector "original demo" cannot be understood: an original is source/path, as in demo/cat.jpg
        many selectors: 400 too-many-selectors: a purge has at most 100 selectors, this one has 101
        a large body: 413 body-too-large: a request's body has at most 65536 bytes here
    "#]].assert_eq(&story);
}

#[tokio::test]
async fn a_dry_run_says_what_a_purge_would_come_to_and_purges_nothing() {
    let world = World::new().await;
    let dry = |selector: &str| format!(r#"{{"selectors":[{selector}],"dry_run":true}}"#);
    let answer = world.send(keyed(&world, "deploy-17"), &dry(r#"{"original":"demo/cat.jpg"}"#)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.json(),
        json!({
            "selectors": [{"original": "demo/cat.jpg"}], "mode": "hard", "subjects": ["original:demo/cat.jpg"],
            "memory": {"responses": 0, "bytes": 0}, "disk": {"responses": 0, "bytes": 0}, "hits_per_minute": 0.0,
            "nodes": [], "dependents": 0, "cdns": [],
            "expected": {
                "nodes_millis": null, "cdns_millis": 0, "looks_millis": null, "millis": null, "measured": 0
            }
        })
    );
    let all = world.post("/v1/purges", &dry(r#"{"all":true},{"tag":"x"},{"tag":"x"}"#)).await;
    assert_eq!(all.json()["subjects"], json!(["tenant", "tag:x"]));
    assert_eq!(
        world.post("/v1/purges", &dry(r#"{"original":"demo"}"#)).await.problem(),
        "400 malformed-selector"
    );
    assert_eq!(world.get("/v1/purges").await.json()["purges"], json!([]));
    let purge = world.send(keyed(&world, "deploy-17"), ONE).await;
    assert_eq!(purge.status, StatusCode::ACCEPTED, "a dry run uses no key up");
}

#[tokio::test]
async fn a_purge_is_json_and_says_so() {
    let world = World::new().await;
    for content_type in ["application/x-www-form-urlencoded", "text/plain"] {
        let request = world.request(Method::POST, "/v1/purges").header(header::CONTENT_TYPE, content_type);
        assert_eq!(world.send(request, ONE).await.problem(), "415 not-json");
    }
    let untyped = world.request(Method::POST, "/v1/purges");
    assert_eq!(world.send(untyped, ONE).await.problem(), "415 not-json");
}

#[tokio::test]
async fn everything_under_v1_asks_for_the_token() {
    let world = World::new().await;
    for (method, path) in [
        (Method::GET, "/v1/purges"),
        (Method::POST, "/v1/purges"),
        (Method::GET, "/v1/purges/x"),
        (Method::GET, "/v1/purges/x/events"),
        (Method::GET, "/v1/nodes"),
        (Method::DELETE, "/v1/nodes"),
        (Method::GET, "/v1/nothing"),
    ] {
        for shown in [None, Some("Bearer wrong"), Some("Basic dG9rZW4=")] {
            let mut request = world.anonymous(method.clone(), path);
            if let Some(shown) = shown {
                request = request.header(header::AUTHORIZATION, shown);
            }
            let answer = world.send(request, "").await;
            assert_eq!(answer.problem(), "401 unauthorized", "{method} {path} {shown:?}");
            assert_eq!(answer.field("www-authenticate"), "Bearer");
            assert!(!answer.body.contains(TOKEN));
        }
    }
}

#[tokio::test]
async fn what_is_not_there_and_what_may_not_be_done_are_problems() {
    let world = World::new().await;
    for path in ["/v1/nothing", "/v1", "/nothing", "/v1/purges/x/y"] {
        assert_eq!(world.get(path).await.problem(), "404 no-such-path", "{path}");
    }
    for path in ["/v1/purges/no-such", "/v1/purges/no-such/events"] {
        assert_eq!(world.get(path).await.problem(), "404 no-such-purge", "{path}");
    }
    let nobody = world.send(world.request(Method::DELETE, "/v1/nodes/nobody"), "").await;
    assert_eq!(nobody.problem(), "404 no-such-node");
    for path in
        ["/v1/purges?limit=0", "/v1/purges?limit=201", "/v1/purges?limit=ten", "/v1/purges?state=over"]
    {
        assert_eq!(world.get(path).await.problem(), "400 malformed-parameter", "{path}");
    }
    assert_eq!(world.get("/v1/purges?colour=done").await.problem(), "400 unknown-parameter");

    for (method, path, allow) in [
        (Method::DELETE, "/v1/purges", "GET,HEAD,POST"),
        (Method::POST, "/v1/nodes", "GET,HEAD"),
        (Method::POST, "/metrics", "GET,HEAD"),
    ] {
        let answer = world.send(world.request(method, path), "").await;
        assert_eq!(answer.problem(), "405 method-not-allowed", "{path}");
        assert_eq!(answer.field("allow"), allow, "{path}");
    }
}

#[tokio::test]
async fn a_watcher_sees_the_purge_at_once_and_the_stream_ends_with_it() {
    let world = World::new().await;
    let purge = world.send(keyed(&world, "watched"), ONE).await.json();
    let id = purge["id"].as_str().expect("an id");

    let answer = world.open(&world.router(), &format!("/v1/purges/{id}/events")).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut chunks = answer.into_body().into_data_stream();
    let mut next = async || {
        let chunk = chunks.next().await?.expect("a chunk");
        let text = String::from_utf8(chunk.to_vec()).expect("text");
        let data = text.strip_prefix("event: purge\ndata: ").expect("a purge event").trim_end();
        Some(serde_json::from_str::<Value>(data).expect("JSON"))
    };

    assert_eq!(next().await, Some(purge.clone()));
    world.fail_oldest("the story wants it so").await;
    // Asking for the same purge again tells those who watch it to look.
    world.send(keyed(&world, "watched"), ONE).await;
    let last = next().await.expect("a last event");
    assert_eq!((&last["id"], &last["state"]), (&purge["id"], &json!("error")));
    assert_eq!(last["error"], "the story wants it so");
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn whoever_watches_a_purge_that_has_ended_gets_it_once() {
    let world = World::new().await;
    let id = world.post("/v1/purges", ONE).await.json()["id"].as_str().expect("an id").to_owned();
    world.fail_oldest("the story wants it so").await;
    let events = world.get(&format!("/v1/purges/{id}/events")).await.body;
    assert_eq!(events.matches("event: purge").count(), 1, "{events}");
}

#[tokio::test]
async fn there_is_an_end_to_how_many_may_watch() {
    let world = World::new().await;
    let router = world.router();
    let id = world.post("/v1/purges", ONE).await.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/purges/{id}/events");

    let mut watching = Vec::new();
    let refused = loop {
        let answer = world.open(&router, &path).await;
        if answer.status() != StatusCode::OK {
            break answer;
        }
        watching.push(answer);
        assert!(watching.len() < 1000);
    };
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "1");

    watching.pop();
    assert_eq!(world.open(&router, &path).await.status(), StatusCode::OK, "whoever leaves makes room");
}

#[tokio::test]
async fn an_erasure_is_listed_and_lifted_when_its_purge_has_ended() {
    let world = World::new().await;
    let delete = async |path: &str| world.send(world.request(Method::DELETE, path), "").await;
    assert_eq!(delete("/v1/erasures/demo/cat.jpg").await.problem(), "404 no-such-erasure");
    assert_eq!(delete("/v1/erasures/nowhere/cat.jpg").await.problem(), "422 unknown-source");
    assert_eq!(delete("/v1/erasures/demo").await.problem(), "400 malformed-selector");

    let purge = r#"{"selectors":[{"original":"demo/a b.jpg"}],"mode":"erase","reason":"court order 7"}"#;
    let id = world.post("/v1/purges", purge).await.json()["id"].as_str().expect("an id").to_owned();
    world.entomb("demo", "a b.jpg", &id, "court order 7").await;
    let shown = world.get("/v1/erasures/demo/a%20b.jpg").await.json();
    assert_eq!(shown["status"], 451);
    assert_eq!(world.get("/v1/erasures").await.json()["erasures"][0], shown);
    assert_eq!(delete("/v1/erasures/demo/a%20b.jpg").await.problem(), "409 erasure-under-way");

    world.fail_oldest("the story wants it so").await;
    let lifted = delete("/v1/erasures/demo/a%20b.jpg").await;
    assert_eq!(lifted.status, 202, "{}", lifted.body);
    assert_eq!(lifted.json()["selectors"][0]["original"], "demo/a b.jpg");
    assert_eq!(world.get("/v1/erasures/demo/a%20b.jpg").await.problem(), "404 no-such-erasure");
    let told = world.get("/v1/audit?limit=1").await.json();
    assert_eq!(
        (&told["entries"][0]["action"], &told["entries"][0]["operator"]),
        (&"lift".into(), &"api".into())
    );
}

#[tokio::test]
async fn a_reason_goes_with_an_erasure_only() {
    let world = World::new().await;
    for (mode, reason) in [("hard", "court order 7"), ("erase", " "), ("erase", "two\\nlines")] {
        let body =
            format!(r#"{{"selectors":[{{"original":"demo/a.jpg"}}],"mode":"{mode}","reason":"{reason}"}}"#);
        assert_eq!(world.post("/v1/purges", &body).await.problem(), "400 malformed-reason");
    }
}

#[tokio::test]
async fn nodes_are_listed_with_the_head_of_the_log() {
    let world = World::new().await;
    let nodes = world.get("/v1/nodes").await;
    assert_eq!(nodes.status, StatusCode::OK);
    for field in ["log", "head", "nodes"] {
        assert!(nodes.json().get(field).is_some(), "{field}");
    }
}

#[tokio::test]
async fn metrics_and_probes_need_no_token_with_or_without_the_api() {
    let world = World::new().await;
    for router in [world.router(), world.operations_router()] {
        let get = async |path| world.send_to(router.clone(), world.anonymous(Method::GET, path), "").await;
        assert_eq!(get("/livez").await.body, "alive\n");
        assert_eq!(get("/metrics").await.body, "pentimento_stories 1\n# EOF\n");
        assert_eq!(get("/readyz").await.status, StatusCode::OK);
        world.set_unready(Some("the lease has run out"));
        let readyz = get("/readyz").await;
        assert_eq!(readyz.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(readyz.body, "not ready: the lease has run out\n");
        world.set_unready(None);
    }
    let there = world.request(Method::GET, "/v1/purges");
    assert_eq!(world.send_to(world.operations_router(), there, "").await.problem(), "404 no-such-path");
}

#[tokio::test]
async fn a_name_that_was_pointed_at_this_machine_is_refused_everywhere() {
    let world = World::new().await;
    for path in ["/v1/purges", "/metrics", "/livez", "/nothing", "/page"] {
        // Beside the right one, so that neither is a way around the other.
        let request = world.request(Method::GET, path).header(header::HOST, "evil.example:8081");
        let answer = world.send(request, "").await;
        assert_eq!(answer.problem(), "421 misdirected", "{path}");
        assert_eq!(
            (answer.field("cache-control"), answer.field("x-content-type-options")),
            ("no-store", "nosniff")
        );
    }
    assert_eq!(world.get("/page").await.body, "a page");
}
