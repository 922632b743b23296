//! Other vendors' APIs as their clients see them; Cloudimage's with the driver that we drive the vendor with.

mod world;

use std::collections::BTreeMap;

use cdn::{Address, Call, Context, Driver, Targets, VendorName, VendorSettings};
use expect_test::expect;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use world::{Answer, TOKEN, World};

use api::faces::FaceKind;

async fn key(world: &World, name: &str, scopes: &[&str]) -> String {
    let key = json!({"name": name, "scopes": scopes, "tenant": "cats"});
    let made = world.post("/v1/keys", &key.to_string()).await;
    made.json()["key"].as_str().expect("a key").to_owned()
}

async fn cloudimage(world: &World, key: &str, body: Value) -> Answer {
    let request = world.anonymous(Method::POST, "/invalidate").header("x-client-key", key);
    world.send_to(world.faces(&[FaceKind::Cloudimage]), request, &body.to_string()).await
}

#[tokio::test]
async fn our_own_driver_for_cloudimage_and_the_face_understand_each_other() {
    let world = World::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let api = format!("http://{}", listener.local_addr().expect("an address")).parse().expect("a URL");
    let router = world.faces(&[FaceKind::Cloudimage]);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let secret = Some(key(&world, "driver", &["purge:read", "purge:write", "purge:all"]).await);
    let settings = VendorSettings { api: Some(api), nodes: vec![], own: BTreeMap::new(), secret };
    let driver = Driver::new(VendorName::Cloudimage, &settings, origin::Client::new()).expect("a driver");
    let context = Context { reference: "r".to_owned(), now: 0, nonce: "n".to_owned() };
    let at = |path: &str| Address { site: "https://img.test".to_owned(), path: path.to_owned() };

    for (targets, selectors) in [
        (
            Targets::Paths(vec![at("/demo/cat.jpg"), at("/demo/a%20b.jpg")]),
            json!([{"original": "demo/cat.jpg"}, {"original": "demo/a b.jpg"}]),
        ),
        (
            Targets::Urls(vec![at("/demo/cat.jpg?w=300")]),
            json!([{"url": "https://img.test/demo/cat.jpg?w=300"}]),
        ),
        (Targets::Prefixes(vec![at("/demo/harbour/")]), json!([{"prefix": "https://img.test/demo/harbour"}])),
        (Targets::All, json!([{"source": "demo"}])),
    ] {
        let call = Call { targets, soft: false };
        let accepted = driver.send(&call, &context).await.expect("it is accepted");
        let handle = accepted.handle.expect("a handle");
        assert!(!accepted.completed && !driver.has_completed(&handle, &context).await.expect("a status"));
        let purge = world.get(&format!("/v1/purges/{handle}")).await.json();
        assert_eq!(
            (&purge["selectors"], &purge["cause"], &purge["force"]),
            (&selectors, &json!("key:driver"), &json!(true))
        );
        world.fail_oldest("the source is away").await;
        assert!(driver.has_completed(&handle, &context).await.is_err(), "it failed");
    }
}

