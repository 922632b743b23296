//! Which URLs have lately answered with what may not be shared.
//!
//! Requests for such a URL that wait for each other's fill wait in vain. Noted only when one has, so that a URL that is
//! asked for by one client at a time is tried again each time.

use std::time::Duration;

use cache::Key;
use quick_cache::sync::Cache;

const REMEMBERED: usize = 1 << 16;
/// For how long everyone asks alone; after that one request tries again what sharing brings.
const MILLIS: u64 = Duration::from_secs(10).as_millis() as u64;

pub struct Unshareable {
    until: Cache<Key, u64>,
}

impl Default for Unshareable {
    fn default() -> Self {
        Self { until: Cache::new(REMEMBERED) }
    }
}

impl Unshareable {
    pub fn note(&self, key: Key, now_millis: u64) {
        self.until.insert(key, now_millis.saturating_add(MILLIS));
    }

    pub fn contains(&self, key: &Key, now_millis: u64) -> bool {
        self.until.get(key).is_some_and(|until| now_millis < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_forgotten_after_a_while() {
        let unshareable = Unshareable::default();
        let (noted, other) = (Key::of("noted"), Key::of("other"));
        unshareable.note(noted, 1_000);
        for (key, now, expected) in
            [(noted, 1_000, true), (noted, 10_999, true), (noted, 11_000, false), (other, 1_000, false)]
        {
            assert_eq!(unshareable.contains(&key, now), expected, "at {now}");
        }
    }
}
