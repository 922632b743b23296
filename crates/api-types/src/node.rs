//! What nodes say to each other: following the purge log, and the fields of a request between tiers.

use purge_protocol::{Batch, LogId, Position, Renewal};
use serde::{Deserialize, Serialize};

use crate::purge::PurgeRequest;

/// Where a node follows the log: `POST`, answered when there is news or when `wait_millis` has passed.
pub const FOLLOW_PATH: &str = "/.pentimento/v1/follow";
/// Where a node fetches what it must know to serve.
pub const SNAPSHOT_PATH: &str = "/.pentimento/v1/snapshot";
/// Where a node asks whether the one above can answer it: 200, or 503 with the reason.
pub const READY_PATH: &str = "/.pentimento/v1/ready";
/// Where a node hands on a purge that it was asked for ([`PurgeOrder`]).
pub const PURGES_PATH: &str = "/.pentimento/v1/purges";
/// Where a node is asked why it answers as it does ([`crate::why`]).
pub const WHY_PATH: &str = "/.pentimento/v1/why";
/// Where a node is asked what it has stored of some tags ([`crate::impact`]).
pub const COUNT_PATH: &str = "/.pentimento/v1/count";
/// Everything under it belongs to the node protocol and never to a site.
pub const NODE_PREFIX: &str = "/.pentimento/";

/// Request: proves that a node asks (the cluster's secret). Its absence makes the sender a client.
pub const NODE_KEY: &str = "pentimento-node-key";
/// Request: the asking node's name.
pub const NODE_NAME: &str = "pentimento-node";
/// Request: never answer from behind this position.
pub const MIN_POSITION: &str = "pentimento-min-position";
/// Answer: the bytes reflect every state change up to here.
pub const AS_OF: &str = "pentimento-as-of";
/// Answer: all tags of the response.
pub const TAGS: &str = "pentimento-tags";

/// A node asks for the log, and with that renews its lease and acknowledges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowRequest {
    pub renewal: Renewal,
    pub roles: Vec<String>,
    /// Where the node answers clients, for the verifier.
    pub delivery: Option<String>,
    pub wait_millis: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowAnswer {
    pub batch: Batch,
    /// Changes when the snapshot at [`SNAPSHOT_PATH`] changes.
    pub snapshot: String,
}

/// A purge on its way to the control plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurgeOrder {
    pub request: PurgeRequest,
    /// Who asked for it, for the purge's history.
    pub cause: String,
}

/// One entry of `GET /v1/nodes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeView {
    pub name: String,
    pub roles: Vec<String>,
    pub delivery: Option<String>,
    /// The position that the node has applied and acknowledged.
    pub applied: Position,
    /// Milliseconds that its lease has left at the authority; 0 when it ran out.
    pub lease_millis: u64,
    /// Without a lease it answers from its cache and says so, and purges wait for it.
    #[serde(default)]
    pub serves_stale: bool,
    /// Unix milliseconds of its last word.
    pub seen: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeList {
    pub log: LogId,
    pub head: Position,
    pub nodes: Vec<NodeView>,
}
