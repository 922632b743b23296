//! `pentimento why`: what each node would answer, and why.

mod world;

use std::path::Path;
use std::process::Command;

use testkit::get_with;
use world::{World, shop};

/// The command, and what it prints of each node, by name.
fn why(world: &World, url: &str) -> [String; 2] {
    let out = Command::new(Path::new(env!("CARGO_BIN_EXE_pentimento")))
        .args(["why", url, "--control", &format!("http://{}", world.node.control)])
        .arg("--data")
        .arg(&world.node.data)
        .output()
        .expect("the command runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).expect("text");
    ["edge\n", "node\n"].map(|name| {
        let told = text.split("\n\n").find(|told| told.starts_with(name));
        told.unwrap_or_else(|| panic!("nothing of {name}: {text}")).to_owned()
    })
}

#[tokio::test]
async fn every_node_says_what_it_would_answer_and_why() {
    let source = testkit::Source::start().await;
    let world = World::with(&shop(source.address)).await;
    let fields = [("cache-control", "max-age=600"), ("xkey", "news")];
    source.put_with("/blog/a.txt", "text/plain", "text", &fields);
    let url = "http://shop.test/blog/a.txt";

    for told in why(&world, url) {
        assert!(told.contains("answer    ") && told.contains("; fwd=uri-miss"), "{told}");
        assert!(told.contains("stored    nothing"), "{told}");
    }

    get_with(world.edge.delivery, "/blog/a.txt", &[("host", "shop.test")]).await;
    for told in why(&world, url) {
        for expected in [
            "; hit; ttl=",
            "in memory: status 200, 4 bytes",
            "lifetime  600 s, by max-age",
            "url:http://shop.test/blog/a.txt",
            "prefix:shop.test/blog\n",
            "(a label)",
            "tenant",
            "fences    none above it",
        ] {
            assert!(told.contains(expected), "{expected}: {told}");
        }
    }

    let id = world.node.purge(r#"{"selectors":[{"tag":"news"}]}"#).await;
    assert_eq!(world.node.ended(&id).await["state"], "done");
    for told in why(&world, url) {
        assert!(told.contains("fwd=stale; detail=\"fenced\""), "{told}");
        assert!(told.contains("fence     hard at position 1 on "), "{told}");
    }

    // A picture's lifetime is the site's.
    let picture = format!("http://{}/demo/cat.jpg?w=64&format=png", world.edge.delivery);
    world.edge.get("/demo/cat.jpg?w=64&format=png").await;
    for told in why(&world, &picture) {
        assert!(told.contains("by the site's edge_lifetime"), "{told}");
        assert!(told.contains("original:demo/cat.jpg"), "{told}");
    }
}
