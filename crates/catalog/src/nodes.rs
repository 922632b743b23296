//! The nodes that have followed the log, so that a restarted authority knows who may hold a lease.

use purge_protocol::{DeclaredGone, Isolation, NodeId, Position};

use crate::audit::{Action, AuditEntry, note};
use crate::row::row;
use crate::{Catalog, CatalogError};

/// Lives declared gone that are remembered, as `purge-protocol` does.
const GONE_KEPT: i64 = 10_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownNode {
    pub id: NodeId,
    pub roles: Vec<String>,
    pub delivery: Option<String>,
    pub acknowledged: Position,
    /// What it does when it is cut off: the authority must know for whom it waits.
    pub isolation: Isolation,
    pub seen_ms: u64,
}

row! {
    struct NodeRow {
        name: String,
        incarnation: String,
        roles: String,
        delivery: Option<String>,
        acknowledged: i64,
        serves_stale: i64,
        seen_ms: i64,
    }
}

impl TryFrom<NodeRow> for KnownNode {
    type Error = CatalogError;

    fn try_from(row: NodeRow) -> Result<Self, CatalogError> {
        let unreadable = |_| CatalogError::Unreadable(format!("the incarnation of node {}", row.name));
        Ok(KnownNode {
            id: NodeId { incarnation: row.incarnation.parse().map_err(unreadable)?, name: row.name },
            roles: row.roles.split(' ').filter(|role| !role.is_empty()).map(str::to_owned).collect(),
            delivery: row.delivery,
            acknowledged: Position::new(row.acknowledged.unsigned_abs()),
            isolation: if row.serves_stale != 0 { Isolation::ServeStale } else { Isolation::Validate },
            seen_ms: row.seen_ms.unsigned_abs(),
        })
    }
}

impl Catalog {
    pub async fn nodes(&self) -> Result<Vec<KnownNode>, CatalogError> {
        let rows: Vec<NodeRow> = sqlx::query_as(
            "SELECT name, incarnation, roles, delivery, acknowledged, serves_stale, seen_ms FROM node \
             ORDER BY name, seen_ms",
        )
        .fetch_all(&self.db.reader)
        .await?;
        rows.into_iter().map(KnownNode::try_from).collect()
    }

    /// Remembers what a node said. Must be durable before the node's *first* lease is granted; later words may be
    /// lost, since a restart waits a whole lease for everyone in the table.
    pub async fn note_node(&self, node: &KnownNode) -> Result<(), CatalogError> {
        let mut tx = self.db.write().await?;
        sqlx::query(
            "INSERT INTO node (name, incarnation, roles, delivery, acknowledged, serves_stale, seen_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name, incarnation) DO UPDATE SET \
             roles = $3, delivery = $4, acknowledged = $5, serves_stale = $6, seen_ms = $7",
        )
        .bind(&node.id.name)
        .bind(node.id.incarnation.to_string())
        .bind(node.roles.join(" "))
        .bind(&node.delivery)
        .bind(node.acknowledged.get().cast_signed())
        .bind(i64::from(node.isolation == Isolation::ServeStale))
        .bind(node.seen_ms.cast_signed())
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Lives that operators have declared gone.
    pub async fn gone_nodes(&self) -> Result<Vec<DeclaredGone>, CatalogError> {
        let rows: Vec<(String, String, i64, i64)> =
            sqlx::query_as("SELECT name, incarnation, acknowledged, head FROM gone_node")
                .fetch_all(&self.db.reader)
                .await?;
        let gone = |(name, incarnation, acknowledged, head): (String, String, i64, i64)| {
            let unreadable = |_| CatalogError::Unreadable(format!("the incarnation of node {name}"));
            let incarnation = incarnation.parse().map_err(unreadable)?;
            Ok(DeclaredGone {
                node: NodeId { name, incarnation },
                acknowledged: Position::new(acknowledged.unsigned_abs()),
                head: Position::new(head.unsigned_abs()),
            })
        };
        rows.into_iter().map(gone).collect()
    }

    /// An operator has declared these lives of a node gone. Purges that waited for them are looked at again at once.
    pub async fn declare_gone(
        &self,
        name: &str,
        lives: &[DeclaredGone],
        operator: &str,
        now_ms: u64,
    ) -> Result<(), CatalogError> {
        let now = now_ms.cast_signed();
        let mut tx = self.db.write().await?;
        for gone in lives {
            let incarnation = gone.node.incarnation.to_string();
            sqlx::query(
                "INSERT INTO gone_node (name, incarnation, acknowledged, head, at_ms) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT DO NOTHING",
            )
            .bind(&gone.node.name)
            .bind(&incarnation)
            .bind(gone.acknowledged.get().cast_signed())
            .bind(gone.head.get().cast_signed())
            .bind(now)
            .execute(&mut *tx)
            .await?;
            sqlx::query("DELETE FROM node WHERE name = $1 AND incarnation = $2")
                .bind(&gone.node.name)
                .bind(&incarnation)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query(
            "DELETE FROM gone_node WHERE at_ms < \
             (SELECT at_ms FROM gone_node ORDER BY at_ms DESC LIMIT 1 OFFSET $1)",
        )
        .bind(GONE_KEPT)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE purge SET due_ms = $1 WHERE state IN ('flushing_origin', 'flushing_servers') AND due_ms > $1")
            .bind(now)
            .execute(&mut *tx)
            .await?;
        let entry = AuditEntry {
            at_ms: now_ms,
            operator: operator.to_owned(),
            action: Action::ForgetNode,
            subject: format!("node:{name}"),
            purge: None,
        };
        note(&mut tx, &entry).await?;
        tx.commit().await?;
        self.accepted.notify_one();
        Ok(())
    }

    pub async fn forget_node(&self, node: &NodeId) -> Result<(), CatalogError> {
        let mut tx = self.db.write().await?;
        sqlx::query("DELETE FROM node WHERE name = $1 AND incarnation = $2")
            .bind(&node.name)
            .bind(node.incarnation.to_string())
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }
}
