//! A drawing at the source: handed on clean and under a policy, from the renderer, a tier and the caches; drawn with the
//! node's font; and new everywhere after a purge.

mod world;

use testkit::{Seen, picture};
use world::{World, leased};

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

/// A square of this colour with a letter that covers its middle, and what does not belong there.
fn drawing(colour: &str) -> Vec<u8> {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='60' height='60' onload='alert(1)'><script>alert(1)</script>\
         <path fill='{colour}' d='M0 0h60v60H0z'/>\
         <text x='30' y='70' font-size='110' text-anchor='middle' fill='blue'>\u{25a0}</text>\
         <image width='60' height='60' href='http://127.0.0.1:1/track.png'/></svg>"
    )
    .into_bytes()
}

fn assert_clean(seen: &Seen, colour: &str) {
    assert_eq!(seen.status, 200, "{}", seen.text());
    assert_eq!(seen.header("content-type"), "image/svg+xml");
    assert_eq!(seen.header("content-security-policy"), POLICY);
    assert_eq!(seen.header("x-content-type-options"), "nosniff");
    let text = seen.text();
    assert!(text.contains(colour) && !text.contains("alert") && !text.contains("track"), "{text}");
}

#[tokio::test]
async fn a_drawing_is_handed_on_clean_by_every_node_and_new_after_a_purge() {
    let world = World::new().await;
    world.source.put("/logo.svg", "text/plain", drawing("red"));
    let nodes = [world.edge.delivery, world.node.delivery];
    for cached in ["", "HIT"] {
        for node in nodes {
            for url in ["/demo/logo.svg", "/demo/logo.svg?format=svg"] {
                let seen = leased(node, url, &[]).await;
                assert_clean(&seen, "red");
                assert!(seen.header("x-cache").contains(cached));
                let etag = seen.header("etag").to_owned();
                let known = leased(node, url, &[("if-none-match", &etag)]).await;
                assert_eq!((known.status, known.header("content-security-policy")), (304, POLICY));
            }
        }
    }
    world.source.put("/logo.svg", "text/plain", drawing("lime"));
    let id = world.node.purge(r#"{"selectors":[{"original":"demo/logo.svg"}]}"#).await;
    assert_eq!(world.node.ended(&id).await["state"], "done");
    for node in nodes {
        assert_clean(&leased(node, "/demo/logo.svg", &[]).await, "lime");
    }
}

#[tokio::test]
async fn shapes_that_were_found_in_a_picture_are_a_drawing_and_under_the_same_policy() {
    let world = World::new().await;
    for node in [world.edge.delivery, world.node.delivery] {
        let seen = leased(node, "/demo/cat.jpg?format=primitive", &[]).await;
        assert_eq!((seen.status, seen.header("content-type")), (200, "image/svg+xml"), "{}", seen.text());
        assert_eq!(seen.header("content-security-policy"), POLICY);
    }
}

#[tokio::test]
async fn a_drawing_is_drawn_with_the_nodes_font_and_other_pictures_are_no_drawings() {
    let world = World::new().await;
    world.source.put("/logo.svg", "text/plain", drawing("red"));
    let drawn = leased(world.node.delivery, "/demo/logo.svg?w=300&format=png", &[]).await;
    assert_eq!((drawn.status, drawn.header("content-type")), (200, "image/png"), "{}", drawn.text());
    let (width, height, middle) = picture::look_at(&drawn.body);
    assert_eq!((width, height, middle), (300, 300, [0, 0, 255]));

    let accept = [("accept", "image/svg+xml,image/webp,*/*;q=0.8")];
    let auto = leased(world.node.delivery, "/demo/logo.svg?format=auto", &accept).await;
    assert_eq!((auto.header("content-type"), auto.header("vary")), ("image/webp", "Accept"));

    let refused = leased(world.node.delivery, "/demo/cat.jpg?format=svg", &[]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("problems/not-a-drawing"), "{}", refused.text());
}

#[tokio::test]
async fn a_page_of_a_document_is_drawn_and_one_that_is_not_there_says_how_many_there_are() {
    let world = World::new().await;
    let document = include_bytes!("../../transform/tests/fixtures/everything.pdf");
    world.source.put("/brochure.pdf", "text/plain", document.to_vec());
    for node in [world.edge.delivery, world.node.delivery] {
        let first = leased(node, "/demo/brochure.pdf?w=480&format=png", &[]).await;
        assert_eq!((first.status, first.header("content-type")), (200, "image/png"), "{}", first.text());
        let (width, height, middle) = picture::look_at(&first.body);
        assert_eq!((width, height, middle), (480, 320, [237, 242, 255]));
        let second = leased(node, "/demo/brochure.pdf?page=2&format=png", &[]).await;
        assert_eq!((second.status, picture::look_at(&second.body).0), (200, 160), "{}", second.text());
    }
    let refused = leased(world.node.delivery, "/demo/brochure.pdf?page=3", &[]).await;
    assert_eq!(refused.status, 400);
    let text = refused.text();
    assert!(text.contains("problems/outside-original") && text.contains("has 2 pages"), "{text}");
}
