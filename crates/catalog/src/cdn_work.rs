//! The calls that come of what other people's CDNs are to be told.
//!
//! What a wish or a call says is text here; whoever wrote it reads it.

use crate::database::{Tx, list};
use crate::row::row;
use crate::wishes::ROWS_AT_ONCE;
use crate::{Catalog, CatalogError, WaitingWish};

/// What became of a wish when its window ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planned {
    pub refusal: Option<String>,
    pub is_partial: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    Planned,
    /// The vendor has taken it on, and is asked whether it has taken effect.
    Accepted,
    Done,
    Failed,
}

impl CallState {
    pub fn as_str(self) -> &'static str {
        match self {
            CallState::Planned => "planned",
            CallState::Accepted => "accepted",
            CallState::Done => "done",
            CallState::Failed => "failed",
        }
    }

    pub fn has_ended(self) -> bool {
        matches!(self, CallState::Done | CallState::Failed)
    }

    fn read(text: &str) -> Result<Self, CatalogError> {
        [CallState::Planned, CallState::Accepted, CallState::Done, CallState::Failed]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| CatalogError::Unreadable(format!("the state {text:?} of a call")))
    }
}

/// A call in the hands of one worker.
#[derive(Debug, Clone)]
pub struct ClaimedCall {
    pub reference: String,
    pub call: String,
    pub state: CallState,
    pub handle: Option<String>,
    /// How often it has been tried in this state, this time included.
    pub attempt: u32,
    pub sent_ms: Option<u64>,
    fence: i64,
}

/// What a worker writes down after each attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallNote {
    pub state: CallState,
    pub handle: Option<String>,
    pub trouble: Option<String>,
    pub due_ms: u64,
}

/// One CDN's part of a purge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CdnPart {
    pub cdn: String,
    /// When the window ends that wishes still wait for.
    pub waits_until_ms: Option<u64>,
    pub refusals: Vec<String>,
    /// How many wishes could be said in part only.
    pub partial: u32,
    pub calls: Vec<CallSeen>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSeen {
    pub reference: String,
    pub call: String,
    pub state: CallState,
    pub handle: Option<String>,
    pub trouble: Option<String>,
    pub attempt: u32,
    pub sent_ms: Option<u64>,
    pub ended_ms: Option<u64>,
}

row! {
    struct CallRow {
        reference: String,
        call: String,
        state: String,
        handle: Option<String>,
        trouble: Option<String>,
        attempt: i64,
        sent_ms: Option<i64>,
        ended_ms: Option<i64>,
        fence: i64,
    }
}

const CALL: &str = "reference, call, state, handle, trouble, attempt, sent_ms, ended_ms, fence";
/// When a claimed row may be taken at the earliest: at its time, and after its claim.
pub(crate) const LATER: &str = "CASE WHEN due_ms > lease_until_ms THEN due_ms ELSE lease_until_ms END";
/// As the index has it: SQLite does not see that one of them is among them.
const OPEN: &str = "state IN ('planned', 'accepted')";

/// Open work of the purge `$1`.
pub(crate) const OPEN_WORK: &str = "(EXISTS (SELECT 1 FROM cdn_wish WHERE purge = $1 AND batch IS NULL) OR EXISTS \
     (SELECT 1 FROM cdn_wish JOIN cdn_call ON cdn_call.batch = cdn_wish.batch \
     WHERE cdn_wish.purge = $1 AND cdn_call.state IN ('planned', 'accepted')))";

impl CallRow {
    fn seen(self) -> Result<CallSeen, CatalogError> {
        Ok(CallSeen {
            state: CallState::read(&self.state)?,
            reference: self.reference,
            call: self.call,
            handle: self.handle,
            trouble: self.trouble,
            attempt: u32::try_from(self.attempt).unwrap_or(u32::MAX),
            sent_ms: self.sent_ms.map(i64::unsigned_abs),
            ended_ms: self.ended_ms.map(i64::unsigned_abs),
        })
    }
}

