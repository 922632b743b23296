//! The memory tier.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use purge_protocol::{AsOf, Tags};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, Options, OptionsBuilder, Weighter};

use crate::Swept;
use crate::count::{Count, STEP, Tally};
use crate::key::Key;
use crate::stored_response::StoredResponse;

// These three were tried out on the traces of `tests/hit_ratio.rs`.

/// The share of a shard's room that proven entries may take; the others have to prove themselves in the rest, which
/// must not be too small where shards are. An entry larger than this share is not taken in at all.
const HOT_SHARE: f64 = 0.9;

/// How many evicted keys are remembered, as a share of the entries: so that what comes back is known to be wanted.
const GHOST_SHARE: f64 = 1.0;

/// Guessed, to size tables. Rather too small: it is ghosts that this gives room to, at a few bytes each.
const TYPICAL_ENTRY_BYTES: u64 = 4 * 1024;

pub(crate) struct Memory {
    entries: Cache<Key, Arc<Slot>, SlotWeight, DefaultHashBuilder>,
    largest: u64,
}

struct Slot {
    response: Arc<StoredResponse>,
    /// Counted once: the cache asks for it again and again.
    bytes: u64,
    /// It is here only, until somebody asks for it.
    awaits_second_sight: AtomicBool,
}

/// A response in memory.
pub(crate) struct InMemory {
    pub response: Arc<StoredResponse>,
    /// This was its second sight: said once, to the first who asks for what was stored as [`Sight::First`].
    pub is_second_sight: bool,
}

/// What is known of a response when memory gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// The next one who asks for it is to be told.
    First,
    Later,
}

#[derive(Clone)]
struct SlotWeight;

impl Weighter<Key, Arc<Slot>> for SlotWeight {
    fn weight(&self, _: &Key, slot: &Arc<Slot>) -> u64 {
        slot.bytes
    }
}

impl Memory {
    pub fn new(bytes: u64, entry_bytes_max: u64) -> Self {
        let entries = Cache::with_options(
            options(bytes, entry_bytes_max),
            SlotWeight,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        );
        let largest = (entries.shard_capacity() as f64 * HOT_SHARE) as u64;
        Self { entries, largest }
    }

    pub fn get(&self, key: &Key) -> Option<InMemory> {
        let slot = self.entries.get(key)?;
        let awaited = &slot.awaits_second_sight;
        // Nearly always there is nothing to change, and many look at once.
        let is_second_sight = awaited.load(Ordering::Relaxed) && awaited.swap(false, Ordering::Relaxed);
        Some(InMemory { response: slot.response.clone(), is_second_sight })
    }

    /// As `get`, but not counted as a use.
    pub fn peek(&self, key: &Key) -> Option<Arc<StoredResponse>> {
        self.entries.peek(key).map(|slot| slot.response.clone())
    }

    pub fn contains(&self, key: &Key) -> bool {
        self.entries.contains_key(key)
    }

    /// Whether there is room for something of this size.
    pub fn takes(&self, bytes: u64) -> bool {
        bytes <= self.largest
    }

    /// Whether it was taken in. What was there before is gone in any case.
    pub fn insert(&self, key: Key, response: Arc<StoredResponse>, bytes: u64, sight: Sight) -> bool {
        if !self.takes(bytes) {
            self.entries.remove(&key);
            return false;
        }
        let awaits_second_sight = AtomicBool::new(sight == Sight::First);
        self.entries.insert(key, Arc::new(Slot { response, bytes, awaits_second_sight }));
        true
    }

    pub fn remove(&self, key: &Key) {
        self.entries.remove(key);
    }

    /// Removes all that matches. Holds one shard's lock at a time, for as long as it takes to look through it.
    pub fn remove_matching(&self, matches: impl Fn(&Tags, AsOf) -> bool) -> Swept {
        let swept = std::cell::Cell::new(Swept::default());
        self.entries.retain(|_, slot| {
            let gone = matches(&slot.response.tags, slot.response.as_of);
            if gone {
                swept.set(swept.get() + Swept { entries: 1, bytes: slot.bytes });
            }
            !gone
        });
        swept.get()
    }

