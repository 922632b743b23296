//! Facts about the database itself.

use purge_protocol::LogId;
use uuid::Uuid;

use crate::{Catalog, CatalogError};

/// Made once, when the database is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    pub log: LogId,
    pub tag_key: [u8; 16],
    /// The database was made by this very call.
    pub is_new: bool,
}

impl Catalog {
    /// The database's own identity.
    pub async fn meta(&self) -> Result<Meta, CatalogError> {
        let mut tx = self.db.write().await?;
        let made =
            sqlx::query("INSERT INTO meta (key, value) VALUES ('log', $1) ON CONFLICT (key) DO NOTHING")
                .bind(new_log_id())
                .execute(&mut *tx)
                .await?;
        sqlx::query("INSERT INTO meta (key, value) VALUES ('tag_key', $1) ON CONFLICT (key) DO NOTHING")
            .bind(Uuid::new_v4().simple().to_string())
            .execute(&mut *tx)
            .await?;
        let mut get = async |key: &str| -> Result<String, sqlx::Error> {
            sqlx::query_scalar("SELECT value FROM meta WHERE key = $1").bind(key).fetch_one(&mut *tx).await
        };
        let (log, tag_key) = (get("log").await?, get("tag_key").await?);
        tx.commit().await?;
        let unreadable = |_| CatalogError::Unreadable("its own identity".to_owned());
        Ok(Meta {
            log: LogId(u64::from_str_radix(&log, 16).map_err(unreadable)?),
            tag_key: u128::from_str_radix(&tag_key, 16).map_err(unreadable)?.to_be_bytes(),
            is_new: made.rows_affected() == 1,
        })
    }

    /// The log goes on under a new id.
    pub async fn new_log(&self) -> Result<Meta, CatalogError> {
        let mut tx = self.db.write().await?;
        sqlx::query("UPDATE meta SET value = $1 WHERE key = 'log'")
            .bind(new_log_id())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.meta().await
    }
}

/// Random, and small enough for a JSON number that every client reads exactly (RFC 8259 §6).
fn new_log_id() -> String {
    format!("{:016x}", Uuid::new_v4().as_u64_pair().0 >> 11)
}
