//! What a client notices when a process that makes pictures dies, hangs or is refused memory: one answer, no more.

mod world;

use std::net::SocketAddr;

use rustix::process::{Pid, Signal, kill_process};
use testkit::{Node, Seen, get_with, picture, until};
use tokio::task::JoinSet;
use world::{Settings, World};

/// The render workers of a node.
fn workers(node: &Node) -> Vec<Pid> {
    let parent = format!("PPid:\t{}\n", node.pid());
    let mut workers = Vec::new();
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let status = std::fs::read_to_string(process.path().join("status")).unwrap_or_default();
        if status.contains(&parent) && !status.contains("State:\tZ") {
            workers.extend(Pid::from_raw(pid));
        }
    }
    workers
}

fn signal(node: &Node, signal: Signal) -> Vec<Pid> {
    let workers = workers(node);
    for worker in &workers {
        kill_process(*worker, signal).unwrap();
    }
    workers
}

/// Waits until these have ended, as zombies at most.
async fn gone(workers: &[Pid]) {
    let runs = |worker: &Pid| {
        let status = format!("/proc/{}/status", worker.as_raw_nonzero());
        std::fs::read_to_string(status).is_ok_and(|status| !status.contains("State:\tZ"))
    };
    until("the workers have ended", async || !workers.iter().any(runs)).await;
}

#[tokio::test]
async fn workers_that_die_are_replaced_and_nobody_notices() {
    let world = World::new().await;
    for width in [64, 65, 66] {
        let seen = world.node.get(&format!("/demo/cat.jpg?w={width}&format=png")).await;
        assert_eq!((seen.status, picture::look_at(&seen.body).0), (200, width));
        let killed = signal(&world.node, Signal::KILL);
        assert!(!killed.is_empty(), "a worker is kept for the next picture");
        gone(&killed).await;
    }
}

#[tokio::test]
async fn a_worker_that_hangs_costs_its_own_request_some_time() {
    let limits = "render_time = \"300ms\"\nrenders = 1\n";
    let world = World::set_up(Settings { limits, ..Settings::default() }).await;
    assert_eq!(signal(&world.node, Signal::STOP).len(), 1);
    let seen = world.node.get("/demo/cat.jpg?w=64").await;
    assert_eq!(seen.status, 422, "{}", seen.text());
    assert!(seen.text().contains("problems/render-timeout"), "{}", seen.text());
    assert_eq!(world.node.get("/demo/cat.jpg?w=65").await.status, 200);
}

#[tokio::test]
async fn a_node_that_goes_takes_its_workers_along() {
    let mut world = World::new().await;
    let workers = workers(&world.node);
    assert!(!workers.is_empty());
    world.node.kill().await;
    gone(&workers).await;
}

/// A picture of this width: each is another.
async fn of_width(at: SocketAddr, width: u32) -> Seen {
    get_with(at, &format!("/demo/cat.jpg?w={width}&format=png"), &[]).await
}

/// A worker that is stopped stands for one that has much to do.
#[tokio::test]
async fn who_is_sent_away_hears_at_the_edge_in_how_many_seconds_to_come_again() {
    let limits = "renders = 1\nqueue = 40\n";
    let world = World::set_up(Settings { limits, ..Settings::default() }).await;
    assert_eq!(signal(&world.node, Signal::STOP).len(), 1);
    // One has its turn, forty wait, and who comes then goes.
    let mut asked = JoinSet::new();
    for width in 100..150 {
        asked.spawn(of_width(world.edge.delivery, width));
    }
    for _ in 0..9 {
        let refused = asked.join_next().await.unwrap().unwrap();
        // A render takes a tenth of a second, as long as nothing is known of any; forty are before the next.
        assert_eq!((refused.status, refused.header("retry-after")), (503, "5"), "{}", refused.text());
        assert_eq!(refused.json()["type"], "https://pentimento.dev/problems/overloaded");
    }
    signal(&world.node, Signal::CONT);
    for seen in asked.join_all().await {
        assert_eq!(seen.status, 200, "{}", seen.text());
    }
}

#[tokio::test]
async fn a_render_begins_only_with_the_memory_that_it_may_need() {
    let limits = "renders = 2\nqueue = 0\nrender_memory = \"256MiB\"\n";
    let world = World::set_up(Settings { limits, ..Settings::default() }).await;
    gone(&signal(&world.node, Signal::KILL)).await;
    // Nine million pixels need all that there is, though a place is left.
    let large = tokio::spawn(of_width(world.node.delivery, 3500));
    until("it has its turn", async || !workers(&world.node).is_empty()).await;
    signal(&world.node, Signal::STOP);
    assert_eq!(of_width(world.node.delivery, 64).await.status, 503);
    signal(&world.node, Signal::CONT);
    large.await.unwrap();
    assert_eq!(of_width(world.node.delivery, 64).await.status, 200);
}
