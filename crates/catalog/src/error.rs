//! What can go wrong with the catalog.

#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("the catalog's database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the catalog's migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the catalog holds something that this version does not understand: {0}")]
    Unreadable(String),
    /// Another worker has claimed the purge since.
    #[error("the purge was claimed by another worker")]
    LeaseLost,
}

impl From<serde_json::Error> for CatalogError {
    fn from(error: serde_json::Error) -> Self {
        CatalogError::Unreadable(error.to_string())
    }
}
