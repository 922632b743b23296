//! The picture of a run: time from left to right, a lane for purges, each node and each link.

use std::fmt::{Display, Write};

use api_types::PurgeState;

use super::lives::{Doing, spans};
use crate::journal::{Answers, At, Happened, Phase, Purge, SPAN};
use crate::plan::Fault;
use crate::run::Findings;
use crate::stage::{LINKS, NODES, ORIGIN};

/// Pixels.
const WIDTH: f64 = 1180.0;
const A_SECOND_AT_LEAST: f64 = 8.0;
const A_SECOND_AT_MOST: f64 = 60.0;
const AXIS: f64 = 34.0;
const BAR: f64 = 7.0;
const BAR_ROWS_MAX: usize = 14;
const NODE: f64 = 74.0;
const STAIRS: f64 = 40.0;
const LINK: f64 = 20.0;
const GAP: f64 = 10.0;

pub struct Timeline {
    pub svg: String,
    pub width: f64,
    pub height: f64,
    pub labels: Vec<Label>,
}

/// Stands still at the left while the picture is moved under it.
pub struct Label {
    pub top: f64,
    pub name: String,
    pub more: &'static str,
}

struct Drawing<'a> {
    findings: &'a Findings,
    /// Pixels.
    a_second: f64,
    out: String,
    top: f64,
    labels: Vec<Label>,
}

impl Timeline {
    pub fn of(findings: &Findings) -> Self {
        let seconds = findings.took.as_secs_f64().max(1.0);
        let a_second = (WIDTH / seconds).clamp(A_SECOND_AT_LEAST, A_SECOND_AT_MOST);
        let mut drawing = Drawing { findings, a_second, out: String::new(), top: AXIS, labels: Vec::new() };
        drawing.purges();
        for node in 0..NODES.len() {
            drawing.node(node);
        }
        for link in 0..LINKS.len() {
            drawing.link(link);
        }
        drawing.violations();
        let (height, lanes) = (drawing.top, std::mem::take(&mut drawing.out));
        // The ground comes first, so that everything else lies on it; only now is its height known.
        drawing.ground(height);
        let svg = drawing.out + &lanes;
        Self { svg, width: seconds * a_second, height, labels: drawing.labels }
    }
}

