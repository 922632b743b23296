//! Both tiers as one.

use std::io;
use std::ops::{Add, AddAssign};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use purge_protocol::{AsOf, Tag, Tags};

use crate::count::{Count, Counted, Counting, Tally};
use crate::disk::{Disk, Found, Limits, PAUSE};
use crate::erasures::{Concerns, Erasures};
use crate::heat::Reckoning;
use crate::key::Key;
use crate::memory::{Memory, Sight};
use crate::stored_response::{StoredResponse, reflects_more};

#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the disk tier is; `None`: there is none. Belongs to one cache at a time.
    pub dir: Option<PathBuf>,
    pub memory_bytes: u64,
    /// Counted in blocks of 4 KiB, as file systems do. One entry more may be there for as long as it takes the
    /// place of another.
    pub disk_bytes: u64,
    pub disk_files: u64,
    pub disk_admission: Admission,
    /// What is larger, with its head, is not stored.
    pub entry_bytes_max: u64,
}

/// What is written to disk when it is stored for the first time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Admission {
    /// While there is room, everything; after that, what would take the place of others is kept in memory only until it
    /// is wanted a second time. Much of what is asked for is never asked for again.
    #[default]
    SecondSight,
    Always,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the cache folder {} cannot be used: {source}", dir.display())]
    Folder { dir: PathBuf, source: io::Error },
    #[error("the cache folder {} is in use by another process; each needs its own", dir.display())]
    InUse { dir: PathBuf },
}

/// Where a response was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    Memory,
    Disk,
}

/// What became of a response that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insert {
    /// Which tiers took it; the disk tier has it queued, and may still fail to write it. What memory alone took may get
    /// to disk later, see [`Admission`].
    Stored {
        memory: bool,
        disk: bool,
    },
    Refused(Refusal),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Above [`Settings::entry_bytes_max`].
    TooLarge,
    /// What is stored reflects more of the log.
    Older,
    /// The caller's judgement at the last moment.
    Unusable,
    /// An erasure that is being carried out concerns it.
    BeingErased,
    /// Neither tier could take it.
    NoRoom,
}

impl Insert {
    pub fn is_stored(self) -> bool {
        matches!(self, Insert::Stored { .. })
    }
}

/// What was removed: a response that was in both tiers counts twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    pub entries: u64,
    pub bytes: u64,
}

impl Add for Swept {
    type Output = Swept;

    fn add(self, other: Swept) -> Swept {
        Swept { entries: self.entries + other.entries, bytes: self.bytes.saturating_add(other.bytes) }
    }
}

impl AddAssign for Swept {
    fn add_assign(&mut self, other: Swept) {
        *self = *self + other;
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    pub memory_entries: u64,
    pub memory_bytes: u64,
    pub disk_entries: u64,
    pub disk_bytes: u64,
    pub write_errors: u64,
    /// Writes that were given up: the queue was full, storing was paused, or there was no room.
    pub dropped_writes: u64,
    /// Files in the folder that were not entries, or not any more; they were removed.
    pub rejected_files: u64,
    /// A write has failed a moment ago: the disk tier answers, and takes nothing in.
    pub storing_paused: bool,
}

pub struct Cache {
    memory: Arc<Memory>,
    disk: Option<Disk>,
    erasures: Erasures,
    entry_bytes_max: u64,
    /// Since when hits are counted.
    opened: Instant,
}

impl Cache {
    /// Makes the folder if it is not there. What is in it is listed in the background; it is found meanwhile, too.
    pub fn open(settings: Settings) -> Result<Self, OpenError> {
        let memory = Arc::new(Memory::new(settings.memory_bytes, settings.entry_bytes_max));
        let limits = Limits {
            bytes: settings.disk_bytes,
            files: settings.disk_files,
            entry_bytes: settings.entry_bytes_max,
            admission: settings.disk_admission,
            pause: PAUSE,
        };
        let disk = settings.dir.map(|dir| Disk::open(dir, limits, memory.clone())).transpose()?;
        let entry_bytes_max = settings.entry_bytes_max;
        Ok(Self { memory, disk, erasures: Erasures::default(), entry_bytes_max, opened: Instant::now() })
    }

