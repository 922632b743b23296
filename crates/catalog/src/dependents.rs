//! Which URLs show an original that they do not name first: its dependents.

use purge_protocol::{Subject, Tag};

use crate::database::Tx;
use crate::{Catalog, CatalogError};

/// Of the source `$1` and its folder `$2`, where they are given.
const BELOW: &str =
    "($1 IS NULL OR source = $1) AND ($2 IS NULL OR substr(path, 1, length($2) + 1) = $2 || '/')";

/// What a record names is answered by nobody any more, so nothing depends on it until it has been asked for anew. In the
/// transaction that appends the record: what is noted later comes from a fill that may have begun after it.
pub(crate) async fn forget(tx: &mut Tx<'_>, subject: &Subject) -> Result<(), CatalogError> {
    let (source, path, folder) = match subject {
        Subject::Tenant => (None, None, None),
        Subject::Source(source) => (Some(source.as_str()), None, None),
        Subject::Folder(name) => match name.split_once('/') {
            Some((source, folder)) => (Some(source), None, Some(folder)),
            None => return Ok(()),
        },
        Subject::Original(name) => match name.split_once('/') {
            Some((source, path)) => (Some(source), Some(path), None),
            None => return Ok(()),
        },
        Subject::Preset(_)
        | Subject::Pack(_)
        | Subject::Location(_)
        | Subject::Url(_)
        | Subject::Prefix(_)
        | Subject::Label(_) => return Ok(()),
    };
    sqlx::query(
        "DELETE FROM dependent WHERE ($1 IS NULL OR source = $1) AND ($2 IS NULL OR path = $2) \
         AND ($3 IS NULL OR substr(path, 1, length($3) + 1) = $3 || '/')",
    )
    .bind(source)
    .bind(path)
    .bind(folder)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

impl Catalog {
    /// Remembers that the picture at this URL was made with an original.
    pub async fn note_dependent(&self, source: &str, path: &str, url: Tag) -> Result<(), CatalogError> {
        let mut tx = self.db.write().await?;
        sqlx::query("INSERT INTO dependent (source, path, url) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(source)
            .bind(path)
            .bind(url.0.cast_signed())
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// How many URLs show this original since a purge last reached them.
    pub async fn dependents(&self, source: &str, path: &str) -> Result<u64, CatalogError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM dependent WHERE source = $1 AND path = $2")
            .bind(source)
            .bind(path)
            .fetch_one(&self.db.reader)
            .await?;
        Ok(count.unsigned_abs())
    }

    /// The same of all originals, of those of a source, or of those of a folder.
    pub async fn dependents_of_many(
        &self,
        source: Option<&str>,
        folder: Option<&str>,
    ) -> Result<u64, CatalogError> {
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT count(DISTINCT url) FROM dependent WHERE {BELOW}"
        )))
        .bind(source)
        .bind(folder)
        .fetch_one(&self.db.reader)
        .await?;
        Ok(count.unsigned_abs())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::stage::stories;

    async fn note_all(catalog: &Catalog) {
        for (source, path) in [("brand", "a/logo.png"), ("brand", "ab/logo.png"), ("shop", "logo.png")] {
            for url in [1, u64::MAX, 1] {
                catalog.note_dependent(source, path, Tag(url)).await.unwrap();
            }
        }
    }

    async fn counted(catalog: &Catalog) -> [u64; 3] {
        let mut found = [0; 3];
        for (place, (source, path)) in
            [("brand", "a/logo.png"), ("brand", "ab/logo.png"), ("shop", "logo.png")].iter().enumerate()
        {
            found[place] = catalog.dependents(source, path).await.unwrap();
        }
        found
    }

    stories! {
        async fn a_url_counts_once_and_until_a_record_names_what_it_shows(stage: &Stage) {
            let catalog = stage.catalog().await;
            for (subject, left) in [
                (Subject::Original("brand/a/logo.png".to_owned()), [0, 2, 2]),
                (Subject::Folder("brand/a".to_owned()), [0, 2, 2]),
                (Subject::Source("brand".to_owned()), [0, 0, 2]),
                (Subject::Tenant, [0, 0, 0]),
                (Subject::Url("/brand/a/logo.png".to_owned()), [2, 2, 2]),
            ] {
                note_all(&catalog).await;
                assert_eq!(counted(&catalog).await, [2, 2, 2]);
                // Two URLs, each of which shows all three.
                for (source, folder) in [(None, None), (Some("brand"), None), (Some("brand"), Some("a"))] {
                    assert_eq!(catalog.dependents_of_many(source, folder).await.unwrap(), 2);
                }
                assert_eq!(catalog.dependents_of_many(Some("brand"), Some("b")).await.unwrap(), 0);
                let mut tx = catalog.db.write().await.unwrap();
                forget(&mut tx, &subject).await.unwrap();
                tx.commit().await.unwrap();
                assert_eq!(counted(&catalog).await, left, "{subject}");
            }
        }
    }
}