impl Catalog {
    /// Turns waiting wishes into a batch of calls, each with a reference that begins with the batch's name. Purges of
    /// which nothing is open any more are woken.
    pub async fn write_batch(
        &self,
        cdn: &str,
        batch: &str,
        wishes: &[(WaitingWish, Planned)],
        calls: &[String],
        now_ms: u64,
    ) -> Result<(), CatalogError> {
        let mut tx = self.db.write().await?;
        for some in wishes.chunks(ROWS_AT_ONCE) {
            // A join, because SQLite would go through all that wait for a list of pairs.
            let rows: Vec<String> = (0..some.len()).map(|n| format!("({})", list(2 + 2 * n, 2))).collect();
            let all = format!(
                "WITH dealt (purge, number) AS (VALUES {}) UPDATE cdn_wish SET batch = $1 FROM dealt \
                 WHERE cdn_wish.purge = dealt.purge AND cdn_wish.number = dealt.number AND batch IS NULL",
                rows.join(", ")
            );
            let all = sqlx::query(sqlx::AssertSqlSafe(all)).bind(batch);
            let all = some.iter().fold(all, |query, (wish, _)| query.bind(&wish.purge).bind(wish.number));
            all.execute(&mut *tx).await?;
        }
        // Most are what they were.
        for (wish, planned) in wishes.iter().filter(|(_, planned)| *planned != Planned::default()) {
            sqlx::query(
                "UPDATE cdn_wish SET refusal = $1, is_partial = $2 WHERE purge = $3 AND number = $4 AND batch = $5",
            )
            .bind(&planned.refusal)
            .bind(i64::from(planned.is_partial))
            .bind(&wish.purge)
            .bind(wish.number)
            .bind(batch)
            .execute(&mut *tx)
            .await?;
        }
        let urgent = wishes.iter().any(|(wish, _)| wish.urgent);
        for (n, call) in calls.iter().enumerate() {
            sqlx::query(
                "INSERT INTO cdn_call (reference, cdn, batch, call, state, attempt, due_ms, fence, lease_until_ms, urgent) \
                 VALUES ($1, $2, $3, $4, 'planned', 0, $5, 0, 0, $6)",
            )
            .bind(format!("{batch}-{}", n + 1))
            .bind(cdn)
            .bind(batch)
            .bind(call)
            .bind(now_ms.cast_signed())
            .bind(i64::from(urgent))
            .execute(&mut *tx)
            .await?;
        }
        wake_purges(&mut tx, batch, now_ms).await?;
        tx.commit().await?;
        self.accepted.notify_one();
        Ok(())
    }

