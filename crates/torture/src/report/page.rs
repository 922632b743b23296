//! What the report's page shows, in words and numbers ready to be printed.

use api_types::{NodeOutcome, PurgeState};
use askama::Template;

use super::timeline::Timeline;
use crate::journal::{At, Happened, Purge, Violation};
use crate::plan::{Fault, Loss};
use crate::run::Findings;
use crate::sabotage::Sabotage;
use crate::stage::{LINKS, NODES};
use crate::summary::{Summary, millis};

/// Of more purges than this only the slowest are listed, and the page says so.
const PURGES_LISTED: usize = 500;

#[derive(Template)]
#[template(path = "report.html")]
pub struct Page {
    seed: u64,
    storm: String,
    took: String,
    verdict: String,
    is_clean: bool,
    sabotage: Option<&'static str>,
    figures: Vec<(String, String)>,
    timeline: Timeline,
    violations: Vec<(String, String, String)>,
    purges: Vec<PurgeRow>,
    purges_in_all: usize,
    faults: Vec<FaultRow>,
}

struct PurgeRow {
    asked: String,
    took: String,
    what: String,
    mode: String,
    end: String,
    end_class: &'static str,
    position: String,
    id: String,
    /// The receipt, line by line.
    receipt: Vec<String>,
}

struct FaultRow {
    from: String,
    lasted: String,
    place: String,
    kind: String,
    detail: String,
}

impl Page {
    pub fn of(findings: &Findings) -> Self {
        let records = &findings.records;
        let summary = Summary::of(records);
        let found = records.violations.len() as u64 + records.unreported;
        let mut listed: Vec<&Purge> = records.purges.iter().collect();
        listed.sort_by_key(|purge| std::cmp::Reverse(took(purge, findings)));
        listed.truncate(PURGES_LISTED);
        listed.sort_by_key(|purge| purge.asked);
        Self {
            seed: findings.options.seed,
            storm: format!("{:.0} s", findings.options.storm.as_secs_f64()),
            took: format!("{:.0} s", findings.took.as_secs_f64()),
            verdict: match found {
                0 => "No promise was broken".to_owned(),
                1 => "One violation".to_owned(),
                _ => format!("{found} violations"),
            },
            is_clean: found == 0,
            sabotage: findings.options.sabotage.map(Sabotage::what),
            figures: figures(&summary),
            timeline: Timeline::of(findings),
            violations: records.violations.iter().map(violation).collect(),
            purges: listed.into_iter().map(|purge| PurgeRow::of(purge, findings)).collect(),
            purges_in_all: records.purges.len(),
            faults: records.faults.iter().map(|fault| FaultRow::of(fault, findings)).collect(),
        }
    }
}

fn figures(summary: &Summary) -> Vec<(String, String)> {
    let answers = &summary.answers;
    let purges: Vec<String> = summary.purges.iter().map(|(end, count)| format!("{count} {end}")).collect();
    let faults: Vec<String> =
        summary.faults.iter().map(|(kind, count)| format!("{count} × {kind}")).collect();
    vec![
        (
            "Reads".to_owned(),
            format!(
                "{}: {} hits, {} stale, {} forwarded, {} failed",
                answers.reads(),
                answers.hits,
                answers.stale,
                answers.forwarded,
                answers.failed
            ),
        ),
        ("Without faults".to_owned(), summary.quiet_line()),
        ("Purges".to_owned(), purges.join(", ")),
        ("Accepted to done".to_owned(), summary.latency_line()),
        ("Faults".to_owned(), if faults.is_empty() { "none".to_owned() } else { faults.join(", ") }),
    ]
}

fn violation(violation: &Violation) -> (String, String, String) {
    (seconds(violation.at), violation.broken.to_string(), violation.story.clone())
}

fn took(purge: &Purge, findings: &Findings) -> At {
    purge.ended.unwrap_or(findings.took).saturating_sub(purge.asked)
}

fn seconds(at: At) -> String {
    format!("{:.3} s", at.as_secs_f64())
}

impl PurgeRow {
    fn of(purge: &Purge, findings: &Findings) -> Self {
        let selectors: Vec<String> = purge.request.selectors.iter().map(ToString::to_string).collect();
        let receipt = purge.view.as_ref().map(|view| &view.receipt);
        let position = receipt.and_then(|receipt| receipt.position);
        Self {
            asked: seconds(purge.asked),
            took: millis(took(purge, findings)),
            what: selectors.join(", "),
            mode: purge.request.mode.to_string() + if purge.request.force { ", forced" } else { "" },
            end: purge.state().map_or("not accepted", PurgeState::as_str).replace('_', " "),
            end_class: match purge.state() {
                Some(PurgeState::Done) => "done",
                Some(PurgeState::Unchanged) => "unchanged",
                _ => "error",
            },
            position: position.map(|position| position.to_string()).unwrap_or_default(),
            id: purge.view.as_ref().map(|view| view.id.clone()).unwrap_or_default(),
            receipt: receipt_lines(purge, findings),
        }
    }
}

