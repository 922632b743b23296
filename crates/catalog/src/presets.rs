//! Presets: parameters that URLs name together. A change and the purge that announces it are one transaction.

use crate::database::Tx;
use crate::row::row;
use crate::{Catalog, CatalogError, NewPurge};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    /// Without one, the owner's.
    pub tenant: Option<String>,
    pub name: String,
    pub parameters: String,
    /// Rises with every change.
    pub version: u64,
    pub changed_ms: u64,
}

/// What became of a preset that was to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptPreset {
    /// There was none of that name.
    New(Preset),
    Changed(Preset),
    /// It is as it was.
    Unchanged(Preset),
    /// There are as many as there may be.
    Full,
}

row! {
    struct Row {
        tenant: String,
        name: String,
        parameters: String,
        version: i64,
        changed_ms: i64,
    }
}

impl From<Row> for Preset {
    fn from(row: Row) -> Self {
        let Row { tenant, name, parameters, version, changed_ms } = row;
        let tenant = Some(tenant).filter(|tenant| !tenant.is_empty());
        Self {
            tenant,
            name,
            parameters,
            version: version.unsigned_abs(),
            changed_ms: changed_ms.unsigned_abs(),
        }
    }
}

async fn found(tx: &mut Tx<'_>, tenant: Option<&str>, name: &str) -> Result<Option<Preset>, CatalogError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT tenant, name, parameters, version, changed_ms FROM preset WHERE tenant = $1 AND name = $2",
    )
    .bind(tenant.unwrap_or_default())
    .bind(name)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Preset::from))
}

impl Catalog {
    /// Keeps these parameters under a name, of which a tenant has `most`. `announce` is accepted in the same transaction
    /// if that changes something, or in any case if it is forced.
    pub async fn keep_preset(
        &self,
        tenant: Option<&str>,
        name: &str,
        parameters: &str,
        announce: &NewPurge,
        most: u32,
        now_ms: u64,
    ) -> Result<KeptPreset, CatalogError> {
        let mut tx = self.db.write().await?;
        let before = found(&mut tx, tenant, name).await?;
        let kept = match before {
            Some(preset) if preset.parameters == parameters => KeptPreset::Unchanged(preset),
            before => {
                if before.is_none() {
                    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM preset WHERE tenant = $1")
                        .bind(tenant.unwrap_or_default())
                        .fetch_one(&mut *tx)
                        .await?;
                    if count >= i64::from(most) {
                        return Ok(KeptPreset::Full);
                    }
                }
                let preset = Preset {
                    tenant: tenant.map(str::to_owned),
                    name: name.to_owned(),
                    parameters: parameters.to_owned(),
                    version: before.as_ref().map_or(1, |before| before.version + 1),
                    changed_ms: now_ms,
                };
                sqlx::query(
                    "INSERT INTO preset (tenant, name, parameters, version, changed_ms) VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT (tenant, name) DO UPDATE SET parameters = $3, version = $4, changed_ms = $5",
                )
                .bind(tenant.unwrap_or_default())
                .bind(name)
                .bind(parameters)
                .bind(preset.version.cast_signed())
                .bind(now_ms.cast_signed())
                .execute(&mut *tx)
                .await?;
                if before.is_some() { KeptPreset::Changed(preset) } else { KeptPreset::New(preset) }
            }
        };
        if announce.force || !matches!(kept, KeptPreset::Unchanged(_)) {
            self.announce(tx, announce, now_ms).await?;
        }
        Ok(kept)
    }

    /// False if there is none of that name. Otherwise `announce` is accepted in the same transaction.
    pub async fn drop_preset(
        &self,
        tenant: Option<&str>,
        name: &str,
        announce: &NewPurge,
        now_ms: u64,
    ) -> Result<bool, CatalogError> {
        let mut tx = self.db.write().await?;
        let gone = sqlx::query("DELETE FROM preset WHERE tenant = $1 AND name = $2")
            .bind(tenant.unwrap_or_default())
            .bind(name)
            .execute(&mut *tx)
            .await?;
        self.announce_loss(tx, gone.rows_affected(), announce, now_ms).await
    }

