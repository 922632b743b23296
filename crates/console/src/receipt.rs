//! A purge's receipt as people read it.

use std::fmt;

use api_types::{
    Event, Look, NodeOutcome, NodeReceipt, OriginalOutcome, OriginalReceipt, PurgeState, PurgeView, Verdict,
    WarmReceipt,
};
use askama::Template;
use purge_protocol::Mode;

use crate::asset::Asset;
use crate::cdn_line::CdnLine;
use crate::clock_face::{Moment, Span};
use crate::lists::what;

/// Of many, the last ones are of interest.
const LOOKS_SHOWN: usize = 12;
const DIGEST_SHOWN: usize = 12;

/// How a purge goes on, when nothing stands in its way.
const COURSE: [PurgeState; 7] = [
    PurgeState::Received,
    PurgeState::Preparing,
    PurgeState::FlushingOrigin,
    PurgeState::FlushingServers,
    PurgeState::FlushingCdn,
    PurgeState::Verifying,
    PurgeState::Done,
];

/// With what keeps it live around it.
#[derive(Template)]
#[template(path = "receipt.html")]
pub struct Receipt {
    id: String,
    what: String,
    selectors: Vec<String>,
    has_ended: bool,
    tone: Tone,
    summary: String,
    received: Moment,
    mode: Mode,
    force: bool,
    place: Option<Place>,
    steps: Vec<Step>,
    originals: Vec<OriginalLine>,
    nodes: Vec<NodeLine>,
    cdns: Vec<CdnLine>,
    looks: Vec<LookLine>,
    earlier_looks: usize,
    subjects: Vec<String>,
    warmed: Option<String>,
    notes: Vec<String>,
}

/// What is swapped in when the purge has gone on.
#[derive(Template)]
#[template(path = "receipt_body.html")]
pub struct ReceiptBody<'a> {
    pub receipt: &'a Receipt,
}

/// Under an address of its own.
#[derive(Template)]
#[template(path = "receipt_page.html")]
pub struct ReceiptPage<'a> {
    pub receipt: &'a Receipt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Working,
    Good,
    Bad,
}

impl Tone {
    pub fn of(state: PurgeState) -> Self {
        match (state.has_ended(), state.succeeded()) {
            (false, _) => Tone::Working,
            (true, true) => Tone::Good,
            (true, false) => Tone::Bad,
        }
    }
}

/// As a class of the style sheet.
impl fmt::Display for Tone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tone::Working => "working",
            Tone::Good => "good",
            Tone::Bad => "bad",
        })
    }
}

pub fn state_label(state: PurgeState) -> &'static str {
    match state {
        PurgeState::Received => "Received",
        PurgeState::Preparing => "Preparing",
        PurgeState::FlushingOrigin => "Flushing origin",
        PurgeState::FlushingServers => "Flushing servers",
        PurgeState::FlushingCdn => "Flushing CDNs",
        PurgeState::Verifying => "Verifying",
        PurgeState::Done => "Done",
        PurgeState::Unchanged => "Unchanged",
        PurgeState::Error => "Error",
        PurgeState::ErrorCdn => "Error at a CDN",
        PurgeState::ErrorCdnNode => "Error outside",
        PurgeState::Cancelled => "Taken back",
    }
}

fn state_meaning(state: PurgeState) -> &'static str {
    match state {
        PurgeState::Received => "Stored; it is not lost any more.",
        PurgeState::Preparing => "What it covers becomes tags.",
        PurgeState::FlushingOrigin => "Each original is asked for at its source.",
        PurgeState::FlushingServers => "Every node raises its fence and says so.",
        PurgeState::FlushingCdn => "Other people’s CDNs are told, where there are any.",
        PurgeState::Verifying => "We look from outside, as a client does.",
        PurgeState::Done => "No node of ours serves bytes from before.",
        PurgeState::Unchanged => "Nothing had to be fenced.",
        PurgeState::Error => "It could not be carried out.",
        PurgeState::ErrorCdn => "Our nodes are right; a CDN could not be told.",
        PurgeState::ErrorCdnNode => "Something outside still shows old bytes.",
        PurgeState::Cancelled => "Nothing was done.",
    }
}

struct Place {
    position: String,
    log: String,
}

