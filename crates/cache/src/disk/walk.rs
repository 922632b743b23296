//! Finding, after a start, what is on disk.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::{fs, io};

use tokio::sync::watch;

use super::queue::Unlink;
use super::{Shared, read};
use crate::key::Key;

/// Lists every entry by the front of its file, and removes what is none; `ended` becomes true.
///
/// Serving goes on meanwhile: an entry that is not listed yet is looked for in its file.
pub(super) fn walk(shared: &Arc<Shared>, ended: &watch::Sender<bool>) {
    for shard in 0..=u8::MAX {
        if let Err(error) = walk_folder(shared, shard) {
            tracing::warn!(dir = %shared.folder.shard(shard).display(), %error, "cannot read a folder of the cache");
            shared.unaccounted.store(true, Ordering::Relaxed);
        }
        if shared.is_stopping() {
            return;
        }
    }
    let mut state = shared.lock();
    state.index.walk_ended();
    state.queue.trim();
    drop(state);
    shared.wake();
    ended.send_replace(true);
}

fn walk_folder(shared: &Shared, shard: u8) -> io::Result<()> {
    for file in fs::read_dir(shared.folder.shard(shard))? {
        if shared.is_stopping() {
            return Ok(());
        }
        let file = file?;
        // A pipe or a link of such a name is none of ours, and to open it may take for ever.
        let is_file = file.file_type()?.is_file();
        match key_of(shard, &file.file_name()) {
            Some(key) if is_file => list(shared, key, &file.path()),
            _ => remove_junk(shared, &file.path()),
        }
    }
    Ok(())
}

fn key_of(shard: u8, name: &OsStr) -> Option<Key> {
    Key::from_hex(name.to_str()?).filter(|key| key.0[0] == shard)
}

fn list(shared: &Shared, key: Key, path: &Path) {
    let rejected = match read::front(path, &key) {
        Ok(Ok(read)) if read.file_len <= shared.entry_bytes_max => {
            let as_of = read.front.as_of();
            shared.lock().index.found(key, read.file_len, read.front.tags, as_of);
            return;
        }
        Ok(Ok(_)) => "it is larger than entries may be".to_owned(),
        Ok(Err(rejected)) => rejected.to_string(),
        // Removed or evicted since the folder was read.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        // Whatever it holds, an erasure could not find it by its tags; to lose an entry costs a miss.
        Err(error) => error.to_string(),
    };
    tracing::debug!(file = %path.display(), rejected, "not an entry: removed");
    shared.counters.rejected_files.fetch_add(1, Ordering::Relaxed);
    let mut state = shared.lock();
    if state.index.is_unknown(&key) {
        // The writer does it: it may be about to put an entry there.
        state.index.take(&key);
        state.queue.unlink(Unlink { files: vec![(key, None)], done: None });
        shared.wake();
    }
}

/// Nobody writes such files. A folder goes only if it is empty.
fn remove_junk(shared: &Shared, path: &Path) {
    tracing::debug!(file = %path.display(), "not a file of ours: removed");
    shared.counters.rejected_files.fetch_add(1, Ordering::Relaxed);
    let removed = match fs::symlink_metadata(path) {
        Ok(about) if about.is_dir() => fs::remove_dir(path),
        _ => fs::remove_file(path),
    };
    if let Err(error) = removed {
        tracing::warn!(file = %path.display(), %error, "cannot remove what is not an entry");
    }
}
