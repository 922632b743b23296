//! What a receipt says of CDNs.

use api_types::{CallReceipt, CdnOutcome, CdnReceipt};
use catalog::{CallSeen, CallState, CdnPart};
use cdn::Call;

/// What is to be known of a CDN that cannot be told all.
pub(crate) const PARTIAL: &str =
    "it knows neither tags nor prefixes, so it is told the URLs that were delivered lately, and no others";

pub(crate) fn receipts(parts: Vec<CdnPart>) -> Vec<CdnReceipt> {
    parts.into_iter().map(receipt).collect()
}

fn receipt(part: CdnPart) -> CdnReceipt {
    let CdnPart { cdn, waits_until_ms, refusals, partial, calls } = part;
    let any = |state: CallState| calls.iter().any(|call| call.state == state);
    let outcome = if waits_until_ms.is_some() {
        CdnOutcome::Waiting
    } else if any(CallState::Planned) || any(CallState::Accepted) {
        CdnOutcome::UnderWay
    } else if any(CallState::Failed) || !refusals.is_empty() {
        CdnOutcome::Failed
    } else {
        CdnOutcome::Done
    };
    let mut notes = refusals;
    if partial > 0 {
        notes.push(PARTIAL.to_owned());
    }
    CdnReceipt {
        name: cdn,
        outcome,
        waits_until: waits_until_ms,
        calls: calls.into_iter().map(call).collect(),
        notes,
    }
}

fn call(seen: CallSeen) -> CallReceipt {
    let what = serde_json::from_str::<Call>(&seen.call)
        .map_or_else(|_| "unreadable".to_owned(), |call| call.to_string());
    let outcome = match seen.state {
        CallState::Planned if seen.sent_ms.is_none() => CdnOutcome::Waiting,
        CallState::Planned | CallState::Accepted => CdnOutcome::UnderWay,
        CallState::Done => CdnOutcome::Done,
        CallState::Failed => CdnOutcome::Failed,
    };
    CallReceipt {
        reference: seen.reference,
        what,
        outcome,
        handle: seen.handle,
        why: seen.trouble,
        attempts: seen.attempt,
        sent: seen.sent_ms,
        ended: seen.ended_ms,
    }
}

/// Why a purge cannot be called done, if a CDN is the reason.
pub(crate) fn failure(cdns: &[CdnReceipt]) -> Option<String> {
    let failed: Vec<String> =
        cdns.iter().filter(|cdn| cdn.outcome == CdnOutcome::Failed).map(complaint).collect();
    (!failed.is_empty()).then(|| failed.join("; "))
}

fn complaint(cdn: &CdnReceipt) -> String {
    let of_call =
        cdn.calls.iter().find(|call| call.outcome == CdnOutcome::Failed).and_then(|call| call.why.clone());
    let why =
        of_call.or_else(|| cdn.notes.first().cloned()).unwrap_or_else(|| "the receipt says why".to_owned());
    format!("{}: {why}", cdn.name)
}