struct Step {
    label: &'static str,
    progress: Progress,
    /// Since the purge was received.
    after: Option<Span>,
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Behind,
    Here,
    Ahead,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Progress::Behind => "behind",
            Progress::Here => "here",
            Progress::Ahead => "ahead",
        })
    }
}

/// A digest or an entity tag: its beginning to read, the whole to compare.
struct Digest {
    short: String,
    whole: String,
}

impl Digest {
    fn of(whole: &str) -> Self {
        let short: String = whole.trim_matches('"').chars().take(DIGEST_SHOWN).collect();
        Self { short, whole: whole.to_owned() }
    }
}

struct OriginalLine {
    name: String,
    outcome: &'static str,
    before: Option<Digest>,
    after: Option<Digest>,
    dependents: u64,
}

struct NodeLine {
    name: String,
    outcome: &'static str,
    position: Option<String>,
    after: Span,
    tone: Tone,
}

struct LookLine {
    through: String,
    url: String,
    verdict: &'static str,
    tone: Tone,
    expected: Digest,
    seen: Option<Digest>,
    why: Option<String>,
    after: Span,
}

impl Receipt {
    pub fn of(view: &PurgeView) -> Self {
        let receipt = &view.receipt;
        let earlier_looks = receipt.looks.len().saturating_sub(LOOKS_SHOWN);
        let since = |at: u64| Span(at.saturating_sub(view.received));
        let place = receipt.position.map(|position| Place {
            position: position.to_string(),
            log: receipt.log.map(|log| format!("{:016x}", log.0)).unwrap_or_default(),
        });
        Self {
            id: view.id.clone(),
            what: what(view),
            selectors: view.selectors.iter().map(ToString::to_string).collect(),
            has_ended: view.state.has_ended(),
            tone: Tone::of(view.state),
            summary: summary(view),
            received: Moment(view.received),
            mode: view.mode,
            force: view.force,
            place,
            steps: steps(view),
            originals: receipt.originals.iter().map(OriginalLine::of).collect(),
            nodes: receipt.nodes.iter().map(|node| NodeLine::of(node, since(node.at))).collect(),
            cdns: receipt.cdns.iter().map(|cdn| CdnLine::of(cdn, view.received)).collect(),
            looks: receipt
                .looks
                .iter()
                .skip(earlier_looks)
                .map(|look| LookLine::of(look, since(look.at)))
                .collect(),
            earlier_looks,
            subjects: receipt.subjects.clone(),
            warmed: receipt.warm.as_ref().map(warmed),
            notes: receipt.notes.clone(),
        }
    }
}

fn warmed(warm: &WarmReceipt) -> String {
    let WarmReceipt { wanted, warmed, failed, skipped, took } = warm;
    let took = Span(*took);
    format!(
        "{warmed} of the {wanted} that are asked for most, in {took}; {failed} failed, {skipped} skipped."
    )
}

/// The one sentence that is read out when it changes.
fn summary(view: &PurgeView) -> String {
    let took = view.events.last().map(|event| Span(event.at.saturating_sub(view.received)));
    let took = took.map(|span| format!(" in {span}")).unwrap_or_default();
    let why = view.error.as_deref().unwrap_or("the server’s log says why");
    match view.state {
        PurgeState::Done => match view.mode {
            Mode::Soft => {
                format!("Done{took}. What was stored is stale on every node, and is being replaced.")
            }
            Mode::Hard => format!("Done{took}. No node of ours serves bytes from before."),
            Mode::Erase => format!("Done{took}. The bytes are gone from every node of ours."),
        },
        PurgeState::Unchanged => {
            format!("Unchanged{took}. The source has the bytes that we had; nothing had to be fenced.")
        }
        PurgeState::Error => format!("Failed{took}: {why}"),
        PurgeState::ErrorCdn => format!("Our nodes are right, but a CDN could not be told: {why}"),
        PurgeState::ErrorCdnNode => format!("Something outside still shows old bytes: {why}"),
        state => format!("{}: {}", state_label(state), state_meaning(state)),
    }
}

/// What it went through, and, while it goes on, what lies ahead. What it skipped is left out once it has ended.
fn steps(view: &PurgeView) -> Vec<Step> {
    let reached = |state: PurgeState| view.events.iter().any(|event| event.state == state);
    let here = COURSE.iter().position(|state| *state == view.state);
    let mut steps: Vec<Step> = COURSE
        .iter()
        .enumerate()
        .filter(|(_, state)| reached(**state) || !view.state.has_ended())
        .map(|(n, state)| {
            let progress = match here {
                Some(here) if n > here => Progress::Ahead,
                Some(here) if n == here && !view.state.has_ended() => Progress::Here,
                _ => Progress::Behind,
            };
            step(view, *state, progress)
        })
        .collect();
    if here.is_none() {
        steps.push(step(view, view.state, Progress::Behind));
    }
    steps
}