    /// What is larger is not stored.
    pub fn entry_bytes_max(&self) -> u64 {
        self.entry_bytes_max
    }

    /// The hot path: no await, and one shared lock for as long as a look-up takes.
    ///
    /// Does not compare [`StoredResponse::key_text`]; [`Cache::get`] does.
    pub fn get_memory(&self, key: &Key) -> Option<Arc<StoredResponse>> {
        let found = self.memory.get(key)?;
        if found.is_second_sight {
            self.admit_to_disk(key, &found.response);
        }
        Some(found.response)
    }

    /// Writes what memory has had alone so far.
    #[cold]
    fn admit_to_disk(&self, key: &Key, response: &Arc<StoredResponse>) {
        let Some(disk) = &self.disk else { return };
        let write = || {
            // Nobody has removed or replaced it since it was found.
            if self.memory.peek(key).is_some_and(|stored| Arc::ptr_eq(&stored, response)) {
                disk.insert(*key, response.clone());
            }
        };
        self.erasures.admit(&response.tags, response.as_of, write);
    }

    /// From memory, else from disk, and from there into memory. What is stored under another text is a miss.
    ///
    /// Needs a tokio runtime.
    pub async fn get(&self, key: &Key, key_text: &str) -> Option<(Arc<StoredResponse>, Tier)> {
        if let Some(response) = self.get_memory(key) {
            return (response.key_text == key_text).then_some((response, Tier::Memory));
        }
        let disk = self.disk.as_ref()?;
        self.found_on_disk(disk, key, key_text, disk.get(key).await?)
    }

    /// As [`Cache::get`], but only what is there without waiting: in memory, or in a file that the kernel has in memory.
    pub fn get_at_once(&self, key: &Key, key_text: &str) -> Option<(Arc<StoredResponse>, Tier)> {
        if let Some(response) = self.get_memory(key) {
            return (response.key_text == key_text).then_some((response, Tier::Memory));
        }
        let disk = self.disk.as_ref()?;
        self.found_on_disk(disk, key, key_text, disk.get_at_once(key)?)
    }

    fn found_on_disk(
        &self,
        disk: &Disk,
        key: &Key,
        key_text: &str,
        found: Found,
    ) -> Option<(Arc<StoredResponse>, Tier)> {
        match found {
            Found::Queued(response) => (response.key_text == key_text).then_some((response, Tier::Memory)),
            Found::Read(response, generation) => {
                if response.key_text != key_text {
                    return None;
                }
                if let Some(generation) = generation {
                    let promote = || {
                        if !self.memory.contains(key) && disk.is_latest(key, generation) {
                            self.memory.insert(*key, response.clone(), response.bytes(), Sight::Later);
                        }
                    };
                    self.erasures.admit(&response.tags, response.as_of, promote);
                }
                Some((response, Tier::Disk))
            }
        }
    }

    /// Stores a response that nothing can have made unusable since it was judged; else see [`Cache::insert_if`].
    pub fn insert(&self, key: Key, response: Arc<StoredResponse>) -> Insert {
        self.insert_if(key, response, |_| true)
    }

    /// Stores a response if it is usable at the moment of storing (a fill that lands is checked again).
    ///
    /// An erasure raises the fences first and calls [`Cache::erase`] then. With `usable` a look at the fences, a response
    /// that is stored before `erase` is found by it, and one that comes after is refused here: there is no moment between.
    /// `usable` is called under a lock of the cache: it must be quick and must not call the cache, and whoever holds
    /// a lock that it takes must not call the cache either.
    pub fn insert_if(
        &self,
        key: Key,
        response: Arc<StoredResponse>,
        usable: impl FnOnce(&StoredResponse) -> bool,
    ) -> Insert {
        let bytes = response.bytes();
        if bytes > self.entry_bytes_max {
            return Insert::Refused(Refusal::TooLarge);
        }
        let store = || {
            if !usable(&response) {
                return Insert::Refused(Refusal::Unusable);
            }
            if let Some(before) = self.memory.peek(&key) {
                if reflects_more(before.as_of, response.as_of) {
                    return Insert::Refused(Refusal::Older);
                }
                response.heat.take_over(&before.heat);
            }
            if self.disk.as_ref().is_some_and(|disk| disk.has_newer(&key, response.as_of)) {
                return Insert::Refused(Refusal::Older);
            }
            let admits = |disk: &&Disk| disk.admits(&key, bytes) || !self.memory.takes(bytes);
            let admitted = self.disk.as_ref().filter(admits);
            let sight = if self.disk.is_some() && admitted.is_none() { Sight::First } else { Sight::Later };
            let memory = self.memory.insert(key, response.clone(), bytes, sight);
            let disk = admitted.is_some_and(|disk| disk.insert(key, response.clone()));
            if memory || disk { Insert::Stored { memory, disk } } else { Insert::Refused(Refusal::NoRoom) }
        };
        self.erasures
            .admit(&response.tags, response.as_of, store)
            .unwrap_or(Insert::Refused(Refusal::BeingErased))
    }

