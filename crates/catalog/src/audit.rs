//! What operators did that no purge shows: who, when, to what.

use crate::database::Tx;
use crate::row::row;
use crate::{Catalog, CatalogError};

/// Older entries are forgotten.
const DEEDS_KEPT: i64 = 100_000;
/// Whoever is refused again and again pushes out what others were refused, but no deed.
const REFUSALS_KEPT: i64 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Erase,
    Lift,
    ForgetNode,
    Cancel,
    CreateKey,
    RevokeKey,
    /// Somebody who showed who they are wanted more than they may.
    Refuse,
}

impl Action {
    const ALL: [Action; 7] = [
        Action::Erase,
        Action::Lift,
        Action::ForgetNode,
        Action::Cancel,
        Action::CreateKey,
        Action::RevokeKey,
        Action::Refuse,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Action::Erase => "erase",
            Action::Lift => "lift",
            Action::ForgetNode => "forget-node",
            Action::Cancel => "cancel",
            Action::CreateKey => "create-key",
            Action::RevokeKey => "revoke-key",
            Action::Refuse => "refuse",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub at_ms: u64,
    /// By which door it was asked for, or by whose key.
    pub operator: String,
    pub action: Action,
    pub subject: String,
    /// The purge that did it or announces it.
    pub purge: Option<String>,
}

row! {
    struct Row {
        at_ms: i64,
        operator: String,
        action: String,
        subject: String,
        purge: Option<String>,
    }
}

impl TryFrom<Row> for AuditEntry {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        let action = Action::ALL
            .into_iter()
            .find(|action| action.as_str() == row.action)
            .ok_or_else(|| CatalogError::Unreadable(format!("the audited action {:?}", row.action)))?;
        let Row { at_ms, operator, subject, purge, .. } = row;
        Ok(Self { at_ms: at_ms.unsigned_abs(), operator, action, subject, purge })
    }
}

/// In the transaction of what is told.
pub(crate) async fn note(tx: &mut Tx<'_>, entry: &AuditEntry) -> Result<(), CatalogError> {
    sqlx::query("INSERT INTO audit (at_ms, operator, action, subject, purge) VALUES ($1, $2, $3, $4, $5)")
        .bind(entry.at_ms.cast_signed())
        .bind(&entry.operator)
        .bind(entry.action.as_str())
        .bind(&entry.subject)
        .bind(&entry.purge)
        .execute(&mut **tx)
        .await?;
    let (which, kept) = match entry.action {
        Action::Refuse => ("action = 'refuse'", REFUSALS_KEPT),
        _ => ("action <> 'refuse'", DEEDS_KEPT),
    };
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "DELETE FROM audit WHERE {which} AND sequence <= \
         (SELECT sequence FROM audit WHERE {which} ORDER BY sequence DESC LIMIT 1 OFFSET $1)"
    )))
    .bind(kept)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

impl Catalog {
    /// Writes down that somebody was refused.
    pub async fn note_refusal(&self, operator: &str, subject: &str, at_ms: u64) -> Result<(), CatalogError> {
        let (operator, subject) = (operator.to_owned(), subject.to_owned());
        let mut tx = self.db.write().await?;
        note(&mut tx, &AuditEntry { at_ms, operator, action: Action::Refuse, subject, purge: None }).await?;
        Ok(tx.commit().await?)
    }

    /// The newest first.
    pub async fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>, CatalogError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT at_ms, operator, action, subject, purge FROM audit ORDER BY sequence DESC LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.db.reader)
        .await?;
        rows.into_iter().map(AuditEntry::try_from).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::stage::stories;

    stories! {
        async fn refusals_push_out_refusals_and_no_deeds(stage: &Stage) {
            let catalog = stage.catalog().await;
            let entry = |action, subject: String| AuditEntry {
                at_ms: 1,
                operator: "api".to_owned(),
                action,
                subject,
                purge: None,
            };
            let mut tx = catalog.db.write().await.unwrap();
            note(&mut tx, &entry(Action::Lift, "a deed".to_owned())).await.unwrap();
            sqlx::query(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
                 INSERT INTO audit (at_ms, operator, action, subject) SELECT 1, 'key:x', 'refuse', 'old ' || i FROM n",
            )
            .bind(REFUSALS_KEPT)
            .execute(&mut *tx)
            .await
            .unwrap();
            tx.commit().await.unwrap();
            catalog.note_refusal("key:x", "the newest", 2).await.unwrap();

            let all = catalog.audit(u32::MAX).await.unwrap();
            assert_eq!(all.len() as i64, REFUSALS_KEPT + 1);
            assert_eq!((all[0].subject.as_str(), all[0].operator.as_str()), ("the newest", "key:x"));
            let oldest: Vec<_> = all.iter().rev().take(2).map(|entry| entry.subject.as_str()).collect();
            assert_eq!(oldest, ["a deed", "old 2"]);
        }
    }
}
