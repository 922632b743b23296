//! The purge log's authority: gives out records and leases, and knows when a record has been settled.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api_types::{FollowAnswer, FollowRequest, NodeList, NodeView};
use bus::clock::{self, unix_millis};
use bus::{Feed, FeedError};
use catalog::{Catalog, CatalogError, KnownNode, Meta};
use purge_protocol::{
    DeclaredGone, ForgetError, Grant, Isolation, LogId, Moment, NodeId, Position, Refused, Retention,
    SavedLog, Settlement,
};
use tokio::sync::watch;

/// Records in one answer; a node that is further behind asks again at once.
const BATCH_MAX: usize = 1000;
const LOOK_AGAIN_MILLIS: u64 = 1000;
const NAME_BYTES_MAX: usize = 64;
/// Nodes that the book may hold: names come over the network.
const NODES_MAX: usize = 10_000;
/// A node that was silent for so long is not waited for, nor shown.
const FORGET_AFTER: Duration = Duration::from_secs(3600);

/// How much of the log, and of what became of purges, is kept.
#[derive(Debug, Clone, Copy)]
pub struct Keeping {
    /// Records in memory, and, but for what open purges need, in the catalog. A node that is further behind starts
    /// with an empty cache.
    pub log_records: u32,
    pub log_age: Duration,
    /// After its end a purge is shown for so long, and its idempotency key remembered.
    pub history_age: Duration,
}

/// How far the nodes are with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settling {
    Settled(Settlement),
    /// Not yet, and it may be long: a node is cut off and serves stale.
    HeldUp(Settlement),
}

