//! The disk tier: one file an entry.
//!
//! Best effort, and never in the way: what cannot be written is not stored, and serving goes on. Reads look at the
//! index first; all changes of files are made by one [`writer`]; [`walk`] fills the index after a start.

mod file_format;
mod head;
mod index;
mod queue;
mod read;
mod sightings;
mod walk;
mod writer;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use purge_protocol::{AsOf, Tags};
use rustix::fs::FlockOperation;
use tokio::sync::{oneshot, watch};

use self::file_format::Body;
use self::index::{Candidate, Entry, Generation, Index, Known};
use self::queue::{Queue, Ticket, Unlink};
use self::read::{Expected, Folder};
use self::sightings::Sightings;
use self::writer::Writer;
use crate::count::{Count, STEP, Tally};
use crate::key::Key;
use crate::memory::Memory;
use crate::stored_response::{StoredResponse, reflects_more};
use crate::{Admission, OpenError, Swept};

/// How long nothing is written after a write failed.
pub(crate) const PAUSE: Duration = Duration::from_secs(10);

pub(crate) struct Limits {
    pub bytes: u64,
    pub files: u64,
    pub entry_bytes: u64,
    pub admission: Admission,
    /// [`PAUSE`], except in tests.
    pub pause: Duration,
}

pub(crate) struct Disk {
    shared: Arc<Shared>,
    walk_ended: watch::Receiver<bool>,
    jobs_done: watch::Receiver<Ticket>,
    threads: Vec<JoinHandle<()>>,
    /// Locked for as long as it is open; the kernel unlocks it however the process ends.
    _lock_file: File,
}

/// What the reading tasks, the writer and the walk share.
struct Shared {
    dir: PathBuf,
    folder: Folder,
    bytes_max: u64,
    files_max: u64,
    entry_bytes_max: u64,
    admission: Admission,
    sightings: Sightings,
    pause: Duration,
    memory: Arc<Memory>,
    state: Mutex<State>,
    changed: Condvar,
    stopping: AtomicBool,
    /// There may be files that the index does not know and that could not be removed.
    unaccounted: AtomicBool,
    drafts: AtomicU64,
    counters: Counters,
}

struct State {
    index: Index,
    queue: Queue,
    paused_until: Option<Instant>,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub write_errors: AtomicU64,
    pub dropped_writes: AtomicU64,
    pub rejected_files: AtomicU64,
}

/// What the disk tier has for a key.
pub(crate) enum Found {
    /// Not on disk yet: it is about to be written.
    Queued(Arc<StoredResponse>),
    /// With the generation by which [`Disk::is_latest`] knows it again; none while the walk has not listed it.
    Read(Arc<StoredResponse>, Option<Generation>),
}

/// What is known of a key before any file is read.
enum LookedUp {
    Queued(Arc<StoredResponse>),
    Listed(Listed),
}

struct Listed {
    generation: Option<Generation>,
    expected: Expected,
}

impl Disk {
    pub fn open(dir: PathBuf, limits: Limits, memory: Arc<Memory>) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Folder { dir: dir.clone(), source };
        fs::create_dir_all(&dir).map_err(failed)?;
        let lock_file = File::create(dir.join("lock")).map_err(failed)?;
        match rustix::fs::flock(&lock_file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(OpenError::InUse { dir }),
            Err(error) => return Err(failed(error.into())),
        }
        let shared = Arc::new(Shared {
            folder: Folder::open(&dir).map_err(failed)?,
            dir: dir.clone(),
            bytes_max: limits.bytes,
            files_max: limits.files,
            entry_bytes_max: limits.entry_bytes,
            admission: limits.admission,
            sightings: Sightings::for_about(limits.files),
            pause: limits.pause,
            memory,
            state: Mutex::new(State { index: Index::new(), queue: Queue::default(), paused_until: None }),
            changed: Condvar::new(),
            stopping: AtomicBool::new(false),
            unaccounted: AtomicBool::new(false),
            drafts: AtomicU64::new(0),
            counters: Counters::default(),
        });
        shared.remove_drafts().and_then(|()| shared.create_folders()).map_err(failed)?;