impl Drawing<'_> {
    fn x(&self, at: At) -> f64 {
        at.as_secs_f64() * self.a_second
    }

    /// A box with words for those who point at it, or have it read to them.
    fn mark(&mut self, class: &str, (from, to): (At, At), (top, height): (f64, f64), words: impl Display) {
        let x = self.x(from);
        let width = (self.x(to) - x).max(1.0);
        let words = escaped(words);
        self.write(format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\">\
             <title>{words}</title></rect>\n"
        ));
    }

    fn text(&mut self, class: &str, x: f64, y: f64, words: impl Display) {
        let words = escaped(words);
        self.write(format_args!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>\n"));
    }

    fn write(&mut self, what: std::fmt::Arguments<'_>) {
        // Writing into a String cannot fail.
        let _ = self.out.write_fmt(what);
    }

    fn lane(&mut self, name: String, more: &'static str, height: f64) -> f64 {
        let top = self.top;
        self.labels.push(Label { top, name, more });
        self.top += height + GAP;
        top
    }

    fn ground(&mut self, height: f64) {
        let phases = &self.findings.records.phases;
        let ends = phases.iter().skip(1).map(|(at, _)| *at).chain([self.findings.took]);
        for ((from, phase), to) in phases.iter().zip(ends) {
            let (class, name) = match phase {
                Phase::Warm => ("ground", "warm up"),
                Phase::Quiet => ("ground quiet", "quiet"),
                Phase::Storm => ("ground storm", "storm"),
                Phase::Heal => ("ground", "heal"),
            };
            self.mark(class, (*from, to), (0.0, height), name);
            self.text("phase", self.x(*from) + 4.0, 12.0, name);
        }
        let every = if self.a_second < 20.0 { 10 } else { 5 };
        for second in (0..=self.findings.took.as_secs()).step_by(every) {
            let x = second as f64 * self.a_second;
            self.write(format_args!("<path class=\"tick\" d=\"M{x:.1} 18V{height:.1}\"/>\n"));
            self.text("time", x + 3.0, 28.0, format_args!("{second} s"));
        }
    }

    fn purges(&mut self) {
        let purges = &self.findings.records.purges;
        let rows = packed(purges, self.findings.took);
        let used = rows.iter().max().map_or(1, |row| row + 1);
        let top = self.lane("purges".to_owned(), "accepted to end", used as f64 * (BAR + 2.0));
        for (purge, row) in purges.iter().zip(rows) {
            let y = top + row as f64 * (BAR + 2.0);
            let end = purge.ended.unwrap_or(self.findings.took);
            let words = in_words(purge);
            self.mark("asking", (purge.asked, purge.accepted.unwrap_or(end)), (y, BAR), &words);
            if let Some(accepted) = purge.accepted {
                self.mark(class_of(purge), (accepted, end), (y, BAR), &words);
            }
        }
    }

    fn node(&mut self, node: usize) {
        let findings = self.findings;
        let records = &findings.records;
        let name = NODES[node].name;
        let top = self.lane(name.to_owned(), "process · lease · applied · answers", NODE);
        let lives =
            records.lives.iter().filter(|(_, other, _)| *other == node).map(|(at, _, life)| (*at, *life));
        for span in spans(lives, findings.took) {
            let class = match span.doing {
                Doing::Starting | Doing::Ending => "process changing",
                Doing::Serving => "process serving",
                Doing::Frozen => "process frozen",
                Doing::Down => "process down",
            };
            let (from, to) = (span.from.as_secs_f64(), span.to.as_secs_f64());
            let words = format!("{name}: {} from {from:.2} s to {to:.2} s", span.doing.word());
            self.mark(class, (span.from, span.to), (top, 9.0), words);
        }
        self.leases(node, top + 11.0);
        let stairs = top + 17.0;
        if node != ORIGIN {
            self.stairs(ORIGIN, stairs, "stairs head");
        }
        self.stairs(node, stairs, "stairs");
        self.answers(node, top + NODE - 14.0);
    }

    fn leases(&mut self, node: usize, top: f64) {
        let mut since = None;
        let said: Vec<_> =
            self.findings.records.applied.iter().filter(|said| said.node == node).copied().collect();
        for said in said {
            match (since, said.has_lease) {
                (None, true) => since = Some(said.at),
                (Some(from), false) => {
                    since = None;
                    self.mark("lease", (from, said.at), (top, 3.0), "says that it has a lease");
                }
                _ => {}
            }
        }
        if let Some(from) = since {
            self.mark("lease", (from, self.findings.took), (top, 3.0), "says that it has a lease");
        }
    }

    /// How far the node had applied the log, as it said when it was asked.
    fn stairs(&mut self, node: usize, top: f64, class: &str) {
        let records = &self.findings.records;
        let highest = records.applied.iter().map(|said| said.applied).max().unwrap_or(0).max(1);
        let mut path = String::new();
        let mut last = 0;
        for said in records.applied.iter().filter(|said| said.node == node) {
            let x = self.x(said.at);
            let y = top + STAIRS * (1.0 - said.applied as f64 / highest as f64);
            // Writing into a String cannot fail.
            let _ =
                if path.is_empty() { write!(path, "M{x:.1} {y:.1}") } else { write!(path, "H{x:.1}V{y:.1}") };
            last = said.applied;
        }
        if !path.is_empty() {
            let x = self.x(self.findings.took);
            let name = NODES[node].name;
            self.write(format_args!(
                "<path class=\"{class}\" d=\"{path}H{x:.1}\"><title>{name} has applied the log up to {last}</title></path>\n"
            ));
        }
    }

    fn answers(&mut self, node: usize, top: f64) {
        let findings = self.findings;
        for (number, answers) in findings.records.answers[node].iter().enumerate() {
            let reads = answers.reads();
            if reads == 0 {
                continue;
            }
            let from = SPAN * u32::try_from(number).unwrap_or(u32::MAX);
            let span = (from, from + SPAN);
            let Answers { hits, stale, forwarded, failed } = *answers;
            let words = format!("{hits} hits, {stale} stale, {forwarded} forwarded, {failed} failed");
            let mut y = top;
            for (class, count) in
                [("failed", failed), ("forwarded", forwarded), ("stale", stale), ("hits", hits)]
            {
                let height = 14.0 * count as f64 / reads as f64;
                if height > 0.0 {
                    self.mark(&format!("answers {class}"), span, (y, height), &words);
                    y += height;
                }
            }
        }
    }

    fn link(&mut self, link: usize) {
        let line = &LINKS[link];
        let top = self.lane(format!("{} → {}", line.from, line.to), "", LINK - GAP);
        let end = self.x(self.findings.took);
        self.write(format_args!("<path class=\"link\" d=\"M0 {0:.1}H{end:.1}\"/>\n", top + 5.0));
        let findings = self.findings;
        let on_it = |fault: &&Happened| matches!(fault.planned.fault, Fault::Link { link: other, .. } if other == link);
        for fault in findings.records.faults.iter().filter(on_it) {
            let span = (fault.from, fault.to.unwrap_or(findings.took));
            let kind = fault.planned.kind();
            self.mark("trouble", span, (top, LINK - GAP), kind);
            let room = self.x(span.1) - self.x(span.0);
            if room > 6.0 * kind.to_string().len() as f64 {
                self.text("trouble", self.x(span.0) + 3.0, top + 8.5, kind);
            }
        }
    }

    fn violations(&mut self) {
        let height = self.top;
        let findings = self.findings;
        for violation in &findings.records.violations {
            let x = self.x(violation.at);
            let words = escaped(violation);
            self.write(format_args!(
                "<path class=\"violation\" d=\"M{x:.1} 18V{height:.1}\"><title>{words}</title></path>\n"
            ));
        }
    }
}

