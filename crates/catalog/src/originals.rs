//! Which version of each original is current.

use purge_protocol::{Mode, Tombstone};

use crate::database::Tx;
use crate::erasures;
use crate::purges::insert_purge;
use crate::row::row;
use crate::{Catalog, CatalogError, NewPurge};

/// How many of the URLs asked of one original are remembered for the verifier.
const DELIVERIES_KEPT: i64 = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginalState {
    Present,
    /// The source says that it has it no more; asked again when its lifetime has passed.
    Gone,
}

impl OriginalState {
    fn as_str(self) -> &'static str {
        match self {
            OriginalState::Present => "present",
            OriginalState::Gone => "gone",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalRow {
    /// Names this very state of the row.
    pub generation: i64,
    pub state: OriginalState,
    pub digest: Option<String>,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    pub checked_ms: u64,
    pub lifetime_ms: u64,
    pub fenced: Fenced,
}

/// What covers every change of an original so far: the strongest record of the purge log that came after the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fenced {
    Not,
    Softly,
    Hard,
}

impl Fenced {
    /// Whether a purge of this mode would add nothing.
    pub fn is_enough_for(self, mode: Mode) -> bool {
        match mode {
            Mode::Soft => self != Fenced::Not,
            Mode::Hard | Mode::Erase => self == Fenced::Hard,
        }
    }

    pub(crate) fn by(mode: Mode) -> Self {
        match mode {
            Mode::Soft => Fenced::Softly,
            Mode::Hard | Mode::Erase => Fenced::Hard,
        }
    }

    /// As the column says it; what it does not know is fenced once more.
    fn of_column(number: i64) -> Self {
        match number {
            1 => Fenced::Hard,
            2 => Fenced::Softly,
            _ => Fenced::Not,
        }
    }

    pub(crate) fn column(self) -> i64 {
        match self {
            Fenced::Not => 0,
            Fenced::Hard => 1,
            Fenced::Softly => 2,
        }
    }
}

/// What a source said of an original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub state: OriginalState,
    pub digest: Option<String>,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    pub checked_ms: u64,
    pub lifetime_ms: u64,
}

/// What a fetch knew before it asked the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub row: Option<OriginalRow>,
    /// Rises when a purge expires many originals at once, those included that have no row yet.
    pub epoch: i64,
    /// What keeps the original from being fetched and served. Read in the same moment as the row.
    pub tombstone: Option<Tombstone>,
}

/// What became of an attempt to move the pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    /// The row is now as seen; `changed` says whether other bytes than before (or none) are current.
    To { row: OriginalRow, changed: bool },
    /// The row was changed by someone else since it was read: what was seen may be older. Read it again.
    Overtaken,
}

/// A URL that was asked of an original, and the `Accept` class that chose its representation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedDelivery {
    pub url: String,
    pub accept: String,
}

row! {
    struct Row {
        generation: i64,
        state: String,
        digest: Option<String>,
        etag: Option<String>,
        last_modified: Option<String>,
        checked_ms: i64,
        lifetime_ms: i64,
        fenced: i64,
    }
}

impl TryFrom<Row> for OriginalRow {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        let state = [OriginalState::Present, OriginalState::Gone]
            .into_iter()
            .find(|state| state.as_str() == row.state)
            .ok_or_else(|| CatalogError::Unreadable(format!("the state {:?} of an original", row.state)))?;
        Ok(Self {
            generation: row.generation,
            state,
            digest: row.digest,
            etag: row.etag,
            last_modified: row.last_modified,
            checked_ms: row.checked_ms.unsigned_abs(),
            lifetime_ms: row.lifetime_ms.unsigned_abs(),
            fenced: Fenced::of_column(row.fenced),
        })
    }
}

const SELECT: &str = "SELECT generation, state, digest, etag, last_modified, checked_ms, lifetime_ms, fenced \
                      FROM original WHERE source = $1 AND path = $2";

