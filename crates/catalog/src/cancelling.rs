//! Taking a purge back before it has begun.

use api_types::PurgeState;

use crate::audit::note;
use crate::purges::event;
use crate::{Action, AuditEntry, Catalog, CatalogError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelling {
    Cancelled,
    /// It is in this state, and something may have been done.
    TooLate(PurgeState),
    Unknown,
}

impl Catalog {
    /// Takes a purge back of which nothing has been done. A worker that holds it cannot write any more.
    pub async fn cancel_purge(
        &self,
        id: &str,
        operator: &str,
        now_ms: u64,
    ) -> Result<Cancelling, CatalogError> {
        let mut tx = self.db.write().await?;
        let cancelled = sqlx::query(
            "UPDATE purge SET state = 'cancelled', fence = fence + 1, lease_until_ms = 0, ended_ms = $2 \
             WHERE id = $1 AND state IN ('received', 'preparing')",
        )
        .bind(id)
        .bind(now_ms.cast_signed())
        .execute(&mut *tx)
        .await?;
        if cancelled.rows_affected() == 0 {
            let state: Option<String> = sqlx::query_scalar("SELECT state FROM purge WHERE id = $1")
                .bind(id)
                .fetch_optional(&mut *tx)
                .await?;
            let Some(state) = state else { return Ok(Cancelling::Unknown) };
            let unreadable = |()| CatalogError::Unreadable(format!("the purge state {state:?}"));
            return Ok(Cancelling::TooLate(state.parse().map_err(unreadable)?));
        }
        event(&mut tx, id, PurgeState::Cancelled, now_ms, Some(&format!("by {operator}"))).await?;
        let entry = AuditEntry {
            at_ms: now_ms,
            operator: operator.to_owned(),
            action: Action::Cancel,
            subject: format!("purge:{id}"),
            purge: Some(id.to_owned()),
        };
        note(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(Cancelling::Cancelled)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::NewPurge;
    use crate::purges::tests::{new_purge, step};
    use crate::stage::stories;

    stories! {
        async fn a_purge_for_later_begins_then_and_can_be_taken_back_until_it_has(stage: &Stage) {
            let catalog = stage.catalog().await;
            for id in ["a", "b"] {
                catalog.accept_purge(&NewPurge { at_ms: Some(500), ..new_purge(id, None) }, 1).await.unwrap();
            }
            assert_eq!(catalog.next_due().await.unwrap(), Some(500));
            assert!(catalog.claim_purge(499, 100).await.unwrap().is_none());
            assert_eq!(catalog.cancel_purge("a", "api", 400).await.unwrap(), Cancelling::Cancelled);
            assert_eq!(catalog.cancel_purge("c", "api", 400).await.unwrap(), Cancelling::Unknown);
            let ended = Cancelling::TooLate(PurgeState::Cancelled);
            assert_eq!(catalog.cancel_purge("a", "api", 401).await.unwrap(), ended);

            // A worker has it in hand and has not written anything yet.
            let claim = catalog.claim_purge(500, 100).await.unwrap().unwrap();
            assert_eq!(claim.id, "b");
            assert_eq!(catalog.open_purges().await.unwrap(), [("api".to_owned(), 1)]);
            assert_eq!(catalog.cancel_purge("b", "api", 501).await.unwrap(), Cancelling::Cancelled);
            let late = catalog.advance_purge(&claim, step(PurgeState::Preparing, None), 502, 0).await;
            assert!(matches!(late, Err(CatalogError::LeaseLost)));
            assert!(catalog.claim_purge(9999, 100).await.unwrap().is_none());
            let view = catalog.purge("b").await.unwrap().unwrap();
            assert_eq!((view.state, view.at), (PurgeState::Cancelled, Some(500)));
            assert_eq!(catalog.audit(10).await.unwrap()[0].subject, "purge:b");

            catalog.accept_purge(&new_purge("d", None), 600).await.unwrap();
            let claim = catalog.claim_purge(600, 100).await.unwrap().unwrap();
            catalog.advance_purge(&claim, step(PurgeState::FlushingOrigin, None), 601, 0).await.unwrap();
            let too_late = Cancelling::TooLate(PurgeState::FlushingOrigin);
            assert_eq!(catalog.cancel_purge("d", "api", 602).await.unwrap(), too_late);
        }
    }
}
