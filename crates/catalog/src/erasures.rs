//! What was erased and must not be fetched again: the tombstones, which `purge-protocol` reads.

use api_types::PurgeState;
use purge_protocol::{Gone, Subject, Tombstone, Tombstones};

use crate::audit::{Action, AuditEntry, note};
use crate::database::{Tx, list};
use crate::purges::insert_purge;
use crate::row::row;
use crate::{Catalog, CatalogError, NewPurge};

/// A tombstone with who set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub subject: Subject,
    pub tombstone: Tombstone,
    /// What asked for the purge; `None` if that is not known any more.
    pub cause: Option<String>,
}

/// What became of the wish to lift an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lifted {
    /// The purge that announces it is stored with it.
    Lifted,
    /// There is no tombstone.
    NotErased,
    /// The purge that erases it has not ended: it would go on to remove what was fetched anew.
    UnderWay { purge: String },
}

row! {
    struct Row {
        subject: String,
        reason: Option<String>,
        purge: String,
        at_ms: i64,
    }
}

row! {
    struct ErasureRow {
        subject: String,
        reason: Option<String>,
        purge: String,
        at_ms: i64,
        cause: Option<String>,
    }
}

impl TryFrom<Row> for (Subject, Tombstone) {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        let unreadable = |_| CatalogError::Unreadable(format!("the tombstone of {:?}", row.subject));
        let gone = match row.reason {
            Some(reason) => Gone::Forbidden { reason },
            None => Gone::Removed,
        };
        let tombstone = Tombstone { gone, purge: row.purge, at: row.at_ms.unsigned_abs() };
        Ok((row.subject.parse().map_err(unreadable)?, tombstone))
    }
}

impl TryFrom<ErasureRow> for Erasure {
    type Error = CatalogError;

    fn try_from(row: ErasureRow) -> Result<Self, CatalogError> {
        let ErasureRow { subject, reason, purge, at_ms, cause } = row;
        let (subject, tombstone) = Row { subject, reason, purge, at_ms }.try_into()?;
        Ok(Erasure { subject, tombstone, cause })
    }
}

/// The tombstone over an original. Which of those that stand counts, `purge-protocol` says.
pub(crate) async fn over(
    tx: &mut Tx<'_>,
    source: &str,
    path: &str,
) -> Result<Option<Tombstone>, CatalogError> {
    let subjects = Subject::of_original(source, path);
    let found = format!(
        "SELECT subject, reason, purge, at_ms FROM tombstone WHERE subject IN ({})",
        list(1, subjects.len())
    );
    let found = sqlx::query_as(sqlx::AssertSqlSafe(found));
    let found = subjects.iter().fold(found, |query, subject| query.bind(subject.to_string()));
    let rows: Vec<Row> = found.fetch_all(&mut **tx).await?;
    let standing = rows.into_iter().map(TryInto::try_into).collect::<Result<Tombstones, CatalogError>>()?;
    Ok(standing.over(&subjects).cloned())
}

const SELECT: &str = "SELECT tombstone.subject, tombstone.reason, tombstone.purge, tombstone.at_ms, purge.cause \
                      FROM tombstone LEFT JOIN purge ON purge.id = tombstone.purge";

impl Catalog {
    /// Sets a tombstone, and gives the digest of the bytes that we have: of those it says which must go. From here on
    /// no fetch can land, not even one that began before.
    pub async fn entomb(
        &self,
        source: &str,
        path: &str,
        tombstone: &Tombstone,
        cause: &str,
    ) -> Result<Option<String>, CatalogError> {
        let subject = Subject::Original(format!("{source}/{path}")).to_string();
        let reason = match &tombstone.gone {
            Gone::Removed => None,
            Gone::Forbidden { reason } => Some(reason),
        };
        let at_ms = tombstone.at.cast_signed();
        let mut tx = self.db.write().await?;
        let before: Option<String> =
            sqlx::query_scalar("SELECT purge FROM tombstone WHERE subject = $1 AND purge = $2")
                .bind(&subject)
                .bind(&tombstone.purge)
                .fetch_optional(&mut *tx)
                .await?;
        // A step may run twice: what it did it did once.
        if before.is_none() {
            sqlx::query(
                "INSERT INTO tombstone (subject, reason, purge, at_ms) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (subject) DO UPDATE SET reason = $2, purge = $3, at_ms = $4",
            )
            .bind(&subject)
            .bind(reason)
            .bind(&tombstone.purge)
            .bind(at_ms)
            .execute(&mut *tx)
            .await?;
            note(
                &mut tx,
                &AuditEntry {
                    at_ms: tombstone.at,
                    operator: cause.to_owned(),
                    action: Action::Erase,
                    subject: subject.clone(),
                    purge: Some(tombstone.purge.clone()),
                },
            )
            .await?;
        }
        let digest: Option<String> = sqlx::query_scalar(
            "INSERT INTO original (source, path, generation, state, checked_ms, lifetime_ms, fenced) \
             VALUES ($1, $2, 1, 'gone', 0, 0, 0) ON CONFLICT (source, path) DO UPDATE SET \
             generation = original.generation + 1, state = 'gone', etag = NULL, last_modified = NULL, \
             checked_ms = 0, lifetime_ms = 0, fenced = 0 RETURNING digest",
        )
        .bind(source)
        .bind(path)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(digest)
    }

