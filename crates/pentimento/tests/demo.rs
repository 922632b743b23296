//! What a newcomer sees first: the demo, the README's session, and the console in a browser.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use testkit::free_port;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const BINARY: &str = env!("CARGO_BIN_EXE_pentimento");

struct Demo {
    _process: Child,
    greeting: String,
    delivery: String,
    control: String,
    source: String,
    data: PathBuf,
    _folder: tempfile::TempDir,
}

async fn start() -> Demo {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let [delivery, control, source] = [(); 3].map(|()| format!("127.0.0.1:{}", free_port()));
    let mut process = Command::new(BINARY)
        .args([
            "demo",
            "--listen",
            &delivery,
            "--control-listen",
            &control,
            "--source-listen",
            &source,
            "--data",
        ])
        .arg(&data)
        .env("PENTIMENTO_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut greeting = String::new();
    let ready = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line == "ready" {
                return;
            }
            greeting.push_str(&line);
            greeting.push('\n');
        }
        panic!("the demo ended before it was ready:\n{greeting}");
    };
    tokio::time::timeout(Duration::from_secs(300), ready).await.expect("the demo gets ready");
    let http = |address: &str| format!("http://{address}");
    Demo {
        _process: process,
        delivery: http(&delivery),
        control: http(&control),
        source: http(&source),
        greeting,
        data,
        _folder: folder,
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The commands of the README's session, with this demo's addresses.
fn session(demo: &Demo) -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, after) = readme.split_once("<!-- session -->\n```sh\n").expect("the README has a session");
    let (session, _) = after.split_once("```").expect("which ends");
    let (first, rest) = session.split_once('\n').expect("its first line sets the addresses");
    assert!(first.starts_with("export DELIVERY="), "{first}");
    let (delivery, control, source) = (&demo.delivery, &demo.control, &demo.source);
    let data = demo.data.display();
    let rest = rest.replace("target/release/pentimento", BINARY);
    format!("export DELIVERY={delivery} CONTROL={control} SOURCE={source} DATA={data}\n{rest}")
}

fn succeeded(what: &str, output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what} failed:\n{text}\n{errors}");
    text
}

#[tokio::test]
async fn the_session_of_the_readme_runs_and_shows_what_it_says() {
    let demo = start().await;
    assert!(demo.greeting.contains("UNSIGNED"), "the demo says so loudly:\n{}", demo.greeting);
    let output =
        Command::new("bash").args(["-euo", "pipefail", "-c", &session(&demo)]).output().await.unwrap();
    let text = succeeded("the session", &output);

    let tags: Vec<&str> = text.lines().filter(|line| line.to_lowercase().starts_with("etag:")).collect();
    let [cold, warm, replaced, purged] = tags[..] else { panic!("four pictures:\n{text}") };
    assert_eq!(cold, warm);
    assert_eq!(warm, replaced, "nobody had purged yet");
    assert_ne!(replaced, purged, "and then it was gone");
    assert!(text.to_lowercase().contains("x-cache: hit"), "{text}");
    assert!(text.contains("done  ") && text.contains("verified through"), "{text}");
    assert!(text.contains("unchanged"), "the second purge had nothing to do:\n{text}");
    assert!(text.contains("node-1"), "{text}");
}

#[tokio::test]
async fn the_console_tells_the_story_in_a_browser() {
    let story = root().join("tests/console");
    if !story.join("node_modules").exists() && std::env::var_os("PENTIMENTO_BROWSER_STORY").is_none() {
        eprintln!("skipped: `make test` installs what the console's story needs (tests/console)");
        return;
    }
    let demo = start().await;
    let token = std::fs::read_to_string(demo.data.join("api.token")).unwrap();
    let output = Command::new("node")
        .arg(story.join("story.mjs"))
        .current_dir(&story)
        .env("PENTIMENTO_CONSOLE", &demo.control)
        .env("PENTIMENTO_TOKEN", token.trim())
        .kill_on_drop(true)
        .output();
    let output =
        tokio::time::timeout(Duration::from_secs(240), output).await.expect("the story ends").unwrap();
    succeeded("the story", &output);
}
