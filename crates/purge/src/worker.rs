//! Carries purges through their states.
//!
//! Each step is written with its event in one transaction before anything is done that others see, so that a crash at
//! any point resumes where it was. Steps may run twice; what they do twice is harmless. Those that wait for nobody share
//! a transaction.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api_types::{
    CdnOutcome, CdnReceipt, Event, NodeOutcome, NodeReceipt, OriginalOutcome, OriginalReceipt, PurgeState,
    Receipt,
};
use bus::clock::{self, unix_millis};
use catalog::{Catalog, CatalogError, Claim, NewWish, Step};
use cdn::back_off;
use purge_protocol::{Gone, Mode, Moment, NodeId, Outcome, Position, Settlement, Subject, TagKey, Tombstone};
use renderer::{Beforehand, OriginalError, Originals, Renderer, Revalidated};
use telemetry::Metrics;

use crate::authority::{Authority, Settling};
use crate::cdns::{self, Cdn, Wishes};
use crate::failpoint;
use crate::nodes::Nodes;
use crate::purges::Purges;
use crate::selectors::{Resolved, Selectors};
use crate::verifier::Verifier;

/// A worker that died is replaced after this long; renewed with every step.
const CLAIM: Duration = Duration::from_secs(120);
/// Even without a word, workers look for timers this often.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// There is something to do, but not for this worker.
const OTHERS_FIRST: Duration = Duration::from_secs(1);
/// For nodes that hold a lease; a claim lasts longer.
const SETTLE: Duration = Duration::from_secs(60);
/// A purge that a node holds up is looked at again after this long.
const HELD_UP: Duration = Duration::from_secs(5);
/// Who waits for CDNs is woken by them; this is for safety.
const WAIT_FOR_CDNS: Duration = Duration::from_secs(60);
/// Who has a purge and cannot write looks this often, at least, whether that is over.
const REGAIN_AT_LEAST: Duration = Duration::from_secs(5);
/// A step that fails, and not because of its purge, is tried again this often at least.
const FAILED_AGAIN_AT_LEAST: Duration = Duration::from_secs(30);
/// Of one CDN, in a receipt.
const CALLS_KEPT: u32 = 32;

#[derive(Debug, Clone, Copy)]
pub struct WorkerSettings {
    /// How often the verifier looks before it tells a CDN again, or old bytes count as an error.
    pub looks: u32,
    pub look_interval: Duration,
    /// How often a CDN is told in all that goes on showing old bytes.
    pub rounds: u32,
    /// How many URLs of a folder or a source are looked at.
    pub sample: u32,
    /// How often a source that fails is asked.
    pub origin_attempts: u32,
    pub origin_interval: Duration,
    /// What a purge spends on warming, at most.
    pub warm_time: Duration,
}

pub struct Worker {
    pub catalog: Catalog,
    pub authority: Arc<Authority>,
    pub purges: Arc<Purges>,
    pub originals: Arc<Originals>,
    /// Makes what is warmed.
    pub renderer: Arc<Renderer>,
    pub nodes: Nodes,
    pub selectors: Selectors,
    pub verifier: Arc<Verifier>,
    pub cdns: Vec<Arc<Cdn>>,
    pub tag_key: TagKey,
    pub settings: WorkerSettings,
    pub metrics: Arc<Metrics>,
    /// When this life appended the records of purges that have not ended.
    pub appended: Mutex<HashMap<String, Moment>>,
}

#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Original(#[from] OriginalError),
}

