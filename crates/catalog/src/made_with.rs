//! What was asked for last of pictures that something of the catalog is a part of: a preset.

use purge_protocol::Subject;

use crate::{AskedDelivery, Catalog, CatalogError};

/// How many URLs of one subject are remembered.
const DELIVERIES_KEPT: i64 = 64;

impl Catalog {
    /// Remembers what was asked for; only the latest are kept.
    pub async fn note_made_with(
        &self,
        subject: &Subject,
        delivery: &AskedDelivery,
        now_ms: u64,
    ) -> Result<(), CatalogError> {
        let subject = subject.to_string();
        let mut tx = self.db.write().await?;
        sqlx::query(
            "INSERT INTO made_with (subject, url, accept, asked_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (subject, url, accept) DO UPDATE SET asked_ms = $4",
        )
        .bind(&subject)
        .bind(&delivery.url)
        .bind(&delivery.accept)
        .bind(now_ms.cast_signed())
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "DELETE FROM made_with WHERE subject = $1 AND (url, accept) NOT IN \
             (SELECT url, accept FROM made_with WHERE subject = $1 ORDER BY asked_ms DESC LIMIT $2)",
        )
        .bind(&subject)
        .bind(DELIVERIES_KEPT)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// The latest first.
    pub async fn made_with(&self, subject: &Subject) -> Result<Vec<AskedDelivery>, CatalogError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT url, accept FROM made_with WHERE subject = $1 ORDER BY asked_ms DESC")
                .bind(subject.to_string())
                .fetch_all(&self.db.reader)
                .await?;
        Ok(rows.into_iter().map(|(url, accept)| AskedDelivery { url, accept }).collect())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::stage::stories;

    stories! {
        async fn of_each_subject_the_latest_are_remembered(stage: &Stage) {
            let catalog = stage.catalog().await;
            let [thumb, hero] = ["thumb", "hero"].map(|name| Subject::Preset(name.to_owned()));
            let delivery = |n: u64| AskedDelivery { url: format!("/demo/{n}.jpg"), accept: "*/*".to_owned() };
            for n in 0..70 {
                catalog.note_made_with(&thumb, &delivery(n), n).await.unwrap();
            }
            catalog.note_made_with(&hero, &delivery(1), 1).await.unwrap();
            catalog.note_made_with(&thumb, &delivery(6), 99).await.unwrap();

            let kept = catalog.made_with(&thumb).await.unwrap();
            assert_eq!(kept.len(), 64);
            assert_eq!((&kept[0], &kept[1], &kept[63]), (&delivery(6), &delivery(69), &delivery(7)));
            assert_eq!(catalog.made_with(&hero).await.unwrap(), [delivery(1)]);
        }
    }
}