fn step(view: &PurgeView, state: PurgeState, progress: Progress) -> Step {
    let events: Vec<&Event> = view.events.iter().filter(|event| event.state == state).collect();
    let said = events.iter().rev().find_map(|event| event.detail.clone());
    let detail = said.unwrap_or_else(|| state_meaning(state).to_owned());
    let after = events.first().map(|event| Span(event.at.saturating_sub(view.received)));
    Step { label: state_label(state), progress, after, detail }
}

impl OriginalLine {
    fn of(original: &OriginalReceipt) -> Self {
        let outcome = match original.outcome {
            OriginalOutcome::Changed => "changed at its source",
            OriginalOutcome::Unchanged => "unchanged at its source",
            OriginalOutcome::Gone => "gone from its source",
            OriginalOutcome::Unknown => "not held by us; fenced all the same",
            OriginalOutcome::Erased => "erased; it will not be fetched again",
            OriginalOutcome::Unasked => "its source could not be asked; fenced all the same",
        };
        Self {
            name: original.original.clone(),
            outcome,
            before: original.before.as_deref().map(Digest::of),
            after: original.after.as_deref().map(Digest::of),
            dependents: original.dependents,
        }
    }
}

impl NodeLine {
    fn of(node: &NodeReceipt, after: Span) -> Self {
        let (outcome, tone) = match node.outcome {
            NodeOutcome::Acknowledged => ("acknowledged", Tone::Good),
            NodeOutcome::LeaseExpired => ("silent; its lease ran out", Tone::Working),
            NodeOutcome::Awaited => ("awaited", Tone::Working),
            NodeOutcome::ServingStale => ("cut off, serving stale; awaited", Tone::Bad),
            NodeOutcome::DeclaredGone => ("declared gone by an operator", Tone::Working),
        };
        Self {
            name: node.name.clone(),
            outcome,
            position: node.position.map(|position| position.to_string()),
            after,
            tone,
        }
    }
}

