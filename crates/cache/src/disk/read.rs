//! Reading entries' files.

use std::fs::File;
use std::io::{self, IoSliceMut, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::ReadWriteFlags;

use super::file_format::{self, Front, Rejected};
use super::head::Head;
use crate::key::Key;
use crate::stored_response::StoredResponse;

/// Above this, checking the digest alone would hold up the other tasks of the thread.
const INLINE_MAX: u64 = 256 * 1024;

/// Few fronts are longer; those take a second read.
const FRONT_GUESS: usize = 4096;

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

/// The front of a file, and what it was read from.
pub(super) struct FrontRead {
    pub front: Front,
    pub start: Vec<u8>,
    pub file_len: u64,
}

impl FrontRead {
    pub fn head(&self) -> Result<Head<'_>, Rejected> {
        self.front.head(&self.start)
    }
}

pub(super) fn front(path: &Path, key: &Key) -> io::Result<Result<FrontRead, Rejected>> {
    let mut file = File::open(path)?;
    let file_len = file.metadata()?.len();
    let mut start = Vec::with_capacity(FRONT_GUESS);
    (&mut file).take(FRONT_GUESS as u64).read_to_end(&mut start)?;
    let front_len = match file_format::front_len(&start) {
        Ok(front_len) if front_len as u64 <= file_len => front_len,
        Ok(_) => return Ok(Err(Rejected::Length)),
        Err(rejected) => return Ok(Err(rejected)),
    };
    if let Some(more) = front_len.checked_sub(start.len()) {
        file.take(more as u64).read_to_end(&mut start)?;
    }
    let read = file_format::read_front(&start, file_len, key);
    Ok(read.map(|front| FrontRead { front, start, file_len }))
}
