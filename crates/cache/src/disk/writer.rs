//! The one thread that changes files.
//!
//! Files are written and removed here and nowhere else, one after the other, so what the index says and what is
//! on disk change in the same order.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::sync::watch;

use super::index::{self, Index};
use super::queue::{Job, Ticket, Unlink};
use super::read::{self, FrontRead};
use super::{Shared, file_format};
use crate::Swept;
use crate::key::Key;
use crate::stored_response::{StoredResponse, reflects_more};

pub(super) struct Writer {
    pub shared: Arc<Shared>,
    /// The ticket of the last job that was done.
    pub done: watch::Sender<Ticket>,
}

/// Why a response was not written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("its head cannot be encoded: {0}")]
    Encode(#[from] postcard::Error),
    #[error("it is larger than the whole disk tier may be")]
    NoRoom,
    #[error("the one on disk reflects more of the log")]
    Older,
}

impl Writer {
    /// Until the cache is dropped. What waits then is given up: [`crate::Cache::flush`] comes before.
    pub fn run(self) {
        while let Some((ticket, job)) = self.next_job() {
            match job {
                Job::Write(key) => self.write_job(ticket, key),
                Job::Unlink(unlink) => self.unlink_job(unlink),
                Job::Trim => self.trim_job(),
            }
            self.done.send_replace(ticket);
        }
    }

    fn next_job(&self) -> Option<(Ticket, Job)> {
        let mut state = self.shared.lock();
        loop {
            if self.shared.is_stopping() {
                return None;
            }
            if let Some(job) = state.queue.next() {
                return Some(job);
            }
            state = self.shared.wait(state);
        }
    }

    fn write_job(&self, ticket: Ticket, key: Key) {
        let Some(response) = self.shared.lock().queue.begin(ticket, key) else {
            return;
        };
        let written = self.write(&key, &response);
        let mut state = self.shared.lock();
        let cancelled = state.queue.end();
        match written {
            // A file that was there stays. Who cancelled has asked for its removal, too.
            Ok(None) => {}
            Ok(Some(file_len)) => {
                // It replaced what was there before, and that is how the index must see it in any case.
                state.index.insert(key, file_len, response.tags.clone(), response.as_of);
                if cancelled {
                    let entry = state.index.take(&key);
                    drop(state);
                    self.unlink_job(Unlink { files: vec![(key, entry)], done: None });
                }
            }
            Err(WriteError::Older) => {}
            Err(WriteError::NoRoom | WriteError::Encode(_)) => {
                self.shared.counters.dropped_writes.fetch_add(1, Ordering::Relaxed);
            }
            Err(WriteError::Io(error)) => {
                self.shared.counters.write_errors.fetch_add(1, Ordering::Relaxed);
                let given_up = state.queue.cancel_waiting();
                state.paused_until = Some(Instant::now() + self.shared.pause);
                drop(state);
                self.shared.counters.dropped_writes.fetch_add(given_up, Ordering::Relaxed);
                tracing::warn!(
                    dir = %self.shared.dir.display(), %error, given_up, pause = ?self.shared.pause,
                    "cannot store on disk; serving goes on without storing there"
                );
                // Perhaps somebody emptied the folder.
                if let Err(error) = self.shared.create_folders() {
                    tracing::debug!(%error, "cannot make the folders of the cache");
                }
            }
        }
    }

    /// The length of the file, unless it is as good as it was.
    fn write(&self, key: &Key, response: &StoredResponse) -> Result<Option<u64>, WriteError> {
        let path = self.shared.path(key);
        if let Some(stored) = self.stored(key, &path) {
            if reflects_more(stored.front.as_of(), response.as_of) {
                return Err(WriteError::Older);
            }
            if stored.front.is_of(response) {
                if stored.head().is_ok_and(|head| head.will_do_for(response)) {
                    return Ok(None);
                }
                if let Some(renewal) = stored.front.renewal(response)? {
                    File::options().write(true).open(&path)?.write_all_at(&renewal.bytes, renewal.at)?;
                    return Ok(Some(stored.file_len));
                }
            }
        }
        let front = file_format::encode(key, response)?;
        let file_len = (front.len() + response.body.len()) as u64;
        self.make_room(key, file_len)?;

        let draft = self.shared.draft_path();
        let result = write_file(&draft, &front, &response.body).and_then(|()| fs::rename(&draft, path));
        if let Err(error) = result {
            // It may hold bytes that are to be erased, and on a full disk it stands in the way.
            if remove_file(&draft).is_err() {
                self.shared.unaccounted.store(true, Ordering::Relaxed);
            }
            return Err(error.into());
        }
        Ok(Some(file_len))
    }

    /// What is on disk under this key, if it can be read.
    fn stored(&self, key: &Key, path: &Path) -> Option<FrontRead> {
        {
            let state = self.shared.lock();
            if !state.index.contains(key) && !state.index.is_unknown(key) {
                return None;
            }
        }
        read::front(path, key).ok()?.ok()
    }

    fn make_room(&self, key: &Key, file_len: u64) -> Result<(), WriteError> {
        let (bytes_max, files_max) = (self.shared.bytes_max, self.shared.files_max);
        if index::on_disk(file_len) > bytes_max || files_max == 0 {
            return Err(WriteError::NoRoom);
        }
        self.evict_until(|index| index.has_room_for(key, file_len, bytes_max, files_max))?;
        Ok(())
    }

    /// After a start: the bounds may have been larger before.
    fn trim_job(&self) {
        let (bytes_max, files_max) = (self.shared.bytes_max, self.shared.files_max);
        let trimmed = self.evict_until(|index| index.bytes() <= bytes_max && index.len() <= files_max);
        if let Err(error) = trimmed {
            tracing::warn!(dir = %self.shared.dir.display(), %error, "cannot evict from the cache");
        }
    }

    fn evict_until(&self, is_enough: impl Fn(&Index) -> bool) -> io::Result<()> {
        loop {
            let mut state = self.shared.lock();
            if is_enough(&state.index) {
                return Ok(());
            }
            let memory = &self.shared.memory;
            let Some((key, entry)) = state.index.evict(|key| memory.contains(key)) else {
                return Ok(());
            };
            drop(state);
            if let Err(error) = remove_file(&self.shared.path(&key)) {
                self.shared.lock().index.put_back(key, entry);
                return Err(error);
            }
        }
    }

    fn unlink_job(&self, unlink: Unlink) {
        let mut swept = Swept::default();
        let mut failed = None;
        for (key, entry) in unlink.files {
            // Stored again since: that file replaced the one that was to be removed.
            if self.shared.lock().index.contains(&key) {
                continue;
            }
            match remove_file(&self.shared.path(&key)) {
                Ok(()) => {
                    if let Some(entry) = entry {
                        swept += Swept { entries: 1, bytes: entry.bytes() };
                    }
                }
                Err(error) => {
                    tracing::warn!(file = %self.shared.path(&key).display(), %error, "cannot remove a file");
                    match entry {
                        Some(entry) => self.shared.lock().index.put_back(key, entry),
                        None => self.shared.unaccounted.store(true, Ordering::Relaxed),
                    }
                    failed = Some(error);
                }
            }
        }
        if let Some(done) = unlink.done {
            // Nobody waits any more: the work is done all the same.
            let _ = done.send(failed.map_or(Ok(swept), Err));
        }
    }
}

fn write_file(draft: &Path, front: &[u8], body: &[u8]) -> io::Result<()> {
    let mut file = File::create(draft)?;
    file.write_all(front)?;
    file.write_all(body)
}

/// A file that is not there is as good as removed.
fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
