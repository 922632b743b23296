//! One node of the stage: its process, what it keeps on disk, and what becomes of both.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use testkit::Node;
use tokio::sync::{Mutex, MutexGuard};

use crate::journal::{Broken, Journal, Life};
use crate::plan::Loss;

/// A process that was asked to end has this long, and is killed then.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

pub struct Member {
    pub number: usize,
    pub name: &'static str,
    pub delivery: SocketAddr,
    pub control: SocketAddr,
    pub data: PathBuf,
    node: Mutex<Node>,
    /// Held by a fault for as long as it lasts: real processes take longer than any plan says.
    turn: Mutex<()>,
    journal: Arc<Journal>,
}

impl Member {
    pub fn new(number: usize, name: &'static str, node: Node, journal: Arc<Journal>) -> Self {
        let (delivery, control, data) = (node.delivery, node.control, node.data.clone());
        Self {
            number,
            name,
            delivery,
            control,
            data,
            node: Mutex::new(node),
            turn: Mutex::default(),
            journal,
        }
    }

    /// Waits until no fault is about this node.
    pub async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// A new life, if there is none; when it serves, the journal says so.
    pub async fn begin(&self) {
        let mut node = self.node.lock().await;
        if node.is_running() {
            return;
        }
        let mut ready = node.spawn();
        self.journal.life(self.number, Life::Begins);
        let (journal, number) = (Arc::clone(&self.journal), self.number);
        tokio::spawn(async move {
            if ready.wait_for(|ready| *ready).await.is_ok() {
                journal.life(number, Life::Ready);
            }
        });
    }

    /// `kill -9`, and some of its data goes with it.
    pub async fn kill(&self, loss: Loss) {
        let mut node = self.node.lock().await;
        self.must_run(&mut node);
        node.kill().await;
        self.journal.life(self.number, Life::Killed(loss));
        self.lose(loss);
    }

    pub async fn freeze(&self) {
        let mut node = self.node.lock().await;
        if self.must_run(&mut node) {
            node.signal(Signal::STOP);
            self.journal.life(self.number, Life::Frozen);
        }
    }

    pub async fn thaw(&self) {
        let mut node = self.node.lock().await;
        if self.must_run(&mut node) {
            node.signal(Signal::CONT);
            self.journal.life(self.number, Life::Thawed);
        }
    }

    /// SIGTERM; the node ends what it has begun.
    pub async fn end(&self) {
        let mut node = self.node.lock().await;
        if !self.must_run(&mut node) {
            return;
        }
        self.journal.life(self.number, Life::AskedToEnd);
        if tokio::time::timeout(ENDS_WITHIN, node.stop()).await.is_err() {
            let story = format!("{} was asked to end and did not within {ENDS_WITHIN:?}", self.name);
            self.journal.violation(Broken::NoProgress, Some(self.number), story);
        }
        self.journal.life(self.number, Life::Ended);
    }

    /// Whether the process still runs, as it should; a node that ended by itself is a finding.
    pub async fn still_runs(&self) -> bool {
        self.must_run(&mut *self.node.lock().await)
    }

    fn must_run(&self, node: &mut Node) -> bool {
        let runs = node.is_running();
        if !runs {
            let log = node.log.as_deref().unwrap_or(Path::new("its standard error")).display();
            let story = format!("{} runs no more; {log} may say why", self.name);
            self.journal.violation(Broken::Died, Some(self.number), story);
        }
        runs
    }

    /// What cannot be lost because it was never there is no loss.
    fn lose(&self, loss: Loss) {
        let cache = self.data.join("cache");
        let _was_there = match loss {
            Loss::Nothing => Ok(()),
            Loss::State => std::fs::remove_file(self.data.join("node-state.json")),
            Loss::Cache => std::fs::remove_dir_all(cache),
            Loss::Everything => std::fs::remove_dir_all(&self.data),
            Loss::TornCache => {
                for file in files_below(&cache).iter().step_by(2) {
                    tear(file);
                }
                Ok(())
            }
        };
    }

    /// The first file in these folders of its data that has one of these byte strings in it.
    pub fn find(&self, folders: &[&str], needles: &[Vec<u8>]) -> Option<PathBuf> {
        folders.iter().flat_map(|folder| files_below(&self.data.join(folder))).find(|file| {
            let Ok(bytes) = std::fs::read(file) else { return false };
            needles.iter().any(|needle| contains(&bytes, needle))
        })
    }
}

fn tear(file: &Path) {
    let cut = std::fs::metadata(file).and_then(|metadata| {
        let file = std::fs::File::options().write(true).open(file)?;
        file.set_len(metadata.len() * 2 / 3)
    });
    // It may have been the last moment of that file anyway.
    let _cut_or_gone = cut;
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(files_below(&entry.path())),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let Some((first, _)) = needle.split_first() else { return false };
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| byte == first) {
        if bytes[from + at..].starts_with(needle) {
            return true;
        }
        from += at + 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_is_found_wherever_it_lies() {
        for (hay, needle, found) in [
            (&b"aab"[..], &b"ab"[..], true),
            (b"aab", b"aab", true),
            (b"aab", b"aabb", false),
            (b"", b"a", false),
            (b"aab", b"", false),
        ] {
            assert_eq!(contains(hay, needle), found);
        }
    }

    #[test]
    fn what_a_node_keeps_is_searched_to_the_bottom() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("cache/ab")).unwrap();
        std::fs::write(folder.path().join("cache/ab/entry"), b"..erased..").unwrap();
        std::fs::write(folder.path().join("catalog.sqlite"), b"..erased..").unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let node = Node::at(address, address, Path::new("none"), folder.path(), &[]);
        let member = Member::new(0, "one", node, Arc::new(Journal::begin(1)));
        let found = member.find(&["cache", "store"], &[b"nothing".to_vec(), b"erased".to_vec()]);
        assert_eq!(found, Some(folder.path().join("cache/ab/entry")));
        member.lose(Loss::TornCache);
        assert_eq!(member.find(&["cache"], &[b"erased".to_vec()]), None, "two thirds of it are left");
    }
}
