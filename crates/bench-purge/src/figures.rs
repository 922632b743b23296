//! What was measured, beside what was promised.

use std::fmt;
use std::time::Duration;

#[derive(Default)]
pub struct Figures(Vec<Line>);

struct Line {
    what: String,
    measured: String,
    /// In words, and whether it was kept; not everything has one.
    bound: Option<(String, bool)>,
}

impl Figures {
    pub fn add(&mut self, what: impl Into<String>, measured: impl Into<String>) {
        self.push(Line { what: what.into(), measured: measured.into(), bound: None });
    }

    pub fn add_bounded(
        &mut self,
        what: impl Into<String>,
        measured: impl Into<String>,
        bound: impl Into<String>,
        is_kept: bool,
    ) {
        self.push(Line {
            what: what.into(),
            measured: measured.into(),
            bound: Some((bound.into(), is_kept)),
        });
    }

    fn push(&mut self, line: Line) {
        println!("{}: {}", line.what, line.measured);
        self.0.push(line);
    }

    pub fn are_all_kept(&self) -> bool {
        self.0.iter().all(|line| line.bound.as_ref().is_none_or(|(_, is_kept)| *is_kept))
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | measured | bound |\n| --- | --: | --: |")?;
        for Line { what, measured, bound } in &self.0 {
            let bound = match bound {
                Some((words, true)) => words.clone(),
                Some((words, false)) => format!("**missed**: {words}"),
                None => String::new(),
            };
            writeln!(f, "| {what} | {measured} | {bound} |")?;
        }
        Ok(())
    }
}

/// The value below which `share` of all are; of none, zero.
pub fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
}

pub fn millis(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1000.0;
    if millis < 1.0 { format!("{millis:.2} ms") } else { format!("{millis:.1} ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let sorted: Vec<_> = (1..=101).map(Duration::from_millis).collect();
        assert_eq!(quantile(&sorted, 0.5), Duration::from_millis(51));
        assert_eq!(quantile(&sorted, 0.99), Duration::from_millis(100));
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }

    #[test]
    fn a_bound_that_was_missed_is_seen() {
        let mut figures = Figures::default();
        figures.add("one", "1 ms");
        figures.add_bounded("other", "2 ms", "3 ms", true);
        assert!(figures.are_all_kept());
        figures.add_bounded("last", "4 ms", "3 ms", false);
        assert!(!figures.are_all_kept());
        assert!(
            figures.to_string().ends_with(
                "| one | 1 ms |  |\n| other | 2 ms | 3 ms |\n| last | 4 ms | **missed**: 3 ms |\n"
            )
        );
    }
}
