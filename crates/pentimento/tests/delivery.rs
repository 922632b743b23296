//! What clients get: formats, caching fields, conditional and ranged requests, signatures, clear refusals.

mod world;

use std::path::Path;
use std::process::Command;

use testkit::{get_with, head, picture, send, until};
use world::{BLUE, GREEN, RED, World, leased, shop};

const CAT: &str = "/demo/cat.jpg?w=320&format=png";

#[tokio::test]
async fn a_client_gets_the_best_format_that_it_accepts_and_caches_are_told() {
    let world = World::new().await;
    // Its pixels differ from their neighbours, as those of photographs do.
    let grain: Vec<u8> =
        (0..240 * 180 * 3_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 25) as u8).collect();
    world.source.put("/photograph.png", "image/png", picture::png_of(240, 180, &grain));
    for (path, accept, kind) in [
        ("photograph.png", "image/avif,image/webp,*/*", "image/avif"),
        ("photograph.png", "image/webp,*/*", "image/webp"),
        ("photograph.png", "image/avif;q=0,image/webp", "image/webp"),
        ("photograph.png", "*/*", "image/jpeg"),
        // Of one colour: what loses nothing is smaller.
        ("cat.jpg", "image/avif,image/webp,*/*", "image/webp"),
        ("cat.jpg", "*/*", "image/png"),
    ] {
        for node in [&world.edge, &world.node] {
            let url = format!("/demo/{path}?w=200&format=auto");
            let seen = get_with(node.delivery, &url, &[("accept", accept)]).await;
            let what = format!("{path} {accept}: {}", seen.text());
            assert_eq!((seen.status, seen.header("content-type")), (200, kind), "{what}");
            assert_eq!(seen.header("vary"), "Accept");
        }
    }
    let named = world.edge.get("/demo/cat.jpg?w=64&format=webp").await;
    assert_eq!((named.header("content-type"), named.header("vary")), ("image/webp", ""));
}

#[tokio::test]
async fn width_height_and_fit_are_what_was_asked_for() {
    let world = World::new().await;
    for (query, size) in [
        ("w=320", (320, 240)),
        ("h=120", (160, 120)),
        ("w=100&h=100", (100, 75)),
        ("w=100&h=100&fit=crop", (100, 100)),
        ("w=100&h=100&fit=fill", (100, 100)),
        ("w=100&h=50&fit=scale", (100, 50)),
        ("w=100&dpr=2", (200, 150)),
        ("q=50", (640, 480)),
    ] {
        let seen = world.node.get(&format!("/demo/cat.jpg?{query}&format=png")).await;
        let (width, height, rgb) = picture::look_at(&seen.body);
        assert_eq!((width, height), size, "{query}");
        assert_eq!(rgb, RED, "{query}");
    }
}

#[tokio::test]
async fn caching_fields_say_what_happened_at_each_tier() {
    let world = World::new().await;
    let cold = world.edge.get(CAT).await;
    assert_eq!(cold.header("x-cache"), "MISS");
    assert_eq!(
        cold.header("cache-status"),
        "node; fwd=uri-miss; fwd-status=200; ttl=2592000; stored, edge; fwd=uri-miss; fwd-status=200; ttl=2592000; stored"
    );
    let warm = leased(world.edge.delivery, CAT, &[]).await;
    assert_eq!(warm.header("x-cache"), "HIT");
    assert!(warm.header("cache-status").starts_with("edge; hit; ttl="), "{}", warm.header("cache-status"));
    assert!(warm.header("age").parse::<u32>().is_ok());
    // Edges and browsers are told different lifetimes.
    assert_eq!(warm.header("cache-control"), "public, max-age=300");
    assert!(warm.header("etag").starts_with('"'), "strong: {}", warm.header("etag"));
    assert_eq!(warm.header("pentimento-tags"), "", "nothing of the node protocol reaches a client");
}

#[tokio::test]
async fn conditional_ranged_and_head_requests_are_answered_from_the_cache() {
    let world = World::new().await;
    let whole = world.edge.get(CAT).await;
    let etag = whole.header("etag").to_owned();

    let same = get_with(world.edge.delivery, CAT, &[("if-none-match", &etag)]).await;
    assert_eq!((same.status, same.body.len(), same.header("etag")), (304, 0, etag.as_str()));
    let other = get_with(world.edge.delivery, CAT, &[("if-none-match", "\"other\"")]).await;
    assert_eq!(other.status, 200);

    let bare = head(world.edge.delivery, CAT).await;
    assert_eq!((bare.status, bare.body.len()), (200, 0));
    for name in ["etag", "content-type", "content-length", "cache-control"] {
        assert_eq!(bare.header(name), whole.header(name), "{name}");
    }

    let part = get_with(world.edge.delivery, CAT, &[("range", "bytes=10-19")]).await;
    assert_eq!((part.status, &part.body[..]), (206, &whole.body[10..20]));
    assert_eq!(part.header("content-range"), format!("bytes 10-19/{}", whole.body.len()));
    let beyond = get_with(world.edge.delivery, CAT, &[("range", "bytes=99999999-")]).await;
    assert_eq!(beyond.status, 416);
    let outdated =
        get_with(world.edge.delivery, CAT, &[("range", "bytes=0-1"), ("if-range", "\"other\"")]).await;
    assert_eq!(outdated.status, 200);
}

