//! `[purge]`: how patiently a purge is carried out and looked after.

use std::time::Duration;

use super::section::Section;
use super::writer::Writer;

const DAY: Duration = Duration::from_secs(86_400);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purge {
    /// How often the verifier looks before a CDN is told again, or old bytes count as an error.
    pub verify_looks: u32,
    /// Between two looks.
    pub verify_interval: Duration,
    /// How often a CDN that goes on showing old bytes is told in all.
    pub verify_rounds: u32,
    /// Of a folder or a source, how many URLs are looked at.
    pub verify_sample: u32,
    /// How often an original is asked for at its source before the purge goes on without it.
    pub origin_attempts: u32,
    /// Between two attempts.
    pub origin_interval: Duration,
    /// What a purge that warms spends on that, at most, before it goes on.
    pub warm_time: Duration,
    /// Of the purge log so many records are kept, and each for so long: for nodes that come back.
    pub log_records: u32,
    pub log_retention: Duration,
    /// How long a purge that has ended is shown.
    pub history_retention: Duration,
}

impl Purge {
    pub(super) fn read(section: &mut Section) -> Self {
        let seconds = Duration::from_secs;
        let interval = Duration::from_millis(10)..=seconds(3600);
        Self {
            verify_looks: section.count("verify_looks", 3, 1..=100),
            verify_interval: section.duration("verify_interval", seconds(30), interval.clone()),
            verify_rounds: section.count("verify_rounds", 3, 1..=100),
            verify_sample: section.count("verify_sample", 16, 1..=64),
            origin_attempts: section.count("origin_attempts", 3, 1..=100),
            origin_interval: section.duration("origin_interval", seconds(2), interval),
            warm_time: section.duration("warm_time", seconds(10), Duration::from_millis(100)..=seconds(60)),
            log_records: section.count("log_records", 100_000, 1..=100_000),
            log_retention: section.duration("log_retention", DAY * 7, seconds(60)..=DAY * 3650),
            history_retention: section.duration("history_retention", DAY * 90, seconds(60)..=DAY * 3650),
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section("[purge]");
        out.plain("verify_looks", self.verify_looks);
        out.duration("verify_interval", self.verify_interval);
        out.plain("verify_rounds", self.verify_rounds);
        out.plain("verify_sample", self.verify_sample);
        out.plain("origin_attempts", self.origin_attempts);
        out.duration("origin_interval", self.origin_interval);
        out.duration("warm_time", self.warm_time);
        out.plain("log_records", self.log_records);
        out.duration("log_retention", self.log_retention);
        out.duration("history_retention", self.history_retention);
    }
}