    /// Waits until what was inserted and removed before is done on disk (or was given up).
    pub async fn flush(&self) {
        if let Some(disk) = &self.disk {
            disk.flush().await;
        }
    }

    /// From here on it is not found; its file goes a little later.
    pub fn remove(&self, key: &Key) {
        // At once from both: what one tier has goes into the other at times.
        self.erasures.shut_out(|| {
            if let Some(disk) = &self.disk {
                disk.remove(key);
            }
            self.memory.remove(key);
        });
    }

    /// Gives back the room of what cannot answer any more, without reading bodies. At its leisure: it may pass over
    /// what is moved or written meanwhile.
    pub async fn sweep(&self, unusable: impl Fn(&Tags, AsOf) -> bool) -> Swept {
        let mut swept = self.memory.sweep(&unusable).await;
        if let Some(disk) = &self.disk {
            swept += disk.sweep(&unusable).await;
        }
        swept
    }

    /// Removes every response that carries one of these tags and is older than the erasure, and returns when
    /// their bytes are gone from memory and their files from disk, with what was waiting to be written. What
    /// concerns it and would come in meanwhile is refused. (Whoever got a response before still has it; the blocks
    /// of removed files are freed, not overwritten.)
    ///
    /// The caller has raised its fences before. `is_older` says whether a stamp is from before the erasure; it must be
    /// quick, and must not lock anything: it is called under locks of the cache. An error means that bytes may be left:
    /// call it again.
    pub async fn erase(
        &self,
        tags: &[Tag],
        is_older: impl Fn(AsOf) -> bool + Send + Sync + 'static,
    ) -> io::Result<Swept> {
        let tags = tags.to_vec();
        let concerns: Concerns =
            Arc::new(move |carried, as_of| carried.contains_any(&tags) && is_older(as_of));
        let _erasing = self.erasures.begin(concerns.clone());
        let mut swept = self.memory.remove_matching(|tags, as_of| concerns(tags, as_of));
        if let Some(disk) = &self.disk {
            swept += disk.erase(&|tags, as_of| concerns(tags, as_of)).await?;
        }
        Ok(swept)
    }

    /// What of it carries one of these tags and may still answer, tier by tier. Others go on meanwhile; what is moved
    /// or written may be passed over, or seen twice.
    pub async fn count(&self, counting: &Counting<'_>, usable: impl Fn(&Tags, AsOf) -> bool) -> Counted {
        let reckoning = Reckoning::at(counting.now_ms, self.opened.elapsed());
        let mut count = Count { counting, usable, reckoning, hottest: Vec::new() };
        let memory = self.memory.count(&mut count).await;
        let disk = match &self.disk {
            Some(disk) => disk.count(&count).await,
            None => Tally::default(),
        };
        Counted { memory, disk, hottest: count.hottest }
    }

    pub fn stats(&self) -> Stats {
        let mut stats = Stats {
            memory_entries: self.memory.len(),
            memory_bytes: self.memory.bytes(),
            ..Stats::default()
        };
        if let Some(disk) = &self.disk {
            let counters = disk.counters();
            (stats.disk_entries, stats.disk_bytes) = disk.entries_and_bytes();
            stats.write_errors = counters.write_errors.load(Ordering::Relaxed);
            stats.dropped_writes = counters.dropped_writes.load(Ordering::Relaxed);
            stats.rejected_files = counters.rejected_files.load(Ordering::Relaxed);
            stats.storing_paused = disk.is_paused();
        }
        stats
    }
}
