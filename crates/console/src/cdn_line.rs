//! One CDN in a receipt, as people read it.

use api_types::{CallReceipt, CdnOutcome, CdnReceipt};

use crate::clock_face::Span;
use crate::receipt::Tone;

pub(crate) struct CdnLine {
    pub name: String,
    pub outcome: &'static str,
    pub tone: Tone,
    /// Until its window ends.
    pub until: Option<Span>,
    pub calls: Vec<CallLine>,
    pub notes: Vec<String>,
}

pub(crate) struct CallLine {
    pub what: String,
    pub outcome: &'static str,
    pub tone: Tone,
    pub handle: Option<String>,
    pub why: Option<String>,
    pub after: Option<Span>,
}

fn cdn_outcome(outcome: CdnOutcome) -> (&'static str, Tone) {
    match outcome {
        CdnOutcome::Waiting => ("waiting for its window", Tone::Working),
        CdnOutcome::UnderWay => ("under way", Tone::Working),
        CdnOutcome::Done => ("done", Tone::Good),
        CdnOutcome::Failed => ("failed", Tone::Bad),
    }
}

impl CdnLine {
    pub(crate) fn of(cdn: &CdnReceipt, received: u64) -> Self {
        let (outcome, tone) = cdn_outcome(cdn.outcome);
        let since = |at: u64| Span(at.saturating_sub(received));
        let call = |call: &CallReceipt| {
            let (outcome, tone) = cdn_outcome(call.outcome);
            CallLine {
                what: call.what.clone(),
                outcome,
                tone,
                handle: call.handle.clone(),
                why: call.why.clone(),
                after: call.ended.or(call.sent).map(since),
            }
        };
        Self {
            name: cdn.name.clone(),
            outcome,
            tone,
            until: cdn.waits_until.map(since),
            calls: cdn.calls.iter().map(call).collect(),
            notes: cdn.notes.clone(),
        }
    }
}