    /// Takes the CDN's next call: one that was accepted and is to be asked about, else one that is planned, what is
    /// urgent first, unless `in_progress` others are accepted already.
    pub async fn claim_call(
        &self,
        cdn: &str,
        in_progress: usize,
        now_ms: u64,
        lease_ms: u64,
    ) -> Result<Option<ClaimedCall>, CatalogError> {
        let now = now_ms.cast_signed();
        let row: Option<CallRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "UPDATE cdn_call SET fence = fence + 1, attempt = attempt + 1, lease_until_ms = $1, \
             sent_ms = coalesce(sent_ms, $2) WHERE sequence = \
             (SELECT sequence FROM cdn_call WHERE cdn = $3 AND {OPEN} AND due_ms <= $2 AND lease_until_ms <= $2 AND \
             (state = 'accepted' OR (SELECT count(*) FROM cdn_call WHERE cdn = $3 AND {OPEN} AND state = 'accepted') < $4) \
             ORDER BY state, urgent DESC, sequence LIMIT 1 {}) RETURNING {CALL}",
            self.db.skip_locked()
        )))
        .bind(now.saturating_add(lease_ms.cast_signed()))
        .bind(now)
        .bind(cdn)
        .bind(i64::try_from(in_progress).unwrap_or(i64::MAX))
        .fetch_optional(&self.db.writer)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let fence = row.fence;
        let CallSeen { reference, call, state, handle, attempt, sent_ms, .. } = row.seen()?;
        Ok(Some(ClaimedCall { reference, call, state, handle, attempt, sent_ms, fence }))
    }

    /// Writes down how far a claimed call is. Purges of which nothing is open any more are woken.
    pub async fn note_call(
        &self,
        claim: &ClaimedCall,
        note: &CallNote,
        now_ms: u64,
    ) -> Result<(), CatalogError> {
        let mut tx = self.db.write().await?;
        let batch: Option<String> = sqlx::query_scalar(
            "UPDATE cdn_call SET state = $1, handle = coalesce($2, handle), trouble = $3, due_ms = $4, attempt = $5, \
             ended_ms = $6, lease_until_ms = 0 WHERE reference = $7 AND fence = $8 RETURNING batch",
        )
        .bind(note.state.as_str())
        .bind(&note.handle)
        .bind(&note.trouble)
        .bind(note.due_ms.cast_signed())
        // A call that was accepted is asked about with fresh patience; one that has ended shows how often it was tried.
        .bind(if note.state == CallState::Accepted && note.trouble.is_none() { 0 } else { i64::from(claim.attempt) })
        .bind(note.state.has_ended().then(|| now_ms.cast_signed()))
        .bind(&claim.reference)
        .bind(claim.fence)
        .fetch_optional(&mut *tx)
        .await?;
        let batch = batch.ok_or(CatalogError::LeaseLost)?;
        if note.state.has_ended() {
            wake_purges(&mut tx, &batch, now_ms).await?;
        }
        tx.commit().await?;
        self.accepted.notify_one();
        Ok(())
    }

    /// When there is something to do for a CDN. A planned call that has no room is not that.
    pub async fn cdn_due(&self, cdn: &str, in_progress: usize) -> Result<Option<u64>, CatalogError> {
        let due: Option<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT min(due) FROM (SELECT min(due_ms) AS due FROM cdn_wish WHERE cdn = $1 AND batch IS NULL \
             UNION ALL SELECT min({LATER}) FROM cdn_call WHERE cdn = $1 AND {OPEN} AND \
             (state = 'accepted' OR (SELECT count(*) FROM cdn_call WHERE cdn = $1 AND {OPEN} AND state = 'accepted') < $2)) AS dues"
        )))
        .bind(cdn)
        .bind(i64::try_from(in_progress).unwrap_or(i64::MAX))
        .fetch_one(&self.db.reader)
        .await?;
        Ok(due.map(i64::unsigned_abs))
    }

    /// Gives up what waits for CDNs that the configuration no longer has.
    pub async fn forget_other_cdns(&self, known: &[String], now_ms: u64) -> Result<u64, CatalogError> {
        // No CDN is called nothing; so the list is never empty.
        let known: Vec<&str> = known.iter().map(String::as_str).chain([""]).collect();
        let mut tx = self.db.write().await?;
        let wishes = format!(
            "UPDATE cdn_wish SET batch = 'forgotten-' || purge, refusal = 'the configuration does not have it any more' \
             WHERE batch IS NULL AND cdn NOT IN ({})",
            list(1, known.len())
        );
        let wishes =
            known.iter().fold(sqlx::query(sqlx::AssertSqlSafe(wishes)), |query, name| query.bind(*name));
        let wishes = wishes.execute(&mut *tx).await?;
        let calls = format!(
            "UPDATE cdn_call SET state = 'failed', ended_ms = $1, fence = fence + 1, \
             trouble = 'the configuration does not have this CDN any more' WHERE {OPEN} AND cdn NOT IN ({})",
            list(2, known.len())
        );
        let calls = sqlx::query(sqlx::AssertSqlSafe(calls)).bind(now_ms.cast_signed());
        let calls = known.iter().fold(calls, |query, name| query.bind(*name)).execute(&mut *tx).await?;
        let forgotten = wishes.rows_affected() + calls.rows_affected();
        if forgotten > 0 {
            sqlx::query("UPDATE purge SET due_ms = $1 WHERE state = 'flushing_cdn'")
                .bind(now_ms.cast_signed())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(forgotten)
    }

    /// How far each CDN is with a purge; `calls_max` of its calls, those that went wrong first.
    pub async fn cdn_parts(&self, purge: &str, calls_max: u32) -> Result<Vec<CdnPart>, CatalogError> {
        let mut tx = self.db.read().await?;
        let rows: Vec<(String, Option<i64>, i64)> = sqlx::query_as(
            "SELECT cdn, min(CASE WHEN batch IS NULL THEN due_ms END), CAST(sum(is_partial) AS BIGINT) \
             FROM cdn_wish WHERE purge = $1 GROUP BY cdn ORDER BY cdn",
        )
        .bind(purge)
        .fetch_all(&mut *tx)
        .await?;
        let mut parts = Vec::new();
        for (cdn, waits_until, partial) in rows {
            let refusals: Vec<String> = sqlx::query_scalar(
                "SELECT DISTINCT refusal FROM cdn_wish WHERE purge = $1 AND cdn = $2 AND refusal IS NOT NULL",
            )
            .bind(purge)
            .bind(&cdn)
            .fetch_all(&mut *tx)
            .await?;
            let calls: Vec<CallRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
                "SELECT {CALL} FROM cdn_call WHERE batch IN \
                 (SELECT batch FROM cdn_wish WHERE purge = $1 AND cdn = $2) \
                 ORDER BY state = 'done', sequence LIMIT $3"
            )))
            .bind(purge)
            .bind(&cdn)
            .bind(i64::from(calls_max))
            .fetch_all(&mut *tx)
            .await?;
            parts.push(CdnPart {
                cdn,
                waits_until_ms: waits_until.map(i64::unsigned_abs),
                refusals,
                partial: u32::try_from(partial).unwrap_or(u32::MAX),
                calls: calls.into_iter().map(CallRow::seen).collect::<Result<_, _>>()?,
            });
        }
        Ok(parts)
    }
}

