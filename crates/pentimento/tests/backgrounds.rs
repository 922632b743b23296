//! Backgrounds removed by the node's model, from the URL to the worker that may do nothing else; and what a node without
//! one says.

mod world;

use world::{World, leased};

#[tokio::test]
async fn a_node_without_a_model_says_what_to_set() {
    let world = World::new().await;
    let seen = leased(world.node.delivery, "/demo/cat.jpg?bg-remove=1&format=png", &[]).await;
    assert_eq!(seen.status, 501, "{}", seen.text());
    for said in ["problems/background-removal-off", "`model` in [background_removal]"] {
        assert!(seen.text().contains(said), "{}", seen.text());
    }
    assert_eq!(seen.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_node_that_cannot_use_its_model_does_not_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = folder.path().join("model.onnx");
    std::fs::write(&model, b"<html>").expect("it can be written");
    let file = folder.path().join("pentimento.toml");
    let text = format!("[background_removal]\nmodel = {:?}\n", model.display().to_string());
    std::fs::write(&file, text).expect("it can be written");
    let ended = tokio::process::Command::new(env!("CARGO_BIN_EXE_pentimento"))
        .arg("run")
        .arg("--config")
        .arg(&file)
        .arg("--data")
        .arg(folder.path().join("data"))
        .args(["--listen", &format!("127.0.0.1:{}", testkit::free_port())])
        .args(["--control-listen", &format!("127.0.0.1:{}", testkit::free_port())])
        .kill_on_drop(true)
        .output()
        .await
        .expect("it runs");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned() + &String::from_utf8_lossy(&ended.stdout);
    assert!(!ended.status.success(), "{said}");
    assert!(
        said.contains("model.onnx\\\" cannot be used") || said.contains("model.onnx\" cannot be used"),
        "{said}"
    );
}

#[cfg(feature = "background-removal")]
mod built {
    use super::world::{Settings, World, leased};
    use testkit::{onnx, picture};

    #[tokio::test]
    async fn what_a_worker_cuts_out_is_kept_by_its_model() {
        let models = tempfile::tempdir().expect("a folder");
        let model = models.path().join("light.onnx");
        std::fs::write(&model, onnx::light_is_foreground(Some(32))).expect("it can be written");
        let more = format!(
            "[background_removal]\nmodel = {:?}\ncolours = \"centred\"\n",
            model.display().to_string()
        );
        let mut world = World::set_up(Settings { more: &more, ..Settings::default() }).await;
        let two_parts: Vec<u8> =
            (0..64 * 64).flat_map(|at| if at % 64 < 24 { [240; 3] } else { [10; 3] }).collect();
        world.source.put("/two_parts.png", "image/png", picture::png_of(64, 64, &two_parts));
        // In both tiers; red is what is seen of the background.
        for part in ["0,0,32,64", "32,0,32,64"] {
            let url = format!("/demo/two_parts.png?bg-remove=1&rect={part}&bg=red&format=png");
            for at in [world.edge.delivery, world.node.delivery] {
                let seen = leased(at, &url, &[]).await;
                assert_eq!(seen.status, 200, "{}", seen.text());
                // The model sees nothing but the part.
                let expected = if part.starts_with('0') { [240; 3] } else { [255, 0, 0] };
                assert_eq!(picture::look_at(&seen.body), (32, 64, expected));
            }
        }
        let middle = async |at, size: &str| {
            let seen = leased(at, &format!("/demo/two_parts.png?bg-remove=1&format=png&{size}"), &[]).await;
            assert_eq!(seen.status, 200, "{}", seen.text());
            picture::look_at(&seen.body).2
        };
        assert_eq!(middle(world.node.delivery, "w=20&dpr=2").await, [0; 3]);
        world.node.kill().await;
        std::fs::write(&model, onnx::dark_is_foreground(Some(32))).expect("it can be written");
        world.node.start().await;
        // The same derivative by another URL, which no cache of answers knows: it is not the other model's.
        assert_eq!(middle(world.node.delivery, "w=40").await, [10; 3]);
    }
}
