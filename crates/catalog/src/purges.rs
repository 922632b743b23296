//! Purges as durable tasks, and the log that they append to.

use std::sync::Arc;

use api_types::{Event, PurgeState, PurgeView, Receipt, Selector};
use purge_protocol::{Mode, Position, Record, Tag};

use crate::cdn_work::OPEN_WORK;
use crate::claiming::Hold;
use crate::database::Tx;
use crate::dependents;
use crate::row::row;
use crate::wishes::insert_wishes;
use crate::{Catalog, CatalogError, Fenced, NewWish};

pub(crate) const ENDED: &str = "('done', 'unchanged', 'error', 'error_cdn', 'error_cdn_node', 'cancelled')";

#[derive(Debug, Clone)]
pub struct NewPurge {
    pub id: String,
    pub idempotency_key: Option<String>,
    pub cause: String,
    pub selectors: Vec<Selector>,
    pub mode: Mode,
    pub force: bool,
    pub reason: Option<String>,
    /// Other people's CDNs are told at once, whatever their windows.
    pub urgent: bool,
    /// How many of the hottest derivatives it warms.
    pub warm: u32,
    /// Whose it is, if its asker was bounded to one.
    pub tenant: Option<String>,
    /// When it is to begin, if not now.
    pub at_ms: Option<u64>,
    /// The purge that failed and that this one is another try of.
    pub retry_of: Option<String>,
}

impl NewPurge {
    /// A hard one, to be begun now.
    pub fn of(id: impl Into<String>, cause: impl Into<String>, selectors: Vec<Selector>) -> Self {
        Self {
            id: id.into(),
            idempotency_key: None,
            cause: cause.into(),
            selectors,
            mode: Mode::Hard,
            force: false,
            reason: None,
            urgent: false,
            warm: 0,
            tenant: None,
            at_ms: None,
            retry_of: None,
        }
    }

    /// Among whom the queue is shared: tenants, and the doors and keys of those who have none.
    pub fn whose(&self) -> &str {
        self.tenant.as_deref().unwrap_or(&self.cause)
    }
}

/// What became of a request for a purge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    New(String),
    /// The same idempotency key was accepted before, under this id.
    Before(String),
}

/// A purge in the hands of one worker.
#[derive(Debug, Clone)]
pub struct Claim {
    pub id: String,
    pub state: PurgeState,
    pub selectors: Vec<Selector>,
    pub mode: Mode,
    pub force: bool,
    pub reason: Option<String>,
    pub urgent: bool,
    pub warm: u32,
    pub cause: String,
    pub received_ms: u64,
    pub receipt: Receipt,
    /// How often this state has been tried.
    pub attempt: u32,
    pub(crate) whose: String,
    pub(crate) fence: i64,
    pub(crate) hold: Option<Arc<Hold>>,
}

impl Claim {
    /// As it stands after a step that is written down with the next one.
    pub fn after(self, step: Step) -> Self {
        Self { state: step.state, receipt: step.receipt, attempt: 0, ..self }
    }
}

/// What a worker writes down after each piece of work.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it went through since it was last written down.
    pub passed: Vec<Event>,
    pub state: PurgeState,
    pub detail: Option<String>,
    /// Only when it ends badly.
    pub error: Option<String>,
    /// When to go on: at once, or a timer that survives the process.
    pub due_ms: u64,
    /// A record to append in the same transaction.
    pub append: Option<Vec<Tag>>,
    /// Originals that the record names (source, path): whatever changed of them so far is fenced with it.
    pub covers: Vec<(String, String)>,
    /// What other people's CDNs are to be told, to be stored in the same transaction.
    pub wishes: Vec<NewWish>,
    /// Its position is filled in when a record is appended.
    pub receipt: Receipt,
}

impl Step {
    /// To a state, at once, with the receipt as it is.
    pub fn to(claim: &Claim, state: PurgeState) -> Self {
        Self {
            passed: Vec::new(),
            state,
            detail: None,
            error: None,
            due_ms: 0,
            append: None,
            covers: Vec::new(),
            wishes: Vec::new(),
            receipt: claim.receipt.clone(),
        }
    }
}