/// A purge that waited for nothing else goes on now.
async fn wake_purges(tx: &mut Tx<'_>, batch: &str, now_ms: u64) -> Result<(), CatalogError> {
    sqlx::query(
        "UPDATE purge SET due_ms = $2 WHERE state = 'flushing_cdn' AND due_ms > $2 \
         AND id IN (SELECT purge FROM cdn_wish WHERE batch = $1) \
         AND NOT EXISTS (SELECT 1 FROM cdn_call WHERE batch = $1 AND state IN ('planned', 'accepted'))",
    )
    .bind(batch)
    .bind(now_ms.cast_signed())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::stage::{by_hand, stories};
    use crate::{Claim, NewPurge, NewWish, Step};
    use api_types::{PurgeState, Receipt, Selector};

    fn step(due_ms: u64, wishes: Vec<NewWish>) -> Step {
        Step {
            passed: Vec::new(),
            state: PurgeState::FlushingCdn,
            detail: None,
            error: None,
            due_ms,
            append: None,
            covers: Vec::new(),
            wishes,
            receipt: Receipt::default(),
        }
    }

    /// A purge that has one wish for "cdn", due then, and waits for it.
    async fn waiting(catalog: &Catalog, id: &str, due_ms: u64) -> Claim {
        let purge = NewPurge::of(id, "api", vec![Selector::All(true)]);
        wishing(catalog, purge, due_ms).await
    }

    async fn wishing(catalog: &Catalog, purge: NewPurge, due_ms: u64) -> Claim {
        catalog.accept_purge(&purge, 1).await.unwrap();
        let claim = catalog.claim_purge(1, 1000).await.unwrap().unwrap();
        let wish = NewWish { cdn: "cdn".to_owned(), wish: purge.id, soft: false, due_ms };
        let claim = catalog.advance_purge(&claim, step(1, vec![wish]), 1, 1000).await.unwrap();
        catalog.advance_purge(&claim, step(1_000_000, Vec::new()), 1, 0).await.unwrap()
    }

    async fn wishing_for(catalog: &Catalog, tenant: &str, id: &str, urgent: bool) {
        let purge = NewPurge::of(id, "api", vec![Selector::All(true)]);
        wishing(catalog, NewPurge { tenant: Some(tenant.to_owned()), urgent, ..purge }, 100).await;
    }

    async fn due(catalog: &Catalog, now: u64) -> Vec<String> {
        catalog.wishes_due("cdn", now, 100).await.unwrap().into_iter().map(|wish| wish.wish).collect()
    }

    async fn batch(catalog: &Catalog, calls: &[&str]) {
        let wishes = catalog.wishes_due("cdn", u64::MAX >> 1, 100).await.unwrap();
        let wishes: Vec<_> = wishes.into_iter().map(|wish| (wish, Planned::default())).collect();
        let calls: Vec<String> = calls.iter().map(|call| (*call).to_owned()).collect();
        catalog.write_batch("cdn", "b", &wishes, &calls, 10).await.unwrap();
    }

    fn note(state: CallState) -> CallNote {
        CallNote { state, handle: None, trouble: None, due_ms: 0 }
    }

    stories! {
        async fn the_first_that_is_due_takes_all_that_wait_along(stage: &Stage) {
            let catalog = stage.catalog().await;
            waiting(&catalog, "a", 100).await;
            waiting(&catalog, "b", 200).await;
            assert!(due(&catalog, 99).await.is_empty());
            assert_eq!(catalog.cdn_due("cdn", 1).await.unwrap(), Some(100));
            assert_eq!(due(&catalog, 100).await, ["a", "b"]);
            assert!(catalog.wishes_due("other", 1000, 100).await.unwrap().is_empty());
        }

        async fn what_is_urgent_is_dealt_first_and_of_everybody_the_same_number(stage: &Stage) {
            let catalog = stage.catalog().await;
            for id in ["a1", "a2", "a3", "a4", "a5", "a6"] {
                wishing_for(&catalog, "many", id, false).await;
            }
            wishing_for(&catalog, "few", "b1", false).await;
            let dealt = async |limit| {
                let wishes = catalog.wishes_due("cdn", 100, limit).await.unwrap();
                wishes.into_iter().map(|wish| wish.wish).collect::<Vec<_>>().join(" ")
            };
            assert_eq!(dealt(4).await, "b1 a1 a2", "what one leaves of its share the next batch has");
            wishing_for(&catalog, "many", "A7", true).await;
            assert_eq!(dealt(4).await, "A7 b1 a1 a2");
            assert_eq!(dealt(1).await, "A7");
        }

        async fn calls_for_what_is_urgent_are_made_before_those_that_were_planned_earlier(stage: &Stage) {
            let catalog = stage.catalog().await;
            wishing_for(&catalog, "a", "a1", false).await;
            batch(&catalog, &["one", "two"]).await;
            wishing_for(&catalog, "a", "A2", true).await;
            let wishes = catalog.wishes_due("cdn", 100, 100).await.unwrap();
            assert!(wishes[0].urgent);
            let wishes = [(wishes[0].clone(), Planned { is_partial: true, refusal: None })];
            catalog.write_batch("cdn", "urgent", &wishes, &["three".to_owned()], 10).await.unwrap();
            assert_eq!(catalog.cdn_parts("A2", 10).await.unwrap()[0].partial, 1);
            let mut made = Vec::new();
            while let Some(call) = catalog.claim_call("cdn", 1, 20, 1000).await.unwrap() {
                made.push(call.call);
            }
            assert_eq!(made, ["three", "one", "two"]);
        }

        async fn a_purge_is_woken_when_the_last_call_of_its_batch_has_ended(stage: &Stage) {
            let catalog = stage.catalog().await;
            waiting(&catalog, "a", 100).await;
            batch(&catalog, &["one", "two"]).await;
            for state in [CallState::Done, CallState::Failed] {
                assert!(catalog.claim_purge(500, 1).await.unwrap().is_none(), "a call is open");
                let call = catalog.claim_call("cdn", 1, 20, 1000).await.unwrap().unwrap();
                catalog.note_call(&call, &note(state), 30).await.unwrap();
            }
            assert_eq!(catalog.claim_purge(500, 1).await.unwrap().unwrap().id, "a");
            let parts = catalog.cdn_parts("a", 10).await.unwrap();
            let calls: Vec<_> = parts[0].calls.iter().map(|call| (call.reference.as_str(), call.state)).collect();
            assert_eq!(calls, [("b-2", CallState::Failed), ("b-1", CallState::Done)], "trouble first");
        }

        async fn a_purge_that_tells_a_cdn_again_waits_for_another_call_with_another_reference(stage: &Stage) {
            let catalog = stage.catalog().await;
            waiting(&catalog, "a", 100).await;
            batch(&catalog, &["one"]).await;
            let call = catalog.claim_call("cdn", 1, 20, 1000).await.unwrap().unwrap();
            catalog.note_call(&call, &note(CallState::Done), 30).await.unwrap();
            let claim = catalog.claim_purge(500, 1000).await.unwrap().unwrap();

            let wish = NewWish { cdn: "cdn".to_owned(), wish: "again".to_owned(), soft: false, due_ms: 600 };
            catalog.advance_purge(&claim, step(1_000_000, vec![wish]), 600, 0).await.unwrap();
            assert!(catalog.claim_purge(700, 1).await.unwrap().is_none(), "it waits");
            let wishes = catalog.wishes_due("cdn", 600, 100).await.unwrap();
            assert_eq!(wishes.iter().map(|wish| wish.wish.as_str()).collect::<Vec<_>>(), ["again"]);
            let wishes: Vec<_> = wishes.into_iter().map(|wish| (wish, Planned::default())).collect();
            catalog.write_batch("cdn", "b2", &wishes, &["two".to_owned()], 600).await.unwrap();
            let call = catalog.claim_call("cdn", 1, 610, 1000).await.unwrap().unwrap();
            assert_eq!(call.reference, "b2-1");
            catalog.note_call(&call, &note(CallState::Done), 620).await.unwrap();
            assert!(catalog.claim_purge(700, 1).await.unwrap().is_some());
            assert_eq!(catalog.cdn_parts("a", 10).await.unwrap()[0].calls.len(), 2);
        }

        async fn a_purge_that_looks_while_its_last_call_ends_does_not_sleep_on(stage: &Stage) {
            let catalog = stage.catalog().await;
            waiting(&catalog, "a", 100).await;
            batch(&catalog, &["one"]).await;
            by_hand(&catalog, "UPDATE purge SET due_ms = 0").await;
            let looking = catalog.claim_purge(500, 1000).await.unwrap().unwrap();
            let call = catalog.claim_call("cdn", 1, 20, 1000).await.unwrap().unwrap();
            catalog.note_call(&call, &note(CallState::Done), 30).await.unwrap();
            // It saw the call open, and means to wait for long.
            catalog.advance_purge(&looking, step(1_000_000, Vec::new()), 40, 0).await.unwrap();
            assert_eq!(catalog.claim_purge(500, 1).await.unwrap().unwrap().id, "a");
        }

        async fn no_more_calls_are_in_progress_than_may_be(stage: &Stage) {
            let catalog = stage.catalog().await;
            waiting(&catalog, "a", 100).await;
            batch(&catalog, &["one", "two"]).await;
            let first = catalog.claim_call("cdn", 1, 20, 1000).await.unwrap().unwrap();
            let accepted = CallNote { handle: Some("I1".to_owned()), due_ms: 50, ..note(CallState::Accepted) };
            catalog.note_call(&first, &accepted, 30).await.unwrap();
            assert!(catalog.claim_call("cdn", 1, 40, 1000).await.unwrap().is_none());
            assert_eq!(catalog.cdn_due("cdn", 1).await.unwrap(), Some(50), "the other has no room");
            assert_eq!(catalog.claim_call("cdn", 2, 40, 0).await.unwrap().unwrap().reference, "b-2");
            let asked = catalog.claim_call("cdn", 1, 50, 1000).await.unwrap().unwrap();
            assert_eq!((asked.reference.as_str(), asked.handle.as_deref()), ("b-1", Some("I1")));
        }

        async fn a_worker_that_was_thought_dead_notes_nothing(stage: &Stage) {
            let catalog = stage.catalog().await;
            waiting(&catalog, "a", 100).await;
            batch(&catalog, &["one"]).await;
            let dead = catalog.claim_call("cdn", 1, 20, 1000).await.unwrap().unwrap();
            assert!(catalog.claim_call("cdn", 1, 30, 1000).await.unwrap().is_none(), "it is held");
            catalog.release_all_claims().await.unwrap();
            let again = catalog.claim_call("cdn", 1, 30, 1000).await.unwrap().unwrap();
            assert_eq!(again.reference, dead.reference, "the same call, under the same reference");
            let late = catalog.note_call(&dead, &note(CallState::Failed), 40).await;
            assert!(matches!(late, Err(CatalogError::LeaseLost)));
            catalog.note_call(&again, &note(CallState::Done), 40).await.unwrap();
        }

        async fn what_waits_for_a_cdn_that_is_gone_is_given_up(stage: &Stage) {
            let catalog = stage.catalog().await;
            waiting(&catalog, "a", 100).await;
            assert_eq!(catalog.forget_other_cdns(&["cdn".to_owned()], 20).await.unwrap(), 0);
            assert_eq!(catalog.forget_other_cdns(&[], 20).await.unwrap(), 1);
            assert_eq!(catalog.cdn_parts("a", 10).await.unwrap()[0].refusals.len(), 1);
            assert!(catalog.claim_purge(500, 1).await.unwrap().is_some());
        }
    }
}
