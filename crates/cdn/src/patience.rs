//! When to try again, and when to begin: pure; the clock and the dice are arguments.

use std::time::Duration;

use crate::capabilities::Rate;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

/// How long to wait after the `attempt`-th failure (from 1): twice as long each time, and of that between a half and
/// the whole, by `chance` from 0 to 1, so that those who failed together do not come back together.
pub fn back_off(attempt: u32, chance: f64) -> Duration {
    let doubled = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(LONGEST);
    doubled.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
}

/// A bucket of calls that may begin.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    rate: Rate,
    /// When the bucket will be full again, in milliseconds of any clock that goes on.
    full_at: u64,
}

impl Bucket {
    pub fn new(rate: Rate) -> Self {
        Self { rate, full_at: 0 }
    }

    /// Takes one out; how long to wait if there is none.
    pub fn take(&mut self, now_ms: u64) -> Result<(), Duration> {
        let every = u64::try_from(self.rate.every.as_millis()).unwrap_or(u64::MAX);
        let room = every.saturating_mul(u64::from(self.rate.burst));
        let full_at = self.full_at.max(now_ms).saturating_add(every);
        let too_early = (full_at - now_ms).saturating_sub(room);
        if too_early > 0 {
            return Err(Duration::from_millis(too_early));
        }
        self.full_at = full_at;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_failure_waits_twice_as_long_up_to_a_bound() {
        let seconds: Vec<f64> = (1..=11).map(|attempt| back_off(attempt, 1.0).as_secs_f64()).collect();
        assert_eq!(seconds, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0, 300.0]);
        assert_eq!(back_off(3, 0.0), Duration::from_secs(2));
        assert_eq!(back_off(0, 1.0), back_off(1, 1.0));
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_one_at_a_time() {
        let mut bucket = Bucket::new(Rate { burst: 3, every: Duration::from_secs(12) });
        for _ in 0..3 {
            assert_eq!(bucket.take(1000), Ok(()));
        }
        assert_eq!(bucket.take(1000), Err(Duration::from_secs(12)));
        assert_eq!(bucket.take(12_999), Err(Duration::from_millis(1)));
        assert_eq!(bucket.take(13_000), Ok(()));
        assert_eq!(bucket.take(13_000), Err(Duration::from_secs(12)));
        assert_eq!(bucket.take(1_000_000), Ok(()), "it has filled up meanwhile");
    }

    proptest! {
        #[test]
        fn no_hour_sees_more_than_burst_and_refill(steps in prop::collection::vec(0u64..5000, 1..400)) {
            let rate = Rate { burst: 5, every: Duration::from_millis(700) };
            let (mut bucket, mut now, mut taken) = (Bucket::new(rate), 0u64, 0u64);
            for step in steps {
                now += step;
                taken += u64::from(bucket.take(now).is_ok());
                prop_assert!(taken <= 5 + now / 700);
            }
        }

        #[test]
        fn any_attempt_waits_a_bounded_time(attempt: u32, chance: f64) {
            let wait = back_off(attempt, if chance.is_nan() { 0.5 } else { chance });
            prop_assert!(wait <= LONGEST && wait >= FIRST / 2);
        }
    }
}