row! {
    pub(crate) struct PurgeRow {
        id: String,
        cause: String,
        selectors: String,
        mode: String,
        force: i64,
        reason: Option<String>,
        urgent: i64,
        warm: i64,
        tenant: Option<String>,
        at_ms: Option<i64>,
        retry_of: Option<String>,
        state: String,
        receipt: String,
        error: Option<String>,
        received_ms: i64,
        attempt: i64,
        fence: i64,
        whose: String,
    }
}

pub(crate) const COLUMNS: &str = "id, cause, selectors, mode, force, reason, urgent, warm, tenant, at_ms, retry_of, state, receipt, error, received_ms, attempt, fence, whose";

impl PurgeRow {
    fn state(&self) -> Result<PurgeState, CatalogError> {
        self.state.parse().map_err(|()| CatalogError::Unreadable(format!("the purge state {:?}", self.state)))
    }

    fn mode(&self) -> Result<Mode, CatalogError> {
        self.mode.parse().map_err(|_| CatalogError::Unreadable(format!("the purge mode {:?}", self.mode)))
    }

    pub(crate) fn claim(self) -> Result<Claim, CatalogError> {
        Ok(Claim {
            state: self.state()?,
            mode: self.mode()?,
            selectors: serde_json::from_str(&self.selectors)?,
            receipt: serde_json::from_str(&self.receipt)?,
            force: self.force != 0,
            reason: self.reason,
            urgent: self.urgent != 0,
            warm: u32::try_from(self.warm).unwrap_or(0),
            attempt: u32::try_from(self.attempt).unwrap_or(u32::MAX),
            received_ms: self.received_ms.unsigned_abs(),
            whose: self.whose,
            fence: self.fence,
            hold: None,
            cause: self.cause,
            id: self.id,
        })
    }

    pub(crate) fn view(self, events: Vec<Event>) -> Result<PurgeView, CatalogError> {
        Ok(PurgeView {
            state: self.state()?,
            mode: self.mode()?,
            selectors: serde_json::from_str(&self.selectors)?,
            receipt: serde_json::from_str(&self.receipt)?,
            force: self.force != 0,
            reason: self.reason,
            urgent: self.urgent != 0,
            warm: u32::try_from(self.warm).unwrap_or(0),
            tenant: self.tenant,
            cause: self.cause,
            received: self.received_ms.unsigned_abs(),
            at: self.at_ms.map(i64::unsigned_abs),
            retry_of: self.retry_of,
            events,
            error: self.error,
            id: self.id,
        })
    }
}

impl Catalog {
    /// Stores a purge. When this has returned, it is never lost.
    pub async fn accept_purge(&self, purge: &NewPurge, now_ms: u64) -> Result<Accepted, CatalogError> {
        let mut tx = self.db.write().await?;
        if let Some(key) = &purge.idempotency_key {
            let before: Option<String> =
                sqlx::query_scalar("SELECT id FROM purge WHERE idempotency_key = $1")
                    .bind(key)
                    .fetch_optional(&mut *tx)
                    .await?;
            if let Some(id) = before {
                return Ok(Accepted::Before(id));
            }
        }
        insert_purge(&mut tx, purge, now_ms).await?;
        tx.commit().await?;
        self.accepted.notify_one();
        Ok(Accepted::New(purge.id.clone()))
    }

