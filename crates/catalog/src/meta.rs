//! Facts about the database itself.

use purge_protocol::LogId;

use crate::{Catalog, CatalogError};

/// Made once, when the database is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    pub log: LogId,
    pub tag_key: [u8; 16],
}

impl Catalog {
    /// The database's own identity; `fresh` becomes it if there is none yet.
    pub async fn meta(&self, fresh: Meta) -> Result<Meta, CatalogError> {
        let mut tx = self.write().await?;
        let mut get_or_set = async |key: &str, value: String| -> Result<String, sqlx::Error> {
            sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING")
                .bind(key)
                .bind(value)
                .execute(&mut *tx)
                .await?;
            sqlx::query_scalar("SELECT value FROM meta WHERE key = $1").bind(key).fetch_one(&mut *tx).await
        };
        let log = get_or_set("log", format!("{:016x}", fresh.log.0)).await?;
        let tag_key = get_or_set("tag_key", format!("{:032x}", u128::from_be_bytes(fresh.tag_key))).await?;
        tx.commit().await?;
        let unreadable = |_| CatalogError::Unreadable("its own identity".to_owned());
        Ok(Meta {
            log: LogId(u64::from_str_radix(&log, 16).map_err(unreadable)?),
            tag_key: u128::from_str_radix(&tag_key, 16).map_err(unreadable)?.to_be_bytes(),
        })
    }
}
