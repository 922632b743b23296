//! Reading entries' files.

use std::fs::File;
use std::io::{self, IoSliceMut, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::ReadWriteFlags;

use super::file_format::{self, Body, Front, Rejected};
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
    folder: &Folder,
    key: Key,
    expected: Expected,
    len_max: u64,
) -> io::Result<Result<StoredResponse, Rejected>> {
    // What does not read is looked at again the slow way: another file may have taken its place meanwhile.
    if let Some(response) = cached_entry(folder, &key, expected, len_max) {
        return Ok(Ok(response));
    }
    let path = folder.path(&key);
    let reading = tokio::task::spawn_blocking(move || {
        let mut file = File::open(path)?;
        let len = file.metadata()?.len();
        if len > len_max {
            return Ok(Err(Rejected::Length));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(len).map_err(io::Error::other)?);
        // One more than it said: it must not have grown either.
        (&mut file).take(len + 1).read_to_end(&mut bytes)?;
        Ok(file_format::decode(&Bytes::from(bytes), &key, expected.body))
    });
    reading.await.map_err(io::Error::other)?
}

/// Reads an entry if that needs no waiting.
pub(super) fn cached_entry(
    folder: &Folder,
    key: &Key,
    expected: Expected,
    len_max: u64,
) -> Option<StoredResponse> {
    let file = folder.read_cached(key, expected.file_len, len_max.min(INLINE_MAX))?;
    file_format::decode(&file, key, expected.body).ok()
}

/// What the index says of a file, if it is listed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    pub file_len: Option<u64>,
    pub body: Body,
}

/// The folder of the cache: what lies in it is opened without looking up where the folder itself is.
pub(super) struct Folder {
    path: PathBuf,
    opened: OwnedFd,
}

impl Folder {
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { path: path.to_owned(), opened: rustix::fs::open(path, flags, Mode::empty())? })
    }

    pub fn shard(&self, shard: u8) -> PathBuf {
        self.path.join(format!("{shard:02x}"))
    }

    pub fn path(&self, key: &Key) -> PathBuf {
        let mut path = self.shard(key.0[0]);
        path.push(key.to_string());
        path
    }

    /// `None`: it would have to wait for the disk, or something else is in the way; the slow way finds out what.
    fn read_cached(&self, key: &Key, file_len: Option<u64>, len_max: u64) -> Option<Bytes> {
        let hex = key.hex();
        let mut path = [b'/'; 2 + 1 + 32];
        path[..2].copy_from_slice(&hex[..2]);
        path[3..].copy_from_slice(&hex);
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let cached = ResolveFlags::CACHED;
        let file = rustix::fs::openat2(&self.opened, &path[..], flags, Mode::empty(), cached).ok()?;
        let len = match file_len {
            Some(len) => len,
            None => u64::try_from(rustix::fs::fstat(&file).ok()?.st_size).ok()?,
        };
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
