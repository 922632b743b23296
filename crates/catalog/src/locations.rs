//! Locations: what is made of an original where it is shown. Whether a change is announced, its writer says.

use api_types::LocationConfig;

use crate::row::row;
use crate::{Catalog, CatalogError, NewPurge};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    pub tenant: String,
    pub name: String,
    /// As it was written.
    pub config: LocationConfig,
    /// As parameters of a URL.
    pub parameters: String,
    /// Rises with every change.
    pub version: u64,
    pub changed_ms: u64,
}

row! {
    struct Row {
        tenant: String,
        name: String,
        config: String,
        parameters: String,
        version: i64,
        changed_ms: i64,
    }
}

impl TryFrom<Row> for Location {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        let Row { tenant, name, config, parameters, version, changed_ms } = row;
        let config = serde_json::from_str(&config)?;
        let (version, changed_ms) = (version.unsigned_abs(), changed_ms.unsigned_abs());
        Ok(Self { tenant, name, config, parameters, version, changed_ms })
    }
}

impl Catalog {
    /// Keeps a location, of which its tenant has `most`, and gives it as it is kept; its version and time are given here.
    /// `announce`, if there is one, is accepted in the same transaction. Nothing if there are as many as there may be.
    pub async fn keep_location(
        &self,
        wanted: &Location,
        announce: Option<&NewPurge>,
        most: u32,
        now_ms: u64,
    ) -> Result<Option<Location>, CatalogError> {
        let mut tx = self.db.write().await?;
        let others: i64 =
            sqlx::query_scalar("SELECT count(*) FROM location WHERE tenant = $1 AND name <> $2")
                .bind(&wanted.tenant)
                .bind(&wanted.name)
                .fetch_one(&mut *tx)
                .await?;
        if others >= i64::from(most) {
            return Ok(None);
        }
        let version: i64 = sqlx::query_scalar(
            "INSERT INTO location (tenant, name, config, parameters, version, changed_ms) \
             VALUES ($1, $2, $3, $4, 1, $5) ON CONFLICT (tenant, name) DO UPDATE \
             SET config = $3, parameters = $4, version = location.version + 1, changed_ms = $5 RETURNING version",
        )
        .bind(&wanted.tenant)
        .bind(&wanted.name)
        .bind(serde_json::to_string(&wanted.config)?)
        .bind(&wanted.parameters)
        .bind(now_ms.cast_signed())
        .fetch_one(&mut *tx)
        .await?;
        match announce {
            Some(announce) => self.announce(tx, announce, now_ms).await?,
            None => tx.commit().await?,
        }
        Ok(Some(Location { version: version.unsigned_abs(), changed_ms: now_ms, ..wanted.clone() }))
    }

    pub async fn location(&self, tenant: &str, name: &str) -> Result<Option<Location>, CatalogError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT tenant, name, config, parameters, version, changed_ms FROM location \
             WHERE tenant = $1 AND name = $2",
        )
        .bind(tenant)
        .bind(name)
        .fetch_optional(&self.db.reader)
        .await?;
        row.map(Location::try_from).transpose()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::PurgeFilter;
    use crate::stage::stories;

    stories! {
        async fn a_location_is_announced_when_its_writer_says_so(stage: &Stage) {
            let catalog = stage.catalog().await;
            let location = |name: &str, parameters: &str| Location {
                tenant: "shop".to_owned(),
                name: name.to_owned(),
                config: LocationConfig { width: Some(9), ..LocationConfig::default() },
                parameters: parameters.to_owned(),
                version: 0,
                changed_ms: 0,
            };
            let announce = NewPurge::of("a", "api", Vec::new());
            for (parameters, announce, version) in [("w=1", None, 1), ("w=2", Some(&announce), 2), ("w=3", None, 3)] {
                let kept = catalog.keep_location(&location("hero", parameters), announce, 1, 7).await.unwrap();
                let wanted = Location { version, changed_ms: 7, ..location("hero", parameters) };
                assert_eq!(kept, Some(wanted.clone()));
                assert_eq!(catalog.location("shop", "hero").await.unwrap(), Some(wanted));
            }
            assert_eq!(catalog.purges(&PurgeFilter::default(), 99).await.unwrap().len(), 1);
            assert_eq!(catalog.location("zoo", "hero").await.unwrap(), None);
            assert_eq!(catalog.keep_location(&location("main", "w=1"), None, 1, 8).await.unwrap(), None);
        }
    }
}