/// For each purge the row in which its bar has room; when all are full, the last.
fn packed(purges: &[Purge], end: At) -> Vec<usize> {
    let mut free_from: Vec<At> = Vec::new();
    let mut rows = Vec::new();
    for purge in purges {
        let over = purge.ended.unwrap_or(end) + SPAN / 5;
        let row = free_from.iter().position(|free| *free <= purge.asked).unwrap_or(free_from.len());
        let row = row.min(BAR_ROWS_MAX - 1);
        if row == free_from.len() {
            free_from.push(over);
        } else {
            free_from[row] = free_from[row].max(over);
        }
        rows.push(row);
    }
    rows
}

fn class_of(purge: &Purge) -> &'static str {
    match purge.state() {
        Some(PurgeState::Done) => "purge done",
        Some(PurgeState::Unchanged) => "purge unchanged",
        Some(PurgeState::Error | PurgeState::ErrorCdn | PurgeState::ErrorCdnNode) => "purge error",
        _ => "purge lost",
    }
}

fn in_words(purge: &Purge) -> String {
    let selectors: Vec<String> = purge.request.selectors.iter().map(ToString::to_string).collect();
    let state = purge.state().map_or("not accepted", PurgeState::as_str);
    let (mode, selectors) = (purge.request.mode, selectors.join(", "));
    let asked = purge.asked.as_secs_f64();
    match purge.ended {
        Some(ended) => {
            format!("{mode} purge of {selectors}: {state}, {asked:.2} s to {:.2} s", ended.as_secs_f64())
        }
        None => format!("{mode} purge of {selectors}: {state}, asked for at {asked:.2} s"),
    }
}

fn escaped(words: impl Display) -> String {
    words.to_string().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use api_types::{PurgeRequest, Selector};
    use purge_protocol::Mode;

    use super::*;

    fn purge(asked: u64, ended: u64) -> Purge {
        let at = Duration::from_secs;
        Purge {
            request: PurgeRequest {
                selectors: vec![Selector::All(true)],
                mode: Mode::Hard,
                ..PurgeRequest::default()
            },
            announced: Vec::new(),
            asked: at(asked),
            accepted: Some(at(asked)),
            ended: Some(at(ended)),
            view: None,
        }
    }

    #[test]
    fn bars_that_overlap_in_time_lie_in_rows_of_their_own() {
        let purges = [purge(0, 5), purge(1, 2), purge(1, 9), purge(3, 4), purge(6, 7)];
        assert_eq!(packed(&purges, Duration::from_secs(10)), [0, 1, 2, 1, 0]);
    }

    #[test]
    fn words_cannot_become_markup() {
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
