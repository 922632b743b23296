//! Several servers behind a site, and several nodes above a node: one dies, one hangs, and clients do not notice.

mod world;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;
use testkit::{Node, Seen, Source, get, get_with, picture, until};
use world::{BLUE, RED};

const SHOP: [(&str, &str); 1] = [("host", "shop.test")];

/// A node with these sites, in a folder of its own.
async fn node(sites: &str) -> (Node, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pentimento.toml");
    std::fs::write(&file, sites).expect("the folder can be written");
    let file = file.display().to_string();
    let binary = Path::new(env!("CARGO_BIN_EXE_pentimento"));
    let mut node = Node::new(binary, &folder.path().join("node"), &["--config", &file]);
    node.start().await;
    (node, folder)
}

/// The number of a metric, 0 where there is none.
async fn metric(control: SocketAddr, name: &str, upstream: &str) -> u64 {
    let wanted = format!("pentimento_{name}{{upstream=\"{upstream}\"}} ");
    let text = get(control, "/metrics").await.text();
    text.lines().find_map(|line| line.strip_prefix(&wanted)).map_or(0, |n| n.parse().expect("a number"))
}

async fn shop(at: SocketAddr, path: &str) -> Seen {
    get_with(at, path, &SHOP).await
}

#[tokio::test]
async fn one_of_two_servers_dies_and_every_request_is_answered() {
    let (one, other) = (Source::start().await, Source::start().await);
    for server in [&one, &other] {
        server.put_with("/live.txt", "text/plain", "live", &[("cache-control", "no-store")]);
    }
    let (node, _folder) = node(&format!(
        "[[site]]\nhosts = [\"shop.test\"]\nallow_private = true\n\
         upstreams = [\"http://{}\", {{ url = \"http://{}\", weight = 1 }}]\n",
        one.address, other.address
    ))
    .await;
    let at = node.delivery;
    let client = |_| {
        tokio::spawn(async move {
            let mut statuses = Vec::new();
            for n in 0..40 {
                statuses.push(shop(at, &format!("/live.txt?{n}")).await.status);
            }
            statuses
        })
    };
    let clients: Vec<_> = (0..6).map(client).collect();
    one.until_asked("/live.txt", 30).await;
    one.stop();
    for client in clients {
        assert_eq!(client.await.expect("no panic"), [200; 40]);
    }
    // Whoever is gone is left alone: with five failures at the latest, of 240 requests.
    for n in 0..20 {
        assert_eq!(shop(at, &format!("/live.txt?again-{n}")).await.status, 200);
    }
    let gone = format!("http://{}", one.address);
    assert_eq!(metric(node.control, "upstream_ejections_total", &gone).await, 1);
    assert_eq!(metric(node.control, "upstream_fit", &gone).await, 0);
    assert_eq!(metric(node.control, "upstream_fit", &format!("http://{}", other.address)).await, 1);
}

#[tokio::test]
async fn a_server_that_hangs_takes_nothing_from_another_site() {
    let (slow, quick) = (Source::start().await, Source::start().await);
    quick.put("/a.txt", "text/plain", "quick");
    slow.put("/a.txt", "text/plain", "slow");
    slow.close_gate();
    let site = |host: &str, server: &Source| {
        format!(
            "[[site]]\nhosts = [\"{host}\"]\nupstream = \"http://{}\"\nallow_private = true\n\
             upstream_requests = 2\nupstream_queue = 1\nupstream_wait = \"30s\"\nfirst_byte_timeout = \"30s\"\n",
            server.address
        )
    };
    let (node, _folder) = node(&format!("{}{}", site("shop.test", &slow), site("quick.test", &quick))).await;
    let at = node.delivery;
    let ask = |n: u32| tokio::spawn(async move { shop(at, &format!("/a.txt?{n}")).await });
    let patient: Vec<_> = (0..3).map(ask).collect();
    let upstream = format!("http://{}", slow.address);
    until("one waits", async || metric(node.control, "upstream_queued", &upstream).await >= 1).await;
    assert_eq!(metric(node.control, "upstream_outstanding", &upstream).await, 2);

    let begun = Instant::now();
    for n in 3..13 {
        let refused = shop(at, &format!("/a.txt?{n}")).await;
        assert_eq!((refused.status, refused.header("retry-after")), (503, "1"));
        assert_eq!(refused.json()["type"], "https://pentimento.dev/problems/overloaded");
        let served = get_with(at, &format!("/a.txt?{n}"), &[("host", "quick.test")]).await;
        assert_eq!((served.status, served.text().as_str()), (200, "quick"));
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "nobody waited for the one that hangs");

    slow.open_gate();
    for asked in patient {
        let seen = asked.await.expect("no panic");
        assert_eq!((seen.status, seen.text().as_str()), (200, "slow"));
    }
}

#[tokio::test]
async fn each_limit_of_time_has_its_words() {
    let slow = Source::start().await;
    slow.put("/a.txt", "text/plain", "slow");
    slow.close_gate();
    let (node, _folder) = node(&format!(
        "[[site]]\nhosts = [\"shop.test\"]\nupstream = \"http://{}\"\nallow_private = true\nfirst_byte_timeout = \"200ms\"\n\n\
         [[site]]\nhosts = [\"other.test\"]\nupstream = \"http://{}\"\nallow_private = true\ntotal_timeout = \"300ms\"\n",
        slow.address, slow.address
    ))
    .await;
    for (host, words) in [
        ("shop.test", "the origin took longer than 200 ms to begin its answer"),
        ("other.test", "the origin took longer than 300 ms to answer completely"),
    ] {
        let late = get_with(node.delivery, "/a.txt", &[("host", host)]).await;
        assert_eq!((late.status, late.json()["detail"].as_str().expect("words")), (504, words));
    }
}