    /// Writes a step of the claimed purge: its state, its event, its receipt and, if asked, its record of the log,
    /// in one transaction. Gives the claim as it stands afterwards, still held until `lease_until_ms`.
    pub async fn advance_purge(
        &self,
        claim: &Claim,
        mut step: Step,
        now_ms: u64,
        lease_until_ms: u64,
    ) -> Result<Claim, CatalogError> {
        let mut tx = self.db.write().await?;
        if let Some(tags) = &step.append {
            let position = append(&mut tx, &claim.id, tags, claim.mode, now_ms).await?;
            step.receipt.position = Some(position);
            for subject in step.receipt.subjects.iter().filter_map(|subject| subject.parse().ok()) {
                dependents::forget(&mut tx, &subject).await?;
            }
            for (source, path) in &step.covers {
                // A soft record after a hard one takes nothing away.
                sqlx::query(
                    "UPDATE original SET fenced = $3 WHERE source = $1 AND path = $2 AND fenced <> $4",
                )
                .bind(source)
                .bind(path)
                .bind(Fenced::by(claim.mode).column())
                .bind(Fenced::Hard.column())
                .execute(&mut *tx)
                .await?;
            }
        }
        let moved_on = step.state != claim.state;
        let attempt = if moved_on { 0 } else { claim.attempt };
        let written = sqlx::query(
            "UPDATE purge SET state = $1, receipt = $2, error = $3, due_ms = $4, attempt = $5, \
             lease_until_ms = $6, ended_ms = $7 WHERE id = $8 AND fence = $9",
        )
        .bind(step.state.as_str())
        .bind(serde_json::to_string(&step.receipt)?)
        .bind(&step.error)
        .bind(step.due_ms.cast_signed())
        .bind(i64::from(attempt))
        .bind(lease_until_ms.cast_signed())
        .bind(step.state.has_ended().then(|| now_ms.cast_signed()))
        .bind(&claim.id)
        .bind(claim.fence)
        .execute(&mut *tx)
        .await?;
        if written.rows_affected() != 1 {
            return Err(CatalogError::LeaseLost);
        }
        insert_wishes(&mut tx, claim, &step.wishes).await?;
        if step.state == PurgeState::FlushingCdn && !moved_on {
            // What it was about to wait for may have ended while it was looking.
            sqlx::query(sqlx::AssertSqlSafe(format!(
                "UPDATE purge SET due_ms = $2 WHERE id = $1 AND NOT {OPEN_WORK}"
            )))
            .bind(&claim.id)
            .bind(now_ms.cast_signed())
            .execute(&mut *tx)
            .await?;
        }
        for Event { state, at, detail } in &step.passed {
            event(&mut tx, &claim.id, *state, *at, detail.as_deref()).await?;
        }
        // Waiting on is no event.
        if moved_on || step.detail.is_some() {
            event(&mut tx, &claim.id, step.state, now_ms, step.detail.as_deref()).await?;
        }
        tx.commit().await?;
        if !step.wishes.is_empty() {
            self.wished.send_replace(());
        }
        Ok(Claim { state: step.state, receipt: step.receipt, attempt, ..claim.clone() })
    }

    pub async fn purge(&self, id: &str) -> Result<Option<PurgeView>, CatalogError> {
        let mut tx = self.db.read().await?;
        let row: Option<PurgeRow> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM purge WHERE id = $1")))
                .bind(id)
                .fetch_optional(&mut *tx)
                .await?;
        let Some(row) = row else { return Ok(None) };
        let events = events(&mut tx, id).await?;
        Ok(Some(row.view(events)?))
    }

