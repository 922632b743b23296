//! When to ask for a certificate.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Authorities count failed validations by the hour, five for instance: this many fit.
const PAUSE_MIN: Duration = Duration::from_secs(5 * 60);
const PAUSE_MAX: Duration = Duration::from_secs(6 * 3600);

/// How long a certificate is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub not_before: SystemTime,
    pub not_after: SystemTime,
}

/// Attempts that failed, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failures {
    pub count: u32,
    pub last: SystemTime,
}

/// At once without a certificate, else when a third of its time is left: for one of 90 days, a month before its end.
pub(crate) fn due(validity: Option<Validity>, failures: Option<Failures>) -> SystemTime {
    let due = validity.map_or(UNIX_EPOCH, |Validity { not_before, not_after }| {
        let lifetime = not_after.duration_since(not_before).unwrap_or_default();
        not_before + lifetime * 2 / 3
    });
    match failures {
        Some(Failures { count, last }) => due.max(last + pause(count)),
        None => due,
    }
}

/// Twice as long after each failure.
fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (PAUSE_MIN * (1 << doublings)).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_in_good_time_and_failures_make_patient() {
        const DAY: u64 = 86_400;
        let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(seconds);
        let validity = |from, to| Some(Validity { not_before: at(from), not_after: at(to) });
        let failures = |count, last| Some(Failures { count, last: at(last) });
        for (validity, failures, expected) in [
            (None, None, 0),
            (validity(10 * DAY, 100 * DAY), None, 70 * DAY),
            (validity(0, 6 * DAY), None, 4 * DAY),
            // A file that makes no sense is replaced.
            (validity(10, 5), None, 10),
            (None, failures(1, 1000), 1000 + 300),
            (None, failures(2, 1000), 1000 + 600),
            (None, failures(4, 1000), 1000 + 2400),
            (None, failures(8, 1000), 1000 + 6 * 3600),
            (None, failures(u32::MAX, 1000), 1000 + 6 * 3600),
            (validity(0, 6 * DAY), failures(1, 4 * DAY), 4 * DAY + 300),
            (validity(0, 6 * DAY), failures(1, 1000), 4 * DAY),
        ] {
            assert_eq!(due(validity, failures), at(expected), "{validity:?} {failures:?}");
        }
    }
}
