//! The database under the catalog: SQLite in the data directory, or PostgreSQL.
//!
//! A statement is one text that both understand; the few words that differ are here. Writers come one after another
//! on both: in SQLite because there is one, in PostgreSQL because a transaction that writes begins by locking one row.
//! So whatever holds of a sequence of transactions on the one holds on the other. Only taking a purge into one's hands
//! goes past that lock: it is one statement, and skips what others have locked.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::{Any, AnyPool, Transaction};
use tokio::sync::watch;

use crate::CatalogError;
use crate::migrations;
use crate::server::Server;

pub(crate) type Tx<'a> = Transaction<'a, Any>;

/// Connections to PostgreSQL: those that write wait for each other anyway.
const WRITERS: u32 = 4;
const READERS: u32 = 8;
/// For a connection; a request that needs the catalog is answered with an error then.
const PATIENCE: Duration = Duration::from_secs(5);
/// A server that goes away without a word, in the middle of something, frees our row by itself.
const SESSION: &str = "SET default_transaction_isolation = 'read committed'; SET synchronous_commit = on; \
                       SET statement_timeout = '30s'; SET lock_timeout = '10s'; \
                       SET idle_in_transaction_session_timeout = '30s'";
/// A purge that was accepted survives a power cut.
const FILE: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL";
/// Of a file's name, in the address that the driver takes.
const IN_ADDRESS: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Sqlite,
    Postgres,
}

#[derive(Debug, Clone)]
pub(crate) struct Database {
    dialect: Dialect,
    pub(crate) writer: AnyPool,
    pub(crate) reader: AnyPool,
    /// By which name the catalog is ours.
    holder: Option<Arc<str>>,
    /// Becomes true when somebody else's name is found there.
    pub(crate) taken_over: watch::Sender<bool>,
}

impl Database {
    pub(crate) async fn file(file: &Path) -> Result<Self, CatalogError> {
        install_default_drivers();
        let file = std::path::absolute(file).map_err(sqlx::Error::Io)?;
        let name = file
            .to_str()
            .ok_or_else(|| CatalogError::Address(format!("the name {} is not UTF-8", file.display())))?;
        let name = utf8_percent_encode(name, IN_ADDRESS);
        let address = |mode| format!("sqlite://{name}?mode={mode}").parse::<AnyConnectOptions>();
        let pool =
            |connections| AnyPoolOptions::new().max_connections(connections).test_before_acquire(false);
        // One connection: SQLite has one writer, and waiting for it in our own queue is fair.
        let writer = pool(1)
            .after_connect(|connection, _| {
                Box::pin(async { sqlx::raw_sql(FILE).execute(connection).await.map(drop) })
            })
            .connect_with(address("rwc")?)
            .await?;
        migrations::sqlite().run(&writer).await?;
        let reader = pool(4).connect_with(address("ro")?).await?;
        Ok(Self {
            dialect: Dialect::Sqlite,
            writer,
            reader,
            holder: None,
            taken_over: watch::Sender::new(false),
        })
    }

    /// Waits a while for a server that is not there yet.
    pub(crate) async fn server(server: &Server, now_ms: u64) -> Result<Self, CatalogError> {
        install_default_drivers();
        let pool = |connections| {
            AnyPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE).after_connect(
                |connection, _| {
                    Box::pin(async { sqlx::raw_sql(SESSION).execute(connection).await.map(drop) })
                },
            )
        };
        let options: AnyConnectOptions = server.address()?.parse()?;
        let writer = pool(WRITERS).connect_lazy_with(options.clone());
        server.wait_for(&writer).await?;
        // Whose it is comes first: nobody changes the tables under another's feet.
        server.refuse_if_held_by_another(&writer).await?;
        migrations::postgresql().run(&writer).await?;
        server.hold(&writer, now_ms).await?;
        let reader = pool(READERS).connect_lazy_with(options);
        let holder = Some(server.holder.as_str().into());
        Ok(Self { dialect: Dialect::Postgres, writer, reader, holder, taken_over: watch::Sender::new(false) })
    }

    /// A transaction that writes, and has no other beside it.
    pub(crate) async fn write(&self) -> Result<Tx<'static>, CatalogError> {
        match self.dialect {
            // A deferred transaction that turns into a writer fails at once when another one writes, whatever the
            // busy timeout.
            Dialect::Sqlite => Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?),
            Dialect::Postgres => {
                let mut tx = self.writer.begin().await?;
                let holder: String = sqlx::query_scalar("SELECT holder FROM writer WHERE one = 1 FOR UPDATE")
                    .fetch_one(&mut *tx)
                    .await?;
                if self.holder.as_deref() != Some(holder.as_str()) {
                    self.taken_over.send_replace(true);
                    return Err(CatalogError::TakenOver { holder });
                }
                Ok(tx)
            }
        }
    }

    /// A transaction that sees one state of everything.
    pub(crate) async fn read(&self) -> Result<Tx<'static>, CatalogError> {
        Ok(match self.dialect {
            Dialect::Sqlite => self.reader.begin().await?,
            Dialect::Postgres => {
                self.reader.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?
            }
        })
    }

    /// At the end of a `SELECT` of what is to be taken into one's hands.
    pub(crate) fn skip_locked(&self) -> &'static str {
        match self.dialect {
            Dialect::Sqlite => "",
            Dialect::Postgres => "FOR UPDATE SKIP LOCKED",
        }
    }

    pub(crate) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// `$3, $4, $5`: a list of what is bound from there on; never an empty one, which PostgreSQL does not know.
pub(crate) fn list(first: usize, len: usize) -> String {
    (first..first + len).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}