#[tokio::test]
async fn a_restart_finds_on_disk_what_was_stored() {
    let mut world = World::new().await;
    let before = world.edge.get(CAT).await;
    world.edge.get(CAT).await;
    // The write to disk is behind the answer; a polite end waits for it.
    world.edge.stop().await;
    let asked = world.source.asked("/cat.jpg");
    world.edge.start().await;
    let after = leased(world.edge.delivery, CAT, &[]).await;
    assert_eq!((after.header("x-cache"), &after.body), ("HIT", &before.body));
    assert_eq!(world.source.asked("/cat.jpg"), asked);
}

#[tokio::test]
async fn a_herd_on_a_cold_picture_costs_its_source_one_request() {
    let world = World::new().await;
    world.source.put("/herd.jpg", "image/png", picture::png(64, 64, GREEN));
    let clients: Vec<_> = (0..40)
        .map(|n| {
            let at = if n % 2 == 0 { world.edge.delivery } else { world.node.delivery };
            tokio::spawn(async move { get_with(at, "/demo/herd.jpg?w=32", &[]).await.status })
        })
        .collect();
    for client in clients {
        assert_eq!(client.await.unwrap(), 200);
    }
    assert_eq!(world.source.asked("/herd.jpg"), 1);
}

#[tokio::test]
async fn what_is_malformed_is_refused_by_name() {
    let world = World::new().await;
    for (url, status, slug, word) in [
        ("/demo/cat.jpg?width=3", 400, "unknown-parameter", "width"),
        ("/demo/cat.jpg?w=0", 400, "malformed-parameter", "w"),
        ("/demo/cat.jpg?w=abc", 400, "malformed-parameter", "abc"),
        ("/demo/cat.jpg?w=1&w=2", 400, "repeated-parameter", "w"),
        ("/demo/cat.jpg?fit=stretch", 400, "malformed-parameter", "clip"),
        ("/demo/cat.jpg?format=tiff", 400, "malformed-parameter", "avif"),
        ("/demo/a/../cat.jpg", 400, "malformed-path", ".."),
        ("/demo/%2e%2e/cat.jpg", 400, "malformed-path", ".."),
        ("/demo/cat.jpg?w=9000&h=9000&fit=scale", 400, "output-too-large", "8192"),
        ("/nowhere/cat.jpg", 404, "unknown-source", "nowhere"),
        ("/demo/missing.jpg", 404, "no-original", "source"),
    ] {
        for node in [&world.edge, &world.node] {
            let seen = node.get(url).await;
            assert_eq!(seen.status, status, "{url}: {}", seen.text());
            assert_eq!(seen.header("content-type"), "application/problem+json");
            let problem = seen.json();
            assert!(problem["type"].as_str().unwrap().ends_with(slug), "{url}: {problem}");
            assert!(problem["detail"].as_str().unwrap().contains(word), "{url}: {problem}");
        }
    }
    let post = send(world.node.delivery, http::Method::POST, "/demo/cat.jpg", &[], "x".into()).await.unwrap();
    assert_eq!((post.status, post.header("allow")), (405, "GET, HEAD"));
    let long = world.node.get(&format!("/demo/{}.jpg", "a".repeat(4000))).await;
    assert!(matches!(long.status, 400 | 414), "{}", long.status);
}

