//! From what happened to a process to the spans in which it was something.

use crate::journal::{At, Life};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    Starting,
    Serving,
    Frozen,
    Ending,
    /// There is no process.
    Down,
}

impl Doing {
    pub fn word(self) -> &'static str {
        match self {
            Doing::Starting => "starting",
            Doing::Serving => "serving",
            Doing::Frozen => "stopped",
            Doing::Ending => "ending",
            Doing::Down => "down",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: At,
    pub to: At,
    pub doing: Doing,
}

/// What one node did from its first start to the end of the run.
pub fn spans(lives: impl Iterator<Item = (At, Life)>, end: At) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut before_frozen = Doing::Serving;
    for (at, life) in lives {
        let now = spans.last().map_or(Doing::Down, |span| span.doing);
        let doing = match life {
            Life::Begins => Doing::Starting,
            // The word of a process that was killed or stopped meanwhile.
            Life::Ready if now != Doing::Starting => continue,
            Life::Ready => Doing::Serving,
            Life::Killed(_) | Life::Ended => Doing::Down,
            Life::Frozen => {
                before_frozen = now;
                Doing::Frozen
            }
            Life::Thawed => before_frozen,
            Life::AskedToEnd => Doing::Ending,
        };
        if let Some(last) = spans.last_mut() {
            last.to = at;
        }
        spans.push(Span { from: at, to: end, doing });
    }
    spans
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::Loss;

    #[test]
    fn a_life_is_told_in_spans_without_holes() {
        let at = Duration::from_secs;
        let lives = [
            (at(1), Life::Begins),
            (at(2), Life::Ready),
            (at(3), Life::Frozen),
            (at(5), Life::Thawed),
            (at(6), Life::Killed(Loss::Nothing)),
            (at(7), Life::Begins),
            (at(8), Life::Frozen),
            (at(9), Life::Thawed),
            (at(10), Life::Ready),
            (at(11), Life::AskedToEnd),
            (at(12), Life::Ended),
        ];
        let told: Vec<(u64, u64, Doing)> = spans(lives.into_iter(), at(13))
            .iter()
            .map(|span| (span.from.as_secs(), span.to.as_secs(), span.doing))
            .collect();
        assert_eq!(
            told,
            [
                (1, 2, Doing::Starting),
                (2, 3, Doing::Serving),
                (3, 5, Doing::Frozen),
                (5, 6, Doing::Serving),
                (6, 7, Doing::Down),
                (7, 8, Doing::Starting),
                (8, 9, Doing::Frozen),
                (9, 10, Doing::Starting),
                (10, 11, Doing::Serving),
                (11, 12, Doing::Ending),
                (12, 13, Doing::Down),
            ]
        );
    }

    #[test]
    fn the_late_word_of_a_process_that_is_gone_changes_nothing() {
        let at = Duration::from_secs;
        let lives = [(at(1), Life::Begins), (at(2), Life::Killed(Loss::Nothing)), (at(3), Life::Ready)];
        let told = spans(lives.into_iter(), at(4));
        assert_eq!(told.last().map(|span| (span.from, span.doing)), Some((at(2), Doing::Down)));
    }
}
