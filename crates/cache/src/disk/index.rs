//! What the disk tier holds, as known in memory.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::ops::Bound;

use purge_protocol::{AsOf, Tags};

use super::file_format::Body;
use crate::heat::{Heat, Reckoning};
use crate::key::Key;

/// How many entries may be spared, one eviction, before one goes all the same: bounds the time.
const SECOND_CHANCES: usize = 64;

/// Files are counted by the blocks that they take.
const BLOCK: u64 = 4096;

/// Pure: whoever calls it does to the files what it says.
///
/// Evicts first in, first out, and spares once what was used since. After a restart the order is the one in
/// which the files were found; their names are hashes, so that is as good as any.
#[derive(Debug)]
pub(super) struct Index {
    /// Ordered, so that a scan can be taken up again after its lock was given away.
    entries: BTreeMap<Key, Entry>,
    order: VecDeque<(Key, Generation)>,
    bytes: u64,
    last_generation: Generation,
    /// While the files are still being found: what was removed meanwhile and must not come back.
    removed_during_walk: Option<HashSet<Key>>,
}

/// One writing of a key: another file of the same key has another.
pub(super) type Generation = u64;

#[derive(Debug)]
pub(super) struct Entry {
    generation: Generation,
    file_len: u64,
    as_of: AsOf,
    tags: Tags,
    used: bool,
    verified: bool,
    /// Of look-ups here; what memory has as well is counted there.
    heat: Heat,
}

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    Stored {
        generation: Generation,
        file_len: u64,
        body: Body,
    },
    Absent,
    /// There may be a file: not all were found yet.
    Unknown,
}

/// An entry as a scan sees it.
#[derive(Debug)]
pub(super) struct Candidate {
    pub key: Key,
    pub generation: Generation,
    pub tags: Tags,
    pub as_of: AsOf,
}

/// Some entries of a scan that carry certain tags.
#[derive(Debug, Default)]
pub(super) struct Carrying {
    /// How far the scan has come; none: to its end.
    pub last: Option<Key>,
    pub looked_at: u64,
    pub found: Vec<Carrier>,
}

#[derive(Debug)]
pub(super) struct Carrier {
    pub tags: Tags,
    pub as_of: AsOf,
    pub bytes: u64,
    pub hits_per_minute: f64,
}

impl Entry {
    pub fn bytes(&self) -> u64 {
        on_disk(self.file_len)
    }
}

/// What a file of this length takes.
pub(super) fn on_disk(file_len: u64) -> u64 {
    file_len.checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX)
}

