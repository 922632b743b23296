//! What is stored of some tags: counted while serving goes on, and in bounded time.

use std::time::{Duration, Instant};

use purge_protocol::{AsOf, Tags};

use crate::heat::Reckoning;

/// Responses that are looked at before others may go on.
pub(crate) const STEP: usize = 256;

/// What is to be counted.
#[derive(Debug, Clone, Copy)]
pub struct Counting<'a> {
    /// Responses that carry one of them.
    pub tags: &'a Tags,
    /// How many of the hottest are to be named: of those in memory whose key text begins with `hottest_among`.
    pub hottest: usize,
    pub hottest_among: &'a str,
    /// Unix milliseconds.
    pub now_ms: u64,
    /// For each tier. What was not looked at by then is reckoned from what was.
    pub patience: Duration,
}

/// What was found in one tier.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    pub responses: u64,
    pub bytes: u64,
    pub hits_per_minute: f64,
    /// How many responses, of whatever tags, were looked at, and how many there are.
    pub looked_at: u64,
    pub of: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Hot {
    pub key_text: String,
    pub hits_per_minute: f64,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counted {
    pub memory: Tally,
    pub disk: Tally,
    /// The hottest first.
    pub hottest: Vec<Hot>,
}

impl Tally {
    pub(crate) fn add(&mut self, bytes: u64, hits_per_minute: f64) {
        self.responses += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        self.hits_per_minute += hits_per_minute;
    }

    /// Places in both tiers go by hashes of keys, so that any part of one is as good a sample as another.
    pub(crate) fn of_all(mut self, of: u64) -> Self {
        self.of = of.max(self.looked_at);
        if self.looked_at > 0 && self.looked_at < self.of {
            let times = self.of as f64 / self.looked_at as f64;
            self.responses = (self.responses as f64 * times).round() as u64;
            self.bytes = (self.bytes as f64 * times).round() as u64;
            self.hits_per_minute *= times;
        }
        self
    }
}

/// A count under way, in both tiers.
pub(crate) struct Count<'a, U> {
    pub counting: &'a Counting<'a>,
    pub usable: U,
    pub reckoning: Reckoning,
    pub hottest: Vec<Hot>,
}

impl<U: Fn(&Tags, AsOf) -> bool> Count<'_, U> {
    /// Whether a response of these tags and this stamp counts.
    pub fn concerns(&self, tags: &Tags, as_of: AsOf) -> bool {
        tags.meet(self.counting.tags) && (self.usable)(tags, as_of)
    }

    pub fn until(&self) -> Instant {
        Instant::now() + self.counting.patience
    }

    pub fn note_hot(&mut self, key_text: &str, hits_per_minute: f64) {
        let most = self.counting.hottest;
        let coldest = self.hottest.last().map_or(0.0, |hot| hot.hits_per_minute);
        let is_full = self.hottest.len() >= most;
        if hits_per_minute <= 0.0 || (is_full && hits_per_minute <= coldest) {
            return;
        }
        if !key_text.starts_with(self.counting.hottest_among) {
            return;
        }
        let place = self.hottest.partition_point(|hot| hot.hits_per_minute >= hits_per_minute);
        self.hottest.insert(place, Hot { key_text: key_text.to_owned(), hits_per_minute });
        self.hottest.truncate(most);
    }
}
