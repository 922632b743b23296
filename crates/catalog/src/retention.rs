//! What is forgotten in time: records of the log, and purges that ended long ago.

use purge_protocol::{Position, Retention};

use crate::purges::ENDED;
use crate::{Catalog, CatalogError};

/// Rows in one transaction: a purge that is accepted meanwhile does not wait long.
const ROWS_AT_ONCE: u64 = 1000;

impl Catalog {
    /// Trims the log by the protocol's rule, and gives the oldest record that is kept. Records appended before
    /// `young_ms` have passed their age.
    pub async fn trim_log(&self, retention: Retention, young_ms: u64) -> Result<Position, CatalogError> {
        let position = |found: Option<i64>| found.map(|found| Position::new(found.unsigned_abs()));
        let mut tx = self.db.read().await?;
        let head = sqlx::query_scalar("SELECT max(position) FROM purge_log").fetch_one(&mut *tx).await?;
        let young = sqlx::query_scalar("SELECT min(position) FROM purge_log WHERE at_ms >= $1")
            .bind(young_ms.cast_signed())
            .fetch_one(&mut *tx)
            .await?;
        let open = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT min(purge_log.position) FROM purge JOIN purge_log ON purge_log.purge = purge.id \
             WHERE purge.state NOT IN {ENDED}"
        )))
        .fetch_one(&mut *tx)
        .await?;
        drop(tx);
        let oldest =
            retention.keeps_from(position(head).unwrap_or_default(), position(young), position(open));
        loop {
            let mut tx = self.db.write().await?;
            let trimmed = sqlx::query(
                "DELETE FROM purge_log WHERE position IN \
                 (SELECT position FROM purge_log WHERE position < $1 ORDER BY position LIMIT $2)",
            )
            .bind(oldest.get().cast_signed())
            .bind(ROWS_AT_ONCE.cast_signed())
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            if trimmed.rows_affected() < ROWS_AT_ONCE {
                return Ok(oldest);
            }
        }
    }

    /// Forgets purges that ended before, with their events. One whose record is still in the log stays, and so does
    /// one whose tombstones stand.
    pub async fn trim_history(&self, ended_before_ms: u64) -> Result<u64, CatalogError> {
        let mut forgotten = 0;
        loop {
            let mut tx = self.db.write().await?;
            let ids: Vec<String> = sqlx::query_scalar(
                "SELECT id FROM purge WHERE ended_ms < $1 \
                 AND NOT EXISTS (SELECT 1 FROM purge_log WHERE purge_log.purge = purge.id) \
                 AND NOT EXISTS (SELECT 1 FROM tombstone WHERE tombstone.purge = purge.id) LIMIT $2",
            )
            .bind(ended_before_ms.cast_signed())
            .bind(ROWS_AT_ONCE.cast_signed())
            .fetch_all(&mut *tx)
            .await?;
            for id in &ids {
                sqlx::query("DELETE FROM cdn_wish WHERE purge = $1").bind(id).execute(&mut *tx).await?;
                sqlx::query("DELETE FROM purge_event WHERE purge = $1").bind(id).execute(&mut *tx).await?;
                sqlx::query("DELETE FROM purge WHERE id = $1").bind(id).execute(&mut *tx).await?;
            }
            // Of a call nobody asks any more when the last purge is forgotten that it was made for.
            sqlx::query(
                "DELETE FROM cdn_call WHERE state IN ('done', 'failed') \
                 AND NOT EXISTS (SELECT 1 FROM cdn_wish WHERE cdn_wish.batch = cdn_call.batch)",
            )
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            forgotten += ids.len() as u64;
            if (ids.len() as u64) < ROWS_AT_ONCE {
                return Ok(forgotten);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::stage::{Stage, stories};
    use crate::{NewPurge, PurgeFilter, Step};
    use api_types::{PurgeState, Selector};
    use purge_protocol::{Gone, Tag, Tombstone};

    /// Purges p1, p2 … appended at 1, 2 … and then in these states.
    async fn catalog(stage: &Stage, states: &[PurgeState]) -> Catalog {
        let catalog = stage.catalog().await;
        for (n, state) in (1u64..).zip(states) {
            let purge = NewPurge::of(format!("p{n}"), "api", vec![Selector::All(true)]);
            catalog.accept_purge(&purge, n).await.unwrap();
            let mut claim = catalog.claim_purge(n, 1000).await.unwrap().unwrap();
            for (state, append) in [(PurgeState::FlushingServers, Some(vec![Tag(n)])), (*state, None)] {
                let step = Step { due_ms: u64::MAX >> 1, append, ..Step::to(&claim, state) };
                claim = catalog.advance_purge(&claim, step, n, u64::MAX >> 1).await.unwrap();
            }
        }
        catalog
    }

    async fn positions(catalog: &Catalog) -> Vec<u64> {
        let (_, records) = catalog.newest_records(100).await.unwrap();
        records.iter().map(|record| record.position.get()).collect()
    }

    stories! {
        async fn the_log_is_trimmed_by_number_and_age_and_goes_on_counting(stage: &Stage) {
            let catalog = catalog(stage, &[PurgeState::Done; 5]).await;
            assert_eq!(catalog.trim_log(Retention { records: 4 }, 0).await.unwrap(), Position::new(2));
            assert_eq!(positions(&catalog).await, [2, 3, 4, 5]);
            catalog.trim_log(Retention { records: 4 }, 4).await.unwrap();
            assert_eq!(positions(&catalog).await, [4, 5]);
            catalog.trim_log(Retention { records: 4 }, 1000).await.unwrap();
            assert_eq!(positions(&catalog).await, [5], "the newest says where the log ends");
        }

        async fn what_an_open_purge_needs_is_not_trimmed(stage: &Stage) {
            let states = [PurgeState::Done, PurgeState::Verifying, PurgeState::Done, PurgeState::Done];
            let catalog = catalog(stage, &states).await;
            assert_eq!(catalog.trim_log(Retention { records: 1 }, 1000).await.unwrap(), Position::new(2));
            assert_eq!(positions(&catalog).await, [2, 3, 4]);
        }

        async fn an_empty_log_is_left_alone(stage: &Stage) {
            let catalog = catalog(stage, &[]).await;
            assert_eq!(catalog.trim_log(Retention { records: 1 }, 1000).await.unwrap(), Position::ZERO);
            assert_eq!(catalog.trim_history(1000).await.unwrap(), 0);
        }

        async fn history_goes_after_its_record_and_never_while_its_tombstone_stands(stage: &Stage) {
            let catalog =
                catalog(stage, &[PurgeState::Done, PurgeState::Done, PurgeState::Verifying, PurgeState::Done]).await;
            assert_eq!(catalog.trim_history(1000).await.unwrap(), 0, "their records are in the log");
            let tombstone = Tombstone { gone: Gone::Removed, purge: "p1".to_owned(), at: 1 };
            catalog.entomb("demo", "cat.jpg", &tombstone, "api").await.unwrap();
            catalog.trim_log(Retention { records: 1 }, 1000).await.unwrap();
            assert_eq!(catalog.trim_history(2).await.unwrap(), 0, "p2 is not old enough");
            assert_eq!(catalog.trim_history(1000).await.unwrap(), 1);
            let left: Vec<_> = catalog.purges(&PurgeFilter::default(), 10).await.unwrap().into_iter().map(|view| view.id).collect();
            assert_eq!(left, ["p4", "p3", "p1"]);
        }
    }
}
