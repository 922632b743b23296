//! Moments and spans as people read them.

use std::fmt;

use api::civil;

const SECOND: u64 = 1000;
const DAY: u64 = 86_400 * SECOND;

/// Unix milliseconds as a date and time in UTC.
pub struct Moment(pub u64);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0 / DAY);
        let seconds = self.0 % DAY / SECOND;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

/// Milliseconds as a length of time, to two or three digits.
pub struct Span(pub u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0;
        match millis / SECOND {
            0 => write!(f, "{millis} ms"),
            1..=59 => write!(f, "{}.{} s", millis / SECOND, millis % SECOND / 100),
            seconds @ 60..=3599 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            seconds @ 3600..=86_399 => write!(f, "{} h {} min", seconds / 3600, seconds / 60 % 60),
            seconds => write!(f, "{} d {} h", seconds / 86_400, seconds / 3600 % 24),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates_also_in_leap_years_and_far_away() {
        for (seconds, wanted) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_767_225_599, "2025-12-31 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(Moment(seconds * 1000 + 999).to_string(), wanted);
        }
        assert!(Moment(u64::MAX).to_string().ends_with("UTC"));
    }

    #[test]
    fn spans_are_as_exact_as_one_wants_them() {
        for (millis, wanted) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1000, "1.0 s"),
            (59_999, "59.9 s"),
            (60_000, "1 min 0 s"),
            (3_600_000, "1 h 0 min"),
            (90_061_000, "1 d 1 h"),
        ] {
            assert_eq!(Span(millis).to_string(), wanted);
        }
    }
}
