//! What lies on the disk, in the order of use: which blob has to go when room is needed.

use std::collections::{BTreeMap, HashMap};

use crate::digest::Digest;
use crate::kind::Kind;

/// Holds the sum of all blobs at or below a bound, by naming those to remove.
#[derive(Debug)]
pub(crate) struct Ledger {
    max_bytes: u64,
    originals: Shelf,
    derivatives: Shelf,
    /// Counts uses; a later use has a higher number.
    uses: u64,
}

#[derive(Debug, Default)]
struct Shelf {
    entries: HashMap<Digest, Entry>,
    by_use: BTreeMap<u64, Digest>,
    bytes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    bytes: u64,
    used: u64,
}

impl Ledger {
    pub(crate) fn new(max_bytes: u64) -> Self {
        Self { max_bytes, originals: Shelf::default(), derivatives: Shelf::default(), uses: 0 }
    }

    pub(crate) fn bytes(&self, kind: Kind) -> u64 {
        self.shelf(kind).bytes
    }

    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.shelf(kind).entries.len()
    }

    pub(crate) fn len_of(&self, kind: Kind, digest: &Digest) -> Option<u64> {
        self.shelf(kind).entries.get(digest).map(|entry| entry.bytes)
    }

    /// Notes that a blob is there now, and that it was used.
    pub(crate) fn insert(&mut self, kind: Kind, digest: Digest, bytes: u64) {
        self.remove(kind, &digest);
        let used = self.next_use();
        let shelf = self.shelf_mut(kind);
        shelf.bytes += bytes;
        shelf.by_use.insert(used, digest);
        shelf.entries.insert(digest, Entry { bytes, used });
    }

    pub(crate) fn touch(&mut self, kind: Kind, digest: &Digest) {
        let used = self.next_use();
        let shelf = self.shelf_mut(kind);
        if let Some(entry) = shelf.entries.get_mut(digest) {
            shelf.by_use.remove(&entry.used);
            shelf.by_use.insert(used, *digest);
            entry.used = used;
        }
    }

    pub(crate) fn remove(&mut self, kind: Kind, digest: &Digest) {
        let shelf = self.shelf_mut(kind);
        if let Some(entry) = shelf.entries.remove(digest) {
            shelf.by_use.remove(&entry.used);
            shelf.bytes -= entry.bytes;
        }
    }

    /// The next blob to remove while the bound is exceeded: of the kind that holds more than half of the room, the least
    /// recently used. Without a share of its own for each kind, originals, which are large, would in time leave no
    /// room for derivatives, or a flood of sizes none for originals.
    pub(crate) fn surplus(&self) -> Option<(Kind, Digest)> {
        if self.originals.bytes.saturating_add(self.derivatives.bytes) <= self.max_bytes {
            return None;
        }
        let kind = if self.derivatives.bytes > self.share() { Kind::Derivative } else { Kind::Original };
        self.shelf(kind).by_use.values().next().map(|digest| (kind, *digest))
    }

    /// What each kind may hold whatever the other does. No blob is larger, so that a new one never has to go itself.
    pub(crate) fn share(&self) -> u64 {
        self.max_bytes / 2
    }

    fn next_use(&mut self) -> u64 {
        self.uses += 1;
        self.uses
    }

    fn shelf(&self, kind: Kind) -> &Shelf {
        match kind {
            Kind::Original => &self.originals,
            Kind::Derivative => &self.derivatives,
        }
    }

    fn shelf_mut(&mut self, kind: Kind) -> &mut Shelf {
        match kind {
            Kind::Original => &mut self.originals,
            Kind::Derivative => &mut self.derivatives,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digest(n: u8) -> Digest {
        Digest::from_bytes([n; 32])
    }

    fn settle(ledger: &mut Ledger) -> Vec<(Kind, Digest)> {
        let mut removed = Vec::new();
        while let Some((kind, digest)) = ledger.surplus() {
            ledger.remove(kind, &digest);
            removed.push((kind, digest));
        }
        removed
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut ledger = Ledger::new(100);
        for n in 1..=4 {
            ledger.insert(Kind::Derivative, digest(n), 25);
        }
        ledger.touch(Kind::Derivative, &digest(1));
        ledger.insert(Kind::Derivative, digest(5), 30);
        assert_eq!(settle(&mut ledger), [(Kind::Derivative, digest(2)), (Kind::Derivative, digest(3))]);
    }

    #[test]
    fn neither_kind_can_push_the_other_below_half() {
        let mut ledger = Ledger::new(100);
        ledger.insert(Kind::Original, digest(1), 40);
        for n in 2..=50 {
            ledger.insert(Kind::Derivative, digest(n), 10);
            settle(&mut ledger);
        }
        assert_eq!((ledger.bytes(Kind::Original), ledger.bytes(Kind::Derivative)), (40, 60));
        for n in 51..=100 {
            ledger.insert(Kind::Original, digest(n), 40);
            settle(&mut ledger);
        }
        assert_eq!((ledger.bytes(Kind::Original), ledger.bytes(Kind::Derivative)), (40, 50));
    }

    proptest! {
        #[test]
        fn the_bound_holds_and_the_newest_stays(
            puts in prop::collection::vec((any::<bool>(), any::<u8>(), 0_u64..=50), 1..200),
        ) {
            let mut ledger = Ledger::new(100);
            for (original, n, bytes) in puts {
                let kind = if original { Kind::Original } else { Kind::Derivative };
                ledger.insert(kind, digest(n), bytes);
                settle(&mut ledger);
                prop_assert!(ledger.bytes(Kind::Original) + ledger.bytes(Kind::Derivative) <= 100);
                prop_assert_eq!(ledger.len_of(kind, &digest(n)), Some(bytes));
                for shelf in [&ledger.originals, &ledger.derivatives] {
                    prop_assert_eq!(shelf.bytes, shelf.entries.values().map(|entry| entry.bytes).sum::<u64>());
                    prop_assert_eq!(shelf.entries.len(), shelf.by_use.len());
                }
            }
        }
    }
}
