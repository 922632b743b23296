//! The clock that leases are measured on.

use std::time::{SystemTime, UNIX_EPOCH};

use purge_protocol::Moment;
use rustix::time::{ClockId, clock_gettime};

/// Now, on `CLOCK_BOOTTIME`: it never steps back, and unlike `Instant`'s clock it counts suspended time, so that a
/// machine that slept through its lease knows it.
pub fn now() -> Moment {
    let time = clock_gettime(ClockId::Boottime);
    let millis = time.tv_sec.unsigned_abs() * 1000 + time.tv_nsec.unsigned_abs() / 1_000_000;
    Moment(millis)
}

/// Unix milliseconds, to be shown and never compared.
pub fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