        let (done, jobs_done) = watch::channel(0);
        let (ended, walk_ended) = watch::channel(false);
        let mut disk = Self { shared, walk_ended, jobs_done, threads: Vec::new(), _lock_file: lock_file };
        let writer = Writer { shared: disk.shared.clone(), done };
        let walked = disk.shared.clone();
        for (name, run) in [
            ("cache-writer", Box::new(move || writer.run()) as Box<dyn FnOnce() + Send>),
            ("cache-walk", Box::new(move || walk::walk(&walked, &ended))),
        ] {
            disk.threads.push(thread::Builder::new().name(name.to_owned()).spawn(run).map_err(failed)?);
        }
        Ok(disk)
    }

    pub async fn get(&self, key: &Key) -> Option<Found> {
        let Listed { generation, expected } = match self.look_up(key)? {
            LookedUp::Queued(response) => return Some(Found::Queued(response)),
            LookedUp::Listed(listed) => listed,
        };
        match read::entry(&self.shared.folder, *key, expected, self.shared.entry_bytes_max).await {
            Ok(Ok(response)) => Some(self.read(key, response, generation, expected)),
            Ok(Err(rejected)) => {
                tracing::warn!(file = %self.shared.path(key).display(), %rejected, "a file of the cache is spoilt: removed");
                self.shared.counters.rejected_files.fetch_add(1, Ordering::Relaxed);
                self.discard(key, generation);
                None
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(generation) = generation {
                    self.shared.lock().index.take_generation(key, generation);
                }
                None
            }
            // Too many open files, perhaps: no reason to remove it.
            Err(error) => {
                tracing::warn!(file = %self.shared.path(key).display(), %error, "cannot read a file of the cache");
                None
            }
        }
    }

    /// As `get`, where that needs no waiting; that there is nothing proves nothing.
    pub fn get_at_once(&self, key: &Key) -> Option<Found> {
        let Listed { generation, expected } = match self.look_up(key)? {
            LookedUp::Queued(response) => return Some(Found::Queued(response)),
            LookedUp::Listed(listed) => listed,
        };
        let response = read::cached_entry(&self.shared.folder, key, expected, self.shared.entry_bytes_max)?;
        Some(self.read(key, response, generation, expected))
    }

    /// `None`: it is not here.
    fn look_up(&self, key: &Key) -> Option<LookedUp> {
        let mut state = self.shared.lock();
        if let Some(response) = state.queue.response(key) {
            return Some(LookedUp::Queued(response.clone()));
        }
        let (generation, expected) = match state.index.look_up(key, unix_millis()) {
            Known::Stored { generation, file_len, body } => {
                (Some(generation), Expected { file_len: Some(file_len), body })
            }
            Known::Unknown => (None, Expected { file_len: None, body: Body::Unverified }),
            Known::Absent => return None,
        };
        Some(LookedUp::Listed(Listed { generation, expected }))
    }

    fn read(
        &self,
        key: &Key,
        response: StoredResponse,
        generation: Option<Generation>,
        expected: Expected,
    ) -> Found {
        if let (Some(generation), Body::Unverified) = (generation, expected.body) {
            self.shared.lock().index.verified(key, generation);
        }
        Found::Read(Arc::new(response), generation)
    }

    /// Removes a file that turned out to be spoilt, unless another took its place.
    fn discard(&self, key: &Key, generation: Option<Generation>) {
        let mut state = self.shared.lock();
        let entry = match generation {
            Some(generation) if !state.index.holds(key, generation) => return,
            None if !state.index.is_unknown(key) => return,
            _ => state.index.take(key),
        };
        state.queue.unlink(Unlink { files: vec![(*key, entry)], done: None });
        self.shared.wake();
    }

    /// Whether nothing else was stored, or is about to be, under this key since it was read.
    pub fn is_latest(&self, key: &Key, generation: Generation) -> bool {
        let state = self.shared.lock();
        state.index.holds(key, generation) && state.queue.response(key).is_none()
    }

    /// Whether what is stored reflects more of the log than this stamp.
    pub fn has_newer(&self, key: &Key, as_of: AsOf) -> bool {
        let state = self.shared.lock();
        let stored = state.queue.response(key).map(|queued| queued.as_of).or_else(|| state.index.as_of(key));
        stored.is_some_and(|stored| reflects_more(stored, as_of))
    }

    /// Whether to write a response of this size now, or when it is wanted again. What is there already is replaced:
    /// it must not outlive what memory knows to be newer.
    pub fn admits(&self, key: &Key, bytes: u64) -> bool {
        let shared = &self.shared;
        // In any case, so that it is known when there is no room any more.
        let was_seen = shared.sightings.note(key);
        if was_seen || shared.admission == Admission::Always {
            return true;
        }
        let state = shared.lock();
        state.queue.response(key).is_some()
            || state.index.contains(key)
            || state.index.is_unknown(key)
            || state.index.has_room_for(key, bytes, shared.bytes_max, shared.files_max)
    }

    /// `false`: it will not be written.
    pub fn insert(&self, key: Key, response: Arc<StoredResponse>) -> bool {
        let mut state = self.shared.lock();
        let queued = !state.is_paused() && state.queue.write(key, response);
        if queued {
            self.shared.wake();
        } else {
            self.shared.counters.dropped_writes.fetch_add(1, Ordering::Relaxed);
        }
        queued
    }

    pub fn remove(&self, key: &Key) {
        let mut state = self.shared.lock();
        state.queue.cancel(key);
        let unknown = state.index.is_unknown(key);
        let entry = state.index.take(key);
        if unknown || entry.is_some() {
            state.queue.unlink(Unlink { files: vec![(*key, entry)], done: None });
            self.shared.wake();
        }
    }

    /// Waits until all that was queued before is done.
    pub async fn flush(&self) {
        let last = self.shared.lock().queue.last_ticket();
        // An error: the writer is gone, and nothing more will be done.
        let _ = self.jobs_done.clone().wait_for(|done| *done >= last).await;
    }

    /// Removes what is listed and unusable.
    pub async fn sweep(&self, unusable: &impl Fn(&Tags, AsOf) -> bool) -> Swept {
        match self.remove_listed(unusable).await {
            Ok((_, swept)) => swept,
            // The writer has said which file; the entry is listed again, and the next sweep tries again.
            Err(_) => Swept::default(),
        }
    }

    /// Removes all that matches, and returns when it is gone. Meanwhile nothing that matches may be inserted.
    pub async fn erase(&self, matches: &impl Fn(&Tags, AsOf) -> bool) -> io::Result<Swept> {
        self.walk_ended.clone().wait_for(|ended| *ended).await.map_err(io::Error::other)?;
        if self.shared.unaccounted.load(Ordering::Relaxed) {
            return Err(io::Error::other(format!(
                "{}: some files could be neither read nor removed since the start, so it is not known that nothing is left; mend the folder and restart",
                self.shared.dir.display()
            )));
        }
        self.shared.lock().queue.cancel_matching(|response| matches(&response.tags, response.as_of));
        let mut swept = Swept::default();
        let mut empty_rounds = 0;
        // The first round ends after all that the writer had before it: a write under way is undone, and what others
        // took out (evictions, removals) is gone, or listed again if its file could not be removed. So it takes a
        // second look.
        while empty_rounds < 2 {
            let (taken, removed) = self.remove_listed(matches).await?;
            swept += removed;
            empty_rounds = if taken == 0 { empty_rounds + 1 } else { 0 };
        }
        Ok(swept)
    }

    pub async fn count(&self, count: &Count<'_, impl Fn(&Tags, AsOf) -> bool>) -> Tally {
        let until = count.until();
        let mut tally = Tally::default();
        let mut after = None;
        loop {
            let step = self.shared.lock().index.carrying(count.counting.tags, &count.reckoning, after, STEP);
            let Some(last) = step.last else { break };
            after = Some(last);
            tally.looked_at += step.looked_at;
            for entry in step.found.iter().filter(|entry| (count.usable)(&entry.tags, entry.as_of)) {
                tally.add(entry.bytes, entry.hits_per_minute);
            }
            tokio::task::yield_now().await;
            if Instant::now() >= until {
                break;
            }
        }
        let listed = self.shared.lock().index.len();
        tally.of_all(listed)
    }

    /// How many entries were taken out of the index, and what removing their files has freed.
    async fn remove_listed(&self, matches: &impl Fn(&Tags, AsOf) -> bool) -> io::Result<(usize, Swept)> {
        let mut files = Vec::new();
        let mut after = None;
        loop {
            // The predicate is somebody else's: it is not called while the lock is held.
            let step = self.shared.lock().index.scan(after, STEP);
            let Some(last) = step.last() else { break };
            after = Some(last.key);
            let matching: Vec<_> =
                step.into_iter().filter(|entry| matches(&entry.tags, entry.as_of)).collect();
            files.extend(self.shared.take(matching));
            tokio::task::yield_now().await;
        }
        let taken = files.len();
        let swept = self.unlink(Unlink { files, done: None }).await?;
        Ok((taken, swept))
    }

    /// Returns when the files are gone, and all that was queued before is done.
    async fn unlink(&self, mut unlink: Unlink) -> io::Result<Swept> {
        let (done, gone) = oneshot::channel();
        unlink.done = Some(done);
        self.shared.lock().queue.unlink(unlink);
        self.shared.wake();
        gone.await.map_err(|_| io::Error::other("the cache is being closed"))?
    }

    pub fn entries_and_bytes(&self) -> (u64, u64) {
        let state = self.shared.lock();
        (state.index.len(), state.index.bytes())
    }

    pub fn is_paused(&self) -> bool {
        self.shared.lock().is_paused()
    }

    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }
}

fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.shared.stop();
        for thread in self.threads.drain(..) {
            // It panicked: its work is lost, and has been reported.
            let _ = thread.join();
        }
    }
}

impl State {
    fn is_paused(&self) -> bool {
        self.paused_until.is_some_and(|until| Instant::now() < until)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        self.changed.notify_all();
    }

    /// Takes out of the index what is still there as it was scanned.
    fn take(&self, candidates: Vec<Candidate>) -> Vec<(Key, Option<Entry>)> {
        let mut state = self.lock();
        let take = |candidate: Candidate| {
            let entry = state.index.take_generation(&candidate.key, candidate.generation)?;
            Some((candidate.key, Some(entry)))
        };
        candidates.into_iter().filter_map(take).collect()
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn stop(&self) {
        // Under the lock, or the writer could look before and fall asleep after.
        let _state = self.lock();
        self.stopping.store(true, Ordering::Relaxed);
        self.wake();
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.folder.path(key)
    }

    fn drafts_folder(&self) -> PathBuf {
        self.dir.join("drafts")
    }

    /// Where a file is written before it gets its name: in the same file system.
    fn draft_path(&self) -> PathBuf {
        self.drafts_folder().join(self.drafts.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// Left behind by a process that was killed while it wrote.
    fn remove_drafts(&self) -> io::Result<()> {
        match fs::remove_dir_all(self.drafts_folder()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn create_folders(&self) -> io::Result<()> {
        let create = |folder: &Path| fs::create_dir_all(folder);
        create(&self.drafts_folder())?;
        (0..=u8::MAX).try_for_each(|shard| create(&self.folder.shard(shard)))
    }
}

#[cfg(test)]
mod tests;