#[derive(Debug, thiserror::Error)]
pub enum ForgetNodeError {
    #[error(transparent)]
    Forget(#[from] ForgetError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// What the nodes serve by; they fetch it anew when this changes.
pub type SnapshotDigest = String;

/// The SQL log is the truth; what is held here is its newest part, so that nodes are answered without a query.
pub struct Authority {
    catalog: Catalog,
    lease: Duration,
    keeping: Keeping,
    snapshot: SnapshotDigest,
    book: Mutex<Book>,
    /// One at a time takes over what has been committed.
    taking_over: tokio::sync::Mutex<()>,
    head: watch::Sender<Position>,
    acknowledged: watch::Sender<()>,
}

struct Book {
    rules: purge_protocol::Authority,
    known: BTreeMap<NodeId, KnownNode>,
}

impl Authority {
    pub async fn open(
        catalog: Catalog,
        meta: Meta,
        lease: Duration,
        keeping: Keeping,
        snapshot: SnapshotDigest,
    ) -> Result<Self, CatalogError> {
        let grant = Grant { millis: millis(lease) };
        let long_ago = unix_millis().saturating_sub(millis(FORGET_AFTER));
        let mut known = BTreeMap::new();
        let gone = catalog.gone_nodes().await?;
        for node in catalog.nodes().await? {
            let is_gone = gone.iter().any(|gone| gone.node == node.id);
            let is_silent = node.seen_ms < long_ago && node.isolation == Isolation::Validate;
            if is_gone || is_silent {
                catalog.forget_node(&node.id).await?;
            } else {
                known.insert(node.id.clone(), node);
            }
        }
        let (head, records) = catalog.newest_records(keeping.log_records).await?;
        let now = clock::now();
        let mut rules = if meta.is_new {
            purge_protocol::Authority::new(meta.log, grant, now)
        } else {
            let log = SavedLog::of(meta.log, head, records);
            let nodes = known.values().map(|node| (node.id.clone(), node.acknowledged, node.isolation));
            purge_protocol::Authority::restore(log, nodes.collect::<Vec<_>>(), grant, now)
        };
        rules.leases_mut().remember_gone(gone);
        Ok(Self {
            catalog,
            lease,
            keeping,
            snapshot,
            book: Mutex::new(Book { rules, known }),
            taking_over: tokio::sync::Mutex::default(),
            head: watch::Sender::new(head),
            acknowledged: watch::Sender::new(()),
        })
    }

    pub fn log(&self) -> LogId {
        self.book().rules.log().id()
    }

    /// A record has been committed: takes over all that are new, in their order, and wakes those who wait for news.
    pub async fn appended(&self) -> Result<(), CatalogError> {
        let _one_at_a_time = self.taking_over.lock().await;
        let held = self.book().rules.log().head();
        let records = self.catalog.records_after(held).await?;
        if records.is_empty() {
            return Ok(());
        }
        let head = {
            let mut book = self.book();
            for record in records {
                book.rules.append(&record.purge, record.tags, record.mode, record.at);
            }
            book.rules.trim_to(self.keeping.log_records as usize);
            book.rules.log().head()
        };
        self.head.send_replace(head);
        Ok(())
    }

    /// Waits, at most for `patience`, until every node that held a lease at or after the append has acknowledged, or
    /// lost its lease. It waits for nobody who is cut off and serves stale: that may be for ever.
    ///
    /// `appended` is a moment of this life; [`Moment`] zero for a record of an earlier one.
    pub async fn settled(&self, position: Position, appended: Moment, patience: Duration) -> Settling {
        let deadline = clock::now().plus(millis(patience));
        let mut acknowledged = self.acknowledged.subscribe();
        loop {
            acknowledged.mark_unchanged();
            let now = clock::now();
            let (settlement, is_settled) = {
                let book = self.book();
                (
                    book.rules.settlement(position, appended, now),
                    book.rules.is_settled(position, appended, now),
                )
            };
            if is_settled {
                return Settling::Settled(settlement);
            }
            if settlement.is_held_up() || now >= deadline {
                return Settling::HeldUp(settlement);
            }
            // The lease's end is a settlement too; one millisecond more, so that it has really passed.
            let next_end = settlement.awaited.iter().map(|(_, until)| now.until(*until) + 1).min();
            let patience =
                Duration::from_millis(next_end.unwrap_or(LOOK_AGAIN_MILLIS).min(LOOK_AGAIN_MILLIS));
            let _either = tokio::time::timeout(patience, acknowledged.changed()).await;
        }
    }

    /// As [`Authority::settled`], of every record that has been committed so far.
    pub async fn all_settled(&self, patience: Duration) -> Result<Settling, CatalogError> {
        self.appended().await?;
        let head = *self.head.borrow();
        // Of none of them the moment of the append is known here: everybody counts who was ever granted a lease.
        Ok(self.settled(head, Moment(0), patience).await)
    }

    /// Those of them that an operator has declared gone, whatever has been appended since.
    pub fn gone_among(&self, nodes: impl Iterator<Item = NodeId>) -> Vec<NodeId> {
        let book = self.book();
        let is_gone = |node: &NodeId| book.rules.leases().gone().any(|gone| gone.node == *node);
        nodes.filter(is_gone).collect()
    }

    /// Nodes whose lease is live, and where they answer clients.
    pub fn live_nodes(&self) -> Vec<KnownNode> {
        let now = clock::now();
        let book = self.book();
        let live = |node: &&KnownNode| book.rules.leases().of(&node.id).is_some_and(|(until, _)| until > now);
        book.known.values().filter(live).cloned().collect()
    }

    pub fn nodes(&self) -> NodeList {
        let now = clock::now();
        let book = self.book();
        let nodes = book.known.values().map(|node| {
            let (until, applied) = book.rules.leases().of(&node.id).unwrap_or((Moment(0), node.acknowledged));
            NodeView {
                name: node.id.name.clone(),
                roles: node.roles.clone(),
                delivery: node.delivery.clone(),
                applied,
                lease_millis: now.until(until),
                serves_stale: node.isolation == Isolation::ServeStale,
                seen: node.seen_ms,
            }
        });
        let log = book.rules.log();
        NodeList { log: log.id(), head: log.head(), nodes: nodes.collect() }
    }

    async fn answer(&self, request: &FollowRequest) -> Result<FollowAnswer, FeedError> {
        // The lease counts from here on, however long the question stays open.
        let received = clock::now();
        let renewal = &request.renewal;
        if self.book().rules.leases().is_gone(&renewal.node, renewal.inherits_from) {
            return Err(FeedError::DeclaredGone);
        }
        self.introduce(request).await?;
        let booked = {
            let mut book = self.book();
            let booked = book.rules.book(renewal, received);
            if booked.is_ok() {
                let name = renewal.node.name.as_str();
                book.known.retain(|id, _| id.name != name || *id == renewal.node);
                let acknowledged = book.rules.leases().of(&renewal.node).map(|(_, position)| position);
                let seen = known_node(request, acknowledged.unwrap_or_default());
                book.known.insert(renewal.node.clone(), seen);
            }
            booked
        };
        match booked {
            Ok(_) => {}
            Err(refused @ Refused::RolledBack { .. }) => {
                tracing::error!(node = renewal.node.name, %refused, "the database was rolled back");
                self.replace_log().await.map_err(database)?;
                return Err(FeedError::Catalog(refused.to_string()));
            }
            // Declared gone between the two looks; what was noted in between is dropped at the next start.
            Err(Refused::DeclaredGone { .. }) => return Err(FeedError::DeclaredGone),
            Err(refused @ Refused::Superseded { .. }) => return Err(FeedError::Refused(refused.to_string())),
        }
        self.acknowledged.send_replace(());

        if renewal.log == Some(self.log()) {
            let longest = Duration::from_millis(request.wait_millis).min(self.lease / 2);
            let mut head = self.head.subscribe();
            let news = head.wait_for(|head| !renewal.applied.has_reached(*head));
            let _news_or_not = tokio::time::timeout(longest, news).await;
        }
        let batch = self.book().rules.batch_for(renewal, BATCH_MAX);
        Ok(FollowAnswer { batch, snapshot: self.snapshot.clone() })
    }

    /// A node's first word is written down before it gets its first lease, so that a restarted authority waits
    /// for it.
    async fn introduce(&self, request: &FollowRequest) -> Result<(), FeedError> {
        let node = &request.renewal.node;
        let name = &node.name;
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(|b| b.is_ascii_graphic()) {
            let rule = format!("a node's name has 1 to {NAME_BYTES_MAX} visible ASCII characters");
            return Err(FeedError::Refused(rule));
        }
        {
            let book = self.book();
            if book.known.contains_key(node) {
                return Ok(());
            }
            if book.known.len() >= NODES_MAX {
                return Err(FeedError::Refused("the book of nodes is full".to_owned()));
            }
        }
        tracing::info!(node = name, incarnation = node.incarnation, "a node follows the purge log");
        self.catalog.note_node(&known_node(request, Position::ZERO)).await.map_err(database)
    }

    /// The log goes on under a new id, because nodes have seen records that this database no longer has: nothing
    /// that they stored under the old one is usable.
    async fn replace_log(&self) -> Result<(), CatalogError> {
        let _one_at_a_time = self.taking_over.lock().await;
        let meta = self.catalog.new_log().await?;
        let grant = Grant { millis: millis(self.lease) };
        let (head, records) = self.catalog.newest_records(self.keeping.log_records).await?;
        let log = SavedLog::of(meta.log, head, records);
        let mut book = self.book();
        let known: Vec<_> = book.known.values().map(|node| (node.id.clone(), node.isolation)).collect();
        let gone: Vec<_> = book.rules.leases().gone().cloned().collect();
        book.rules = purge_protocol::Authority::replacing(log, known, grant, clock::now());
        book.rules.leases_mut().remember_gone(gone);
        Ok(())
    }

    /// An operator says that a node is gone for good. Purges that waited for it go on, and their receipts say so; if it
    /// comes back, it is as a new node with nothing stored.
    pub async fn declare_gone(&self, name: &str, operator: &str) -> Result<(), ForgetNodeError> {
        let lives: Vec<DeclaredGone> = {
            let mut book = self.book();
            let declared = book.rules.declare_gone(name, clock::now());
            book.known.retain(|id, _| id.name != name || declared.is_err());
            match declared {
                Ok(lives) => lives,
                // Said before, and perhaps not written down.
                Err(unknown @ ForgetError::Unknown { .. }) => {
                    let before = book.rules.leases().gone().filter(|gone| gone.node.name == name);
                    let before: Vec<DeclaredGone> = before.cloned().collect();
                    if before.is_empty() {
                        return Err(unknown.into());
                    }
                    before
                }
                Err(refused) => return Err(refused.into()),
            }
        };
        self.catalog.declare_gone(name, &lives, operator, unix_millis()).await?;
        tracing::warn!(node = name, operator, "a node was declared gone; no purge waits for it any more");
        self.acknowledged.send_replace(());
        Ok(())
    }

    /// Forgets nodes that have been silent for long, old records of the log, and purges that ended long ago. To be
    /// called now and then.
    pub async fn tidy(&self) -> Result<(), CatalogError> {
        let retention = Retention { records: u64::from(self.keeping.log_records) };
        let young = unix_millis().saturating_sub(millis(self.keeping.log_age));
        let oldest = self.catalog.trim_log(retention, young).await?;
        self.book().rules.trim_before(oldest);
        let ended_before = unix_millis().saturating_sub(millis(self.keeping.history_age));
        let forgotten = self.catalog.trim_history(ended_before).await?;
        if forgotten > 0 {
            tracing::info!(purges = forgotten, "forgot purges that ended long ago");
        }
        let long_ago = unix_millis().saturating_sub(millis(FORGET_AFTER));
        let silent: Vec<NodeId> = {
            let mut book = self.book();
            let is_silent =
                |node: &&KnownNode| node.seen_ms < long_ago && node.isolation == Isolation::Validate;
            let silent: Vec<NodeId> =
                book.known.values().filter(is_silent).map(|node| node.id.clone()).collect();
            for node in &silent {
                book.known.remove(node);
                book.rules.leases_mut().superseded(node);
            }
            silent
        };
        for node in &silent {
            self.catalog.forget_node(node).await?;
        }
        Ok(())
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Feed for Authority {
    fn ask<'a>(
        &'a self,
        request: &'a FollowRequest,
    ) -> Pin<Box<dyn Future<Output = Result<FollowAnswer, FeedError>> + Send + 'a>> {
        Box::pin(self.answer(request))
    }
}

fn known_node(request: &FollowRequest, acknowledged: Position) -> KnownNode {
    KnownNode {
        id: request.renewal.node.clone(),
        roles: request.roles.clone(),
        delivery: request.delivery.clone(),
        acknowledged,
        isolation: request.renewal.isolation,
        seen_ms: unix_millis(),
    }
}

fn database(error: CatalogError) -> FeedError {
    FeedError::Catalog(error.to_string())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
