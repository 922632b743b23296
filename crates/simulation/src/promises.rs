//! The promise about reads: what one that begins now must show, by the purges that were done before it began.
//!
//! The simulation and the torture run judge by this same rule. It knows nothing of nodes, tags or time: whoever calls
//! it says when a purge was done and when a read began, by calling it then.

use std::collections::BTreeMap;

use purge_protocol::Mode;

/// What a read shows, in versions that only rise.
pub trait Versions: Copy + Default {
    /// Whether nothing in it is older than in `other`.
    fn has_reached(self, other: Self) -> bool;

    #[must_use]
    fn newest(self, other: Self) -> Self;
}

/// For each URL, what the purges that are done have promised of it.
#[derive(Debug, Clone)]
pub struct Promises<U, V> {
    required: BTreeMap<U, Required<V>>,
}

/// What a read must show at least; to be asked for when the read begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Required<V> {
    /// In any case.
    pub hard: V,
    /// Unless the answer says that it is stale.
    pub soft: V,
}

/// How an answer broke the promise, with what it should have shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach<V> {
    Hard(V),
    Soft(V),
}

impl<U: Ord, V: Versions> Promises<U, V> {
    /// A purge was reported done: this is what it announced of each URL that it covers. An erasure is announced as a
    /// version too, the one that shows that there is nothing.
    pub fn done(&mut self, mode: Mode, announced: impl IntoIterator<Item = (U, V)>) {
        for (url, versions) in announced {
            let required = self.required.entry(url).or_default();
            let required = match mode {
                Mode::Soft => &mut required.soft,
                Mode::Hard | Mode::Erase => &mut required.hard,
            };
            *required = required.newest(versions);
        }
    }

    /// What a read of `url` must show that begins now.
    pub fn required(&self, url: &U) -> Required<V> {
        self.required.get(url).copied().unwrap_or_default()
    }
}

impl<U: Ord, V: Versions> Default for Promises<U, V> {
    fn default() -> Self {
        Self { required: BTreeMap::new() }
    }
}

impl<V: Versions> Required<V> {
    /// Judges the answer to a read that began when this was asked for.
    pub fn breach(&self, shown: V, says_stale: bool) -> Option<Breach<V>> {
        if !shown.has_reached(self.hard) {
            Some(Breach::Hard(self.hard))
        } else if !says_stale && !shown.has_reached(self.soft) {
            Some(Breach::Soft(self.soft))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Versions for u32 {
        fn has_reached(self, other: Self) -> bool {
            self >= other
        }

        fn newest(self, other: Self) -> Self {
            self.max(other)
        }
    }

    #[test]
    fn what_an_answer_may_show_depends_on_what_was_done_before_its_read_began() {
        for (done, shown, says_stale, breach) in [
            (&[][..], 0, false, None),
            (&[(Mode::Hard, 3)], 3, false, None),
            (&[(Mode::Hard, 3)], 4, false, None),
            (&[(Mode::Hard, 3)], 2, false, Some(Breach::Hard(3))),
            (&[(Mode::Hard, 3)], 2, true, Some(Breach::Hard(3))),
            (&[(Mode::Erase, 3)], 2, true, Some(Breach::Hard(3))),
            (&[(Mode::Soft, 3)], 2, false, Some(Breach::Soft(3))),
            (&[(Mode::Soft, 3)], 2, true, None),
            (&[(Mode::Soft, 3), (Mode::Hard, 2)], 1, true, Some(Breach::Hard(2))),
            (&[(Mode::Soft, 3), (Mode::Hard, 2)], 2, true, None),
            (&[(Mode::Hard, 3), (Mode::Hard, 2)], 2, false, Some(Breach::Hard(3))),
        ] {
            let mut promises = Promises::<&str, u32>::default();
            for (mode, version) in done {
                promises.done(*mode, [("/cat", *version)]);
            }
            assert_eq!(promises.required(&"/cat").breach(shown, says_stale), breach, "{done:?} {shown}");
            assert_eq!(promises.required(&"/dog").breach(0, false), None, "nobody purged that");
        }
    }

    #[test]
    fn a_read_that_began_before_done_is_held_to_what_was_promised_then() {
        let mut promises = Promises::<&str, u32>::default();
        let began_before = promises.required(&"/cat");
        promises.done(Mode::Hard, [("/cat", 2)]);
        assert_eq!(began_before.breach(1, false), None);
        assert_eq!(promises.required(&"/cat").breach(1, false), Some(Breach::Hard(2)));
    }
}