#[tokio::test]
async fn cloudimages_bodies_are_as_its_documents_show_them() {
    let world = World::new().await;
    let deploy = key(&world, "deploy", &["purge:read", "purge:write"]).await;
    let made = cloudimage(&world, &deploy, json!({"scope": "original", "urls": ["/demo/cat.jpg"]})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let made = made.json();
    assert_eq!((&made["status"], &made["invalidation"]["status"]), (&json!("success"), &json!("RECEIVED")));
    let id = made["invalidation"]["uuid"].as_str().expect("a uuid");
    let status = async |key: &str| {
        let request = world.anonymous(Method::GET, &format!("/invalidate/{id}")).header("X-Client-key", key);
        world.send_to(world.faces(&[FaceKind::Cloudimage]), request, "").await
    };
    world.fail_oldest("the source is away").await;
    let seen = status(&deploy).await.json();
    assert_eq!(
        (&seen["invalidation"]["status"], &seen["invalidation"]["scope"]),
        (&json!("ERROR"), &json!("original"))
    );
    assert_eq!(seen["invalidation"]["urls"]["failed"], json!(["/demo/cat.jpg"]));
    assert_eq!(status("wrong").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(status(TOKEN).await.status, StatusCode::OK);

    let request = world.anonymous(Method::POST, "/warmup/urls").header("x-client-key", &deploy);
    let data = json!({"data": ["/demo/a.jpg?w=1", "/demo/b.jpg", "no path", "/demo/c.jpg", "/demo/d.jpg"]});
    let warmed = world.send_to(world.faces(&[FaceKind::Cloudimage]), request, &data.to_string()).await;
    assert_eq!(warmed.json(), json!({"status": "success", "count_added": 3, "count_failed": 2, "msg": ""}));
}

#[tokio::test]
async fn warm_ups_come_as_lists_as_files_and_in_the_older_form() {
    let world = World::new().await;
    let deploy = key(&world, "deploy", &["purge:write"]).await;
    let mut story = String::new();
    let form = "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"list.csv\"\r\n\r\n\
                /demo/a.jpg?w=200\n/demo/b.jpg\n\r\n--X--\r\n";
    let many: String = (0..501).map(|n| format!("/demo/{n}.jpg\n")).collect();
    for (path, kind, body) in [
        ("/warmup/urls", "multipart/form-data; boundary=X", form),
        ("/warmup/urls", "text/csv", "/demo/a.jpg\nhttps://else.test/x\n"),
        ("/warmup/urls", "text/csv", &many),
        ("/warmup/urls", "application/json", r#"{"urls": []}"#),
        ("/warmup/urls", "multipart/form-data; boundary=X", "nothing of it"),
        ("/warmup/urls", "application/xml", "<a/>"),
        (
            "/warmup",
            "application/json",
            r#"{"warmup": {"desc": "d", "token": "t", "uris": ["/demo/a.jpg"]}}"#,
        ),
        ("/warmup", "text/csv", "/demo/a.jpg\n/demo/b.jpg"),
        ("/warmup", "application/json", r#"{"data": []}"#),
    ] {
        let request = world.anonymous(Method::POST, path).header("x-client-key", &deploy);
        let request = request.header(header::CONTENT_TYPE, kind);
        let answer = world.send_to(world.faces(&[FaceKind::Cloudimage]), request, body).await;
        story += &format!("{path} {kind}: {} {}\n", answer.status.as_u16(), answer.body);
    }
    expect![[r#"
        /warmup/urls multipart/form-data; boundary=X: 200 {"count_added":2,"count_failed":0,"msg":"","status":"success"}
        /warmup/urls text/csv: 200 {"count_added":1,"count_failed":1,"msg":"","status":"success"}
        /warmup/urls text/csv: 400 {"msg":"at most 500 urls in one request, not 501","status":"error"}
        /warmup/urls application/json: 400 {"msg":"the body cannot be read: unknown field `urls`, expected `data` at line 1 column 7","status":"error"}
        /warmup/urls multipart/form-data; boundary=X: 400 {"msg":"the body cannot be read: the form has no parts","status":"error"}
        /warmup/urls application/xml: 400 {"msg":"the body cannot be read: expected value at line 1 column 1","status":"error"}
        /warmup application/json: 200 {"status":"success","warmup":{"added_uris":1}}
        /warmup text/csv: 200 {"status":"success","warmup":{"added_uris":2}}
        /warmup application/json: 400 {"msg":"the body cannot be read: unknown field `data`, expected `warmup` at line 1 column 7","status":"error"}
    "#]].assert_eq(&story);
}

#[tokio::test]
async fn what_cloudimages_clients_do_wrong_enqueues_nothing() {
    let world = World::new().await;
    let deploy = key(&world, "deploy", &["purge:read", "purge:write"]).await;
    let many: Vec<String> = (0..11).map(|n| format!("/demo/{n}.jpg")).collect();
    let mut story = String::new();
    for body in [
        json!({"scope": "original", "urls": ["/demo/cat.jpg", "/demo/cat.jpg?w=5", "img.test/demo/cat.jpg", "demo/cat.jpg", "https://else.test/x"]}),
        json!({"scope": "original", "urls": many}),
        json!({"scope": "original", "urls": []}),
        json!({"scope": "original"}),
        json!({"scope": "everything"}),
        json!({"scope": "all", "urls": ["/demo/cat.jpg"]}),
        json!({"scope": "original", "urls": ["/demo/cat.jpg"], "transformations": ["w=200"]}),
        json!({"scope": "urls", "urls": ["/demo/cat.jpg"], "transformations": ["?w=200"]}),
        json!({"scope": "all", "transformations": []}),
        json!({"scope": "original", "urls": ["/demo/cat.jpg"], "sizes": ["?w=200"]}),
        json!({"scope": "original", "urls": ["/other/cat.jpg"]}),
        json!({"scope": "original", "urls": ["/nowhere/cat.jpg"]}),
        json!({"scope": "all"}),
        json!("all"),
    ] {
        let refused = cloudimage(&world, &deploy, body).await;
        story += &format!("{} {}\n", refused.status.as_u16(), refused.json()["msg"].as_str().unwrap_or(""));
    }
    expect![[r#"
        400 "/demo/cat.jpg?w=5": a path is written without its query: all sizes of an original go at once; "img.test/demo/cat.jpg": leave out the host of the CDN: write the path alone, as in /demo/cat.jpg; "demo/cat.jpg": a path begins with a slash, as in /demo/cat.jpg; "https://else.test/x": https://else.test is not img.test, which this API purges
        400 at most 10 urls in one request, not 11
        400 the scope "original" needs urls
        400 the scope "original" needs urls
        400 scope is one of original, urls and all
        400 the scope "all" takes nothing else
        400 "w=200": transformations go with the scope "original", as in "?w=200"
        400 "?w=200": transformations go with the scope "original", as in "?w=200"
        400 the scope "all" takes nothing else
        400 the body cannot be read: unknown field `sizes`, expected one of `scope`, `urls`, `transformations` at line 1 column 27
        403 "original other/cat.jpg" is beyond tenant cats: its source belongs to somebody else
        400 there is no source named "nowhere"
        403 key:deploy may not do this: it needs the scope purge:all
        400 the body cannot be read: invalid type: string "all", expected struct Invalidation at line 1 column 5
    "#]].assert_eq(&story);
    assert_eq!(world.get("/v1/purges").await.json(), json!({"purges": []}));
    let audit = world.get("/v1/audit").await.json();
    let refusals = audit["entries"].as_array().expect("entries").iter();
    assert_eq!(refusals.filter(|entry| entry["action"] == "refuse").count(), 2, "{audit}");
}

#[tokio::test]
async fn imgix_purges_one_original_once_in_ten_seconds() {
    let world = World::new().await;
    let deploy = key(&world, "deploy", &["purge:write"]).await;
    let router = world.faces(&[FaceKind::Imgix]);
    let post = async |body: Value| {
        let request = world.anonymous(Method::POST, "/api/v1/purge");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {deploy}"));
        world.send_to(router.clone(), request, &body.to_string()).await
    };
    let of = |url: &str| json!({"data": {"type": "purges", "attributes": {"url": url}}});
    let first = post(of("https://img.test/demo/cat.jpg")).await;
    assert_eq!((first.status, first.field("content-type")), (StatusCode::OK, "application/vnd.api+json"));
    let purge = world
        .get(&format!("/v1/purges/{}", first.json()["data"]["id"].as_str().expect("an id")))
        .await
        .json();
    assert_eq!(
        (&purge["selectors"], &purge["force"]),
        (&json!([{"original": "demo/cat.jpg"}]), &json!(false))
    );
    let mut story = String::new();
    for body in [
        of("https://img.test/demo/cat.jpg"),
        of("https://img.test/demo/cat.jpg?w=5"),
        of("https://other.test/demo/cat.jpg"),
        of("/demo/cat.jpg"),
        of("https://img.test/other/cat.jpg"),
        json!({"data": {"type": "purge", "attributes": {"url": "https://img.test/demo/cat.jpg"}}}),
        json!({"data": {"type": "purges", "attributes": {"url": "https://img.test/demo/a.png", "sub_image": true}}}),
        json!({"data": {"type": "purges", "attributes": {}}}),
    ] {
        let refused = post(body).await;
        story += &format!(
            "{} {}\n",
            refused.status.as_u16(),
            refused.json()["errors"][0]["detail"].as_str().unwrap_or("")
        );
    }
    expect![[r#"
        409 this was asked for less than 10 s ago: that purge is the one
        400 "https://img.test/demo/cat.jpg?w=5": leave out the parameters; all sizes of a picture go at once
        400 "https://other.test/demo/cat.jpg" is not at img.test, which this API purges
        400 "/demo/cat.jpg" is not an absolute URL
        403 "original other/cat.jpg" is beyond tenant cats: its source belongs to somebody else
        400 the body cannot be read: the type is "purges"
        400 the body cannot be read: sub_image needs source_id
        400 the body cannot be read: missing field `url` at line 1 column 24
    "#]]
    .assert_eq(&story);
    // Ten may be asked for in a while; the duplicate and the one that is another's were counted.
    for n in 0..7 {
        assert_eq!(post(of(&format!("https://img.test/demo/{n}.jpg"))).await.status, StatusCode::OK, "{n}");
    }
    let refused = post(of("https://img.test/demo/7.jpg")).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!((1..=60).contains(&refused.field("retry-after").parse().expect("seconds")));
}

#[tokio::test]
async fn what_has_no_name_in_urls_here_is_widened_to_all_of_the_tenant() {
    let world = World::new().await;
    let all = key(&world, "all", &["purge:read", "purge:write", "purge:all"]).await;
    let few = key(&world, "few", &["purge:read", "purge:write"]).await;
    let router = world.faces(&[FaceKind::Rokka, FaceKind::TenantService]);
    let ask = async |method: Method, path: &str, key: &str, body: &str| {
        let request = world.anonymous(method, path).header(header::AUTHORIZATION, format!("Bearer {key}"));
        world.send_to(router.clone(), request, body).await
    };
    let newest = async || world.get("/v1/purges?limit=1").await.json()["purges"][0].clone();

    for (left, stack) in ["thumb", "*", "www.big_1-x"].into_iter().enumerate() {
        let purged = ask(Method::DELETE, &format!("/stacks/cats/{stack}/cache"), &all, "").await;
        assert_eq!((purged.status, purged.json()), (StatusCode::OK, json!({"status": "ok"})), "{stack}");
        assert_eq!(
            (purged.field("x-ratelimit-limit"), purged.field("x-ratelimit-remaining")),
            ("5", (4 - left).to_string().as_str())
        );
        assert_eq!(newest().await["selectors"], json!([{"source": "demo"}]));
    }
    let taken = ask(Method::DELETE, "/prod-lof/images/cats/62e8", &few, "").await;
    assert_eq!(taken.status, StatusCode::ACCEPTED, "{}", taken.body);
    let before = newest().await["id"].clone();

    let mut story = String::new();
    for (method, path, key, body) in [
        (Method::DELETE, "/stacks/cats/thumb/cache", few.as_str(), ""),
        (Method::DELETE, "/stacks/dogs/thumb/cache", &all, ""),
        (Method::DELETE, "/stacks/cats/a%20b/cache", &all, ""),
        (Method::GET, "/sourceimages/cats", &all, ""),
    ] {
        let refused = ask(method.clone(), path, key, body).await;
        story += &format!("{method} {path}: {} {}\n", refused.status.as_u16(), refused.body);
    }
    expect![[r#"
        DELETE /stacks/cats/thumb/cache: 403 {"error":{"code":403,"message":"key:few may not do this: it needs the scope purge:all"}}
        DELETE /stacks/dogs/thumb/cache: 404 {"error":{"code":404,"message":"there is no tenant \"dogs\""}}
        DELETE /stacks/cats/a%20b/cache: 400 {"error":{"code":400,"message":"a hash, an alias or a stack has 1 to 64 letters, digits, _, - and ."}}
        GET /sourceimages/cats: 404 {"type":"https://pentimento.dev/problems/no-such-path","title":"No such path","status":404,"detail":"there is nothing at /sourceimages/cats"}
    "#]].assert_eq(&story);
    assert_eq!(newest().await["id"], before);
}

#[tokio::test]
async fn rokka_and_the_tenant_service_name_tenants_in_their_paths() {
    let world = World::new().await;
    let deploy = key(&world, "deploy", &["purge:read", "purge:write"]).await;
    let router = world.faces(&[FaceKind::Rokka, FaceKind::TenantService]);
    let delete = async |path: &str, name: &str, shown: &str| {
        let request = world.anonymous(Method::DELETE, path).header(name, shown);
        world.send_to(router.clone(), request, "").await
    };
    for left in (0..5).rev() {
        let purged = delete("/sourceimages/cats/c1b110.jpg/cache", "api-key", &deploy).await;
        assert_eq!((purged.status, purged.json()), (StatusCode::OK, json!({"items": ["/demo/c1b110.jpg"]})));
        assert_eq!(purged.field("x-ratelimit-remaining"), left.to_string());
    }
    let refused = delete("/sourceimages/cats/c1b110.jpg/cache", "api-key", &deploy).await;
    assert_eq!(
        (refused.status, &refused.json()["status"]),
        (StatusCode::TOO_MANY_REQUESTS, &json!("too many requests"))
    );
    assert!(refused.field("x-ratelimit-retry-after").parse::<u64>().expect("a time") > 1_700_000_000);
    let alias = delete("/sourceimages/cats/alias/logo/cache", "api-key", &deploy).await;
    assert_eq!((alias.status, alias.field("x-ratelimit-limit")), (StatusCode::OK, "10"));
    assert_eq!(delete("/sourceimages/dogs/x/cache", "api-key", &deploy).await.status, StatusCode::NOT_FOUND);

    let bearer = format!("Bearer {deploy}");
    let taken = delete("/images/cats/62e89a0ce4b0003c6f22b5a3", "authorization", &bearer).await;
    assert_eq!((taken.status, &taken.json()["tenant"]), (StatusCode::ACCEPTED, &json!("cats")));
    let id = taken.json()["invalidationId"].as_str().expect("an id").to_owned();
    let purge = world.get(&format!("/v1/purges/{id}")).await.json();
    assert_eq!(
        (&purge["selectors"], &purge["urgent"]),
        (&json!([{"folder": "demo/62e89a0ce4b0003c6f22b5a3"}]), &json!(true))
    );
    for (path, shown, wanted) in [
        ("/images/cats/62e8-1662654467834", bearer.as_str(), 400),
        ("/images/dogs/62e8", bearer.as_str(), 404),
        ("/images/cats/62e8", "Bearer wrong", 401),
        ("/images/cats/62e8", "", 401),
    ] {
        assert_eq!(delete(path, "authorization", shown).await.status.as_u16(), wanted, "{path} {shown}");
    }
}
