//! Reading entries' files.

use std::fs::File;
use std::io::{self, IoSliceMut, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::ReadWriteFlags;

use super::file_format::{self, FRONT_MAX, Front, Rejected};
use crate::key::Key;
use crate::stored_response::StoredResponse;

/// Above this, checking the digest alone would hold up the other tasks of the thread.
const INLINE_MAX: u64 = 256 * 1024;

/// Reads an entry, at once if the kernel has all of it in memory (a thread of the blocking pool would cost more
/// than the reading), else on the blocking pool.
pub(super) async fn entry(
    path: PathBuf,
    key: Key,
    len_max: u64,
) -> io::Result<Result<StoredResponse, Rejected>> {
    if let Some(file) = read_cached(&path, len_max.min(INLINE_MAX)) {
        return Ok(file_format::decode(&file, &key));
    }
    let reading = tokio::task::spawn_blocking(move || {
        let mut file = File::open(path)?;
        let len = file.metadata()?.len();
        if len > len_max {
            return Ok(Err(Rejected::Length));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(len).map_err(io::Error::other)?);
        // One more than it said: it must not have grown either.
        (&mut file).take(len + 1).read_to_end(&mut bytes)?;
        Ok(file_format::decode(&Bytes::from(bytes), &key))
    });
    reading.await.map_err(io::Error::other)?
}

/// `None`: it would have to wait for the disk, or something else is in the way; the slow way finds out what.
fn read_cached(path: &Path, len_max: u64) -> Option<Bytes> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::CACHED).ok()?);
    let len = file.metadata().ok()?.len();
    if len > len_max {
        return None;
    }
    let mut bytes = vec![0; usize::try_from(len).ok()?];
    let mut filled = 0;
    while filled < bytes.len() {
        let rest = &mut [IoSliceMut::new(&mut bytes[filled..])];
        match rustix::io::preadv2(&file, rest, filled as u64, ReadWriteFlags::NOWAIT).ok()? {
            0 => return None,
            read => filled += read,
        }
    }
    Some(Bytes::from(bytes))
}

/// The front of a file, and the file's length.
pub(super) fn front(path: &Path, key: &Key) -> io::Result<Result<(Front, u64), Rejected>> {
    let file = File::open(path)?;
    let len = file.metadata()?.len();
    let mut start = Vec::with_capacity(FRONT_MAX);
    file.take(FRONT_MAX as u64).read_to_end(&mut start)?;
    Ok(file_format::read_front(&start, len, key).map(|front| (front, len)))
}