    /// Where the log ends, and its newest records, oldest first.
    pub async fn newest_records(&self, limit: u32) -> Result<(Position, Vec<Record>), CatalogError> {
        let rows: Vec<RecordRow> = sqlx::query_as(
            "SELECT position, purge, tags, mode, at_ms FROM purge_log ORDER BY position DESC LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.db.reader)
        .await?;
        let records: Vec<Record> = rows.into_iter().rev().map(record).collect::<Result<_, _>>()?;
        Ok((records.last().map_or(Position::ZERO, |record| record.position), records))
    }

    /// All records after a position, in order.
    pub async fn records_after(&self, after: Position) -> Result<Vec<Record>, CatalogError> {
        let rows: Vec<RecordRow> = sqlx::query_as(
            "SELECT position, purge, tags, mode, at_ms FROM purge_log WHERE position > $1 ORDER BY position",
        )
        .bind(after.get().cast_signed())
        .fetch_all(&self.db.reader)
        .await?;
        rows.into_iter().map(record).collect()
    }
}

type RecordRow = (i64, String, String, String, i64);

fn record(row: RecordRow) -> Result<Record, CatalogError> {
    let (position, purge, tags, mode, at) = row;
    let mode =
        mode.parse().map_err(|_| CatalogError::Unreadable(format!("the mode of record {position}")))?;
    Ok(Record {
        position: Position::new(position.unsigned_abs()),
        purge,
        tags: serde_json::from_str(&tags)?,
        mode,
        at: at.unsigned_abs(),
    })
}

pub(crate) async fn insert_purge(tx: &mut Tx<'_>, purge: &NewPurge, now_ms: u64) -> Result<(), CatalogError> {
    sqlx::query(
        "INSERT INTO purge (id, idempotency_key, cause, selectors, mode, force, reason, urgent, state, receipt, \
         received_ms, due_ms, attempt, fence, lease_until_ms, tenant, at_ms, retry_of, whose, warm) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $10, 'received', $8, $9, $14, 0, 0, 0, $11, $12, $13, $15, $16)",
    )
    .bind(&purge.id)
    .bind(&purge.idempotency_key)
    .bind(&purge.cause)
    .bind(serde_json::to_string(&purge.selectors)?)
    .bind(purge.mode.as_str())
    .bind(i64::from(purge.force))
    .bind(&purge.reason)
    .bind(serde_json::to_string(&Receipt::default())?)
    .bind(now_ms.cast_signed())
    .bind(i64::from(purge.urgent))
    .bind(&purge.tenant)
    .bind(purge.at_ms.map(u64::cast_signed))
    .bind(&purge.retry_of)
    .bind(purge.at_ms.unwrap_or(0).max(now_ms).cast_signed())
    .bind(purge.whose())
    .bind(i64::from(purge.warm))
    .execute(&mut **tx)
    .await?;
    event(tx, &purge.id, PurgeState::Received, now_ms, None).await
}

async fn append(
    tx: &mut Tx<'_>,
    purge: &str,
    tags: &[Tag],
    mode: Mode,
    now_ms: u64,
) -> Result<Position, CatalogError> {
    let position: i64 = sqlx::query_scalar(
        "INSERT INTO purge_log (position, purge, tags, mode, at_ms) \
         SELECT coalesce(max(position), 0) + 1, $1, $2, $3, $4 FROM purge_log RETURNING position",
    )
    .bind(purge)
    .bind(serde_json::to_string(tags)?)
    .bind(mode.as_str())
    .bind(now_ms.cast_signed())
    .fetch_one(&mut **tx)
    .await?;
    Ok(Position::new(position.unsigned_abs()))
}

pub(crate) async fn event(
    tx: &mut Tx<'_>,
    purge: &str,
    state: PurgeState,
    now_ms: u64,
    detail: Option<&str>,
) -> Result<(), CatalogError> {
    sqlx::query("INSERT INTO purge_event (purge, state, at_ms, detail) VALUES ($1, $2, $3, $4)")
        .bind(purge)
        .bind(state.as_str())
        .bind(now_ms.cast_signed())
        .bind(detail)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn events(tx: &mut Tx<'_>, purge: &str) -> Result<Vec<Event>, CatalogError> {
    let rows: Vec<(String, i64, Option<String>)> =
        sqlx::query_as("SELECT state, at_ms, detail FROM purge_event WHERE purge = $1 ORDER BY sequence")
            .bind(purge)
            .fetch_all(&mut **tx)
            .await?;
    rows.into_iter()
        .map(|(state, at, detail)| {
            let state =
                state.parse().map_err(|()| CatalogError::Unreadable(format!("the purge state {state:?}")))?;
            Ok(Event { state, at: at.unsigned_abs(), detail })
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::PurgeFilter;
    use crate::stage::stories;

    pub(crate) fn new_purge(id: &str, key: Option<&str>) -> NewPurge {
        let selectors = vec![Selector::Original("demo/cat.jpg".to_owned())];
        NewPurge { idempotency_key: key.map(str::to_owned), ..NewPurge::of(id, "api", selectors) }
    }

    pub(crate) fn step(state: PurgeState, append: Option<Vec<Tag>>) -> Step {
        Step {
            passed: Vec::new(),
            state,
            detail: None,
            error: None,
            due_ms: 0,
            append,
            covers: Vec::new(),
            wishes: Vec::new(),
            receipt: Receipt::default(),
        }
    }

    stories! {
        async fn a_purge_is_accepted_once_for_one_idempotency_key(stage: &Stage) {
            let catalog = stage.catalog().await;
            let first = catalog.accept_purge(&new_purge("a", Some("key")), 1).await.unwrap();
            let again = catalog.accept_purge(&new_purge("b", Some("key")), 2).await.unwrap();
            assert_eq!((first, again), (Accepted::New("a".into()), Accepted::Before("a".into())));
            assert_eq!(catalog.purges(&PurgeFilter::default(), 10).await.unwrap().len(), 1);
        }

        async fn a_worker_that_lost_its_lease_cannot_write(stage: &Stage) {
            let catalog = stage.catalog().await;
            catalog.accept_purge(&new_purge("a", None), 0).await.unwrap();
            let slow = catalog.claim_purge(0, 100).await.unwrap().unwrap();
            assert!(catalog.claim_purge(50, 100).await.unwrap().is_none(), "it is claimed");
            let quick = catalog.claim_purge(100, 100).await.unwrap().unwrap();

            let late =
                catalog.advance_purge(&slow, step(PurgeState::Preparing, Some(vec![Tag(1)])), 101, 0).await;
            assert!(matches!(late, Err(CatalogError::LeaseLost)));
            catalog.advance_purge(&quick, step(PurgeState::Preparing, None), 102, 0).await.unwrap();
            let (head, _) = catalog.newest_records(10).await.unwrap();
            assert_eq!(head, Position::ZERO, "nor has the late worker appended");
        }

        async fn positions_are_gapless_and_the_log_reads_in_order(stage: &Stage) {
            let catalog = stage.catalog().await;
            for n in 1..=3u64 {
                catalog.accept_purge(&new_purge(&format!("p{n}"), None), n).await.unwrap();
                let claim = catalog.claim_purge(n, 100).await.unwrap().unwrap();
                let after = catalog
                    .advance_purge(&claim, step(PurgeState::FlushingServers, Some(vec![Tag(n)])), n, n + 1000)
                    .await
                    .unwrap();
                assert_eq!(after.receipt.position, Some(Position::new(n)));
            }
            let records = catalog.records_after(Position::new(1)).await.unwrap();
            let read: Vec<_> = records.iter().map(|record| (record.position.get(), record.tags[0].0)).collect();
            assert_eq!(read, [(2, 2), (3, 3)]);
        }

        async fn who_has_a_purge_and_did_not_hear_of_a_step_finds_it_as_it_is(stage: &Stage) {
            let catalog = stage.catalog().await;
            catalog.accept_purge(&new_purge("a", None), 0).await.unwrap();
            let before = catalog.claim_purge(0, 100).await.unwrap().unwrap();
            let written = step(PurgeState::FlushingServers, Some(vec![Tag(1)]));
            catalog.advance_purge(&before, written.clone(), 1, 100).await.unwrap();
            // The word that it was written is lost on the way; so the worker knows no better than this.
            let again = catalog.claim_again(&before, 200).await.unwrap();
            assert_eq!((again.state, again.receipt.position), (PurgeState::FlushingServers, Some(Position::new(1))));
            assert!(catalog.advance_purge(&before, written, 2, 200).await.is_err(), "and cannot write it twice");
            assert_eq!(catalog.newest_records(10).await.unwrap().0, Position::new(1));
            catalog.claim_purge(300, 100).await.unwrap().unwrap();
            assert!(matches!(catalog.claim_again(&again, 400).await, Err(CatalogError::LeaseLost)), "it was late");
        }

        async fn a_timer_survives_the_process(stage: &Stage) {
            let catalog = stage.catalog().await;
            catalog.accept_purge(&new_purge("a", None), 0).await.unwrap();
            let claim = catalog.claim_purge(0, 100).await.unwrap().unwrap();
            let later = Step { due_ms: 500, ..step(PurgeState::Verifying, None) };
            catalog.advance_purge(&claim, later, 1, 0).await.unwrap();
            catalog.close().await;

            let reopened = stage.catalog().await;
            assert_eq!(reopened.next_due().await.unwrap(), Some(500));
            assert!(reopened.claim_purge(499, 100).await.unwrap().is_none());
            assert_eq!(reopened.claim_purge(500, 100).await.unwrap().unwrap().state, PurgeState::Verifying);
        }
    }
}
