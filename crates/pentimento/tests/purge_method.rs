//! `PURGE`, as plugins for other caches send it, at an edge, through to the whole cluster.

mod world;

use bytes::Bytes;
use http::Method;
use testkit::{get_with, send};
use world::{World, shop};

const FIELDS: [(&str, &str); 2] = [("cache-control", "max-age=600"), ("xkey", "news page")];

async fn site(more: &str) -> (testkit::Source, World) {
    let source = testkit::Source::start().await;
    let world = World::with(&(shop(source.address) + more)).await;
    (source, world)
}

async fn purge(world: &World, url: &str, fields: &[(&str, &str)]) -> testkit::Seen {
    let fields: Vec<_> = fields.iter().copied().chain([("host", "shop.test")]).collect();
    let method = Method::from_bytes(b"PURGE").unwrap();
    send(world.edge.delivery, method, url, &fields, Bytes::new()).await.unwrap()
}

#[tokio::test]
async fn a_plugin_purges_by_url_by_folder_and_by_key_and_every_node_is_purged_when_it_is_answered() {
    let (source, world) = site("purge_from = [\"127.0.0.1\"]").await;
    let nodes = [world.edge.delivery, world.node.delivery];
    let paths = ["/blog/a.txt", "/blog/b.txt?page=2", "/c.txt"];
    let file = |path: &str| path.split('?').next().unwrap_or(path).to_owned();
    let mut text = String::from("0");
    for path in paths {
        source.put_with(&file(path), "text/plain", text.clone(), &FIELDS);
    }
    for (round, (url, fields, purged)) in [
        ("/blog/a.txt", &[][..], &paths[..1]),
        ("/blog/*", &[], &paths[..2]),
        ("/%62log/%61.txt", &[], &paths[..1]),
        ("/", &[("xkey", "news")], &paths[..]),
        ("/nothing/of/this/name", &[], &[]),
    ]
    .into_iter()
    .enumerate()
    {
        for (at, path) in nodes.iter().flat_map(|at| paths.map(|path| (at, path))) {
            assert_eq!(get_with(*at, path, &[("host", "shop.test")]).await.text(), text);
        }
        let new = (round + 1).to_string();
        for path in paths {
            source.put_with(&file(path), "text/plain", new.clone(), &FIELDS);
        }
        let seen = purge(&world, url, fields).await;
        assert_eq!((seen.status, &seen.json()["state"]), (200, &"done".into()), "{url}: {}", seen.text());
        assert!(seen.json()["cause"].as_str().unwrap().starts_with("PURGE from 127.0.0.1"));
        for (at, path) in nodes.iter().flat_map(|at| paths.map(|path| (at, path))) {
            let expected = if purged.contains(&path) { &new } else { &text };
            assert_eq!(
                &get_with(*at, path, &[("host", "shop.test")]).await.text(),
                expected,
                "{url}: {path}"
            );
        }
        // All alike again, for the next round.
        assert_eq!(purge(&world, "/*", &[]).await.status, 200);
        text = new;
    }
}

#[tokio::test]
async fn nobody_else_can_purge() {
    let (_source, world) = site("purge_from = [\"192.0.2.0/24\"]").await;
    let seen = purge(&world, "/", &[]).await;
    assert_eq!((seen.status, seen.header("content-type")), (403, "application/problem+json"));
    let (_source, world) = site("").await;
    assert_eq!(purge(&world, "/", &[]).await.status, 405);
    let (_source, world) = site("purge_from = [\"127.0.0.1\"]").await;
    assert_eq!(purge(&world, "/", &[("x-forwarded-for", "192.0.2.1")]).await.status, 403);
}