    pub async fn preset(&self, tenant: Option<&str>, name: &str) -> Result<Option<Preset>, CatalogError> {
        let mut tx = self.db.read().await?;
        found(&mut tx, tenant, name).await
    }

    /// By name.
    pub async fn presets(&self, tenant: Option<&str>) -> Result<Vec<Preset>, CatalogError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT tenant, name, parameters, version, changed_ms FROM preset WHERE tenant = $1 ORDER BY name",
        )
        .bind(tenant.unwrap_or_default())
        .fetch_all(&self.db.reader)
        .await?;
        Ok(rows.into_iter().map(Preset::from).collect())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::PurgeFilter;
    use crate::stage::stories;

    fn purge(id: &str, force: bool) -> NewPurge {
        NewPurge { force, ..NewPurge::of(id, "api", Vec::new()) }
    }

    async fn purges(catalog: &Catalog) -> usize {
        catalog.purges(&PurgeFilter::default(), 99).await.unwrap().len()
    }

    stories! {
        async fn a_change_of_a_preset_and_its_purge_are_stored_together(stage: &Stage) {
            let catalog = stage.catalog().await;
            let keep = async |id: &str, parameters: &str, force: bool| {
                catalog.keep_preset(None, "thumb", parameters, &purge(id, force), 9, 7).await.unwrap()
            };
            assert!(matches!(keep("a", "w=1", false).await, KeptPreset::New(preset) if preset.version == 1));
            assert_eq!(purges(&catalog).await, 1);
            assert!(matches!(keep("b", "w=2", false).await, KeptPreset::Changed(preset) if preset.version == 2));
            assert_eq!(purges(&catalog).await, 2);
            assert!(matches!(keep("c", "w=2", false).await, KeptPreset::Unchanged(preset) if preset.version == 2));
            assert_eq!(purges(&catalog).await, 2, "nothing is purged for what is as it was");
            assert!(matches!(keep("d", "w=2", true).await, KeptPreset::Unchanged(_)));
            assert_eq!(purges(&catalog).await, 3, "unless that is wished");
            assert_eq!(catalog.preset(None, "thumb").await.unwrap().unwrap().parameters, "w=2");

            assert!(catalog.drop_preset(None, "thumb", &purge("e", false), 8).await.unwrap());
            assert!(!catalog.drop_preset(None, "thumb", &purge("f", false), 9).await.unwrap());
            assert_eq!(purges(&catalog).await, 4);
            assert_eq!(catalog.preset(None, "thumb").await.unwrap(), None);
        }

        async fn a_change_whose_purge_cannot_be_stored_has_not_happened(stage: &Stage) {
            let catalog = stage.catalog().await;
            catalog.keep_preset(None, "thumb", "w=1", &purge("a", false), 9, 7).await.unwrap();
            // A purge of this id is there already.
            catalog.keep_preset(None, "thumb", "w=2", &purge("a", false), 9, 8).await.unwrap_err();
            catalog.drop_preset(None, "thumb", &purge("a", false), 8).await.unwrap_err();
            assert_eq!(catalog.preset(None, "thumb").await.unwrap().unwrap().parameters, "w=1");
        }

        async fn each_tenant_has_presets_of_its_own_and_not_without_end(stage: &Stage) {
            let catalog = stage.catalog().await;
            for (n, tenant) in [None, Some("shop"), Some("zoo")].into_iter().enumerate() {
                let parameters = format!("w={n}");
                catalog.keep_preset(tenant, "thumb", &parameters, &purge(&parameters, false), 1, 7).await.unwrap();
            }
            let full = catalog.keep_preset(Some("shop"), "hero", "w=9", &purge("x", false), 1, 7).await.unwrap();
            assert_eq!(full, KeptPreset::Full);
            assert_eq!(catalog.preset(Some("zoo"), "thumb").await.unwrap().unwrap().parameters, "w=2");
            let all = catalog.presets(Some("shop")).await.unwrap();
            assert_eq!(all.len(), 1);
            assert_eq!((all[0].tenant.as_deref(), all[0].parameters.as_str()), (Some("shop"), "w=1"));
            assert_eq!(catalog.presets(None).await.unwrap()[0].tenant, None);
        }
    }
}