async fn known(tx: &mut Tx<'_>, source: &str, path: &str) -> Result<Known, CatalogError> {
    let row: Option<Row> = sqlx::query_as(SELECT).bind(source).bind(path).fetch_optional(&mut **tx).await?;
    let epoch: Option<i64> = sqlx::query_scalar("SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'epoch'")
        .fetch_optional(&mut **tx)
        .await?;
    let tombstone = erasures::over(tx, source, path).await?;
    Ok(Known { row: row.map(OriginalRow::try_from).transpose()?, epoch: epoch.unwrap_or(0), tombstone })
}

impl Catalog {
    pub async fn original(&self, source: &str, path: &str) -> Result<Known, CatalogError> {
        let mut tx = self.db.read().await?;
        known(&mut tx, source, path).await
    }

    /// Moves the pointer to what a source said, if all is still as it was `read` before the source was asked.
    ///
    /// `announce` is accepted in the same transaction if the bytes changed: a change that nobody asked to purge
    /// must be fenced all the same.
    pub async fn move_original(
        &self,
        source: &str,
        path: &str,
        read: &Known,
        seen: &Seen,
        announce: Option<&NewPurge>,
    ) -> Result<Moved, CatalogError> {
        let mut tx = self.db.write().await?;
        let Known { row: current, epoch, tombstone } = known(&mut tx, source, path).await?;
        let generation = |row: &OriginalRow| row.generation;
        let is_as_read = epoch == read.epoch
            && tombstone == read.tombstone
            && current.as_ref().map(generation) == read.row.as_ref().map(generation);
        if !is_as_read {
            return Ok(Moved::Overtaken);
        }
        // Of an original that had no bytes, nobody can have stored anything.
        let had_bytes = |row: &&OriginalRow| row.digest.is_some();
        let differs = |row: &OriginalRow| row.state != seen.state || row.digest != seen.digest;
        let changed = current.as_ref().filter(had_bytes).is_some_and(differs);
        let row = OriginalRow {
            generation: current.as_ref().map_or(1, |row| row.generation + 1),
            state: seen.state,
            digest: seen.digest.clone(),
            etag: seen.etag.clone(),
            last_modified: seen.last_modified.clone(),
            checked_ms: seen.checked_ms,
            lifetime_ms: seen.lifetime_ms,
            fenced: if changed { Fenced::Not } else { current.map_or(Fenced::Hard, |row| row.fenced) },
        };
        sqlx::query(
            "INSERT INTO original (source, path, generation, state, digest, etag, last_modified, checked_ms, \
             lifetime_ms, fenced) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (source, path) DO UPDATE SET generation = $3, state = $4, digest = $5, etag = $6, \
             last_modified = $7, checked_ms = $8, lifetime_ms = $9, fenced = $10",
        )
        .bind(source)
        .bind(path)
        .bind(row.generation)
        .bind(row.state.as_str())
        .bind(&row.digest)
        .bind(&row.etag)
        .bind(&row.last_modified)
        .bind(row.checked_ms.cast_signed())
        .bind(row.lifetime_ms.cast_signed())
        .bind(row.fenced.column())
        .execute(&mut *tx)
        .await?;
        if let Some(purge) = announce.filter(|_| changed) {
            insert_purge(&mut tx, purge, seen.checked_ms).await?;
        }
        tx.commit().await?;
        if changed && announce.is_some() {
            self.accepted.notify_one();
        }
        Ok(Moved::To { row, changed })
    }

    /// Makes every matching original be asked for again at its source before it is used: what a purge of a folder
    /// or a whole source does before its record is appended. A fetch that is under way cannot undo it.
    ///
    /// `path` is a folder, or `None` for the whole source; `source` `None` for all.
    pub async fn expire_originals(
        &self,
        source: Option<&str>,
        folder: Option<&str>,
    ) -> Result<u64, CatalogError> {
        let mut tx = self.db.write().await?;
        sqlx::query(
            "INSERT INTO meta (key, value) VALUES ('epoch', '1') \
             ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)",
        )
        .execute(&mut *tx)
        .await?;
        let result = sqlx::query(
            "UPDATE original SET generation = generation + 1, checked_ms = 0, lifetime_ms = 0 \
             WHERE ($1 IS NULL OR source = $1) \
             AND ($2 IS NULL OR substr(path, 1, length($2) + 1) = $2 || '/')",
        )
        .bind(source)
        .bind(folder)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(result.rows_affected())
    }

