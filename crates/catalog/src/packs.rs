//! Packs: what each shows at which location. A change of that and the purge that announces it are one transaction.

use std::collections::BTreeMap;

use api_types::ImageLocation;

use crate::database::Tx;
use crate::row::row;
use crate::{Catalog, CatalogError, NewPurge};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    pub tenant: String,
    pub id: String,
    /// A name that means something to whoever wrote it.
    pub asset: Option<String>,
    /// The location that is meant when none is named.
    pub main: String,
    /// What it shows at each location.
    pub locations: BTreeMap<String, ImageLocation>,
    /// Rises with every change.
    pub version: u64,
    pub changed_ms: u64,
}

impl Pack {
    pub fn shows_the_same_as(&self, other: &Pack) -> bool {
        self.main == other.main && self.locations == other.locations
    }
}

/// What became of a pack that was to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptPack {
    /// There was none of that id.
    New(Pack),
    Changed(Pack),
    /// It shows what it showed; what else is said of it may be new.
    Unchanged(Pack),
    /// There are as many as there may be.
    Full,
}

row! {
    struct Row {
        tenant: String,
        id: String,
        asset: Option<String>,
        main: String,
        locations: String,
        version: i64,
        changed_ms: i64,
    }
}

impl TryFrom<Row> for Pack {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        let Row { tenant, id, asset, main, locations, version, changed_ms } = row;
        let locations = serde_json::from_str(&locations)?;
        let (version, changed_ms) = (version.unsigned_abs(), changed_ms.unsigned_abs());
        Ok(Self { tenant, id, asset, main, locations, version, changed_ms })
    }
}

async fn found(tx: &mut Tx<'_>, tenant: &str, id: &str) -> Result<Option<Pack>, CatalogError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT tenant, id, asset, main, locations, version, changed_ms FROM pack WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant)
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Pack::try_from).transpose()
}

impl Catalog {
    /// Keeps a pack, of which its tenant has `most`; its version and time are given here. `announce` is accepted in the same
    /// transaction if it shows something else than before.
    pub async fn keep_pack(
        &self,
        wanted: &Pack,
        announce: &NewPurge,
        most: u32,
        now_ms: u64,
    ) -> Result<KeptPack, CatalogError> {
        let mut tx = self.db.write().await?;
        let before = found(&mut tx, &wanted.tenant, &wanted.id).await?;
        if before.is_none() {
            let count: i64 = sqlx::query_scalar("SELECT count(*) FROM pack WHERE tenant = $1")
                .bind(&wanted.tenant)
                .fetch_one(&mut *tx)
                .await?;
            if count >= i64::from(most) {
                return Ok(KeptPack::Full);
            }
        }
        let is_same = before.as_ref().is_some_and(|before| before.shows_the_same_as(wanted));
        let version = before.as_ref().map_or(1, |before| before.version + u64::from(!is_same));
        let pack = Pack { version, changed_ms: now_ms, ..wanted.clone() };
        sqlx::query(
            "INSERT INTO pack (tenant, id, asset, main, locations, version, changed_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, id) DO UPDATE \
             SET asset = $3, main = $4, locations = $5, version = $6, changed_ms = $7",
        )
        .bind(&pack.tenant)
        .bind(&pack.id)
        .bind(&pack.asset)
        .bind(&pack.main)
        .bind(serde_json::to_string(&pack.locations)?)
        .bind(pack.version.cast_signed())
        .bind(now_ms.cast_signed())
        .execute(&mut *tx)
        .await?;
        if is_same {
            tx.commit().await?;
            return Ok(KeptPack::Unchanged(pack));
        }
        self.announce(tx, announce, now_ms).await?;
        Ok(if before.is_some() { KeptPack::Changed(pack) } else { KeptPack::New(pack) })
    }

    /// False if there is none of that id. Otherwise `announce` is accepted in the same transaction.
    pub async fn drop_pack(
        &self,
        tenant: &str,
        id: &str,
        announce: &NewPurge,
        now_ms: u64,
    ) -> Result<bool, CatalogError> {
        let mut tx = self.db.write().await?;
        let gone = sqlx::query("DELETE FROM pack WHERE tenant = $1 AND id = $2")
            .bind(tenant)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        self.announce_loss(tx, gone.rows_affected(), announce, now_ms).await
    }

    pub async fn pack(&self, tenant: &str, id: &str) -> Result<Option<Pack>, CatalogError> {
        let mut tx = self.db.read().await?;
        found(&mut tx, tenant, id).await
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::PurgeFilter;
    use crate::stage::stories;

    fn pack(tenant: &str, asset: &str, main: &str, originals: &[&str]) -> Pack {
        let shown = |original: &&str| {
            let original = (*original).to_owned();
            (original.clone(), ImageLocation { original, crop: None })
        };
        Pack {
            tenant: tenant.to_owned(),
            id: "62e8".to_owned(),
            asset: Some(asset.to_owned()),
            main: main.to_owned(),
            locations: originals.iter().map(shown).collect(),
            version: 0,
            changed_ms: 0,
        }
    }

    stories! {
        async fn a_pack_is_purged_when_it_shows_something_else_and_only_then(stage: &Stage) {
            let catalog = stage.catalog().await;
            let purges = async || catalog.purges(&PurgeFilter::default(), 99).await.unwrap().len();
            for (n, (wanted, version, purged)) in [
                (pack("shop", "a", "main", &["a"]), 1, 1),
                (pack("shop", "b", "main", &["a"]), 1, 1),
                (pack("shop", "b", "hero", &["a"]), 2, 2),
                (pack("shop", "b", "hero", &["a", "b"]), 3, 3),
                (pack("zoo", "b", "hero", &["a"]), 1, 4),
            ].into_iter().enumerate() {
                let announce = NewPurge::of(format!("p{n}"), "api", Vec::new());
                let kept = catalog.keep_pack(&wanted, &announce, 9, 7).await.unwrap();
                let found = catalog.pack(&wanted.tenant, "62e8").await.unwrap().unwrap();
                assert_eq!(found, Pack { version, changed_ms: 7, ..wanted });
                let as_told = match kept {
                    KeptPack::New(pack) => (pack, version == 1),
                    KeptPack::Changed(pack) => (pack, version > 1),
                    KeptPack::Unchanged(pack) => (pack, n == 1),
                    KeptPack::Full => panic!("there is room"),
                };
                assert_eq!(as_told, (found, true));
                assert_eq!(purges().await, purged, "{n}");
            }
            let announce = NewPurge::of("full", "api", Vec::new());
            let more = Pack { id: "other".to_owned(), ..pack("shop", "a", "main", &["a"]) };
            assert_eq!(catalog.keep_pack(&more, &announce, 1, 7).await.unwrap(), KeptPack::Full);
            let announce = NewPurge::of("gone", "api", Vec::new());
            assert!(catalog.drop_pack("shop", "62e8", &announce, 8).await.unwrap());
            assert!(!catalog.drop_pack("shop", "62e8", &announce, 8).await.unwrap());
            assert_eq!(purges().await, 5);
            assert_eq!(catalog.pack("shop", "62e8").await.unwrap(), None);
            assert!(catalog.pack("zoo", "62e8").await.unwrap().is_some());
        }
    }
}
