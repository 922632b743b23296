//! What operators did that no purge shows: who, when, to what.

use sqlx::{FromRow, Sqlite, Transaction};

use crate::{Catalog, CatalogError};

/// Older entries are forgotten.
const ENTRIES_KEPT: i64 = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Erase,
    Lift,
    ForgetNode,
}

impl Action {
    const ALL: [Action; 3] = [Action::Erase, Action::Lift, Action::ForgetNode];

    pub fn as_str(self) -> &'static str {
        match self {
            Action::Erase => "erase",
            Action::Lift => "lift",
            Action::ForgetNode => "forget-node",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub at_ms: u64,
    /// By which door it was asked for.
    pub operator: String,
    pub action: Action,
    pub subject: String,
    /// The purge that did it or announces it.
    pub purge: Option<String>,
}

#[derive(FromRow)]
struct Row {
    at_ms: i64,
    operator: String,
    action: String,
    subject: String,
    purge: Option<String>,
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
pub(crate) async fn note(tx: &mut Transaction<'_, Sqlite>, entry: &AuditEntry) -> Result<(), CatalogError> {
    let sequence: i64 = sqlx::query_scalar(
        "INSERT INTO audit (at_ms, operator, action, subject, purge) VALUES ($1, $2, $3, $4, $5) \
         RETURNING sequence",
    )
    .bind(entry.at_ms.cast_signed())
    .bind(&entry.operator)
    .bind(entry.action.as_str())
    .bind(&entry.subject)
    .bind(&entry.purge)
    .fetch_one(&mut **tx)
    .await?;
    sqlx::query("DELETE FROM audit WHERE sequence <= $1")
        .bind(sequence.saturating_sub(ENTRIES_KEPT))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

impl Catalog {
    /// The newest first.
    pub async fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>, CatalogError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT at_ms, operator, action, subject, purge FROM audit ORDER BY sequence DESC LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(AuditEntry::try_from).collect()
    }
}