/// Which shield answered: the tiers above stand in `Cache-Status` before the edge itself.
fn shield_of(seen: &Seen) -> String {
    assert_eq!(seen.status, 200, "{}", seen.text());
    let status = seen.header("cache-status");
    let shield = status.split(", ").find(|member| member.starts_with("shield-"));
    let shield = shield.unwrap_or_else(|| panic!("no shield in {status:?}"));
    shield.split(';').next().unwrap_or_default().to_owned()
}

/// Control, two shields below it, two edges below both.
struct Tiers {
    source: Source,
    paths: Vec<String>,
    control: Node,
    shields: [Node; 2],
    edges: [Node; 2],
    _folder: TempDir,
}

impl Tiers {
    async fn new() -> Self {
        let source = Source::start().await;
        let paths: Vec<String> = (0..10).map(|n| format!("/{n}.png")).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pentimento.toml");
        std::fs::write(&file, world::config(&source, "")).expect("the folder can be written");
        let binary = Path::new(env!("CARGO_BIN_EXE_pentimento"));
        let of = |name: &str, arguments: &[&str]| {
            Node::new(binary, &folder.path().join(name), &[&["--node", name], arguments].concat())
        };
        let mut control = of("control", &["--config", &file.display().to_string()]);
        control.start().await;
        let above = format!("http://{}", control.delivery);
        let mut shields =
            ["shield-1", "shield-2"].map(|name| of(name, &["--role", "shield", "--upstream", &above]));
        for shield in &mut shields {
            shield.start().await;
        }
        let above = shields.each_ref().map(|shield| format!("http://{}", shield.delivery)).join(",");
        let mut edges = ["edge-1", "edge-2"].map(|name| of(name, &["--role", "edge", "--upstream", &above]));
        for edge in &mut edges {
            edge.start().await;
        }
        let tiers = Self { source, paths, control, shields, edges, _folder: folder };
        tiers.paint(RED);
        tiers
    }

    fn paint(&self, rgb: [u8; 3]) {
        for path in &self.paths {
            self.source.put(path, "image/png", picture::png(64, 48, rgb));
        }
    }

    /// Paints all, purges all, and sees that it is so on the edges.
    async fn repaint(&self, rgb: [u8; 3]) {
        self.paint(rgb);
        let id = self.control.purge(r#"{"selectors":[{"source":"demo"}]}"#).await;
        let view = self.control.ended(&id).await;
        assert_eq!(view["state"], "done", "{view:#}");
        for path in &self.paths {
            for edge in &self.edges {
                shows(&edge.get(&url(path)).await, rgb);
            }
        }
    }

    /// Waits until both edges take the first shield for fit, or for not: one that has not noticed would ask it.
    async fn until_fit(&self, fit: u64) {
        let shield = format!("http://{}", self.shields[0].delivery);
        for edge in &self.edges {
            until("it is noticed", async || metric(edge.control, "upstream_fit", &shield).await == fit).await;
        }
    }
}

fn url(path: &str) -> String {
    format!("/demo{path}?w=32&format=png")
}

fn shows(seen: &Seen, rgb: [u8; 3]) {
    assert_eq!(seen.status, 200, "{}", seen.text());
    assert_eq!(picture::look_at(&seen.body).2, rgb, "{}", seen.header("cache-status"));
}

#[tokio::test]
async fn a_url_has_its_shield_and_when_that_dies_the_other_takes_over_and_purges_stay_true() {
    let mut tiers = Tiers::new().await;
    let mut shields = Vec::new();
    for path in &tiers.paths {
        let [one, other] = [tiers.edges[0].get(&url(path)).await, tiers.edges[1].get(&url(path)).await];
        assert_eq!(shield_of(&one), shield_of(&other), "both edges ask the same shield for {path}");
        assert_eq!(tiers.source.asked(path), 1);
        shields.push(shield_of(&one));
    }
    for shield in ["shield-1", "shield-2"] {
        assert!(shields.iter().any(|name| name == shield), "{shields:?}");
    }

    // The edges follow the log through the first one; they have to go elsewhere for that as well.
    tiers.shields[0].kill().await;
    tiers.repaint(BLUE).await;
    // And once more, so that the whole way is gone without the shield that is dead.
    for path in &tiers.paths {
        let fresh = tiers.edges[0].get(&format!("/demo{path}?w=31&format=png")).await;
        assert_eq!(shield_of(&fresh), "shield-2");
    }

    // It comes back with what it had on disk, and answers nothing of that.
    tiers.shields[0].start().await;
    for path in &tiers.paths {
        shows(&tiers.shields[0].get(&url(path)).await, BLUE);
    }
}

#[tokio::test]
async fn a_shield_that_hangs_is_passed_over_until_it_goes_on() {
    let tiers = Tiers::new().await;
    for path in &tiers.paths {
        shows(&tiers.edges[0].get(&url(path)).await, RED);
    }
    tiers.shields[0].signal(Signal::STOP);
    tiers.until_fit(0).await;
    tiers.repaint(BLUE).await;
    tiers.shields[0].signal(Signal::CONT);
    tiers.until_fit(1).await;
    tiers.repaint(RED).await;
    let mut answered = Vec::new();
    for path in &tiers.paths {
        answered.push(shield_of(&tiers.edges[0].get(&format!("/demo{path}?w=31&format=png")).await));
    }
    assert!(answered.iter().any(|name| name == "shield-1"), "{answered:?}");
}