#[tokio::test]
async fn a_hostile_picture_is_a_clear_refusal_and_nothing_is_stored() {
    let world = World::new().await;
    let png = picture::png(64, 64, RED);
    let mut bomb = png.clone();
    bomb[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    for (name, bytes) in [
        ("text", b"<html>not a picture</html>".to_vec()),
        ("truncated", png[..png.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("bomb", bomb),
    ] {
        world.source.put(&format!("/{name}.png"), "image/png", bytes);
        let url = format!("/demo/{name}.png?w=10");
        for node in [&world.edge, &world.node] {
            let seen = node.get(&url).await;
            assert_eq!(seen.status, 422, "{name}: {}", seen.text());
            assert_eq!(node.get(&url).await.header("x-cache"), "MISS", "{name}");
        }
    }
    assert_eq!(world.node.get(CAT).await.status, 200, "and it goes on serving");
}

#[tokio::test]
async fn a_source_that_fails_never_replaces_a_picture() {
    let world = World::with("[delivery]\nedge_lifetime = \"1s\"\nstale_while_revalidate = \"0s\"\n").await;
    world.source.put_with(
        "/short.jpg",
        "image/png",
        picture::png(64, 64, RED),
        &[("cache-control", "max-age=0")],
    );
    let url = "/demo/short.jpg?format=png";
    assert_eq!(world.edge.get(url).await.status, 200);
    world.source.fail(true);
    until("its lifetime is over: it is asked for upstream, and stands in", async || {
        let seen = world.edge.get(url).await;
        assert_eq!(seen.status, 200, "{}", seen.text());
        assert_eq!(picture::look_at(&seen.body).2, RED);
        seen.header("cache-status").contains("fwd=stale")
    })
    .await;
    let fresh_size = world.edge.get("/demo/short.jpg?format=png&w=10").await;
    assert_eq!(fresh_size.status, 200, "a new size of what the source last gave");
    let unknown = world.edge.get("/demo/never-seen.jpg").await;
    assert_eq!(unknown.status, 502, "{}", unknown.text());
    assert!(unknown.header("cache-control").contains("no-store"), "{}", unknown.header("cache-control"));
}

#[tokio::test]
async fn a_site_that_does_not_say_unsigned_delivers_signed_urls_only() {
    let world = World::with("[[key]]\nid = \"k1\"\nsecret = \"0123456789abcdef0123\"\n").await;
    let at = world.edge.delivery;
    let signed = |url: &str, expires: &str| {
        let file = world.folder.path().join("pentimento.toml");
        let out = Command::new(Path::new(env!("CARGO_BIN_EXE_pentimento")))
            .args(["sign", url, "--key", "k1", "--expires", expires, "--config"])
            .arg(file)
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    };
    // Any host that no site names is a site of signed pictures.
    let host = ("host", "pictures.test");
    let missing = get_with(at, "/demo/cat.jpg?w=10", &[host]).await;
    assert_eq!(missing.status, 403, "{}", missing.text());
    let url = signed("/demo/cat.jpg?w=10&format=png", "600");
    assert_eq!(get_with(at, &url, &[host]).await.status, 200);
    let tampered = url.replace("w=10", "w=11");
    assert_eq!(get_with(at, &tampered, &[host]).await.status, 403);
    let expired = signed("/demo/cat.jpg?w=10", "0");
    let seen = get_with(at, &expired, &[host]).await;
    assert_eq!(seen.status, 403);
    assert!(seen.text().contains("expired"), "{}", seen.text());
}

#[tokio::test]
async fn a_pass_through_site_is_cached_by_its_own_words_and_purged_by_url_and_tag() {
    let source = testkit::Source::start().await;
    let world = World::with(&shop(source.address)).await;
    let (at, host) = (world.edge.delivery, ("host", "shop.test"));
    let fields = [("cache-control", "max-age=600"), ("surrogate-key", "img-1 other")];
    source.put_with("/a.txt", "text/plain", "old", &fields);
    source.put_with("/b.txt", "text/plain", "old", &fields);
    source.put_with("/private.txt", "text/plain", "mine", &[("cache-control", "private")]);

    for path in ["/a.txt", "/b.txt"] {
        assert_eq!(get_with(at, path, &[host]).await.text(), "old");
        assert_eq!(leased(at, path, &[host]).await.header("x-cache"), "HIT");
    }
    assert_eq!(get_with(at, "/private.txt", &[host]).await.text(), "mine");
    assert_eq!(get_with(at, "/private.txt", &[host]).await.header("x-cache"), "MISS");

    source.put_with("/a.txt", "text/plain", "new", &fields);
    source.put_with("/b.txt", "text/plain", "new", &fields);
    let id = world.node.purge(r#"{"selectors":[{"url":"http://shop.test/a.txt"}]}"#).await;
    assert_eq!(world.node.ended(&id).await["state"], "done");
    assert_eq!(get_with(at, "/a.txt", &[host]).await.text(), "new");
    assert_eq!(get_with(at, "/b.txt", &[host]).await.text(), "old");
    let id = world.node.purge(r#"{"selectors":[{"tag":"img-1"}]}"#).await;
    assert_eq!(world.node.ended(&id).await["state"], "done");
    assert_eq!(get_with(at, "/b.txt", &[host]).await.text(), "new");
}

#[tokio::test]
async fn a_change_that_nobody_purged_announces_itself_when_it_is_found() {
    let world = World::new().await;
    let fields = [("cache-control", "max-age=0")];
    world.source.put_with("/quiet.jpg", "image/png", picture::png(64, 64, RED), &fields);
    let url = "/demo/quiet.jpg?format=png";
    assert_eq!(picture::look_at(&world.edge.get(url).await.body).2, RED);
    world.source.put_with("/quiet.jpg", "image/png", picture::png(64, 64, BLUE), &fields);
    // Another size asks the source, which has other bytes now.
    assert_eq!(picture::look_at(&world.edge.get("/demo/quiet.jpg?format=png&w=9").await.body).2, BLUE);
    let list = world.node.api_get("/v1/purges").await;
    let purge = list["purges"].as_array().unwrap().iter().find(|purge| purge["cause"] == "revalidation");
    let id = purge.expect("it announced itself")["id"].as_str().unwrap().to_owned();
    assert_eq!(world.node.ended(&id).await["state"], "done");
    assert_eq!(picture::look_at(&world.edge.get(url).await.body).2, BLUE);
}