    /// Remembers what was asked of an original; only the latest few are kept.
    pub async fn note_delivery(
        &self,
        source: &str,
        path: &str,
        delivery: &AskedDelivery,
        now_ms: u64,
    ) -> Result<(), CatalogError> {
        let mut tx = self.db.write().await?;
        sqlx::query(
            "INSERT INTO delivery (source, path, url, accept, asked_ms) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (source, path, url, accept) DO UPDATE SET asked_ms = $5",
        )
        .bind(source)
        .bind(path)
        .bind(&delivery.url)
        .bind(&delivery.accept)
        .bind(now_ms.cast_signed())
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "DELETE FROM delivery WHERE source = $1 AND path = $2 AND (url, accept) NOT IN \
             (SELECT url, accept FROM delivery WHERE source = $1 AND path = $2 ORDER BY asked_ms DESC LIMIT $3)",
        )
        .bind(source)
        .bind(path)
        .bind(DELIVERIES_KEPT)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Remembers that a derivative was made from an original, before its bytes are put anywhere.
    pub async fn note_derivative(&self, source: &str, path: &str, digest: &str) -> Result<(), CatalogError> {
        let mut tx = self.db.write().await?;
        sqlx::query(
            "INSERT INTO derivative (digest, source, path) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(digest)
        .bind(source)
        .bind(path)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Every derivative ever made from an original, whether its bytes are still stored or not.
    pub async fn derivatives(&self, source: &str, path: &str) -> Result<Vec<String>, CatalogError> {
        Ok(sqlx::query_scalar("SELECT digest FROM derivative WHERE source = $1 AND path = $2")
            .bind(source)
            .bind(path)
            .fetch_all(&self.db.reader)
            .await?)
    }

    pub async fn deliveries(&self, source: &str, path: &str) -> Result<Vec<AskedDelivery>, CatalogError> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT url, accept FROM delivery WHERE source = $1 AND path = $2 ORDER BY asked_ms DESC",
        )
        .bind(source)
        .bind(path)
        .fetch_all(&self.db.reader)
        .await?;
        Ok(rows.into_iter().map(|(url, accept)| AskedDelivery { url, accept }).collect())
    }

