//! What other people's CDNs are to be told, while it waits for its window.
//!
//! What a wish says is text here; whoever wrote it reads it.

use tokio::sync::watch;

use crate::database::{Tx, list};
use crate::{Catalog, CatalogError, Claim};

/// Something of a purge that one CDN is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWish {
    pub cdn: String,
    pub wish: String,
    pub soft: bool,
    /// The end of its window.
    pub due_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingWish {
    pub purge: String,
    pub number: i64,
    pub wish: String,
    pub soft: bool,
    pub urgent: bool,
}

/// Rows in one statement: each value is bound, and a statement has room for some thousands.
pub(crate) const ROWS_AT_ONCE: usize = 200;

impl Catalog {
    /// Changes whenever CDNs have something new to be told.
    pub fn cdn_wishes(&self) -> watch::Receiver<()> {
        self.wished.subscribe()
    }

    /// What waits for a CDN, if the window of any of it has ended: what is urgent first, then of everybody the same
    /// number, the longest waiting first.
    pub async fn wishes_due(
        &self,
        cdn: &str,
        now_ms: u64,
        limit: u32,
    ) -> Result<Vec<WaitingWish>, CatalogError> {
        let mut tx = self.db.read().await?;
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT due_ms FROM cdn_wish WHERE cdn = $1 AND batch IS NULL AND due_ms <= $2 LIMIT 1",
        )
        .bind(cdn)
        .bind(now_ms.cast_signed())
        .fetch_optional(&mut *tx)
        .await?;
        let mut dealt = Vec::new();
        if due.is_none() {
            return Ok(dealt);
        }
        for urgent in [true, false] {
            let askers = who_waits(&mut tx, cdn, urgent).await?;
            let left = (limit as usize).saturating_sub(dealt.len());
            let share = left.div_ceil(askers.len().max(1));
            for whose in askers.into_iter().take(left) {
                let rows: Vec<(String, i64, String, i64)> = sqlx::query_as(
                    "SELECT purge, number, wish, soft FROM cdn_wish WHERE cdn = $1 AND batch IS NULL AND urgent = $2 \
                     AND whose = $3 ORDER BY due_ms, purge, number LIMIT $4",
                )
                .bind(cdn)
                .bind(i64::from(urgent))
                .bind(whose)
                .bind(i64::try_from(share).unwrap_or(i64::MAX))
                .fetch_all(&mut *tx)
                .await?;
                let wish = |(purge, number, wish, soft)| WaitingWish {
                    purge,
                    number,
                    wish,
                    soft: soft != 0,
                    urgent,
                };
                dealt.extend(rows.into_iter().map(wish));
            }
        }
        dealt.truncate(limit as usize);
        Ok(dealt)
    }
}

pub(crate) async fn insert_wishes(
    tx: &mut Tx<'_>,
    claim: &Claim,
    wishes: &[NewWish],
) -> Result<(), CatalogError> {
    if wishes.is_empty() {
        return Ok(());
    }
    // A purge that tells a CDN again has some already.
    let before: i64 = sqlx::query_scalar("SELECT count(*) FROM cdn_wish WHERE purge = $1")
        .bind(&claim.id)
        .fetch_one(&mut **tx)
        .await?;
    let numbered: Vec<(i64, &NewWish)> = (before..).zip(wishes).collect();
    for some in numbered.chunks(ROWS_AT_ONCE) {
        let rows: Vec<String> =
            (0..some.len()).map(|n| format!("($1, $2, $3, {})", list(4 + 5 * n, 5))).collect();
        let all = format!(
            "INSERT INTO cdn_wish (purge, whose, urgent, cdn, number, wish, soft, due_ms) VALUES {}",
            rows.join(", ")
        );
        let all = sqlx::query(sqlx::AssertSqlSafe(all));
        let all = all.bind(&claim.id).bind(&claim.whose).bind(i64::from(claim.urgent));
        let all = some.iter().fold(all, |query, (number, wish)| {
            query
                .bind(&wish.cdn)
                .bind(number)
                .bind(&wish.wish)
                .bind(i64::from(wish.soft))
                .bind(wish.due_ms.cast_signed())
        });
        all.execute(&mut **tx).await?;
    }
    Ok(())
}

/// Looks once for each of them, however much they wait for.
async fn who_waits(tx: &mut Tx<'_>, cdn: &str, urgent: bool) -> Result<Vec<String>, CatalogError> {
    let all: Vec<String> = sqlx::query_scalar(
        "WITH RECURSIVE asker (whose) AS (\
         SELECT min(whose) FROM cdn_wish WHERE cdn = $1 AND batch IS NULL AND urgent = $2 \
         UNION ALL SELECT (SELECT min(cdn_wish.whose) FROM cdn_wish WHERE cdn = $1 AND batch IS NULL AND urgent = $2 \
         AND cdn_wish.whose > asker.whose) FROM asker WHERE asker.whose IS NOT NULL) \
         SELECT whose FROM asker WHERE whose IS NOT NULL",
    )
    .bind(cdn)
    .bind(i64::from(urgent))
    .fetch_all(&mut **tx)
    .await?;
    Ok(all)
}
