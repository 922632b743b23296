//! How often something is asked for, of late.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What was counted counts half after this time.
const HALF_LIFE_MS: u64 = 5 * 60_000;
/// Less than this says nothing about a minute.
const OBSERVED_AT_LEAST_MINUTES: f64 = 1.0;

const COUNT_BITS: u32 = 40;
const COUNT: u64 = (1 << COUNT_BITS) - 1;
/// One hit, with room behind the point for halves of it.
const ONE: u64 = 1 << 8;
/// Far from where it would run over, whatever many threads add at a time.
const FULL: u64 = COUNT / 2;

/// A count of hits that halves every five minutes, and the period in which it last did: one word, so that a hit costs one
/// addition. In a race at the change of a period a hit may be lost.
#[derive(Debug, Default)]
pub struct Heat(AtomicU64);

/// A moment, and what a count at it is worth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reckoning {
    period: u64,
    /// By how many minutes, those long ago weighing less, to divide.
    minutes: f64,
}

impl Reckoning {
    /// `observed`: for how long there has been anybody to count.
    pub fn at(now_ms: u64, observed: Duration) -> Self {
        let half_life = HALF_LIFE_MS as f64;
        let observed = observed.as_millis() as f64 / half_life;
        let begun = (now_ms % HALF_LIFE_MS) as f64 / half_life;
        let weight = if observed <= begun {
            observed
        } else {
            // The periods before the one that is under way count 1/2, 1/4 …, the first of them in part.
            let before = observed - begun;
            let part = before.fract() * 0.5_f64.powf(before.floor() + 1.0);
            begun + 1.0 - 0.5_f64.powf(before.floor()) + part
        };
        let minutes = (weight * half_life / 60_000.0).max(OBSERVED_AT_LEAST_MINUTES);
        Self { period: period_of(now_ms), minutes }
    }
}

impl Heat {
    /// One hit more. `now_ms`: Unix milliseconds.
    pub fn note(&self, now_ms: u64) {
        let held = self.0.load(Ordering::Relaxed);
        let period = period_of(now_ms);
        // A clock that goes back counts in the period in which it was.
        if held >> COUNT_BITS >= period {
            if held & COUNT < FULL {
                self.0.fetch_add(ONE, Ordering::Relaxed);
            }
            return;
        }
        let halved = period << COUNT_BITS | (count_in(held, period) + ONE);
        let _other_was_quicker = self.0.compare_exchange(held, halved, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(crate) fn per_minute(&self, reckoning: &Reckoning) -> f64 {
        let count = count_in(self.0.load(Ordering::Relaxed), reckoning.period);
        count as f64 / ONE as f64 / reckoning.minutes
    }

    /// What takes the place of something is asked for as often.
    pub(crate) fn take_over(&self, before: &Heat) {
        self.0.store(before.0.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

fn period_of(now_ms: u64) -> u64 {
    now_ms / HALF_LIFE_MS
}

fn count_in(held: u64, period: u64) -> u64 {
    let passed = period.saturating_sub(held >> COUNT_BITS);
    (held & COUNT).checked_shr(u32::try_from(passed).unwrap_or(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: u64 = 1_800_000_000_000;
    const HOUR: Duration = Duration::from_secs(3600);

    /// Hits at an even pace, up to `now_ms`.
    fn asked_for(per_minute: u64, since_ms: u64, now_ms: u64) -> Heat {
        let heat = Heat::default();
        (since_ms..now_ms).step_by((60_000 / per_minute) as usize).for_each(|at| heat.note(at));
        heat
    }

    #[test]
    fn what_is_asked_for_evenly_is_reckoned_so_at_every_moment() {
        for per_minute in [1, 60, 600] {
            for after_ms in [60_000, 299_000, 301_000, 450_000, 900_000, 3_600_000] {
                let now = START + 17_000 + after_ms;
                let heat = asked_for(per_minute, START + 17_000, now);
                let seen = heat.per_minute(&Reckoning::at(now, Duration::from_millis(after_ms)));
                let exact = per_minute as f64;
                assert!((seen - exact).abs() <= exact * 0.35, "{per_minute} after {after_ms} ms: {seen}");
            }
        }
    }

    #[test]
    fn what_nobody_asks_for_any_more_cools_down_to_nothing() {
        let now = START + 3_600_000;
        let heat = asked_for(60, START, now);
        let rate = |later_ms: u64| heat.per_minute(&Reckoning::at(now + later_ms, HOUR));
        assert!(rate(0) > 50.0 && rate(300_000) < 35.0 && rate(600_000) < 18.0, "{}", rate(300_000));
        assert_eq!(rate(3_600_000 * 24), 0.0);
    }

    #[test]
    fn a_moment_of_counting_is_not_blown_up() {
        let heat = asked_for(600, START, START + 1000);
        assert_eq!(heat.per_minute(&Reckoning::at(START + 1000, Duration::from_secs(1))), 10.0);
    }

    #[test]
    fn a_full_count_stays_and_a_clock_may_go_back() {
        let heat = Heat(AtomicU64::new(period_of(START) << COUNT_BITS | (COUNT - 1)));
        heat.note(START);
        heat.note(START - HALF_LIFE_MS);
        assert_eq!(heat.0.load(Ordering::Relaxed) >> COUNT_BITS, period_of(START));
    }

    proptest! {
        #[test]
        fn no_moment_makes_a_rate_that_is_no_number(
            held: u64, now_ms in 0..u64::MAX, observed_ms in 0u64..1 << 50
        ) {
            let heat = Heat(AtomicU64::new(held));
            let rate = heat.per_minute(&Reckoning::at(now_ms, Duration::from_millis(observed_ms)));
            prop_assert!(rate.is_finite() && rate >= 0.0);
            heat.note(now_ms);
        }
    }
}