impl Index {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            last_generation: 0,
            removed_during_walk: Some(HashSet::new()),
        }
    }

    /// From here on what is not listed does not exist.
    pub fn walk_ended(&mut self) {
        self.removed_during_walk = None;
    }

    /// What to expect of the disk, on behalf of somebody who wants the response: counts as a use.
    pub fn look_up(&mut self, key: &Key, now_ms: u64) -> Known {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.used = true;
            entry.heat.note(now_ms);
            let body = if entry.verified { Body::Verified } else { Body::Unverified };
            return Known::Stored { generation: entry.generation, file_len: entry.file_len, body };
        }
        match &self.removed_during_walk {
            Some(removed) if !removed.contains(key) => Known::Unknown,
            _ => Known::Absent,
        }
    }

    /// Whether a file of this key may be there that is not listed.
    pub fn is_unknown(&self, key: &Key) -> bool {
        !self.entries.contains_key(key)
            && self.removed_during_walk.as_ref().is_some_and(|removed| !removed.contains(key))
    }

    pub fn contains(&self, key: &Key) -> bool {
        self.entries.contains_key(key)
    }

    pub fn holds(&self, key: &Key, generation: Generation) -> bool {
        self.entries.get(key).is_some_and(|entry| entry.generation == generation)
    }

    pub fn as_of(&self, key: &Key) -> Option<AsOf> {
        self.entries.get(key).map(|entry| entry.as_of)
    }

    /// The body in this entry's file was compared with its digest.
    pub fn verified(&mut self, key: &Key, generation: Generation) {
        if let Some(entry) = self.entries.get_mut(key).filter(|entry| entry.generation == generation) {
            entry.verified = true;
        }
    }

    /// A file was written.
    pub fn insert(&mut self, key: Key, file_len: u64, tags: Tags, as_of: AsOf) {
        self.last_generation += 1;
        let generation = self.last_generation;
        let heat = Heat::default();
        if let Some(before) = self.entries.get(&key) {
            heat.take_over(&before.heat);
        }
        self.put(key, Entry { generation, file_len, as_of, tags, used: false, verified: false, heat });
    }

    /// A file was found. What is known already is newer than what was found.
    pub fn found(&mut self, key: Key, file_len: u64, tags: Tags, as_of: AsOf) {
        if self.is_unknown(&key) {
            self.insert(key, file_len, tags, as_of);
        }
    }

    /// The file of an entry that was taken could not be removed: it is still there.
    pub fn put_back(&mut self, key: Key, entry: Entry) {
        if !self.entries.contains_key(&key) {
            self.put(key, entry);
        }
    }

    fn put(&mut self, key: Key, entry: Entry) {
        self.order.push_back((key, entry.generation));
        self.bytes = self.bytes.saturating_add(entry.bytes());
        if let Some(replaced) = self.entries.insert(key, entry) {
            self.bytes -= replaced.bytes();
        }
        self.drop_stale_places();
    }

    pub fn take(&mut self, key: &Key) -> Option<Entry> {
        if let Some(removed) = &mut self.removed_during_walk {
            removed.insert(*key);
        }
        let entry = self.entries.remove(key)?;
        self.bytes -= entry.bytes();
        Some(entry)
    }

    pub fn take_generation(&mut self, key: &Key, generation: Generation) -> Option<Entry> {
        if self.holds(key, generation) { self.take(key) } else { None }
    }

    /// Whether a file of this key and length fits beside the others.
    pub fn has_room_for(&self, key: &Key, file_len: u64, bytes_max: u64, files_max: u64) -> bool {
        let replaced = self.entries.get(key);
        let bytes = self.bytes - replaced.map_or(0, Entry::bytes);
        let files = (self.entries.len() - usize::from(replaced.is_some())) as u64;
        bytes.saturating_add(on_disk(file_len)) <= bytes_max && files < files_max
    }

    /// Takes out what goes next. `is_wanted`: used elsewhere, so that its use is not seen here.
    pub fn evict(&mut self, is_wanted: impl Fn(&Key) -> bool) -> Option<(Key, Entry)> {
        let mut spared = 0;
        while let Some((key, generation)) = self.order.pop_front() {
            let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.generation == generation)
            else {
                continue;
            };
            if spared < SECOND_CHANCES && (entry.used || is_wanted(&key)) {
                entry.used = false;
                spared += 1;
                self.order.push_back((key, generation));
                continue;
            }
            return self.take(&key).map(|entry| (key, entry));
        }
        None
    }

    /// The next entries in a scan that has come to `after`.
    pub fn scan(&self, after: Option<Key>, at_most: usize) -> Vec<Candidate> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.entries
            .range((start, Bound::Unbounded))
            .take(at_most)
            .map(|(key, entry)| Candidate {
                key: *key,
                generation: entry.generation,
                tags: entry.tags.clone(),
                as_of: entry.as_of,
            })
            .collect()
    }

    /// Of the next entries in a scan that has come to `after`, those that carry one of these tags.
    pub fn carrying(
        &self,
        tags: &Tags,
        reckoning: &Reckoning,
        after: Option<Key>,
        at_most: usize,
    ) -> Carrying {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut step = Carrying::default();
        for (key, entry) in self.entries.range((start, Bound::Unbounded)).take(at_most) {
            step.last = Some(*key);
            step.looked_at += 1;
            if entry.tags.meet(tags) {
                step.found.push(Carrier {
                    tags: entry.tags.clone(),
                    as_of: entry.as_of,
                    bytes: entry.bytes(),
                    hits_per_minute: entry.heat.per_minute(reckoning),
                });
            }
        }
        step
    }

    pub fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Entries leave their places in the order behind when they are taken or replaced.
    fn drop_stale_places(&mut self) {
        if self.order.len() > 2 * self.entries.len() + 64 {
            let entries = &self.entries;
            self.order
                .retain(|(key, generation)| entries.get(key).is_some_and(|e| e.generation == *generation));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored_response::tests::as_of;
    use proptest::prelude::*;

    fn key(number: u8) -> Key {
        Key([number; 16])
    }

    fn insert(index: &mut Index, number: u8) {
        index.insert(key(number), 1, Tags::default(), as_of(1, 1));
    }

    fn complete() -> Index {
        let mut index = Index::new();
        index.walk_ended();
        index
    }

    fn evicted(index: &mut Index) -> Option<u8> {
        index.evict(|_| false).map(|(key, _)| key.0[0])
    }

    #[test]
    fn first_in_goes_first_out_but_what_was_used_is_spared_once() {
        let mut index = complete();
        (0..4).for_each(|number| insert(&mut index, number));
        index.look_up(&key(0), 0);
        assert_eq!(index.evict(|wanted| *wanted == key(1)).unwrap().0, key(2));
        let rest: Vec<_> = std::iter::from_fn(|| evicted(&mut index)).collect();
        assert_eq!(rest, [3, 0, 1]);
    }

    #[test]
    fn when_all_are_wanted_one_goes_all_the_same() {
        let mut index = complete();
        (0..3).for_each(|number| insert(&mut index, number));
        assert!(index.evict(|_| true).is_some());
    }

    #[test]
    fn a_replaced_entry_goes_to_the_end_and_counts_once() {
        let mut index = complete();
        (0..2).for_each(|number| insert(&mut index, number));
        insert(&mut index, 0);
        assert_eq!((index.len(), index.bytes()), (2, 2 * BLOCK));
        assert_eq!(evicted(&mut index), Some(1));
    }

    #[test]
    fn until_the_walk_has_ended_what_is_not_listed_is_unknown_unless_it_was_removed() {
        let mut index = Index::new();
        assert_eq!(index.look_up(&key(1), 0), Known::Unknown);
        index.take(&key(1));
        assert_eq!(index.look_up(&key(1), 0), Known::Absent);
        index.found(key(1), 1, Tags::default(), as_of(1, 1));
        assert_eq!(index.look_up(&key(1), 0), Known::Absent, "found, but removed before that");
        index.walk_ended();
        assert_eq!(index.look_up(&key(2), 0), Known::Absent);
    }

    #[test]
    fn what_was_written_during_the_walk_is_not_replaced_by_what_was_found() {
        let mut index = Index::new();
        index.insert(key(1), 1, Tags::default(), as_of(1, 7));
        index.found(key(1), 1, Tags::default(), as_of(1, 3));
        assert_eq!(index.as_of(&key(1)), Some(as_of(1, 7)));
    }

    #[test]
    fn an_entry_is_small() {
        // With its tags (ten: 80 bytes) and its place in the order, a million stay near 200 bytes each.
        assert!(size_of::<Entry>() <= 64, "{}", size_of::<Entry>());
    }

    proptest! {
        #[test]
        fn the_sums_are_those_of_the_entries_whatever_happens(steps: Vec<(u8, u8)>) {
            let mut index = Index::new();
            for (step, number) in steps {
                let number = number % 16;
                match step % 7 {
                    0 | 1 => insert(&mut index, number),
                    2 => { index.take(&key(number)); }
                    3 => { evicted(&mut index); }
                    4 => { index.look_up(&key(number), 0); }
                    5 => index.found(key(number), 9000, Tags::default(), as_of(1, 1)),
                    _ => if let Some(entry) = index.take(&key(number)) {
                        index.put_back(key(number), entry);
                    }
                }
                prop_assert_eq!(index.bytes, index.entries.values().map(Entry::bytes).sum::<u64>());
                prop_assert!(index.order.len() <= 2 * index.entries.len() + 65 + 16);
                let scanned = index.scan(None, 3).into_iter().chain(index.scan(index.scan(None, 3).last().map(|c| c.key), 99));
                if index.len() > 0 {
                    prop_assert_eq!(scanned.count() as u64, index.len());
                }
            }
            let mut left = index.len();
            while evicted(&mut index).is_some() { left -= 1; }
            prop_assert_eq!((left, index.bytes()), (0, 0));
        }
    }
}
