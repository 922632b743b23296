//! How many purges a tenant may ask for in a while.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What is counted for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Any purge.
    Any,
    /// One of a whole source, a whole host, or everything.
    Wholesale,
    Erase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub count: u32,
    pub per: Duration,
}

/// Of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    pub any: Rate,
    pub wholesale: Rate,
    pub erase: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(3600));
        Self {
            any: Rate { count: 600, per: minute },
            wholesale: Rate { count: 10, per: hour },
            erase: Rate { count: 60, per: hour },
        }
    }
}

/// How it stands after one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub limit: u32,
    pub remaining: u32,
    /// Until all of them may be used again.
    pub resets_in: Duration,
}

/// What was asked for lately. Kept in memory: a restart forgives.
#[derive(Debug)]
pub struct Meter<Who> {
    windows: Mutex<HashMap<Who, Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    ends: Instant,
    used: u32,
}

/// Past these, windows that are over are thrown out; while all of them are open, whoever is new has to wait.
const WINDOWS_MAX: usize = 100_000;

impl<Who> Default for Meter<Who> {
    fn default() -> Self {
        Self { windows: Mutex::default() }
    }
}

impl<Who: Hash + Eq> Meter<Who> {
    /// Counts one more; `Err` where that would be too many, and then nothing is counted.
    pub fn count(&self, who: Who, rate: Rate, now: Instant) -> Result<Standing, Standing> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= WINDOWS_MAX {
            windows.retain(|_, window| window.ends > now);
            if windows.len() >= WINDOWS_MAX && !windows.contains_key(&who) {
                return Err(Standing { limit: rate.count, remaining: 0, resets_in: rate.per });
            }
        }
        let window = windows.entry(who).or_insert(Window { ends: now + rate.per, used: 0 });
        if window.ends <= now {
            *window = Window { ends: now + rate.per, used: 0 };
        }
        let resets_in = window.ends.saturating_duration_since(now);
        if window.used >= rate.count {
            return Err(Standing { limit: rate.count, remaining: 0, resets_in });
        }
        window.used += 1;
        Ok(Standing { limit: rate.count, remaining: rate.count - window.used, resets_in })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_in_a_while_and_again_in_the_next() {
        let meter = Meter::default();
        let rate = Rate { count: 2, per: Duration::from_secs(60) };
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let standing =
            |remaining, seconds| Standing { limit: 2, remaining, resets_in: Duration::from_secs(seconds) };
        assert_eq!(meter.count("a", rate, at(0)), Ok(standing(1, 60)));
        assert_eq!(meter.count("a", rate, at(10)), Ok(standing(0, 50)));
        assert_eq!(meter.count("a", rate, at(59)), Err(standing(0, 1)));
        assert_eq!(meter.count("b", rate, at(59)), Ok(standing(1, 60)), "each for itself");
        assert_eq!(meter.count("a", rate, at(60)), Ok(standing(1, 60)));
    }
}
