//! A HEIC at the source: from the URL to the worker that may do nothing else, in a build that reads it; and what one says that
//! does not.

mod world;

use world::{World, leased};

const TILES: &[u8] = include_bytes!("../../transform/tests/fixtures/grid.heic");

#[cfg(not(feature = "heic"))]
#[tokio::test]
async fn a_build_that_does_not_read_heic_names_the_feature_that_does() {
    let world = World::new().await;
    world.source.put("/photo.heic", "image/heic", TILES.to_vec());
    for node in [world.edge.delivery, world.node.delivery] {
        let refused = leased(node, "/demo/photo.heic?w=50", &[]).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        for said in ["problems/unsupported-picture", "one with the feature heic does"] {
            assert!(refused.text().contains(said), "{}", refused.text());
        }
    }
}

#[cfg(feature = "heic")]
mod built {
    use super::{TILES, World, leased};
    use testkit::picture;

    const ONE: &[u8] = include_bytes!("../../transform/tests/fixtures/420-8-full-601.heic");
    /// One byte less, so that its last tile ends within its data.
    const CUT: &[u8] = TILES.split_at(TILES.len() - 1).0;

    #[tokio::test]
    async fn a_photograph_of_a_telephone_is_delivered_by_every_node_as_whatever_is_wished() {
        let world = World::new().await;
        // Its name and media type do not matter.
        world.source.put("/photo.jpg", "image/jpeg", TILES.to_vec());
        for node in [world.edge.delivery, world.node.delivery] {
            for (corner, expected) in [
                ("0,0", [255, 0, 0]),
                ("64,0", [0, 255, 0]),
                ("0,64", [0, 0, 255]),
                ("64,64", [255, 255, 255]),
            ] {
                let url = format!("/demo/photo.jpg?rect={corner},64,64&w=32&format=png");
                let seen = leased(node, &url, &[]).await;
                assert_eq!((seen.status, seen.header("content-type")), (200, "image/png"), "{}", seen.text());
                let (width, height, middle) = picture::look_at(&seen.body);
                assert_eq!((width, height), (32, 32));
                let off = middle.iter().zip(expected).map(|(one, other)| one.abs_diff(other)).max();
                assert!(off <= Some(3), "{corner}: {middle:?}");
            }
            // What cannot be written as it is becomes a JPEG, unless the client takes something better.
            for (accept, url, expected) in [
                ("*/*", "/demo/photo.jpg", "image/jpeg"),
                ("image/webp,*/*", "/demo/photo.jpg?format=auto", "image/webp"),
                ("*/*", "/demo/photo.jpg?format=avif", "image/avif"),
                ("*/*", "/demo/photo.jpg?format=json", "application/json"),
            ] {
                let seen = leased(node, url, &[("accept", accept)]).await;
                assert_eq!((seen.status, seen.header("content-type")), (200, expected), "{}", seen.text());
            }
            let info = leased(node, "/demo/photo.jpg?format=json", &[]).await.text();
            assert!(info.contains(r#""format":"heic""#), "{info}");
        }
    }

    #[tokio::test]
    async fn one_that_is_cut_short_or_claims_too_much_is_refused_by_name_and_the_next_is_made() {
        let world = World::new().await;
        let side = 60_000u32.to_be_bytes();
        let at = ONE.windows(8).position(|bytes| bytes == [0, 0, 0, 64, 0, 0, 0, 64]).expect("its size");
        let huge = [&ONE[..at], &side, &side, &ONE[at + 8..]].concat();
        world.source.put("/cut.heic", "image/heic", CUT.to_vec());
        world.source.put("/huge.heic", "image/heic", huge);
        world.source.put("/whole.heic", "image/heic", TILES.to_vec());
        for (name, problem, detail) in [
            ("cut", "problems/corrupt-picture", "the HEIC original ends too early"),
            ("huge", "problems/picture-too-large", "has 3600000000 pixels"),
        ] {
            let refused = leased(world.node.delivery, &format!("/demo/{name}.heic?w=50"), &[]).await;
            assert_eq!(refused.status, 422, "{}", refused.text());
            for said in [problem, detail] {
                assert!(refused.text().contains(said), "{}", refused.text());
            }
            let width = 40 + name.len();
            let made = leased(world.node.delivery, &format!("/demo/whole.heic?w={width}"), &[]).await;
            assert_eq!(made.status, 200, "{}", made.text());
        }
    }
}
