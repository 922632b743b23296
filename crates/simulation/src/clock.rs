//! A machine's clock: it never steps back, and does not run exactly like any other.

use purge_protocol::Moment;

use crate::agenda::Time;

#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// What it showed when the run began.
    pub offset: u64,
    /// How many of its microseconds pass in a second of true time.
    pub rate: u64,
    /// Time it did not count, because the machine was suspended: zero on `CLOCK_BOOTTIME`.
    pub slept: u64,
}

impl Clock {
    pub fn new(offset: u64, rate: u64) -> Self {
        Self { offset, rate, slept: 0 }
    }

    pub fn read(&self, now: Time) -> Moment {
        Moment(self.offset + now.saturating_sub(self.slept) * self.rate / 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_differ_in_offset_and_rate() {
        assert_eq!(Clock::new(100, 1_000_000).read(5000), Moment(5100));
        assert_eq!(Clock::new(0, 1_010_000).read(1000), Moment(1010));
    }
}