impl LookLine {
    fn of(look: &Look, after: Span) -> Self {
        let (verdict, tone) = match look.verdict {
            Verdict::Verified => ("verified", Tone::Good),
            Verdict::Stale => ("still old", Tone::Bad),
            Verdict::Unverifiable => ("cannot be told", Tone::Working),
        };
        Self {
            through: look.through().to_owned(),
            url: look.url.clone(),
            verdict,
            tone,
            expected: Digest::of(&look.expected),
            seen: look.seen.as_deref().map(Digest::of),
            why: look.why.clone(),
            after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_types::Selector;
    use expect_test::{Expect, expect};

    fn view(mode: Mode, states: &[(PurgeState, Option<&str>)], error: Option<&str>) -> PurgeView {
        let event = |(n, (state, detail)): (u64, &(PurgeState, Option<&str>))| Event {
            state: *state,
            at: 1_000_000 + n * n * 7,
            detail: detail.map(str::to_owned),
        };
        PurgeView {
            reason: None,
            urgent: false,
            warm: 0,
            tenant: None,
            at: None,
            retry_of: None,
            id: "id".to_owned(),
            state: states.last().map_or(PurgeState::Received, |(state, _)| *state),
            selectors: vec![Selector::Original("demo/cat.jpg".to_owned()), Selector::Tag("t".to_owned())],
            mode,
            force: false,
            cause: "api".to_owned(),
            received: 1_000_000,
            events: (0..).zip(states).map(event).collect(),
            receipt: api_types::Receipt::default(),
            error: error.map(str::to_owned),
        }
    }

    fn shows(view: &PurgeView, wanted: Expect) {
        let receipt = Receipt::of(view);
        let mut text = format!("{} [{}]\n", receipt.summary, receipt.tone);
        for step in &receipt.steps {
            let after = step.after.as_ref().map(ToString::to_string).unwrap_or_default();
            text += &format!("{:6} {}, {after}: {}\n", step.progress.to_string(), step.label, step.detail);
        }
        wanted.assert_eq(&text);
    }

    #[test]
    fn a_purge_that_goes_on_shows_what_lies_ahead() {
        let waits = [
            (PurgeState::Received, None),
            (PurgeState::Preparing, None),
            (PurgeState::FlushingOrigin, None),
            (PurgeState::FlushingServers, Some("waiting for 2 nodes")),
            (PurgeState::FlushingServers, Some("waiting for 1 node")),
            (PurgeState::FlushingServers, None),
        ];
        shows(
            &view(Mode::Hard, &waits, None),
            expect![[r#"
            Flushing servers: Every node raises its fence and says so. [working]
            behind Received, 0 ms: Stored; it is not lost any more.
            behind Preparing, 7 ms: What it covers becomes tags.
            behind Flushing origin, 28 ms: Each original is asked for at its source.
            here   Flushing servers, 63 ms: waiting for 1 node
            ahead  Flushing CDNs, : Other people’s CDNs are told, where there are any.
            ahead  Verifying, : We look from outside, as a client does.
            ahead  Done, : No node of ours serves bytes from before.
        "#]],
        );
    }

    #[test]
    fn a_purge_that_has_ended_shows_what_it_went_through() {
        let course = COURSE.map(|state| (state, None));
        shows(
            &view(Mode::Erase, &course, None),
            expect![[r#"
            Done in 252 ms. The bytes are gone from every node of ours. [good]
            behind Received, 0 ms: Stored; it is not lost any more.
            behind Preparing, 7 ms: What it covers becomes tags.
            behind Flushing origin, 28 ms: Each original is asked for at its source.
            behind Flushing servers, 63 ms: Every node raises its fence and says so.
            behind Flushing CDNs, 112 ms: Other people’s CDNs are told, where there are any.
            behind Verifying, 175 ms: We look from outside, as a client does.
            behind Done, 252 ms: No node of ours serves bytes from before.
        "#]],
        );
        let unchanged = [&course[..3], &[(PurgeState::Unchanged, None)]].concat();
        shows(
            &view(Mode::Hard, &unchanged, None),
            expect![[r#"
            Unchanged in 63 ms. The source has the bytes that we had; nothing had to be fenced. [good]
            behind Received, 0 ms: Stored; it is not lost any more.
            behind Preparing, 7 ms: What it covers becomes tags.
            behind Flushing origin, 28 ms: Each original is asked for at its source.
            behind Unchanged, 63 ms: Nothing had to be fenced.
        "#]],
        );
        let outside = [&course[..6], &[(PurgeState::ErrorCdnNode, None)]].concat();
        shows(
            &view(Mode::Hard, &outside, Some("edge-1 still answers with old bytes")),
            expect![[r#"
            Something outside still shows old bytes: edge-1 still answers with old bytes [bad]
            behind Received, 0 ms: Stored; it is not lost any more.
            behind Preparing, 7 ms: What it covers becomes tags.
            behind Flushing origin, 28 ms: Each original is asked for at its source.
            behind Flushing servers, 63 ms: Every node raises its fence and says so.
            behind Flushing CDNs, 112 ms: Other people’s CDNs are told, where there are any.
            behind Verifying, 175 ms: We look from outside, as a client does.
            behind Error outside, 252 ms: Something outside still shows old bytes.
        "#]],
        );
    }

    #[test]
    fn digests_are_cut_for_reading_and_looks_for_number() {
        let mut view = view(Mode::Hard, &[], None);
        let look = Look {
            at: 1_000_500,
            node: Some("node-1".to_owned()),
            host: None,
            url: "/demo/cat.jpg".to_owned(),
            expected: format!("\"{}\"", "ab".repeat(32)),
            seen: None,
            verdict: Verdict::Unverifiable,
            why: Some("it did not answer".to_owned()),
            evidence: None,
        };
        view.receipt.looks = vec![look; 20];
        let receipt = Receipt::of(&view);
        assert_eq!((receipt.what.as_str(), receipt.selectors.len()), ("original demo/cat.jpg and 1 more", 2));
        assert_eq!((receipt.looks.len(), receipt.earlier_looks), (12, 8));
        assert_eq!(receipt.looks[0].expected.short, "abababababab");
        assert_eq!(receipt.looks[0].expected.whole.len(), 66);
        assert_eq!(receipt.looks[0].after.to_string(), "500 ms");
    }
}
