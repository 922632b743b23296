//! Tells one CDN what it is to be told: gathers until the window ends, writes a batch of calls down, and makes them. Each
//! CDN has a worker of its own, so that one that hangs keeps no other from working.
//!
//! A call is written down before it is made, with the reference that its vendor knows it again by. What was sent and not
//! noted, because this process died in between, is sent once more under the same reference.

use std::sync::Arc;
use std::time::Duration;

use bus::clock::unix_millis;
use catalog::{CallNote, CallState, Catalog, CatalogError, ClaimedCall, Planned, WaitingWish};
use cdn::{Bucket, Call, CallError, Context, Next, Plan, Wish, back_off, plan_calls};
use telemetry::Metrics;
use tokio::sync::watch;
use uuid::Uuid;

use super::Cdn;
use crate::failpoint;

/// Wishes in one batch; the next follows at once. Each may name a few URLs.
const WISHES_MAX: u32 = 2000;
/// Longer than any call takes, with all its requests.
const CLAIM: Duration = Duration::from_secs(600);
/// Even without a word, there is a look for work this often.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// What was accepted is asked about after this long, then less and less often.
const ASK_FIRST: Duration = Duration::from_millis(500);
const ASK_AT_LEAST: Duration = Duration::from_secs(15);
/// What was accepted and has not taken effect by then is given up.
const COMPLETION: Duration = Duration::from_secs(1800);

pub struct CdnWorker {
    cdn: Arc<Cdn>,
    catalog: Catalog,
    metrics: Arc<Metrics>,
    wished: watch::Receiver<()>,
    bucket: Bucket,
    /// Until then the vendor is left alone.
    resting_until: u64,
}

impl CdnWorker {
    pub fn new(cdn: Arc<Cdn>, catalog: Catalog, metrics: Arc<Metrics>) -> Self {
        let bucket = Bucket::new(cdn.driver.capabilities().rate);
        let wished = catalog.cdn_wishes();
        Self { cdn, catalog, metrics, wished, bucket, resting_until: 0 }
    }

