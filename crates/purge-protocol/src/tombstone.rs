//! What answers in place of an erased original, until someone lifts it (invariant 10).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::tag::Subject;

/// Why there is nothing to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gone {
    /// 410: it was taken away (RFC 9110 §15.5.11).
    Removed,
    /// 451: somebody may not let it be seen, and this is why (RFC 7725).
    Forbidden { reason: String },
}

impl Gone {
    pub fn status(&self) -> u16 {
        match self {
            Gone::Removed => 410,
            Gone::Forbidden { .. } => 451,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    pub gone: Gone,
    /// The purge that set it.
    pub purge: String,
    /// Unix milliseconds at the authority; shown, never compared.
    pub at: u64,
}

/// Tombstones of a tenant: all, or those of the subjects that somebody is about to ask for. Part of the mutable
/// state: a purge announces each change to it, so that an answer made from it is stamped and fenced like any other.
///
/// Whoever is about to fetch an original, or to keep or serve what was made from it, reads them together with the
/// pointer to its version (in one transaction), and asks [`Tombstones::over`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tombstones(BTreeMap<String, Tombstone>);

impl Tombstones {
    /// Before the erasure's record is appended (invariant 2), or a fill that began after it could fetch the
    /// original once more.
    pub fn set(&mut self, subject: &Subject, tombstone: Tombstone) {
        self.0.insert(subject.to_string(), tombstone);
    }

    /// Gives back what was lifted; a purge of the subject must announce it.
    pub fn lift(&mut self, subject: &Subject) -> Option<Tombstone> {
        self.0.remove(&subject.to_string())
    }

    /// What keeps a response from being fetched, kept and served; `None`: nothing. It is on any of its
    /// subjects (its original, a folder above it, its source, or those of an original composited into it). A legal
    /// reason comes before a plain removal.
    pub fn over<'a>(&self, subjects: impl IntoIterator<Item = &'a Subject>) -> Option<&Tombstone> {
        let standing = subjects.into_iter().filter_map(|subject| self.0.get(&subject.to_string()));
        standing.max_by_key(|tombstone| tombstone.gone.status())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// As they were written down.
impl FromIterator<(Subject, Tombstone)> for Tombstones {
    fn from_iter<I: IntoIterator<Item = (Subject, Tombstone)>>(written: I) -> Self {
        Self(written.into_iter().map(|(subject, tombstone)| (subject.to_string(), tombstone)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tombstone(gone: Gone) -> Tombstone {
        Tombstone { gone, purge: "p1".to_owned(), at: 0 }
    }

    fn forbidden() -> Gone {
        Gone::Forbidden { reason: "court order 7".to_owned() }
    }

    #[test]
    fn a_tombstone_answers_for_all_below_it_until_it_is_lifted() {
        let mut tombstones = Tombstones::default();
        let folder = Subject::folder("shop", "cats");
        tombstones.set(&folder, tombstone(Gone::Removed));
        let status = |tombstones: &Tombstones, path| {
            tombstones.over(&Subject::of_original("shop", path)).map(|found| found.gone.status())
        };
        assert_eq!(status(&tombstones, "cats/tom.jpg"), Some(410));
        assert_eq!(status(&tombstones, "dogs/rex.jpg"), None);

        tombstones.set(&Subject::Original("shop/cats/tom.jpg".to_owned()), tombstone(forbidden()));
        assert_eq!(status(&tombstones, "cats/tom.jpg"), Some(451), "the law comes first");

        tombstones.lift(&folder);
        assert_eq!(status(&tombstones, "cats/kim.jpg"), None);
        assert_eq!(status(&tombstones, "cats/tom.jpg"), Some(451));
    }

    #[test]
    fn an_erased_watermark_takes_what_it_was_composited_into_with_it() {
        let mut tombstones = Tombstones::default();
        tombstones.set(&Subject::Original("shop/logo.png".to_owned()), tombstone(Gone::Removed));
        let mut subjects = Subject::of_original("shop", "cats/tom.jpg");
        subjects.extend(Subject::of_original("shop", "logo.png"));
        assert!(tombstones.over(&subjects).is_some());
    }
}
