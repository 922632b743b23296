//! The purge log's authority: gives out records and leases, and knows when a record has been settled.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api_types::{FollowAnswer, FollowRequest, NodeList, NodeView};
use bus::clock::{self, unix_millis};
use bus::{Feed, FeedError};
use catalog::{Catalog, CatalogError, KnownNode};
use purge_protocol::{Batch, Grant, Leases, LogId, Moment, NodeId, Position, Settlement};
use tokio::sync::watch;

/// Records in one answer; a node that is further behind asks again at once.
const BATCH_MAX: u32 = 1000;
const NAME_BYTES_MAX: usize = 64;
/// Nodes that the book may hold: names come over the network.
const NODES_MAX: usize = 10_000;
/// A node that was silent for so long is not waited for, nor shown.
const FORGET_AFTER: Duration = Duration::from_secs(3600);

/// What the nodes serve by; they fetch it anew when this changes.
pub type SnapshotDigest = String;

pub struct Authority {
    log: LogId,
    catalog: Catalog,
    grant: Grant,
    snapshot: SnapshotDigest,
    book: Mutex<Book>,
    head: watch::Sender<Position>,
    acknowledged: watch::Sender<()>,
}

struct Book {
    leases: Leases,
    known: BTreeMap<NodeId, KnownNode>,
}

impl Authority {
    pub async fn open(
        catalog: Catalog,
        log: LogId,
        lease: Duration,
        snapshot: SnapshotDigest,
    ) -> Result<Self, CatalogError> {
        let grant = Grant { millis: u64::try_from(lease.as_millis()).unwrap_or(u64::MAX) };
        let long_ago = unix_millis().saturating_sub(millis(FORGET_AFTER));
        let mut known = BTreeMap::new();
        for node in catalog.nodes().await? {
            if node.seen_ms < long_ago {
                catalog.forget_node(&node.id).await?;
            } else {
                known.insert(node.id.clone(), node);
            }
        }
        let acknowledged = known.values().map(|node| (node.id.clone(), node.acknowledged));
        let leases = Leases::restore(grant, acknowledged, clock::now());
        let (_, head, _) = catalog.log_after(Position::ZERO, 0).await?;
        Ok(Self {
            log,
            catalog,
            grant,
            snapshot,
            book: Mutex::new(Book { leases, known }),
            head: watch::Sender::new(head),
            acknowledged: watch::Sender::new(()),
        })
    }

    pub fn log(&self) -> LogId {
        self.log
    }

    /// A record has been committed: those who wait for news get it.
    pub fn appended(&self, position: Position) {
        self.head.send_if_modified(|head| {
            let news = !head.has_reached(position);
            if news {
                *head = position;
            }
            news
        });
    }

    /// Waits until every node that held a lease at or after the append has acknowledged, or lost its lease.
    pub async fn settled(&self, position: Position, appended: Moment) -> Settlement {
        let mut acknowledged = self.acknowledged.subscribe();
        loop {
            acknowledged.mark_unchanged();
            let now = clock::now();
            let settlement = self.book().leases.settlement(position, appended, now);
            let Some(next_end) = settlement.awaited.iter().map(|(_, until)| *until).min() else {
                return settlement;
            };
            // The lease's end is a settlement too; one millisecond more, so that it has really passed.
            let patience = Duration::from_millis(now.until(next_end) + 1);
            let _either = tokio::time::timeout(patience, acknowledged.changed()).await;
        }
    }

    /// Nodes whose lease is live, and where they answer clients.
    pub fn live_nodes(&self) -> Vec<KnownNode> {
        let now = clock::now();
        let book = self.book();
        let live = |node: &&KnownNode| book.leases.of(&node.id).is_some_and(|(until, _)| until > now);
        book.known.values().filter(live).cloned().collect()
    }

    pub fn nodes(&self) -> NodeList {
        let now = clock::now();
        let book = self.book();
        let nodes = book.known.values().map(|node| {
            let (until, applied) = book.leases.of(&node.id).unwrap_or((Moment(0), node.acknowledged));
            NodeView {
                name: node.id.name.clone(),
                roles: node.roles.clone(),
                delivery: node.delivery.clone(),
                applied,
                lease_millis: now.until(until),
                seen: node.seen_ms,
            }
        });
        NodeList { log: self.log, head: *self.head.borrow(), nodes: nodes.collect() }
    }

    async fn answer(&self, request: &FollowRequest) -> Result<FollowAnswer, FeedError> {
        // The lease counts from here on, however long the question stays open.
        let received = clock::now();
        // What a node knows of another log says nothing about this one.
        let follows_us = request.log == Some(self.log);
        let (after, acknowledged) =
            if follows_us { (request.after, request.acknowledged) } else { (Position::ZERO, Position::ZERO) };
        self.note(request, acknowledged).await?;
        self.book().leases.renew(&request.node, acknowledged, received);
        self.acknowledged.send_replace(());

        if follows_us {
            let longest = Duration::from_millis(request.wait_millis.min(self.grant.millis / 2));
            let mut head = self.head.subscribe();
            let _news = tokio::time::timeout(longest, head.wait_for(|head| !after.has_reached(*head))).await;
        }
        let log = self.catalog.log_after(after, BATCH_MAX).await;
        let (start, head, records) = log.map_err(|error| FeedError::Catalog(error.to_string()))?;
        let batch = Batch { log: self.log, start, head, records, grant: self.grant };
        Ok(FollowAnswer { batch, snapshot: self.snapshot.clone() })
    }

    /// A node's first word is written down before it gets its first lease, so that a restarted authority waits
    /// for it.
    async fn note(&self, request: &FollowRequest, acknowledged: Position) -> Result<(), FeedError> {
        let name = &request.node.name;
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(|b| b.is_ascii_graphic()) {
            let rule = format!("a node's name has 1 to {NAME_BYTES_MAX} visible ASCII characters");
            return Err(FeedError::Refused(rule));
        }
        let node = KnownNode {
            id: request.node.clone(),
            roles: request.roles.clone(),
            delivery: request.delivery.clone(),
            acknowledged,
            seen_ms: unix_millis(),
        };
        let is_new = {
            let mut book = self.book();
            if !book.known.contains_key(&node.id) && book.known.len() >= NODES_MAX {
                return Err(FeedError::Refused("the book of nodes is full".to_owned()));
            }
            book.known.insert(node.id.clone(), node.clone()).is_none()
        };
        if !is_new {
            return Ok(());
        }
        tracing::info!(node = name, incarnation = node.id.incarnation, "a node follows the purge log");
        let database = |error: CatalogError| FeedError::Catalog(error.to_string());
        self.catalog.note_node(&node).await.map_err(database)?;
        if let Some(incarnation) = request.previous.filter(|previous| *previous != node.id.incarnation) {
            let ended = NodeId { name: name.clone(), incarnation };
            {
                let mut book = self.book();
                book.leases.superseded(&ended);
                book.known.remove(&ended);
            }
            self.catalog.forget_node(&ended).await.map_err(database)?;
        }
        Ok(())
    }

    /// Forgets nodes that have been silent for long. To be called now and then.
    pub async fn tidy(&self) -> Result<(), CatalogError> {
        let long_ago = unix_millis().saturating_sub(millis(FORGET_AFTER));
        let silent: Vec<NodeId> = {
            let mut book = self.book();
            let silent: Vec<NodeId> =
                book.known.values().filter(|node| node.seen_ms < long_ago).map(|node| node.id.clone()).collect();
            for node in &silent {
                book.known.remove(node);
                book.leases.superseded(node);
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

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
