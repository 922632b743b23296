//! How many purges may wait: of all together, and of each who asks, so that nobody fills the queue for the others.

use std::collections::HashMap;
use std::time::Duration;

use catalog::{Catalog, CatalogError};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// What is asked beyond these is refused, so that nothing accepted is ever lost.
const ALL_MAX: u64 = 1_000_000;
const EACH_MAX: u64 = 100_000;
/// A long queue is not counted for each that joins it: in between, those that end are not noticed.
const COUNT_AGAIN: Duration = Duration::from_secs(60);
const COUNT_AGAIN_IF_FULL: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(crate) struct Room {
    counted: Mutex<Option<Counted>>,
}

struct Counted {
    at: Instant,
    open: HashMap<String, u64>,
    all: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{limit} purges {} are waiting already; try again when some have ended", if *.is_own { "of yours" } else { "of all" })]
pub struct Full {
    pub limit: u64,
    pub is_own: bool,
}

impl Room {
    /// Counts one more, unless there is no room for it.
    pub(crate) async fn take(
        &self,
        catalog: &Catalog,
        whose: &str,
    ) -> Result<Result<(), Full>, CatalogError> {
        let mut held = self.counted.lock().await;
        let now = Instant::now();
        let mut counted = match held.take() {
            Some(counted) if now < counted.at + COUNT_AGAIN => counted,
            _ => Counted::of(catalog.open_purges().await?, now),
        };
        let mut taken = counted.take(whose);
        if taken.is_err() && now >= counted.at + COUNT_AGAIN_IF_FULL {
            counted = Counted::of(catalog.open_purges().await?, now);
            taken = counted.take(whose);
        }
        *held = Some(counted);
        Ok(taken)
    }
}

impl Counted {
    fn of(open: Vec<(String, u64)>, at: Instant) -> Self {
        let mut counted = Self { at, open: HashMap::new(), all: 0 };
        for (whose, some) in open {
            counted.all += some;
            *counted.open.entry(whose).or_default() += some;
        }
        counted
    }

    fn take(&mut self, whose: &str) -> Result<(), Full> {
        let own = self.open.entry(whose.to_owned()).or_default();
        for (open, limit, is_own) in [(*own, EACH_MAX, true), (self.all, ALL_MAX, false)] {
            if open >= limit {
                return Err(Full { limit, is_own });
            }
        }
        *own += 1;
        self.all += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_filled_their_part_of_the_queue_leaves_room_for_others() {
        let open = vec![("few".to_owned(), 7), ("many".to_owned(), EACH_MAX - 1), ("many".to_owned(), 0)];
        let mut counted = Counted::of(open, Instant::now());
        assert_eq!(counted.take("many"), Ok(()));
        let full = counted.take("many").unwrap_err();
        assert_eq!(full, Full { limit: EACH_MAX, is_own: true });
        assert!(full.to_string().starts_with("100000 purges of yours are waiting"), "{full}");
        assert_eq!(counted.take("few"), Ok(()));
        counted.all = ALL_MAX;
        assert_eq!(counted.take("few"), Err(Full { limit: ALL_MAX, is_own: false }));
    }

    #[tokio::test]
    async fn what_has_joined_counts_and_what_has_ended_is_noticed_when_there_seems_to_be_no_room() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&folder.path().join("catalog.sqlite")).await.unwrap();
        let room = Room::default();
        for _ in 0..3 {
            assert_eq!(room.take(&catalog, "a").await.unwrap(), Ok(()));
        }
        let mut held = room.counted.lock().await;
        let counted = held.as_mut().unwrap();
        assert_eq!((counted.all, counted.open["a"]), (3, 3));
        // As if most had ended since.
        counted.all = ALL_MAX;
        drop(held);
        assert!(room.take(&catalog, "a").await.unwrap().is_err(), "it has just been counted");
        room.counted.lock().await.as_mut().unwrap().at -= COUNT_AGAIN_IF_FULL;
        assert_eq!(room.take(&catalog, "a").await.unwrap(), Ok(()));
    }
}