    /// Removes what is unusable, and gives way to others between any two steps: neither a lock nor a thread is
    /// held long. What is moved meanwhile may be passed over.
    pub async fn sweep(&self, unusable: &impl Fn(&Tags, AsOf) -> bool) -> Swept {
        let mut swept = Swept::default();
        for (seen, (key, slot)) in self.entries.iter().enumerate() {
            if seen % STEP == STEP - 1 {
                tokio::task::yield_now().await;
            }
            if unusable(&slot.response.tags, slot.response.as_of) {
                let same = |now: &Arc<Slot>| Arc::ptr_eq(now, &slot);
                if self.entries.remove_if(&key, same).is_some() {
                    swept += Swept { entries: 1, bytes: slot.bytes };
                }
            }
        }
        swept
    }

    /// As gently as [`Memory::sweep`].
    pub async fn count(&self, count: &mut Count<'_, impl Fn(&Tags, AsOf) -> bool>) -> Tally {
        let until = count.until();
        let mut tally = Tally::default();
        let mut is_whole = true;
        for (_, slot) in self.entries.iter() {
            let response = &slot.response;
            tally.looked_at += 1;
            if count.concerns(&response.tags, response.as_of) {
                let hits_per_minute = response.heat.per_minute(&count.reckoning);
                tally.add(slot.bytes, hits_per_minute);
                count.note_hot(&response.key_text, hits_per_minute);
            }
            if tally.looked_at % STEP as u64 == 0 {
                tokio::task::yield_now().await;
                is_whole = Instant::now() < until;
            }
            if !is_whole {
                break;
            }
        }
        let of = if is_whole { tally.looked_at } else { self.len() };
        tally.of_all(of)
    }

    pub fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    pub fn bytes(&self) -> u64 {
        self.entries.weight()
    }
}

/// Many shards, so that threads do not wait for each other; but each with room for the largest entry.
fn options(bytes: u64, entry_bytes_max: u64) -> Options {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let with_room = usize::try_from(bytes / entry_bytes_max.max(1)).unwrap_or(usize::MAX);
    // quick_cache rounds up to a power of two: ask for one that is already.
    let shards = 1 << with_room.clamp(1, threads * 4).ilog2();
    let typical = usize::try_from(bytes / TYPICAL_ENTRY_BYTES).unwrap_or(usize::MAX).max(1);
    OptionsBuilder::new()
        .shards(shards)
        .hot_allocation(HOT_SHARE)
        .ghost_allocation(GHOST_SHARE)
        .estimated_items_capacity(typical)
        .weight_capacity(bytes)
        .build()
        .expect("both capacities are set")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored_response::tests::response;
    use bytes::Bytes;

    fn insert(memory: &Memory, name: &str, bytes: usize) -> bool {
        let stored = Arc::new(response(name, &[1], 1, Bytes::from(vec![0; bytes])));
        let weight = stored.bytes();
        memory.insert(Key::of(name), stored, weight, Sight::Later)
    }

    #[test]
    fn memory_stays_within_its_bytes_however_much_is_inserted() {
        let memory = Memory::new(1 << 20, 64 << 10);
        for number in 0..1000 {
            insert(&memory, &format!("picture {number}"), 10_000);
            assert!(memory.bytes() <= 1 << 20);
        }
        assert!(memory.len() > 50, "and is not left empty: {}", memory.len());
    }

    #[test]
    fn an_entry_too_large_for_memory_takes_its_predecessor_away() {
        let memory = Memory::new(64 << 10, 64 << 10);
        assert!(insert(&memory, "picture", 100));
        assert!(!insert(&memory, "picture", 64 << 10));
        assert!(memory.get(&Key::of("picture")).is_none());
    }

    #[test]
    fn the_first_who_asks_for_what_was_seen_once_is_told() {
        let memory = Memory::new(64 << 10, 64 << 10);
        for (name, sight, expected) in [("once", Sight::First, true), ("again", Sight::Later, false)] {
            memory.insert(Key::of(name), Arc::new(response(name, &[1], 1, Bytes::new())), 100, sight);
            memory.peek(&Key::of(name));
            let told = [(); 3].map(|()| memory.get(&Key::of(name)).unwrap().is_second_sight);
            assert_eq!(told, [expected, false, false], "{name}");
        }
    }

    #[test]
    fn memory_of_no_bytes_stores_nothing() {
        let memory = Memory::new(0, 64 << 10);
        assert!(!insert(&memory, "picture", 100));
        assert_eq!(memory.len(), 0);
    }
}
