//! What requests that change something have lately made of URLs and groups (RFC 9111 §4.4, RFC 9875 §3).
//!
//! It concerns this node's stored responses only and orders nothing: purges are the log's. What is stored is removed;
//! here is remembered what a fill that was under way at that moment must not store.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cache::Key;
use purge_protocol::{Tag, Tags};

/// How many are remembered. A fill that was under way for longer than all of them stores nothing.
const REMEMBERED: usize = 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalidated {
    /// The key of a URL, with all its representations.
    Url(Key),
    Group(Vec<Tag>),
}

/// A point in the order of invalidations on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(u64);

#[derive(Default)]
pub struct Invalidations {
    recent: Mutex<Recent>,
}

#[derive(Default)]
struct Recent {
    /// How many there have been.
    count: u64,
    last: VecDeque<Invalidated>,
}

impl Invalidations {
    /// A fill takes it before it asks.
    pub fn now(&self) -> Stamp {
        Stamp(self.lock().count)
    }

    /// To be called before what is stored is removed: then a fill either stores before that, or finds this.
    pub fn note(&self, invalidated: Invalidated) {
        let mut recent = self.lock();
        if recent.last.len() == REMEMBERED {
            recent.last.pop_front();
        }
        recent.last.push_back(invalidated);
        recent.count += 1;
    }

    /// Whether a response for this URL with these tags has been invalidated since.
    pub fn since(&self, stamp: Stamp, url: Key, tags: &Tags) -> bool {
        let recent = self.lock();
        let missed = usize::try_from(recent.count - stamp.0).unwrap_or(usize::MAX);
        if missed > recent.last.len() {
            return true;
        }
        recent.last.iter().rev().take(missed).any(|invalidated| match invalidated {
            Invalidated::Url(key) => *key == url,
            Invalidated::Group(group) => tags.contains_any(group),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(tags: &[u64]) -> Tags {
        Tags::new(tags.iter().copied().map(Tag).collect()).unwrap()
    }

    #[test]
    fn a_fill_hears_of_what_came_after_it_began() {
        let invalidations = Invalidations::default();
        let (cat, dog) = (Key::of("cat"), Key::of("dog"));
        let before = invalidations.now();
        assert!(!invalidations.since(before, cat, &tags(&[1])));
        invalidations.note(Invalidated::Url(cat));
        let between = invalidations.now();
        invalidations.note(Invalidated::Group(vec![Tag(7)]));
        for (stamp, url, tagged, expected) in [
            (before, cat, &[1][..], true),
            (before, dog, &[1], false),
            (before, dog, &[1, 7], true),
            (between, cat, &[1], false),
            (between, cat, &[7], true),
            (invalidations.now(), cat, &[7], false),
        ] {
            assert_eq!(invalidations.since(stamp, url, &tags(tagged)), expected, "{stamp:?} {tagged:?}");
        }
    }

    #[test]
    fn a_fill_that_slept_through_too_many_takes_itself_for_invalidated() {
        let invalidations = Invalidations::default();
        let (before, cat) = (invalidations.now(), Key::of("cat"));
        for _ in 0..REMEMBERED {
            invalidations.note(Invalidated::Url(Key::of("dog")));
        }
        assert!(!invalidations.since(before, cat, &tags(&[1])));
        invalidations.note(Invalidated::Url(Key::of("dog")));
        assert!(invalidations.since(before, cat, &tags(&[1])));
    }
}