fn receipt_lines(purge: &Purge, findings: &Findings) -> Vec<String> {
    let Some(view) = &purge.view else { return Vec::new() };
    let at = |millis| seconds(findings.journal.of_unix_millis(millis));
    let mut lines = Vec::new();
    for event in &view.events {
        let detail = event.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
        lines.push(format!("{}  {}{detail}", at(event.at), event.state));
    }
    for node in &view.receipt.nodes {
        lines.push(match node.outcome {
            NodeOutcome::Acknowledged => format!("{} has applied it", node.name),
            NodeOutcome::LeaseExpired => format!("{} was silent until its lease had ended", node.name),
            NodeOutcome::Awaited => format!("{} has not applied it yet", node.name),
            NodeOutcome::ServingStale => format!("{} is cut off and serves stale", node.name),
            NodeOutcome::DeclaredGone => format!("{} was declared gone by an operator", node.name),
        });
    }
    for look in &view.receipt.looks {
        let why = look.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        lines.push(format!(
            "{}  {:?} through {}: {}{why}",
            at(look.at),
            look.verdict,
            look.through(),
            look.url
        ));
    }
    lines.extend(view.receipt.notes.iter().cloned());
    lines.extend(view.error.iter().map(|error| format!("error: {error}")));
    for (url, version) in &purge.announced {
        if let Some(name) = findings.urls.get(*url) {
            let version = if version.0 == u32::MAX { "gone".to_owned() } else { version.0.to_string() };
            lines.push(format!("promises version {version} of {name}"));
        }
    }
    lines
}

impl FaultRow {
    fn of(fault: &Happened, findings: &Findings) -> Self {
        let (place, detail) = match &fault.planned.fault {
            Fault::Kill { node, loss } => (NODES[*node].name.to_owned(), lost(*loss).to_owned()),
            Fault::Freeze { node } => (NODES[*node].name.to_owned(), String::new()),
            Fault::Link { link, trouble } => {
                (format!("{} → {}", LINKS[*link].from, LINKS[*link].to), format!("{trouble:?}"))
            }
            Fault::RestartAll => ("everything".to_owned(), String::new()),
        };
        Self {
            from: seconds(fault.from),
            lasted: millis(fault.to.unwrap_or(findings.took).saturating_sub(fault.from)),
            place,
            kind: fault.planned.kind().to_string(),
            detail,
        }
    }
}

fn lost(loss: Loss) -> &'static str {
    match loss {
        Loss::Nothing => "",
        Loss::State => "its fences lost",
        Loss::Cache => "its cache lost",
        Loss::TornCache => "half of its cache files torn",
        Loss::Everything => "all its data lost",
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::journal::{Applied, Broken, Journal, Life, Phase};
    use crate::plan::plan;
    use crate::run::Options;

    fn findings() -> Findings {
        let journal = Arc::new(Journal::begin(NODES.len()));
        let at = Duration::from_secs;
        journal.phase(Phase::Storm);
        journal.violation(Broken::Promise, Some(2), "edge-1 answered </title><script> & more".to_owned());
        let mut records = journal.records().clone();
        records.lives = vec![(at(0), 2, Life::Begins), (at(1), 2, Life::Ready), (at(5), 2, Life::Frozen)];
        records.applied = vec![Applied { at: at(1), node: 2, applied: 3, has_lease: true }];
        let happened = |planned: &crate::plan::Planned| Happened {
            from: planned.at,
            to: Some(planned.at + planned.lasts),
            planned: planned.clone(),
        };
        records.faults = plan(1, at(60)).iter().map(happened).collect();
        let options = Options {
            seed: 1,
            storm: at(60),
            quiet: at(1),
            binary: PathBuf::new(),
            folder: PathBuf::new(),
            sabotage: None,
        };
        Findings { options, records, journal, urls: Vec::new(), took: at(70) }
    }

    #[test]
    fn the_page_stands_alone_and_what_it_quotes_stays_text() {
        let page = Page::of(&findings()).render().unwrap();
        assert!(page.contains("One violation"));
        assert!(!page.contains("<script"), "no script, of ours or of others");
        for outside in ["src=", "url(h", "href=", "@import", "<link"] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert_eq!(page.matches("<svg role").count(), 1);
    }
}