impl Worker {
    /// Works until it is dropped. Several may run side by side.
    pub async fn run(self: Arc<Self>) {
        loop {
            let now = unix_millis();
            match self.catalog.claim_purge(now, millis(CLAIM)).await {
                Ok(Some(claim)) => self.carry(claim).await,
                Ok(None) => self.wait(now).await,
                Err(error) => {
                    tracing::error!(%error, "purges cannot be claimed");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Until something is due that was not when this worker last looked.
    async fn wait(&self, looked_ms: u64) {
        let until_due = match self.catalog.next_due().await {
            // Whoever's it is has enough in hand, and whoever ends one of those takes this one up.
            Ok(Some(due)) if due <= looked_ms => OTHERS_FIRST,
            Ok(Some(due)) => Duration::from_millis(due.saturating_sub(unix_millis())),
            Ok(None) | Err(_) => LOOK_AGAIN,
        };
        let _either = tokio::time::timeout(until_due.min(LOOK_AGAIN), self.catalog.purge_accepted()).await;
    }

    /// One purge, as far as it goes without waiting for a timer.
    async fn carry(&self, mut claim: Claim) {
        // A resumed purge waits for everyone that its authority has ever granted a lease.
        let mut appended = self.appended().get(&claim.id).copied().unwrap_or(Moment(0));
        let mut passed = Vec::new();
        loop {
            let mut step = match self.step(&claim, appended).await {
                Ok(step) => step,
                Err(error) => {
                    tracing::error!(purge = claim.id, state = %claim.state, %error, "a purge's step failed; trying again");
                    again(&claim, back_off(claim.attempt, rand::random()).min(FAILED_AGAIN_AT_LEAST), None)
                }
            };
            let now = unix_millis();
            let goes_on = !step.state.has_ended() && step.due_ms <= now;
            if goes_on && self.is_written_with_the_next(&claim, &step) {
                passed.push(Event { state: step.state, at: now, detail: step.detail.clone() });
                claim = claim.after(step);
                continue;
            }
            step.passed = std::mem::take(&mut passed);
            let held_until = if goes_on { now + millis(CLAIM) } else { 0 };
            let error = step.error.clone();
            if step.append.is_some() {
                appended = clock::now();
                self.appended().insert(claim.id.clone(), appended);
            }
            failpoint::before(step.state);
            claim = match self.catalog.advance_purge(&claim, step, now, held_until).await {
                Ok(written) => {
                    failpoint::after(written.state);
                    written
                }
                Err(CatalogError::LeaseLost) => return,
                Err(error) => {
                    tracing::error!(purge = claim.id, %error, "a purge's step cannot be written; trying again");
                    let Some(regained) = self.regain(&claim).await else { return };
                    claim = regained;
                    continue;
                }
            };
            self.purges.changed(&claim.id);
            if claim.state.has_ended() {
                self.appended().remove(&claim.id);
                self.ended(&claim, error);
            }
            if !goes_on {
                return;
            }
        }
    }

    /// Whether the next step waits for nobody, so that both cost one transaction.
    fn is_written_with_the_next(&self, claim: &Claim, step: &Step) -> bool {
        let resolved = || self.selectors.resolve_all(&claim.selectors, claim.mode).unwrap_or_default();
        let Receipt { originals, externals, cdns, .. } = &step.receipt;
        match step.state {
            PurgeState::Preparing => !resolved().iter().any(|one| matches!(one, Resolved::External { .. })),
            PurgeState::FlushingOrigin => {
                !resolved().iter().any(|one| matches!(one, Resolved::Original { .. }))
            }
            PurgeState::FlushingCdn => step.wishes.is_empty() && cdns.is_empty(),
            // There is nothing to look at.
            PurgeState::Verifying => {
                let is_of_presets = resolved().iter().any(|one| matches!(one, Resolved::MadeWith(_)));
                originals.is_empty() && externals.is_empty() && cdns.is_empty() && !is_of_presets
            }
            _ => false,
        }
    }

    /// What was not written did not happen, but perhaps it was, and only the word of it was lost.
    async fn regain(&self, claim: &Claim) -> Option<Claim> {
        let given_up = clock::now().plus(millis(CLAIM));
        let mut attempt = 1;
        while clock::now() < given_up {
            tokio::time::sleep(back_off(attempt, rand::random()).min(REGAIN_AT_LEAST)).await;
            match self.catalog.claim_again(claim, unix_millis() + millis(CLAIM)).await {
                Ok(claim) => return Some(claim),
                Err(CatalogError::LeaseLost) => return None,
                Err(error) => tracing::warn!(purge = claim.id, attempt, %error, "the catalog fails still"),
            }
            attempt += 1;
        }
        // By now it is anybody's.
        None
    }

    fn appended(&self) -> MutexGuard<'_, HashMap<String, Moment>> {
        self.appended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn step(&self, claim: &Claim, appended: Moment) -> Result<Step, StepError> {
        match claim.state {
            PurgeState::Received => Ok(go(claim, PurgeState::Preparing)),
            PurgeState::Preparing => Ok(self.prepare(claim).await?),
            PurgeState::FlushingOrigin => self.flush_origin(claim).await,
            PurgeState::FlushingServers => self.flush_servers(claim, appended).await,
            PurgeState::FlushingCdn => self.flush_cdns(claim).await,
            PurgeState::Verifying => Ok(self.verify(claim).await?),
            PurgeState::Done
            | PurgeState::Unchanged
            | PurgeState::Error
            | PurgeState::ErrorCdn
            | PurgeState::ErrorCdnNode
            | PurgeState::Cancelled => Ok(go(claim, claim.state)),
        }
    }

    /// Asks each original's source, one a step; then appends the record, unless there is nothing to fence.
    async fn flush_origin(&self, claim: &Claim) -> Result<Step, StepError> {
        let resolved = match self.selectors.resolve_all(&claim.selectors, claim.mode) {
            Ok(resolved) => resolved,
            // The configuration has changed since it was accepted.
            Err(error) => return Ok(fail(claim, error.to_string())),
        };
        let asked = claim.receipt.originals.len();
        let next = resolved.iter().filter(|one| matches!(one, Resolved::Original { .. })).nth(asked);
        if let Some(Resolved::Original { source, path, .. }) = next {
            return self.ask_source(claim, source, path).await;
        }
        // State before record (invariant 2): nothing that a fill may read from here on is older than this purge.
        for one in &resolved {
            if let Resolved::Bulk { source, folder, .. } = one {
                self.catalog.expire_originals(source.as_deref(), folder.as_deref()).await?;
            }
        }
        let subjects = subjects_to_fence(claim, &resolved);
        if subjects.is_empty() {
            // Perhaps because another purge was quicker. Whoever hears that nothing had to be done must find the new
            // bytes everywhere too, so this one ends no sooner than that one could.
            let mut settlement = match self.authority.all_settled(SETTLE).await? {
                Settling::Settled(settlement) => settlement,
                Settling::HeldUp(settlement) => return Ok(held_up(claim, &settlement)),
            };
            let mut step = go(claim, PurgeState::Unchanged);
            // Only what it had to wait for is worth telling.
            if !claim.receipt.nodes.is_empty() {
                // The newest record may be younger than the operator's word, and have waited for nobody who is gone.
                settlement.declared_gone = self.authority.gone_among(lives(&claim.receipt.nodes));
                tell(&mut step, &settlement);
            }
            step.detail = Some("the sources have what we have".to_owned());
            return Ok(step);
        }
        let mut step = go(claim, PurgeState::FlushingServers);
        if let Some(mut warming) = self.warming(claim).await {
            step.covers = self.warm_many(claim, &mut warming, &resolved).await?;
            warming.tell(&mut step.receipt);
        }
        step.receipt.subjects = subjects.iter().map(ToString::to_string).collect();
        step.receipt.log = Some(self.authority.log());
        step.append = Some(subjects.iter().map(|subject| self.tag_key.tag(subject)).collect());
        step.covers.extend(resolved.iter().filter_map(|one| match one {
            Resolved::Original { source, path, .. } => Some((source.clone(), path.clone())),
            Resolved::Bulk { .. }
            | Resolved::MadeWith(_)
            | Resolved::Responses(_)
            | Resolved::External { .. } => None,
        }));
        Ok(step)
    }

    async fn ask_source(&self, claim: &Claim, source: &str, path: &str) -> Result<Step, StepError> {
        let name = format!("{source}/{path}");
        let mut warming = self.warming(claim).await;
        let found = if claim.mode == Mode::Erase {
            let gone = match &claim.reason {
                Some(reason) => Gone::Forbidden { reason: reason.clone() },
                None => Gone::Removed,
            };
            let tombstone = Tombstone { gone, purge: claim.id.clone(), at: unix_millis() };
            let before = self.catalog.entomb(source, path, &tombstone, &claim.cause).await?;
            (OriginalOutcome::Erased, before, None)
        } else {
            let beforehand = warming.as_mut().map(|warming| warming as &mut dyn Beforehand);
            match self.originals.revalidate(source, path, claim.mode, beforehand).await {
                Ok(Revalidated::Unknown) => (OriginalOutcome::Unknown, None, None),
                Ok(Revalidated::Unchanged { digest }) => {
                    (OriginalOutcome::Unchanged, Some(digest.clone()), Some(digest))
                }
                Ok(Revalidated::Changed { before, after }) => (OriginalOutcome::Changed, before, after),
                Ok(Revalidated::Gone { before }) => (OriginalOutcome::Gone, before, None),
                Ok(Revalidated::Erased) => (OriginalOutcome::Erased, None, None),
                Err(OriginalError::Fetch(error)) => {
                    let why = format!("the source of {name} could not be asked: {error}");
                    if claim.attempt < self.settings.origin_attempts {
                        // Those that failed together do not come back together.
                        let jitter = 0.75 + 0.5 * rand::random::<f64>();
                        let pause = self.settings.origin_interval * claim.attempt.max(1);
                        return Ok(again(claim, pause.mul_f64(jitter), Some(why)));
                    }
                    if !claim.force {
                        return Ok(fail(claim, why));
                    }
                    // Nobody could say what is there now: whoever needs it next asks the source, or gets nothing.
                    self.originals.expire(source, path).await?;
                    (OriginalOutcome::Unasked, None, None)
                }
                Err(error) => return Err(error.into()),
            }
        };
        let (outcome, before, after) = found;
        let mut step = go(claim, PurgeState::FlushingOrigin);
        step.detail = Some(format!("{name}: {}", in_words(outcome)));
        if let Some(warming) = warming {
            warming.tell(&mut step.receipt);
        }
        if outcome == OriginalOutcome::Unknown {
            step.receipt.notes.push(format!("{name} was not known here; it is fenced all the same"));
        }
        let at = unix_millis();
        // What is as it was is not fenced, unless that is asked for.
        let fenced = outcome != OriginalOutcome::Unchanged || claim.force;
        let dependents = if fenced { self.catalog.dependents(source, path).await? } else { 0 };
        step.receipt.originals.push(OriginalReceipt {
            original: name,
            outcome,
            before,
            after,
            dependents,
            at,
        });
        Ok(step)
    }

    async fn flush_servers(&self, claim: &Claim, appended: Moment) -> Result<Step, StepError> {
        self.authority.appended().await?;
        let Some(position) = claim.receipt.position else {
            return Ok(fail(claim, "the purge has no position in the log".to_owned()));
        };
        let settlement = match self.authority.settled(position, appended, SETTLE).await {
            Settling::Settled(settlement) => settlement,
            Settling::HeldUp(settlement) => return Ok(held_up(claim, &settlement)),
        };
        if claim.mode == Mode::Erase {
            // The nodes have erased theirs; now the bytes that derivatives are made from.
            for original in &claim.receipt.originals {
                if let Some((source, path)) = original.original.split_once('/') {
                    self.originals.remove_bytes(source, path).await?;
                }
            }
        }
        let mut step = go(claim, PurgeState::FlushingCdn);
        tell(&mut step, &settlement);
        // Stored with this step, so that from here on they are told whatever happens to this process.
        step.wishes = self.wishes(claim, &self.cdns, false).await?;
        for node in &settlement.expired {
            step.receipt.notes.push(format!(
                "{} did not answer before its lease ended; it answers nothing from its cache until it has caught up",
                node.name
            ));
        }
        Ok(step)
    }

    /// `at_once`: whatever the windows.
    pub(crate) async fn wishes(
        &self,
        claim: &Claim,
        cdns: &[Arc<Cdn>],
        at_once: bool,
    ) -> Result<Vec<NewWish>, CatalogError> {
        let serving = &self.selectors.serving;
        let wishes = Wishes { cdns, catalog: &self.catalog, serving, tag_key: &self.tag_key, at_once };
        match self.selectors.resolve_all(&claim.selectors, claim.mode) {
            Ok(resolved) => wishes.of(claim.into(), &resolved).await,
            // The configuration has lost a source since the record was appended: no CDN is before it any more.
            Err(_) => Ok(Vec::new()),
        }
    }

    /// Waits until each CDN has been told, or cannot be.
    async fn flush_cdns(&self, claim: &Claim) -> Result<Step, StepError> {
        let cdns = cdns::receipts(self.catalog.cdn_parts(&claim.id, CALLS_KEPT).await?);
        let is_open = |cdn: &&CdnReceipt| matches!(cdn.outcome, CdnOutcome::Waiting | CdnOutcome::UnderWay);
        let waits_for: Vec<&str> = cdns.iter().filter(is_open).map(|cdn| cdn.name.as_str()).collect();
        let mut step = if waits_for.is_empty() {
            go(claim, PurgeState::Verifying)
        } else {
            let mut step = again(claim, WAIT_FOR_CDNS, None);
            if claim.receipt.cdns.is_empty() {
                step.detail = Some(format!("to be told: {}", waits_for.join(", ")));
            }
            step
        };
        step.receipt.cdns = cdns;
        Ok(step)
    }

    fn ended(&self, claim: &Claim, error: Option<String>) {
        let took = unix_millis().saturating_sub(claim.received_ms);
        let unchanged = claim.state == PurgeState::Unchanged;
        self.metrics.purge_ended(
            unchanged,
            !claim.state.succeeded(),
            Duration::from_millis(took).as_secs_f64(),
        );
        tracing::info!(purge = claim.id, state = %claim.state, took_ms = took, error, "a purge ended");
    }
}

/// What the record names: whatever is not as it was, and whatever was never an original of ours.
fn subjects_to_fence(claim: &Claim, resolved: &[Resolved]) -> Vec<Subject> {
    let mut subjects = Vec::new();
    let mut receipts = claim.receipt.originals.iter();
    for one in resolved {
        match one {
            Resolved::Bulk { subject, .. } | Resolved::MadeWith(subject) | Resolved::Responses(subject) => {
                subjects.push(subject.clone());
            }
            Resolved::External { .. } => {}
            Resolved::Original { source, path, also } => {
                let outcome = receipts.next().map(|receipt| receipt.outcome);
                let whole = Subject::Original(format!("{source}/{path}"));
                match (outcome, also) {
                    (Some(OriginalOutcome::Unchanged), _) if !claim.force => {}
                    // Forced, and only one URL of an original that is as it was.
                    (Some(OriginalOutcome::Unchanged), Some(url)) => subjects.push(url.clone()),
                    _ => subjects.push(whole),
                }
            }
        }
    }
    subjects.dedup();
    subjects
}

/// Where each node stands. A line that says what it said before keeps its time.
fn receipts(settlement: &Settlement, before: &[NodeReceipt]) -> Vec<NodeReceipt> {
    let now = unix_millis();
    let line = |(node, outcome, position): (&NodeId, Outcome, Option<Position>)| {
        let outcome = NodeOutcome::from(outcome);
        let said = before.iter().find(|line| {
            line.name == node.name && line.incarnation == node.incarnation && line.outcome == outcome
        });
        let at = said.map_or(now, |said| said.at);
        NodeReceipt { name: node.name.clone(), incarnation: node.incarnation, outcome, position, at }
    };
    settlement.outcomes().map(line).collect()
}

/// What became of the nodes.
fn tell(step: &mut Step, settlement: &Settlement) {
    step.receipt.nodes = receipts(settlement, &step.receipt.nodes);
    for node in &settlement.declared_gone {
        step.receipt.notes.push(format!(
            "an operator declared {} gone; if it comes back, it serves nothing of what it had stored",
            node.name
        ));
    }
}

/// The receipt says who is waited for; the event too, when that has changed.
fn held_up(claim: &Claim, settlement: &Settlement) -> Step {
    let mut step = again(claim, HELD_UP, None);
    step.receipt.nodes = receipts(settlement, &claim.receipt.nodes);
    if waited_for(&step.receipt.nodes) != waited_for(&claim.receipt.nodes) {
        let names = waited_for(&step.receipt.nodes).join(", ");
        step.detail = Some(format!(
            "waiting for {names}: cut off, and serving stale until it is back or an operator forgets it"
        ));
    }
    step
}

fn lives(nodes: &[NodeReceipt]) -> impl Iterator<Item = NodeId> {
    nodes.iter().map(|node| NodeId { name: node.name.clone(), incarnation: node.incarnation })
}

fn waited_for(nodes: &[NodeReceipt]) -> Vec<&str> {
    let waited =
        |node: &&NodeReceipt| matches!(node.outcome, NodeOutcome::Awaited | NodeOutcome::ServingStale);
    nodes.iter().filter(waited).map(|node| node.name.as_str()).collect()
}

fn in_words(outcome: OriginalOutcome) -> &'static str {
    match outcome {
        OriginalOutcome::Changed => "changed at its source",
        OriginalOutcome::Unchanged => "unchanged at its source",
        OriginalOutcome::Gone => "gone from its source",
        OriginalOutcome::Unknown => "not known here",
        OriginalOutcome::Erased => "erased",
        OriginalOutcome::Unasked => "its source could not be asked",
    }
}

/// The next state, with the receipt as it is.
pub(crate) fn go(claim: &Claim, state: PurgeState) -> Step {
    Step::to(claim, state)
}

/// The same state once more, later.
pub(crate) fn again(claim: &Claim, after: Duration, why: Option<String>) -> Step {
    Step { detail: why, due_ms: unix_millis() + millis(after), ..go(claim, claim.state) }
}

pub(crate) fn fail(claim: &Claim, why: String) -> Step {
    Step { detail: Some(why.clone()), error: Some(why), ..go(claim, PurgeState::Error) }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compiles, or does not: tasks that several threads may carry on.
    #[test]
    fn a_worker_can_be_moved_between_threads() {
        fn is_send<F: Future + Send>(_: impl Fn(Arc<Worker>) -> F) {}
        is_send(Worker::run);
    }
}
