//! `[purge]`: how patiently a purge is carried out and looked after.

use std::time::Duration;

use super::section::Section;
use super::writer::Writer;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purge {
    /// How often the verifier looks before old bytes count as an error.
    pub verify_looks: u32,
    /// Between two looks.
    pub verify_interval: Duration,
    /// How often an original is asked for at its source before the purge goes on without it.
    pub origin_attempts: u32,
    /// Between two attempts.
    pub origin_interval: Duration,
}

impl Purge {
    pub(super) fn read(section: &mut Section) -> Self {
        let seconds = Duration::from_secs;
        let interval = Duration::from_millis(10)..=seconds(3600);
        Self {
            verify_looks: section.count("verify_looks", 3, 1..=100),
            verify_interval: section.duration("verify_interval", seconds(30), interval.clone()),
            origin_attempts: section.count("origin_attempts", 3, 1..=100),
            origin_interval: section.duration("origin_interval", seconds(2), interval),
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section("[purge]");
        out.plain("verify_looks", self.verify_looks);
        out.duration("verify_interval", self.verify_interval);
        out.plain("origin_attempts", self.origin_attempts);
        out.duration("origin_interval", self.origin_interval);
    }
}
