//! On what was measured, and with what.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use testkit::Machine;

use crate::process::program;

pub struct Bench {
    machine: Machine,
    /// Seconds since 1970.
    at: u64,
    versions: Vec<String>,
}

impl Bench {
    pub fn look(binary: &Path) -> anyhow::Result<Self> {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let versions = [
            (binary.to_owned(), "--version"),
            (program("nginx")?, "-v"),
            (program("varnishd")?, "-V"),
            (program("wrk")?, "-v"),
        ];
        Ok(Self {
            machine: Machine::look(),
            at,
            versions: versions
                .iter()
                .map(|(path, flag)| version(path, flag))
                .collect::<anyhow::Result<_>>()?,
        })
    }
}

impl fmt::Display for Bench {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.at / 86_400);
        writeln!(f, "{year}-{month:02}-{day:02}, {}", self.machine)?;
        writeln!(f, "{}", self.versions.join(", "))
    }
}

/// Servers say their version at the beginning of either stream.
fn version(path: &Path, flag: &str) -> anyhow::Result<String> {
    let output =
        Command::new(path).arg(flag).output().with_context(|| format!("cannot run {}", path.display()))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let line = said.lines().next().unwrap_or_default();
    let line = line.trim_start_matches("nginx version: ");
    let end = line.find([')', '[']).unwrap_or(line.len());
    Ok(line[..end].split(" revision").next().unwrap_or_default().replace('(', "").trim().to_owned())
}

/// The civil date of a day since 1970-01-01, by counting years of 365.2425 days from a first of March.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        for (days, expected) in
            [(0, (1970, 1, 1)), (59, (1970, 3, 1)), (11_016, (2000, 2, 29)), (20_779, (2026, 11, 22))]
        {
            assert_eq!(date(days), expected);
        }
    }
}
