//! Who works on which purge: whose turn it is, for how long it is theirs, and when there is something to do.
//!
//! What is urgent comes first. Within each of the two kinds everybody who has a purge that is due gets one carried, then
//! everybody again; so a hundred thousand of one tenant's hold up another's for no longer than one.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::purges::{COLUMNS, ENDED, PurgeRow};
use crate::{Catalog, CatalogError, Claim};

/// Those who have not had their turn yet, of each kind. Lost with the process, and nothing is lost with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turns {
    urgent: Arc<Mutex<VecDeque<String>>>,
    others: Arc<Mutex<VecDeque<String>>>,
}

impl Turns {
    fn next(&self, urgent: bool) -> Option<String> {
        self.with(urgent, VecDeque::pop_front)
    }

    /// A new round, unless somebody else has begun one.
    fn begin(&self, urgent: bool, round: Vec<String>) {
        self.with(urgent, |turns| {
            if turns.is_empty() {
                turns.extend(round);
            }
        });
    }

    fn with<T>(&self, urgent: bool, act: impl FnOnce(&mut VecDeque<String>) -> T) -> T {
        let turns = if urgent { &self.urgent } else { &self.others };
        act(&mut turns.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How many purges of whom are being worked on.
///
/// Nobody has more of the workers than they leave free: somebody whose sources hang holds up themselves, and of those
/// who come next each finds half of what is left.
#[derive(Debug)]
pub(crate) struct Hands {
    workers: usize,
    held: Mutex<HashMap<String, usize>>,
}

impl Hands {
    pub(crate) fn of(workers: usize) -> Arc<Self> {
        Arc::new(Self { workers, held: Mutex::default() })
    }

    /// What is urgent needs one free worker and no more.
    fn take(self: &Arc<Self>, whose: &str, urgent: bool) -> Option<Hold> {
        let mut held = self.held();
        let free = self.workers.saturating_sub(held.values().sum());
        let own = held.get(whose).copied().unwrap_or(0);
        if !urgent && own >= free {
            return None;
        }
        *held.entry(whose.to_owned()).or_default() += 1;
        Some(Hold { whose: whose.to_owned(), hands: Arc::clone(self) })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One purge that is being worked on, until it is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    whose: String,
    hands: Arc<Hands>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.hands.held();
        if let Some(own) = held.get_mut(&self.whose) {
            *own -= 1;
            if *own == 0 {
                held.remove(&self.whose);
            }
        }
    }
}

impl Catalog {
    /// The same catalog for so many workers, of which nobody's purges get all.
    pub fn shared_by(self, workers: usize) -> Self {
        Self { hands: Hands::of(workers), ..self }
    }

    /// Takes the purge whose turn it is, for `lease_ms`; of each tenant the one that is due longest.
    pub async fn claim_purge(&self, now_ms: u64, lease_ms: u64) -> Result<Option<Claim>, CatalogError> {
        for urgent in [true, false] {
            let mut is_new_round = false;
            loop {
                let Some(whose) = self.turns.next(urgent) else {
                    if is_new_round {
                        break;
                    }
                    is_new_round = true;
                    self.turns.begin(urgent, self.who_has_one_due(urgent, now_ms).await?);
                    continue;
                };
                let Some(hold) = self.hands.take(&whose, urgent) else { continue };
                if let Some(claim) = self.claim_purge_of(&whose, urgent, now_ms, lease_ms).await? {
                    return Ok(Some(Claim { hold: Some(Arc::new(hold)), ..claim }));
                }
            }
        }
        Ok(None)
    }

    async fn claim_purge_of(
        &self,
        whose: &str,
        urgent: bool,
        now_ms: u64,
        lease_ms: u64,
    ) -> Result<Option<Claim>, CatalogError> {
        let now = now_ms.cast_signed();
        let row: Option<PurgeRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "UPDATE purge SET fence = fence + 1, attempt = attempt + 1, lease_until_ms = $1 WHERE id = \
             (SELECT id FROM purge WHERE state NOT IN {ENDED} AND urgent = $3 AND whose = $4 AND due_ms <= $2 \
             AND lease_until_ms <= $2 ORDER BY due_ms, received_ms LIMIT 1 {}) RETURNING {COLUMNS}",
            self.db.skip_locked()
        )))
        .bind(now.saturating_add(lease_ms.cast_signed()))
        .bind(now)
        .bind(i64::from(urgent))
        .bind(whose)
        .fetch_optional(&self.db.writer)
        .await?;
        row.map(PurgeRow::claim).transpose()
    }

