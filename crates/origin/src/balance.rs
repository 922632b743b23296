//! In which order the members of a pool are asked. Pure.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// How a pool spreads its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// To whoever has the least to do for its weight: for servers that all hold the same.
    LeastOutstanding,
    /// The same key to the same member: for caches, each of which holds its share.
    ByKey,
}

/// What a member has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    pub weight: u32,
    /// Requests that it works on, and those that wait for a place.
    pub requests: usize,
    /// One more would be refused.
    pub is_full: bool,
}

/// A member as rendezvous hashing sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    seed: u64,
    weight: u32,
}

impl Place {
    /// `name` is the same on every node, and so is the place.
    pub fn new(name: &str, weight: u32) -> Self {
        Self { seed: hash(0, name.as_bytes()), weight: weight.max(1) }
    }

    /// The member with the lowest score has the key. Each score is as if drawn from an exponential distribution whose
    /// rate is the weight, so the lowest is a member's with the probability of its share of all weights. It depends
    /// on nothing but member and key: a member that goes leaves all others' scores as they were.
    fn score(&self, key: &str) -> f64 {
        const STEPS: f64 = (1_u64 << 53) as f64;
        let drawn = ((hash(self.seed, key.as_bytes()) >> 11) as f64 + 1.0) / STEPS;
        -drawn.ln() / f64::from(self.weight)
    }
}

/// Weighted rendezvous hashing: the members by their claim on `key`. Whoever stands second gets the key when the first
/// goes; no other key moves.
pub fn by_key(key: &str, places: &[Place]) -> Vec<usize> {
    let scores: Vec<f64> = places.iter().map(|place| place.score(key)).collect();
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|one, other| scores[*one].total_cmp(&scores[*other]));
    order
}

/// The members by what they have to do for their weight. Among equals `turn` decides, which grows by one a request.
pub fn by_load(loads: &[Load], turn: usize) -> Vec<usize> {
    let count = loads.len().max(1);
    let mut order: Vec<usize> = (0..loads.len()).map(|index| (turn + index) % count).collect();
    // Stable: equals stay as the turn has put them. One more request each, so that weights count among the idle too.
    order.sort_by(|one, other| {
        let [one, other] = [loads[*one], loads[*other]];
        let burden = |load: Load, weight: u32| (load.requests as u128 + 1) * u128::from(weight.max(1));
        one.is_full
            .cmp(&other.is_full)
            .then_with(|| burden(one, other.weight).cmp(&burden(other, one.weight)))
    });
    order
}

/// Not for secrets: whoever knows the members' names knows where a key goes, and may.
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(seed, 0);
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn places(weights: &[u32]) -> Vec<Place> {
        let place = |(n, weight): (usize, &u32)| Place::new(&format!("http://10.0.0.{n}:8080"), *weight);
        weights.iter().enumerate().map(place).collect()
    }

    fn idle(weight: u32) -> Load {
        Load { weight, requests: 0, is_full: false }
    }

    #[test]
    fn each_member_has_its_share_of_the_keys() {
        const KEYS: u32 = 20_000;
        for weights in [&[1, 1][..], &[1, 1, 1, 1, 1], &[1, 2, 5], &[10, 10, 1]] {
            let places = places(weights);
            let mut got = vec![0_u32; weights.len()];
            for key in 0..KEYS {
                got[by_key(&format!("/shop/{key}.jpg?w=300"), &places)[0]] += 1;
            }
            let all: u32 = weights.iter().sum();
            for (got, weight) in got.iter().zip(weights) {
                let share = f64::from(*got) / f64::from(KEYS);
                let due = f64::from(*weight) / f64::from(all);
                assert!((share - due).abs() < 0.015, "{weights:?}: {share} instead of {due}");
            }
        }
    }

    #[test]
    fn where_a_key_goes_is_the_same_in_every_process_and_release() {
        let firsts: Vec<usize> =
            (0..12).map(|key| by_key(&format!("/{key}.jpg"), &places(&[1, 1, 1]))[0]).collect();
        // A change of these moves every edge's keys to other shields: all of them become cold at once.
        assert_eq!(firsts, [0, 2, 2, 2, 1, 0, 0, 1, 2, 0, 0, 1]);
    }

    #[test]
    fn whoever_has_least_to_do_for_its_weight_comes_first() {
        let busy = |requests| Load { requests, ..idle(1) };
        assert_eq!(by_load(&[busy(3), busy(1), busy(2)], 0), [1, 2, 0]);
        assert_eq!(by_load(&[busy(3), Load { weight: 8, ..busy(7) }], 0), [1, 0]);
        assert_eq!(by_load(&[Load { is_full: true, ..busy(1) }, busy(9)], 0), [1, 0]);
    }

    #[test]
    fn equals_take_turns() {
        let firsts: Vec<usize> = (0..6).map(|turn| by_load(&[idle(1); 3], turn)[0]).collect();
        assert_eq!(firsts, [0, 1, 2, 0, 1, 2]);
        assert_eq!(by_load(&[], usize::MAX), [0; 0]);
    }

    proptest! {
        #[test]
        fn a_member_that_goes_moves_only_its_own_keys_and_each_to_the_second(
            weights in prop::collection::vec(1..=10_u32, 2..8),
            keys in prop::collection::vec("[a-z/]{1,12}", 1..50),
            gone: prop::sample::Index,
        ) {
            let all = places(&weights);
            let gone = gone.index(all.len());
            let mut left = all.clone();
            left.remove(gone);
            for key in keys {
                let before = by_key(&key, &all);
                let after: Vec<usize> =
                    by_key(&key, &left).into_iter().map(|n| if n < gone { n } else { n + 1 }).collect();
                let without: Vec<usize> = before.into_iter().filter(|n| *n != gone).collect();
                prop_assert_eq!(without, after);
            }
        }

        #[test]
        fn everybody_is_in_every_order_once(
            loads in prop::collection::vec((0..10_u32, 0..10_usize, any::<bool>()), 0..8),
            turn: usize,
        ) {
            let loads: Vec<Load> = loads
                .into_iter()
                .map(|(weight, requests, is_full)| Load { weight, requests, is_full })
                .collect();
            let mut order = by_load(&loads, turn % 1000);
            order.sort_unstable();
            prop_assert_eq!(order, (0..loads.len()).collect::<Vec<_>>());
        }
    }
}
