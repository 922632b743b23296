//! What a client notices when a process that makes pictures dies, hangs or is refused memory: one answer, no more.

mod world;

use rustix::process::{Pid, Signal, kill_process};
use testkit::{Node, picture, until};
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