    /// Works until it is dropped. One for each CDN, or the vendor's limits are not kept.
    pub async fn run(mut self) {
        loop {
            self.wished.mark_unchanged();
            let wait = match self.turn().await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(cdn = self.cdn.name, %error, "what a CDN is to be told cannot be read or written");
                    Duration::from_secs(1)
                }
            };
            let _either = tokio::time::timeout(wait, self.wished.changed()).await;
        }
    }

    /// Does what there is to do; then says for how long there is nothing.
    async fn turn(&mut self) -> Result<Duration, CatalogError> {
        let cdn = Arc::clone(&self.cdn);
        let name = &cdn.name;
        let in_progress = self.cdn.driver.capabilities().in_progress;
        loop {
            // Before each call: what is urgent goes before those that were planned earlier.
            self.plan().await?;
            let now = unix_millis();
            if now < self.resting_until {
                return Ok(Duration::from_millis(self.resting_until - now));
            }
            let claimed = self.catalog.claim_call(name, in_progress, now, millis(CLAIM)).await?;
            let Some(claimed) = claimed else { break };
            if claimed.state == CallState::Planned {
                while let Err(wait) = self.bucket.take(unix_millis()) {
                    tokio::time::sleep(wait).await;
                }
            }
            let note = match claimed.state {
                CallState::Accepted => self.ask(&claimed).await,
                _ => self.send(&claimed).await,
            };
            failpoint::before(format_args!("a call is {}", note.state.as_str()));
            match self.catalog.note_call(&claimed, &note, unix_millis()).await {
                Ok(()) => {
                    failpoint::after(format_args!("a call is {}", note.state.as_str()));
                    self.told(&claimed, &note);
                }
                // Somebody else has it.
                Err(CatalogError::LeaseLost) => {}
                Err(error) => return Err(error),
            }
        }
        let next = self.catalog.cdn_due(name, in_progress).await?;
        let until_due =
            next.map_or(LOOK_AGAIN, |due| Duration::from_millis(due.saturating_sub(unix_millis())));
        Ok(until_due.min(LOOK_AGAIN))
    }

    /// Until nothing is due, or something urgent is planned.
    async fn plan(&self) -> Result<(), CatalogError> {
        loop {
            let due = self.catalog.wishes_due(&self.cdn.name, unix_millis(), WISHES_MAX).await?;
            if due.is_empty() {
                return Ok(());
            }
            let urgent = due.iter().any(|wish| wish.urgent);
            self.write_batch(due).await?;
            if urgent {
                return Ok(());
            }
        }
    }

    async fn write_batch(&self, due: Vec<WaitingWish>) -> Result<(), CatalogError> {
        let capabilities = self.cdn.driver.capabilities();
        let batch = Uuid::now_v7().simple().to_string();
        let mut wishes: Vec<(WaitingWish, Planned)> = Vec::with_capacity(due.len());
        let mut calls: Vec<String> = Vec::new();
        let (soft, hard): (Vec<_>, Vec<_>) = due.into_iter().partition(|wish| wish.soft);
        for (group, is_soft) in [(hard, false), (soft, true)] {
            let read: Vec<Wish> =
                group.iter().map(|wish| serde_json::from_str(&wish.wish)).collect::<Result<_, _>>()?;
            let mut plans = vec![Planned::default(); group.len()];
            let Plan { calls: planned, partial, refused } =
                plan_calls(&read, is_soft, &capabilities, &self.cdn.terms);
            for n in partial {
                plans[n].is_partial = true;
            }
            for (n, refusal) in refused {
                plans[n].refusal = Some(refusal.to_string());
            }
            wishes.extend(group.into_iter().zip(plans));
            for call in planned {
                calls.push(serde_json::to_string(&call)?);
            }
        }
        tracing::info!(
            cdn = self.cdn.name,
            batch,
            wishes = wishes.len(),
            calls = calls.len(),
            "a CDN will be told"
        );
        failpoint::before("calls are planned");
        self.catalog.write_batch(&self.cdn.name, &batch, &wishes, &calls, unix_millis()).await?;
        failpoint::after("calls are planned");
        Ok(())
    }

    async fn send(&mut self, claimed: &ClaimedCall) -> CallNote {
        let call: Call = match serde_json::from_str(&claimed.call) {
            Ok(call) => call,
            Err(error) => return failed(format!("the call that was written down cannot be read: {error}")),
        };
        match self.cdn.driver.send(&call, &context(claimed)).await {
            Ok(accepted) if accepted.completed => ended(CallState::Done, accepted.handle),
            Ok(accepted) if accepted.handle.is_some() => {
                let due_ms = unix_millis() + millis(ASK_FIRST);
                CallNote { state: CallState::Accepted, handle: accepted.handle, trouble: None, due_ms }
            }
            Ok(_) => failed("it took the call on and gave no name to ask for it by".to_owned()),
            Err(error) => self.after(claimed, &error),
        }
    }

    async fn ask(&mut self, claimed: &ClaimedCall) -> CallNote {
        let handle = claimed.handle.clone().unwrap_or_default();
        let waited = unix_millis().saturating_sub(claimed.sent_ms.unwrap_or(0));
        match self.cdn.driver.has_completed(&handle, &context(claimed)).await {
            Ok(true) => ended(CallState::Done, None),
            Ok(false) if waited > millis(COMPLETION) => {
                failed(format!("it has not taken effect within {} minutes", COMPLETION.as_secs() / 60))
            }
            Ok(false) => {
                let pause = (waited / 4).clamp(millis(ASK_FIRST), millis(ASK_AT_LEAST));
                let due_ms = unix_millis() + pause;
                CallNote { state: CallState::Accepted, handle: None, trouble: None, due_ms }
            }
            Err(error) => self.after(claimed, &error),
        }
    }

    fn after(&mut self, claimed: &ClaimedCall, error: &CallError) -> CallNote {
        let trouble = error.to_string();
        match error.next() {
            Next::GiveUp => failed(trouble),
            Next::Again { .. } if claimed.attempt >= self.cdn.attempts => {
                failed(format!("{trouble} (given up after {} attempts)", claimed.attempt))
            }
            Next::Again { after } => {
                let pause = back_off(claimed.attempt, rand::random()).max(after.unwrap_or_default());
                let due_ms = unix_millis() + millis(pause);
                self.resting_until = due_ms;
                CallNote { state: claimed.state, handle: None, trouble: Some(trouble), due_ms }
            }
        }
    }

    fn told(&self, claimed: &ClaimedCall, note: &CallNote) {
        let (cdn, reference, why) = (&self.cdn.name, &claimed.reference, note.trouble.as_deref());
        match note.state {
            CallState::Done => tracing::info!(cdn, reference, "a CDN has been told"),
            CallState::Failed => tracing::error!(cdn, reference, why, "a CDN could not be told"),
            CallState::Planned | CallState::Accepted => {
                if why.is_some() {
                    tracing::warn!(cdn, reference, why, "a CDN could not be told yet");
                }
            }
        }
        if note.state.has_ended() {
            self.metrics.cdn_call_ended(cdn, note.state == CallState::Done);
        }
    }
}

fn context(claimed: &ClaimedCall) -> Context {
    let nonce = Uuid::now_v7().to_string();
    Context { reference: format!("pentimento-{}", claimed.reference), now: unix_millis() / 1000, nonce }
}

fn ended(state: CallState, handle: Option<String>) -> CallNote {
    CallNote { state, handle, trouble: None, due_ms: 0 }
}

fn failed(trouble: String) -> CallNote {
    CallNote { trouble: Some(trouble), ..ended(CallState::Failed, None) }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