    /// The bytes of an erased original are gone, and what they were is forgotten with them.
    pub async fn forget_erased(&self, source: &str, path: &str) -> Result<(), CatalogError> {
        let mut tx = self.db.write().await?;
        for table in ["derivative", "delivery", "dependent"] {
            sqlx::query(sqlx::AssertSqlSafe(format!("DELETE FROM {table} WHERE source = $1 AND path = $2")))
                .bind(source)
                .bind(path)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query(
            "UPDATE original SET digest = NULL, generation = generation + 1 WHERE source = $1 AND path = $2 \
             AND state = 'gone'",
        )
        .bind(source)
        .bind(path)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes a tombstone away and stores the purge that announces it, both or neither.
    pub async fn lift_erasure(
        &self,
        subject: &Subject,
        announce: &NewPurge,
        now_ms: u64,
    ) -> Result<Lifted, CatalogError> {
        let text = subject.to_string();
        let mut tx = self.db.write().await?;
        let set_by: Option<(String, Option<String>)> = sqlx::query_as(
            "SELECT tombstone.purge, purge.state FROM tombstone LEFT JOIN purge ON purge.id = tombstone.purge \
             WHERE tombstone.subject = $1",
        )
        .bind(&text)
        .fetch_optional(&mut *tx)
        .await?;
        let Some((purge, state)) = set_by else { return Ok(Lifted::NotErased) };
        let state = state.and_then(|state| state.parse::<PurgeState>().ok());
        if state.is_some_and(|state| !state.has_ended()) {
            return Ok(Lifted::UnderWay { purge });
        }
        sqlx::query("DELETE FROM tombstone WHERE subject = $1").bind(&text).execute(&mut *tx).await?;
        insert_purge(&mut tx, announce, now_ms).await?;
        note(
            &mut tx,
            &AuditEntry {
                at_ms: now_ms,
                operator: announce.cause.clone(),
                action: Action::Lift,
                subject: text,
                purge: Some(announce.id.clone()),
            },
        )
        .await?;
        tx.commit().await?;
        self.accepted.notify_one();
        Ok(Lifted::Lifted)
    }

    pub async fn erasure(&self, subject: &Subject) -> Result<Option<Erasure>, CatalogError> {
        let row: Option<ErasureRow> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} WHERE tombstone.subject = $1")))
                .bind(subject.to_string())
                .fetch_optional(&self.db.reader)
                .await?;
        row.map(Erasure::try_from).transpose()
    }

    /// The newest first.
    pub async fn erasures(&self, limit: u32) -> Result<Vec<Erasure>, CatalogError> {
        let rows: Vec<ErasureRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{SELECT} ORDER BY tombstone.at_ms DESC, tombstone.subject LIMIT $1"
        )))
        .bind(i64::from(limit))
        .fetch_all(&self.db.reader)
        .await?;
        rows.into_iter().map(Erasure::try_from).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::stage::{by_hand, stories};
    use crate::{Moved, OriginalState, Seen};

    fn seen(digest: &str) -> Seen {
        Seen {
            state: OriginalState::Present,
            digest: Some(digest.to_owned()),
            etag: None,
            last_modified: None,
            checked_ms: 1,
            lifetime_ms: 1000,
        }
    }

    fn tombstone(purge: &str) -> Tombstone {
        Tombstone { gone: Gone::Removed, purge: purge.to_owned(), at: 7 }
    }

    fn announce(id: &str, cause: &str) -> NewPurge {
        let selectors = vec![api_types::Selector::Original("demo/a/cat.jpg".to_owned())];
        NewPurge { mode: purge_protocol::Mode::Erase, force: true, ..NewPurge::of(id, cause, selectors) }
    }

    stories! {
        async fn a_fetch_that_began_before_an_erasure_does_not_land_even_if_it_was_the_first(stage: &Stage) {
            let catalog = stage.catalog().await;
            let read = catalog.original("demo", "a/cat.jpg").await.unwrap();
            assert_eq!(catalog.entomb("demo", "a/cat.jpg", &tombstone("p"), "api").await.unwrap(), None);
            let late = catalog.move_original("demo", "a/cat.jpg", &read, &seen("a"), None).await.unwrap();
            assert_eq!(late, Moved::Overtaken);
            let now = catalog.original("demo", "a/cat.jpg").await.unwrap();
            assert_eq!(now.tombstone, Some(tombstone("p")));
        }

        async fn a_tombstone_over_a_folder_stops_a_fetch_below_it(stage: &Stage) {
            let catalog = stage.catalog().await;
            let read = catalog.original("demo", "a/cat.jpg").await.unwrap();
            let over_folder = "INSERT INTO tombstone (subject, purge, at_ms) VALUES ('folder:demo/a', 'p', 7)";
            by_hand(&catalog, over_folder).await;
            let late = catalog.move_original("demo", "a/cat.jpg", &read, &seen("a"), None).await.unwrap();
            assert_eq!(late, Moved::Overtaken);
            assert_eq!(catalog.original("demo", "b/cat.jpg").await.unwrap().tombstone, None);
        }

        async fn an_erasure_is_lifted_only_when_its_purge_has_ended_and_never_without_an_announcement(stage: &Stage) {
            let catalog = stage.catalog().await;
            let subject = Subject::Original("demo/a/cat.jpg".to_owned());
            catalog.accept_purge(&announce("p", "console"), 1).await.unwrap();
            catalog.entomb("demo", "a/cat.jpg", &tombstone("p"), "console").await.unwrap();
            let wish = announce("q", "api");
            let lifted = catalog.lift_erasure(&subject, &wish, 8).await.unwrap();
            assert_eq!(lifted, Lifted::UnderWay { purge: "p".to_owned() });
            assert_eq!(catalog.purge("q").await.unwrap(), None);

            by_hand(&catalog, "UPDATE purge SET state = 'done'").await;
            let listed = catalog.erasures(10).await.unwrap();
            assert_eq!(listed, [catalog.erasure(&subject).await.unwrap().unwrap()]);
            assert_eq!((&listed[0].subject, listed[0].cause.as_deref()), (&subject, Some("console")));
            assert_eq!(catalog.lift_erasure(&subject, &wish, 9).await.unwrap(), Lifted::Lifted);
            assert!(catalog.purge("q").await.unwrap().is_some());
            assert_eq!(catalog.original("demo", "a/cat.jpg").await.unwrap().tombstone, None);
            assert_eq!(catalog.lift_erasure(&subject, &wish, 9).await.unwrap(), Lifted::NotErased);

            let told: Vec<_> =
                catalog.audit(10).await.unwrap().into_iter().map(|e| (e.action, e.operator)).collect();
            assert_eq!(told, [(Action::Lift, "api".to_owned()), (Action::Erase, "console".to_owned())]);
        }

        async fn a_step_that_runs_twice_is_one_erasure_and_still_knows_which_bytes_must_go(stage: &Stage) {
            let catalog = stage.catalog().await;
            let read = catalog.original("demo", "a/cat.jpg").await.unwrap();
            catalog.move_original("demo", "a/cat.jpg", &read, &seen("d1"), None).await.unwrap();
            for _ in 0..2 {
                let before = catalog.entomb("demo", "a/cat.jpg", &tombstone("p"), "api").await.unwrap();
                assert_eq!(before.as_deref(), Some("d1"));
            }
            assert_eq!(catalog.audit(10).await.unwrap().len(), 1);
            catalog.forget_erased("demo", "a/cat.jpg").await.unwrap();
            assert_eq!(catalog.original("demo", "a/cat.jpg").await.unwrap().row.unwrap().digest, None);
        }
    }
}
