//! A catalog in PostgreSQL: where it is, and whose.
//!
//! One process has the control role, for one catalog: who holds a lease is in its memory. With a file, the lock on the data
//! directory holds that. A server can be reached from anywhere, so it remembers which data directory it belongs to,
//! and every write finds the name still there, or fails.

use std::time::{Duration, Instant};

use sqlx::AnyPool;
use url::Url;

use crate::CatalogError;

/// How long a start waits for the server.
const START: Duration = Duration::from_secs(30);
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(500);
/// An undefined table, in PostgreSQL's codes.
const NO_SUCH_TABLE: &str = "42P01";

#[derive(Clone)]
pub struct Server {
    /// `postgres://user@host/database`
    pub url: Url,
    pub password: Option<String>,
    /// The name by which the catalog will be ours: one for each data directory.
    pub holder: String,
    /// Take the catalog over from whoever holds it: an operator says that they are gone for good.
    pub adopt: bool,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("url", &self.url.as_str())
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// With the password, for the driver only.
    pub(crate) fn address(&self) -> Result<String, CatalogError> {
        let mut url = self.url.clone();
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(CatalogError::Address(format!("{url} does not begin with postgres://")));
        }
        if let Some(password) = &self.password {
            url.set_password(Some(password)).map_err(|()| {
                CatalogError::Address(format!("{url} names no host, so it cannot take a password"))
            })?;
        }
        Ok(url.into())
    }

    pub(crate) async fn wait_for(&self, pool: &AnyPool) -> Result<(), CatalogError> {
        let began = Instant::now();
        loop {
            match pool.acquire().await.map_err(CatalogError::from) {
                Ok(_) => return Ok(()),
                Err(error) if error.is_away() && began.elapsed() < START => {
                    tracing::warn!(catalog = %self.url, %error, "the catalog's server is not there yet; trying again");
                    tokio::time::sleep(BETWEEN_ATTEMPTS).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) async fn refuse_if_held_by_another(&self, pool: &AnyPool) -> Result<(), CatalogError> {
        let holder: Result<Option<String>, _> =
            sqlx::query_scalar("SELECT holder FROM writer WHERE one = 1").fetch_optional(pool).await;
        match holder {
            Ok(Some(holder)) if holder != self.holder && !self.adopt => {
                Err(CatalogError::HeldByAnother { holder })
            }
            Ok(_) => Ok(()),
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(NO_SUCH_TABLE) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// From here on it is ours, and whoever had it before writes nothing more.
    pub(crate) async fn hold(&self, pool: &AnyPool, now_ms: u64) -> Result<(), CatalogError> {
        let mut tx = pool.begin().await?;
        sqlx::query(
            "INSERT INTO writer (one, holder, since_ms) VALUES (1, $1, $2) ON CONFLICT (one) DO NOTHING",
        )
        .bind(&self.holder)
        .bind(now_ms.cast_signed())
        .execute(&mut *tx)
        .await?;
        let holder: String = sqlx::query_scalar("SELECT holder FROM writer WHERE one = 1 FOR UPDATE")
            .fetch_one(&mut *tx)
            .await?;
        if holder != self.holder {
            if !self.adopt {
                return Err(CatalogError::HeldByAnother { holder });
            }
            tracing::warn!(catalog = %self.url, from = holder, "the catalog is taken over, as an operator says");
            sqlx::query("UPDATE writer SET holder = $1, since_ms = $2 WHERE one = 1")
                .bind(&self.holder)
                .bind(now_ms.cast_signed())
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }
}
