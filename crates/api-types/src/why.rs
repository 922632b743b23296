//! Why a node answers as it does: `GET /v1/why`, and the question between nodes.

use purge_protocol::{AsOf, Mode, Position, Tag};
use serde::{Deserialize, Serialize};

/// What somebody would ask a node for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhyQuestion {
    pub host: String,
    pub path_and_query: String,
    /// Request fields that may choose among representations.
    pub fields: Vec<(String, String)>,
}

/// What one node would answer now, and why. Nothing is fetched to find out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    pub node: String,
    /// As a `Cache-Status` member (RFC 9211).
    pub answer: String,
    /// The URL in its normal form.
    pub url: String,
    pub key: String,
    /// What the key is made of.
    pub key_text: String,
    /// How far the node has applied the purge log.
    pub applied: Position,
    /// For how long it may still answer unasked.
    pub lease_millis: u64,
    /// How long an answer of this kind is kept when it is new, in seconds, where the site says so and nobody else.
    pub site_lifetime: Option<u32>,
    pub stored: Option<StoredView>,
}

/// Ages and lifetimes in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredView {
    /// `memory` or `disk`.
    pub tier: String,
    pub status: u16,
    pub bytes: u64,
    pub age: u32,
    pub lifetime: u32,
    /// What said so: the site, or a field of the upstream.
    pub lifetime_by: String,
    pub stale_while_revalidate: u32,
    pub stale_if_error: u32,
    /// Up to where the bytes are known to reflect the purge log.
    pub as_of: AsOf,
    pub tags: Vec<TagView>,
    /// Purges that are newer than the bytes and concern them.
    pub fences: Vec<FenceView>,
    /// Request fields that chose this representation, and what they were.
    pub varied_on: Vec<(String, Option<String>)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagView {
    pub tag: Tag,
    /// In words, where the URL tells; a label of an upstream is known by its hash alone.
    pub subject: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FenceView {
    pub tag: Tag,
    pub mode: Mode,
    pub position: Position,
}

/// `GET /v1/why`: each node that could be asked, and why the others could not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyList {
    pub url: String,
    pub nodes: Vec<NodeWhy>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeWhy {
    Explained(Box<Explanation>),
    Unknown { node: String, why: String },
}
