//! What can go wrong with the catalog.

/// Classes of PostgreSQL's codes, which have five characters: connections, resources used up, an operator's intervention.
const AWAY: [&str; 3] = ["08", "53", "57"];

#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("the catalog's database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the catalog's migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the catalog cannot be opened: {0}")]
    Address(String),
    #[error("the catalog holds something that this version does not understand: {0}")]
    Unreadable(String),
    /// Another worker has claimed the purge since.
    #[error("the purge was claimed by another worker")]
    LeaseLost,
    #[error(
        "the catalog belongs to the data directory {holder}, and one process has it at a time; if that one is gone for \
         good, start this one with --adopt-catalog"
    )]
    HeldByAnother { holder: String },
    #[error("the data directory {holder} has taken the catalog over: nothing more is written from here")]
    TakenOver { holder: String },
}

impl CatalogError {
    /// Whether the database cannot be reached now, and may be later.
    pub fn is_away(&self) -> bool {
        match self {
            CatalogError::Database(
                sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed,
            ) => true,
            CatalogError::Database(sqlx::Error::Database(error)) => error
                .code()
                .is_some_and(|code| code.len() == 5 && AWAY.iter().any(|class| code.starts_with(class))),
            _ => false,
        }
    }
}

impl From<serde_json::Error> for CatalogError {
    fn from(error: serde_json::Error) -> Self {
        CatalogError::Unreadable(error.to_string())
    }
}
