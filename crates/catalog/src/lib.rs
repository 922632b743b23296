//! The truth in SQL: originals, presets, packs, tombstones, purges, the purge log, nodes.

mod announcing;
mod api_keys;
mod audit;
mod cancelling;
mod cdn_work;
mod claiming;
mod database;
mod dependents;
mod durations;
mod erasures;
mod error;
mod locations;
mod made_with;
mod meta;
mod migrations;
mod nodes;
mod originals;
mod packs;
mod presets;
mod purge_list;
mod purges;
mod retention;
mod row;
mod server;
#[cfg(test)]
mod stage;
mod wishes;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::claiming::{Hands, Turns};
use crate::database::Database;

pub use api_keys::{ApiKey, NewKeyOutcome};
pub use audit::{Action, AuditEntry};
pub use cancelling::Cancelling;
pub use cdn_work::{CallNote, CallSeen, CallState, CdnPart, ClaimedCall, Planned};
pub use durations::Took;
pub use erasures::{Erasure, Lifted};
pub use error::CatalogError;
pub use locations::Location;
pub use meta::Meta;
pub use nodes::KnownNode;
pub use originals::{AskedDelivery, Fenced, Known, Moved, OriginalRow, OriginalState, Seen};
pub use packs::{KeptPack, Pack};
pub use presets::{KeptPreset, Preset};
pub use purge_list::PurgeFilter;
pub use purges::{Accepted, Claim, NewPurge, Step};
pub use server::Server;
pub use wishes::{NewWish, WaitingWish};

#[derive(Debug, Clone)]
pub struct Catalog {
    db: Database,
    /// Told whenever a purge was accepted, by whomever: the workers wait for it.
    accepted: Arc<Notify>,
    /// Whose purge is next.
    turns: Turns,
    /// Whose are being worked on.
    hands: Arc<Hands>,
    /// Told whenever CDNs have something new to be told.
    wished: watch::Sender<()>,
}

impl Catalog {
    /// A file of SQLite, made if it is not there. Whoever opens it has made sure that nobody else has.
    pub async fn open(file: &Path) -> Result<Self, CatalogError> {
        Ok(Self::on(Database::file(file).await?))
    }

    /// A database of PostgreSQL; its tables are made if they are not there. Waits a while for its server.
    pub async fn connect(server: &Server, now_ms: u64) -> Result<Self, CatalogError> {
        Ok(Self::on(Database::server(server, now_ms).await?))
    }

    fn on(db: Database) -> Self {
        let (turns, hands) = (Turns::default(), Hands::of(usize::MAX));
        Self { db, accepted: Arc::default(), turns, hands, wished: watch::Sender::new(()) }
    }

    /// Returns when a purge has been accepted since the last call.
    pub async fn purge_accepted(&self) {
        self.accepted.notified().await;
    }

    /// Returns when somebody else has taken the catalog over. A file is never taken over.
    pub async fn taken_over(&self) {
        let mut taken_over = self.db.taken_over.subscribe();
        // Our own sender keeps it open.
        _ = taken_over.wait_for(|taken_over| *taken_over).await;
    }

    pub async fn close(&self) {
        self.db.close().await;
    }
}
