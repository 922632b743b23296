//! The store: one file for each blob, a bound on their sum, and a ledger of them in memory.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use tokio::task::spawn_blocking;
use tracing::warn;

use crate::digest::Digest;
use crate::kind::Kind;
use crate::layout::{place_of, walk};
use crate::ledger::Ledger;

/// Bytes by digest in one folder, which one process has at a time.
#[derive(Debug, Clone)]
pub struct Blobs {
    shelf: Arc<Shelf>,
}

/// Files are written here and moved to their place when they are whole.
const INCOMING: &str = "incoming";
const LOCK: &str = "lock";

#[derive(Debug)]
struct Shelf {
    dir: PathBuf,
    /// Held while files appear or vanish, so that the ledger and the folder tell the same story; not while their bytes
    /// are read or written.
    ledger: Mutex<Ledger>,
    /// Numbers the files in [`INCOMING`].
    arrivals: AtomicU64,
    /// The system lets go of it when the process ends, however it ends.
    _lock: File,
}

/// What the store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub originals: usize,
    pub original_bytes: u64,
    pub derivatives: usize,
    pub derivative_bytes: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the blob folder {} is in use by another process", dir.display())]
    InUse { dir: PathBuf },
    #[error("the blob folder {} cannot be used: {source}", dir.display())]
    Io { dir: PathBuf, source: io::Error },
}

/// Why bytes were not stored. The caller still has them, and can go on without.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    #[error("a blob of {found} bytes is not stored: at most {limit} are, half of the store's room")]
    TooLarge { found: u64, limit: u64 },
    #[error("the bytes that were to be stored as the original {digest} have another digest")]
    WrongDigest { digest: Digest },
    #[error("the disk is full")]
    DiskFull,
    #[error("a blob cannot be written: {0}")]
    Io(io::Error),
}

#[derive(Debug, thiserror::Error)]
#[error("the blob {digest} cannot be deleted: {source}")]
pub struct DeleteError {
    pub digest: Digest,
    pub source: io::Error,
}

impl Blobs {
    /// Opens the store in `dir`, or begins one; keeps the sum of its files at or below `max_bytes`.
    ///
    /// Walks the folder. In which order blobs were used before is known only as well as the files' times tell.
    pub fn open(dir: impl Into<PathBuf>, max_bytes: u64) -> Result<Self, OpenError> {
        let dir = dir.into();
        match Shelf::open(&dir, max_bytes) {
            Ok(Some(shelf)) => Ok(Self { shelf: Arc::new(shelf) }),
            Ok(None) => Err(OpenError::InUse { dir }),
            Err(source) => Err(OpenError::Io { dir, source }),
        }
    }

    /// Stores bytes under their name; others leave if there is no room. An original has reached the disk when this
    /// returns. A derivative need not: if a power cut tears it, that is noticed when it is read.
    pub async fn put(&self, kind: Kind, digest: Digest, bytes: Bytes) -> Result<(), PutError> {
        let shelf = Arc::clone(&self.shelf);
        let put = spawn_blocking(move || shelf.put(kind, digest, &bytes)).await;
        put.unwrap_or_else(|stopped| Err(PutError::Io(io::Error::other(stopped))))
    }

    /// The bytes under a name, if they are there and whole. What is not whole is removed.
    pub async fn get(&self, kind: Kind, digest: &Digest) -> Option<Bytes> {
        let (shelf, digest) = (Arc::clone(&self.shelf), *digest);
        spawn_blocking(move || shelf.get(kind, &digest)).await.ok().flatten()
    }

    /// Removes a blob for good: when this returns, not even a power cut brings it back. It may be absent already.
    pub async fn delete(&self, kind: Kind, digest: &Digest) -> Result<(), DeleteError> {
        let (shelf, digest) = (Arc::clone(&self.shelf), *digest);
        let deleted = spawn_blocking(move || shelf.delete(kind, &digest)).await;
        deleted
            .unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
            .map_err(|source| DeleteError { digest, source })
    }

    pub fn usage(&self) -> Usage {
        let ledger = self.shelf.ledger();
        Usage {
            originals: ledger.count(Kind::Original),
            original_bytes: ledger.bytes(Kind::Original),
            derivatives: ledger.count(Kind::Derivative),
            derivative_bytes: ledger.bytes(Kind::Derivative),
        }
    }
}

