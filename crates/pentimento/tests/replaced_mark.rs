//! A watermark is replaced, purged, and new in every picture that shows it, everywhere; erased, it is gone from all. So is
//! a picture that another is blended with.

mod world;

use testkit::{Seen, picture, until};
use world::{BLUE, GREEN, RED, World, leased};

/// The mark covers the middle, which is where tests look.
const MARKED: [&str; 4] = [
    "/demo/cat.jpg?w=120&format=png&mark=demo/brand/logo.png&mark-align=center",
    "/demo/cat.jpg?w=160&format=png&mark=demo/brand/dot.png&mark-align=top,left&mark2=demo/brand/logo.png&mark2-align=center",
    "/demo/dog.jpg?w=100&format=png&mark=demo/brand/logo.png&mark-align=center&mark-alpha=100&txt=%D7%A9+1&txt-size=9",
    "/demo/cat.jpg?w=150&format=png&blend=demo/brand/logo.png&blend-mode=normal&blend-fit=scale",
];
const UNMARKED: &str = "/demo/cat.jpg?w=140&format=png";
const PURGE: &str = r#"{"selectors":[{"original":"demo/brand/logo.png"}]}"#;

async fn world() -> World {
    let world = World::new().await;
    world.source.put("/dog.jpg", "image/png", picture::png(300, 200, RED));
    world.source.put("/brand/logo.png", "image/png", picture::png(40, 30, GREEN));
    world.source.put("/brand/dot.png", "image/png", picture::png(4, 4, RED));
    world
}

fn colour(seen: &Seen) -> [u8; 3] {
    assert_eq!(seen.status, 200, "{}", seen.text());
    picture::look_at(&seen.body).2
}

#[tokio::test]
async fn a_purge_of_a_mark_reaches_every_picture_that_shows_it_and_the_receipt_counts_them() {
    let mut world = world().await;
    let nodes = [world.edge.delivery, world.node.delivery];
    let mut before = Vec::new();
    for url in MARKED {
        for node in nodes {
            let seen = leased(node, url, &[]).await;
            assert_eq!(colour(&seen), GREEN, "{url}");
            before.push(seen.body);
        }
    }
    assert_eq!(colour(&leased(nodes[0], UNMARKED, &[]).await), RED);
    assert_eq!(leased(nodes[0], MARKED[0], &[]).await.header("x-cache"), "HIT");

    world.source.put("/brand/logo.png", "image/png", picture::png(40, 30, BLUE));
    let id = world.node.purge(PURGE).await;
    let view = world.node.ended(&id).await;
    assert_eq!(view["state"], "done", "{view:#}");
    let original = &view["receipt"]["originals"][0];
    assert_eq!((&original["outcome"], &original["dependents"]), (&"changed".into(), &4.into()), "{view:#}");
    let looks = view["receipt"]["looks"].as_array().unwrap();
    assert!(!looks.is_empty() && looks.iter().all(|look| look["verdict"] == "verified"), "{view:#}");

    for round in ["at once", "after a restart"] {
        for url in MARKED {
            for node in nodes {
                let seen = leased(node, url, &[]).await;
                assert_eq!(colour(&seen), BLUE, "{round}: {url}");
                assert!(!before.contains(&seen.body));
            }
        }
        if round == "at once" {
            // What does not show it was left alone.
            assert_eq!(leased(nodes[0], UNMARKED, &[]).await.header("x-cache"), "HIT");
            world.edge.kill().await;
            world.node.kill().await;
            world.node.start().await;
            world.edge.start().await;
        }
    }
    // They have been asked for anew, and so would be reached again; what is as it was reaches nobody.
    let view = world.node.ended(&world.node.purge(PURGE).await).await;
    assert_eq!(
        (&view["state"], &view["receipt"]["originals"][0]["dependents"]),
        (&"unchanged".into(), &0.into())
    );
    let forced = r#"{"selectors":[{"original":"demo/brand/logo.png"}],"force":true}"#;
    let view = world.node.ended(&world.node.purge(forced).await).await;
    assert_eq!(view["receipt"]["originals"][0]["dependents"], 4, "{view:#}");
}

#[tokio::test]
async fn a_mark_that_changed_unannounced_is_found_by_an_ordinary_revalidation_of_any_picture_that_shows_it() {
    let world = world().await;
    world.source.put_with(
        "/brand/logo.png",
        "image/png",
        picture::png(40, 30, GREEN),
        &[("cache-control", "max-age=0")],
    );
    assert_eq!(colour(&world.edge.get(MARKED[0]).await), GREEN);
    world.source.put("/brand/logo.png", "image/png", picture::png(40, 30, BLUE));
    // Another picture with the same mark: to make it, the mark's source is asked again.
    assert_eq!(colour(&world.edge.get(MARKED[2]).await), BLUE);
    // The change announces itself, and reaches the picture that was made before.
    until("the older picture shows the newer mark", async || {
        colour(&world.edge.get(MARKED[0]).await) == BLUE
    })
    .await;
}

#[tokio::test]
async fn what_shows_an_erased_mark_is_gone_with_it_and_what_lacks_one_says_which() {
    let world = world().await;
    let nodes = [world.edge.delivery, world.node.delivery];
    for node in nodes {
        assert_eq!(colour(&leased(node, MARKED[0], &[]).await), GREEN);
    }
    let erase =
        r#"{"selectors":[{"original":"demo/brand/logo.png"}],"mode":"erase","reason":"a court said so"}"#;
    let view = world.node.ended(&world.node.purge(erase).await).await;
    assert_eq!(view["state"], "done", "{view:#}");
    assert_eq!(view["receipt"]["originals"][0]["dependents"], 1, "{view:#}");
    for node in nodes {
        let seen = leased(node, MARKED[0], &[]).await;
        assert_eq!(seen.status, 451, "{}", seen.text());
        assert!(seen.text().contains("demo/brand/logo.png: this picture may not be shown: a court said so"));
        assert_eq!(colour(&leased(node, UNMARKED, &[]).await), RED);
    }
    let seen = world.edge.get("/demo/cat.jpg?mark=demo/brand/nowhere.png").await;
    assert_eq!(seen.status, 404);
    assert!(
        seen.text().contains("demo/brand/nowhere.png: the source has no such original"),
        "{}",
        seen.text()
    );
    let seen = world.edge.get("/demo/cat.jpg?mark=elsewhere/logo.png").await;
    assert!(seen.text().contains(r#"there is no source named \"elsewhere\""#), "{}", seen.text());
    assert_eq!(seen.status, 404);
    world.source.put("/brand/text.png", "text/html", "<html>");
    let seen = world.edge.get("/demo/cat.jpg?mark=demo/brand/text.png").await;
    assert_eq!(seen.status, 422);
    assert!(seen.text().contains("demo/brand/text.png: the original is not a picture"), "{}", seen.text());
    let seen = world.edge.get("/demo/cat.jpg?txt=a&txt-font=comic").await;
    assert_eq!(seen.status, 404);
    assert!(seen.text().contains("there is no font comic; there are sans"), "{}", seen.text());
    // A picture may show itself.
    assert_eq!(world.edge.get("/demo/cat.jpg?w=100&mark=demo/cat.jpg&mark-w=0.5").await.status, 200);
}
