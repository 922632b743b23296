//! The truth in SQL: originals, tombstones, purges, the purge log, nodes.
//!
//! SQLite now; the statements keep to what PostgreSQL says too, because the cluster's dialect comes behind the same
//! functions. Every write begins with `BEGIN IMMEDIATE`: a deferred transaction that turns into a writer fails at
//! once when another one writes, whatever the busy timeout.

mod api_keys;
mod audit;
mod cancelling;
mod cdn_work;
mod dependents;
mod erasures;
mod error;
mod meta;
mod nodes;
mod originals;
mod purge_list;
mod purges;
mod retention;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};
use tokio::sync::{Notify, watch};

pub use api_keys::{ApiKey, NewKeyOutcome};
pub use audit::{Action, AuditEntry};
pub use cancelling::Cancelling;
pub use cdn_work::{CallNote, CallSeen, CallState, CdnPart, ClaimedCall, NewWish, Planned, WaitingWish};
pub use erasures::{Erasure, Lifted};
pub use error::CatalogError;
pub use meta::Meta;
pub use nodes::KnownNode;
pub use originals::{AskedDelivery, Fenced, Known, Moved, OriginalRow, OriginalState, Seen};
pub use purge_list::PurgeFilter;
pub use purges::{Accepted, Claim, NewPurge, Step};

#[derive(Debug, Clone)]
pub struct Catalog {
    /// One connection: SQLite has one writer, and waiting for it in our own queue is fair.
    writer: SqlitePool,
    reader: SqlitePool,
    /// Told whenever a purge was accepted, by whomever: the workers wait for it.
    accepted: Arc<Notify>,
    /// Told whenever CDNs have something new to be told.
    wished: watch::Sender<()>,
}

impl Catalog {
    pub async fn open(file: &Path) -> Result<Self, CatalogError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A purge that was accepted survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .foreign_keys(true);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        sqlx::migrate!().run(&writer).await?;
        let reader =
            SqlitePoolOptions::new().max_connections(4).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, reader, accepted: Arc::default(), wished: watch::Sender::new(()) })
    }

    /// Returns when a purge has been accepted since the last call.
    pub async fn purge_accepted(&self) {
        self.accepted.notified().await;
    }

    async fn write(&self) -> Result<Transaction<'static, Sqlite>, CatalogError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}