    /// Looks once for each of them, however many purges they have.
    async fn who_has_one_due(&self, urgent: bool, now_ms: u64) -> Result<Vec<String>, CatalogError> {
        let all: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "WITH RECURSIVE asker (whose) AS (\
             SELECT min(whose) FROM purge WHERE state NOT IN {ENDED} AND urgent = $1 \
             UNION ALL SELECT (SELECT min(purge.whose) FROM purge WHERE state NOT IN {ENDED} AND urgent = $1 \
             AND purge.whose > asker.whose) FROM asker WHERE asker.whose IS NOT NULL) \
             SELECT whose FROM asker WHERE whose IS NOT NULL AND EXISTS (SELECT 1 FROM purge \
             WHERE state NOT IN {ENDED} AND urgent = $1 AND purge.whose = asker.whose AND due_ms <= $2 \
             AND lease_until_ms <= $2)"
        )))
        .bind(i64::from(urgent))
        .bind(now_ms.cast_signed())
        .fetch_all(&self.db.reader)
        .await?;
        Ok(all)
    }

    /// Claims a purge once more for who has it: as it is now, whether or not a step of which nothing was heard was
    /// written.
    pub async fn claim_again(&self, claim: &Claim, lease_until_ms: u64) -> Result<Claim, CatalogError> {
        let mut tx = self.db.write().await?;
        let row: Option<PurgeRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "UPDATE purge SET fence = fence + 1, lease_until_ms = $1 WHERE id = $2 AND fence = $3 RETURNING {COLUMNS}"
        )))
        .bind(lease_until_ms.cast_signed())
        .bind(&claim.id)
        .bind(claim.fence)
        .fetch_optional(&mut *tx)
        .await?;
        let again = row.ok_or(CatalogError::LeaseLost)?.claim()?;
        tx.commit().await?;
        Ok(Claim { hold: claim.hold.clone(), ..again })
    }

    /// How many purges have not ended yet, of whom.
    pub async fn open_purges(&self) -> Result<Vec<(String, u64)>, CatalogError> {
        let open: Vec<(String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT whose, count(*) FROM purge WHERE state NOT IN {ENDED} GROUP BY urgent, whose \
             ORDER BY urgent, whose"
        )))
        .fetch_all(&self.db.reader)
        .await?;
        Ok(open.into_iter().map(|(whose, open)| (whose, open.unsigned_abs())).collect())
    }

    /// When the next timer is due of a purge that nobody has; `None` when there is none.
    pub async fn next_due(&self) -> Result<Option<u64>, CatalogError> {
        let due: Option<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT due_ms FROM purge WHERE state NOT IN {ENDED} AND lease_until_ms = 0 ORDER BY due_ms LIMIT 1"
        )))
        .fetch_optional(&self.db.reader)
        .await?;
        Ok(due.map(i64::unsigned_abs))
    }

    /// A restarted process owns no purge: what its earlier life had claimed may be taken at once. Only for a
    /// database that one process has locked.
    pub async fn release_all_claims(&self) -> Result<(), CatalogError> {
        let mut tx = self.db.write().await?;
        let purges = format!(
            "UPDATE purge SET lease_until_ms = 0, fence = fence + 1 WHERE state NOT IN {ENDED} AND lease_until_ms > 0"
        );
        sqlx::query(sqlx::AssertSqlSafe(purges)).execute(&mut *tx).await?;
        sqlx::query("UPDATE cdn_call SET lease_until_ms = 0, fence = fence + 1 WHERE lease_until_ms > 0")
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::NewPurge;
    use crate::purges::tests::new_purge;
    use crate::stage::stories;

    async fn accept(catalog: &Catalog, id: &str, tenant: Option<&str>, urgent: bool, now_ms: u64) {
        let purge = NewPurge { tenant: tenant.map(str::to_owned), urgent, ..new_purge(id, None) };
        catalog.accept_purge(&purge, now_ms).await.unwrap();
    }

    /// In which order they are taken while nothing ends.
    async fn order(catalog: &Catalog) -> String {
        let mut order = Vec::new();
        while let Some(claim) = catalog.claim_purge(100, 1000).await.unwrap() {
            order.push(claim.id);
        }
        order.join(" ")
    }

    stories! {
        async fn whoever_has_many_purges_holds_up_nobody_who_has_one(stage: &Stage) {
            let catalog = stage.catalog().await;
            for n in 1..=4 {
                accept(&catalog, &format!("a{n}"), Some("many"), false, n).await;
            }
            assert_eq!(catalog.claim_purge(50, 1000).await.unwrap().unwrap().id, "a1");
            accept(&catalog, "b1", Some("few"), false, 10).await;
            accept(&catalog, "c1", None, false, 11).await;
            accept(&catalog, "b2", Some("few"), false, 12).await;
            assert_eq!(order(&catalog).await, "c1 b1 a2 b2 a3 a4", "askers in turn, each of them in its order");
        }

        async fn what_is_urgent_comes_first_and_of_that_each_tenant_has_its_turn_too(stage: &Stage) {
            let catalog = stage.catalog().await;
            accept(&catalog, "a1", Some("a"), false, 1).await;
            for n in 1..=3 {
                accept(&catalog, &format!("A{n}"), Some("a"), true, n + 1).await;
            }
            accept(&catalog, "B1", Some("b"), true, 9).await;
            assert_eq!(order(&catalog).await, "A1 B1 A2 A3 a1");
            accept(&catalog, "b2", Some("b"), false, 10).await;
            accept(&catalog, "C1", Some("c"), true, 11).await;
            assert_eq!(order(&catalog).await, "C1 b2", "also what is urgent and came last");
        }

        async fn whoever_keeps_the_workers_busy_leaves_half_of_them_to_others(stage: &Stage) {
            let catalog = stage.catalog().await.shared_by(4);
            for n in 1..=4 {
                accept(&catalog, &format!("a{n}"), Some("slow"), false, n).await;
            }
            let mut held = Vec::new();
            let mut claim = async || {
                let claim = catalog.claim_purge(100, 1000).await.unwrap();
                let id = claim.as_ref().map(|claim| claim.id.clone());
                held.extend(claim);
                id.unwrap_or_default()
            };
            assert_eq!([claim().await, claim().await, claim().await], ["a1", "a2", ""]);
            accept(&catalog, "b1", Some("b"), false, 10).await;
            accept(&catalog, "b2", Some("b"), false, 11).await;
            assert_eq!([claim().await, claim().await], ["b1", ""]);
            accept(&catalog, "A5", Some("slow"), true, 12).await;
            assert_eq!(claim().await, "A5", "what is urgent takes the last of them");
            held.clear();
            assert_eq!(order(&catalog).await, "b2 a3 a4", "and they go on when something ends");
        }

        async fn whoever_has_nothing_due_has_no_turn(stage: &Stage) {
            let catalog = stage.catalog().await;
            let later = NewPurge { tenant: Some("a".to_owned()), at_ms: Some(500), ..new_purge("a1", None) };
            catalog.accept_purge(&later, 1).await.unwrap();
            accept(&catalog, "b1", Some("b"), false, 2).await;
            assert_eq!(order(&catalog).await, "b1");
            assert_eq!(catalog.next_due().await.unwrap(), Some(500), "who is worked on is not waited for");
            assert_eq!(catalog.claim_purge(500, 1000).await.unwrap().unwrap().id, "a1");
            let open = catalog.open_purges().await.unwrap();
            assert_eq!(open, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
        }

        async fn a_restart_takes_up_what_was_claimed(stage: &Stage) {
            let catalog = stage.catalog().await;
            accept(&catalog, "a1", None, false, 1).await;
            let before = catalog.claim_purge(10, 1000).await.unwrap().unwrap();
            catalog.release_all_claims().await.unwrap();
            assert_eq!(order(&catalog).await, "a1");
            assert!(matches!(catalog.claim_again(&before, 2000).await, Err(CatalogError::LeaseLost)));
        }
    }
}