impl Shelf {
    /// `None` if another process has the folder: each would think that the bound is its own.
    fn open(dir: &Path, max_bytes: u64) -> io::Result<Option<Self>> {
        fs::create_dir_all(dir)?;
        let lock = File::create(dir.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // What was on its way when the last process ended was promised to nobody.
        let incoming = dir.join(INCOMING);
        match fs::remove_dir_all(&incoming) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir(&incoming)?,
        }
        let mut ledger = Ledger::new(max_bytes);
        for found in walk(dir)? {
            ledger.insert(found.kind, found.digest, found.bytes);
        }
        let dir = dir.to_owned();
        let shelf = Self { dir, ledger: Mutex::new(ledger), arrivals: AtomicU64::new(0), _lock: lock };
        // The bound may be lower than last time.
        shelf.make_room(&mut shelf.ledger());
        Ok(Some(shelf))
    }

    fn put(&self, kind: Kind, digest: Digest, bytes: &[u8]) -> Result<(), PutError> {
        let found = kind.file_len(bytes);
        let limit = self.ledger().share();
        if found > limit {
            return Err(PutError::TooLarge { found, limit });
        }
        if kind == Kind::Original && Digest::of(bytes) != digest {
            return Err(PutError::WrongDigest { digest });
        }
        self.write(kind, digest, bytes).map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => PutError::DiskFull,
            _ => PutError::Io(error),
        })
    }

    /// Writes beside, then moves into place: a reader finds all of a blob or nothing. Of several that put the same blob
    /// at once the last one stays, and it does not matter which that is.
    fn write(&self, kind: Kind, digest: Digest, bytes: &[u8]) -> io::Result<()> {
        let arrival = Arrival::new(self);
        let mut file = File::create_new(&arrival.path)?;
        file.write_all(&kind.header(&digest, bytes))?;
        file.write_all(bytes)?;
        if kind == Kind::Original {
            file.sync_all()?;
        }

        let (folder, place) = place_of(&self.dir, kind, &digest);
        fs::create_dir_all(&folder)?;
        {
            let mut ledger = self.ledger();
            ledger.insert(kind, digest, kind.file_len(bytes));
            self.make_room(&mut ledger);
            if let Err(error) = fs::rename(&arrival.path, &place) {
                self.forget(&mut ledger, kind, &digest);
                return Err(error);
            }
        }
        if kind == Kind::Original {
            sync_folder(&folder)?;
            sync_folder(&self.dir.join(kind.folder()))?;
        }
        Ok(())
    }

    fn get(&self, kind: Kind, digest: &Digest) -> Option<Bytes> {
        let len = self.ledger().len_of(kind, digest)?;
        if let Some(bytes) = self.read(kind, digest, len) {
            self.ledger().touch(kind, digest);
            return Some(bytes);
        }
        // It left meanwhile, or is broken. Looked at once more while nobody can put it anew.
        let mut ledger = self.ledger();
        let len = ledger.len_of(kind, digest)?;
        let bytes = self.read(kind, digest, len);
        if bytes.is_none() {
            warn!(%digest, ?kind, "a stored blob is torn or not ours; it is removed");
            self.forget(&mut ledger, kind, digest);
        }
        bytes
    }

    /// Reads a file that ought to have `len` bytes, and no more than that of one that has grown.
    fn read(&self, kind: Kind, digest: &Digest, len: u64) -> Option<Bytes> {
        let (_, place) = place_of(&self.dir, kind, digest);
        let file = File::open(place).ok()?;
        if file.metadata().ok()?.len() != len {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(len).ok()?);
        file.take(len).read_to_end(&mut bytes).ok()?;
        kind.open(digest, bytes)
    }

    fn delete(&self, kind: Kind, digest: &Digest) -> io::Result<()> {
        let (folder, place) = place_of(&self.dir, kind, digest);
        {
            let mut ledger = self.ledger();
            remove_file(&place)?;
            ledger.remove(kind, digest);
        }
        match sync_folder(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            synced => synced,
        }
    }

    fn make_room(&self, ledger: &mut Ledger) {
        while let Some((kind, digest)) = ledger.surplus() {
            self.forget(ledger, kind, &digest);
        }
    }

    /// Takes a blob out of the ledger and, if the disk lets us, out of the folder.
    fn forget(&self, ledger: &mut Ledger, kind: Kind, digest: &Digest) {
        ledger.remove(kind, digest);
        let (_, place) = place_of(&self.dir, kind, digest);
        if let Err(error) = remove_file(&place) {
            warn!(%error, %digest, ?kind, "a blob that is not wanted any more cannot be removed");
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("no code panics while it holds the ledger")
    }
}

/// A file on its way; gone when this is dropped, if it was not moved.
struct Arrival {
    path: PathBuf,
}

impl Arrival {
    fn new(shelf: &Shelf) -> Self {
        let number = shelf.arrivals.fetch_add(1, Ordering::Relaxed);
        Self { path: shelf.dir.join(INCOMING).join(number.to_string()) }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        // Nothing left to say if it fails: it is swept at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Makes the names in a folder as durable as the files.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
