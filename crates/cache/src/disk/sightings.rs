//! Which keys were stored before: the doorkeeper of a disk tier that is full.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::key::Key;

/// Bounds the memory: 4 bytes each.
const PLACES_MAX: u64 = 1 << 20;

/// Remembers keys for a while, in bounded room: each has one place, and whoever comes later takes it. To forget costs
/// a write that comes one sight later; to mistake one key for another (one time in four thousand million) costs a
/// write too many.
pub(super) struct Sightings {
    places: Box<[AtomicU32]>,
}

impl Sightings {
    /// For about as many keys as the tier has room for.
    pub fn for_about(keys: u64) -> Self {
        let places = keys.clamp(1, PLACES_MAX).next_power_of_two();
        Self { places: (0..places).map(|_| AtomicU32::new(0)).collect() }
    }

    /// Whether it has been seen before; from now on it has.
    pub fn note(&self, key: &Key) -> bool {
        let [place, print] = [0, 8].map(|at| {
            let half = key.0[at..].first_chunk().copied().unwrap_or_default();
            u64::from_le_bytes(half)
        });
        // Zero is nobody's.
        let print = (print as u32).max(1);
        // The number of places is a power of two.
        let place = &self.places[place as usize & (self.places.len() - 1)];
        place.swap(print, Ordering::Relaxed) == print
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_sight_is_told_from_the_first() {
        let sightings = Sightings::for_about(1000);
        let keys: Vec<Key> = (0..100).map(|number| Key::of(&number.to_string())).collect();
        let seen = || keys.iter().filter(|key| sightings.note(key)).count();
        assert_eq!(seen(), 0);
        assert!(seen() > 80, "but for a few that share a place");
    }

    #[test]
    fn what_was_seen_long_ago_is_forgotten() {
        let sightings = Sightings::for_about(16);
        let cat = Key::of("cat");
        sightings.note(&cat);
        for number in 0..1000 {
            sightings.note(&Key::of(&number.to_string()));
        }
        assert!(!sightings.note(&cat));
    }
}
