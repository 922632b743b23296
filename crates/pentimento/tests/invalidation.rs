//! What clients change through a pass-through site, told through two tiers: a node and an edge before it.

mod world;

use testkit::{get_with, post};
use world::{World, leased, shop};

const HOST: (&str, &str) = ("host", "shop.test");
const LONG: (&str, &str) = ("cache-control", "max-age=600");

async fn stage() -> (testkit::Source, World) {
    let source = testkit::Source::start().await;
    let world = World::with(&shop(source.address)).await;
    (source, world)
}

async fn x_cache(world: &World, path: &str) -> String {
    leased(world.edge.delivery, path, &[HOST]).await.header("x-cache").to_owned()
}

#[tokio::test]
async fn a_change_invalidates_its_url_its_locations_and_its_groups_and_nothing_else() {
    let (source, world) = stage().await;
    for (path, groups) in
        [("/cat", "\"pets\", \"cats\""), ("/dog", "\"pets\""), ("/eel", ""), ("/fox", "\"wild\"")]
    {
        source.put_with(path, "text/plain", path, &[LONG, ("cache-groups", groups)]);
    }
    source.put_with(
        "/list",
        "text/plain",
        "list",
        &[LONG, ("location", "/eel"), ("cache-group-invalidation", "\"pets\"")],
    );
    for path in ["/cat", "/dog", "/eel", "/fox", "/list"] {
        assert_eq!(x_cache(&world, path).await, "MISS", "{path}");
        assert_eq!(x_cache(&world, path).await, "HIT", "{path}");
    }
    let seen = post(world.edge.delivery, "/list", &[HOST], "eel").await;
    assert!(seen.header("cache-status").ends_with("edge; fwd=method; fwd-status=200"), "{:?}", seen.headers);
    for (path, expected) in
        [("/cat", "MISS"), ("/dog", "MISS"), ("/eel", "MISS"), ("/list", "MISS"), ("/fox", "HIT")]
    {
        assert_eq!(x_cache(&world, path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn a_change_that_failed_invalidates_nothing() {
    let (source, world) = stage().await;
    source.put_with("/cat", "text/plain", "cat", &[LONG]);
    assert_eq!(x_cache(&world, "/cat").await, "MISS");
    source.fail(true);
    assert_eq!(post(world.edge.delivery, "/cat", &[HOST], "dog").await.status, 500);
    assert_eq!(x_cache(&world, "/cat").await, "HIT");
}

#[tokio::test]
async fn what_was_on_its_way_when_it_was_changed_is_neither_kept_nor_shared() {
    let (source, world) = stage().await;
    let at = world.edge.delivery;
    source.put_with("/cat", "text/plain", "an old cat", &[LONG]);
    source.put_with("/change", "text/plain", "", &[("location", "/cat")]);
    source.close_halfway();
    let old = tokio::spawn(async move { get_with(at, "/cat", &[HOST]).await });
    source.until_asked("/cat", 1).await;
    source.put_with("/cat", "text/plain", "a new cat", &[LONG]);
    assert_eq!(post(at, "/change", &[HOST], "new").await.status, 200);
    // Who comes after the change does not join what began before it.
    let new = tokio::spawn(async move { get_with(at, "/cat", &[HOST]).await });
    source.until_asked("/cat", 2).await;
    source.open_halfway();
    assert_eq!(old.await.unwrap().text(), "an old cat");
    assert_eq!(new.await.unwrap().text(), "a new cat");
    assert_eq!(get_with(at, "/cat", &[HOST]).await.text(), "a new cat");
}

#[tokio::test]
async fn what_is_reserved_for_the_first_client_reaches_nobody_else() {
    let (source, world) = stage().await;
    let fields = [("cache-control", "max-age=600, no-cache=\"set-cookie\""), ("set-cookie", "mine=1")];
    source.put_with("/cat", "text/plain", "cat", &fields);
    let first = get_with(world.edge.delivery, "/cat", &[HOST]).await;
    assert_eq!((first.header("x-cache"), first.header("set-cookie")), ("MISS", "mine=1"));
    let second = leased(world.edge.delivery, "/cat", &[HOST]).await;
    assert_eq!((second.header("x-cache"), second.header("set-cookie")), ("HIT", ""));
}