    /// What was asked for last of all originals, of those of a source, or of those of a folder; and how many deliveries
    /// of them are known.
    pub async fn latest_deliveries(
        &self,
        source: Option<&str>,
        folder: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<AskedDelivery>, u64), CatalogError> {
        // '0' is the character after '/'.
        let condition = match (source, folder) {
            (None, _) => "$1 = $1 AND $2 = $2 AND $3 = $3",
            (Some(_), None) => "source = $1 AND $2 = $2 AND $3 = $3",
            (Some(_), Some(_)) => "source = $1 AND path >= $2 AND path < $3",
        };
        let folder = folder.unwrap_or_default();
        let (first, after) = (format!("{folder}/"), format!("{folder}0"));
        let latest: Vec<(String, String)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT url, accept FROM delivery WHERE {condition} ORDER BY asked_ms DESC LIMIT $4"
        )))
        .bind(source.unwrap_or_default())
        .bind(&first)
        .bind(&after)
        .bind(i64::from(limit))
        .fetch_all(&self.db.reader)
        .await?;
        let known: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT count(*) FROM delivery WHERE {condition}"
        )))
        .bind(source.unwrap_or_default())
        .bind(&first)
        .bind(&after)
        .fetch_one(&self.db.reader)
        .await?;
        let latest = latest.into_iter().map(|(url, accept)| AskedDelivery { url, accept }).collect();
        Ok((latest, known.unsigned_abs()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::stage::stories;

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

    async fn put(catalog: &Catalog, path: &str, digest: &str) {
        let read = catalog.original("demo", path).await.unwrap();
        catalog.move_original("demo", path, &read, &seen(digest), None).await.unwrap();
    }

    stories! {
        async fn a_very_first_fetch_cannot_land_behind_a_purge_of_its_folder(stage: &Stage) {
            let catalog = stage.catalog().await;
            let read = catalog.original("demo", "a/cat.jpg").await.unwrap();

            catalog.expire_originals(Some("demo"), Some("a")).await.unwrap();

            let late = catalog.move_original("demo", "a/cat.jpg", &read, &seen("a"), None).await.unwrap();
            assert_eq!(late, Moved::Overtaken);
        }

        async fn a_slow_fetch_cannot_put_older_bytes_over_newer_ones(stage: &Stage) {
            let catalog = stage.catalog().await;
            put(&catalog, "cat.jpg", "a").await;
            let read_by_both = catalog.original("demo", "cat.jpg").await.unwrap();

            let quick = catalog.move_original("demo", "cat.jpg", &read_by_both, &seen("b"), None).await.unwrap();
            let slow = catalog.move_original("demo", "cat.jpg", &read_by_both, &seen("a"), None).await.unwrap();

            assert!(matches!(quick, Moved::To { changed: true, .. }));
            assert_eq!(slow, Moved::Overtaken);
            let row = catalog.original("demo", "cat.jpg").await.unwrap().row.unwrap();
            assert_eq!(row.digest.as_deref(), Some("b"));
            assert_eq!(row.fenced, Fenced::Not, "no record covers the change yet");
        }

        async fn an_expired_original_cannot_be_refreshed_by_a_fetch_that_began_before(stage: &Stage) {
            let catalog = stage.catalog().await;
            put(&catalog, "a/cat.jpg", "a").await;
            put(&catalog, "ab/cat.jpg", "a").await;
            let read = catalog.original("demo", "a/cat.jpg").await.unwrap();

            assert_eq!(
                catalog.expire_originals(Some("demo"), Some("a")).await.unwrap(),
                1,
                "ab is another folder"
            );

            let late = catalog.move_original("demo", "a/cat.jpg", &read, &seen("a"), None).await.unwrap();
            assert_eq!(late, Moved::Overtaken);
        }

        async fn only_the_latest_deliveries_are_remembered(stage: &Stage) {
            let catalog = stage.catalog().await;
            for n in 0..20 {
                let delivery = AskedDelivery { url: format!("/demo/cat.jpg?w={n}"), accept: String::new() };
                catalog.note_delivery("demo", "cat.jpg", &delivery, n).await.unwrap();
            }
            let kept = catalog.deliveries("demo", "cat.jpg").await.unwrap();
            assert_eq!(kept.len(), 8);
            assert_eq!(kept[0].url, "/demo/cat.jpg?w=19");
        }

        async fn of_many_originals_those_that_were_asked_for_last_are_named_first(stage: &Stage) {
            let catalog = stage.catalog().await;
            for (n, path) in (1..).zip(["cats/a.jpg", "cats.jpg", "cats/deep/b.jpg", "cats0/c.jpg", "dog.jpg"]) {
                let delivery = AskedDelivery { url: format!("/demo/{path}"), accept: String::new() };
                catalog.note_delivery("demo", path, &delivery, n).await.unwrap();
            }
            let other = AskedDelivery { url: "/other/a.jpg".to_owned(), accept: String::new() };
            catalog.note_delivery("other", "a.jpg", &other, 9).await.unwrap();
            for (source, folder, limit, urls, known) in [
                (Some("demo"), Some("cats"), 9, vec!["/demo/cats/deep/b.jpg", "/demo/cats/a.jpg"], 2),
                (Some("demo"), None, 2, vec!["/demo/dog.jpg", "/demo/cats0/c.jpg"], 5),
                (None, None, 1, vec!["/other/a.jpg"], 6),
                (Some("none"), None, 9, vec![], 0),
            ] {
                let (latest, all) = catalog.latest_deliveries(source, folder, limit).await.unwrap();
                let latest: Vec<&str> = latest.iter().map(|one| one.url.as_str()).collect();
                assert_eq!((latest, all), (urls, known), "{source:?} {folder:?}");
            }
        }
    }
}
