//! What the verifier saw: through our nodes, and at public addresses that have somebody else's CDN behind them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One look of the verifier: a client's request through one node, or to one public address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    pub at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// `https://img.example.com`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    pub url: String,
    /// The strong entity tag that must be there, or a status.
    pub expected: String,
    pub seen: Option<String>,
    pub verdict: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Of an answer from a public address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Box<Evidence>>,
}

impl Look {
    /// The node's name or the public address.
    pub fn through(&self) -> &str {
        self.node.as_deref().or(self.host.as_deref()).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Verified,
    Stale,
    Unverifiable,
}

/// What an answer was, for whoever has to show it to a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub status: u16,
    /// Where the connection went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Response fields that tell about caches, as they came.
    pub fields: BTreeMap<String, String>,
    /// BLAKE3 of the body, where its entity tag was not enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Milliseconds until the answer was there.
    pub took: u64,
}

/// What all looks at one public address come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostReceipt {
    /// `https://img.example.com`
    pub host: String,
    /// Whose clients ask there.
    pub cdns: Vec<String>,
    pub verdict: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How many there have been.
    pub looks: u32,
    pub at: u64,
}

/// Of all URLs that are known to have been delivered, those that were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    pub looked_at: u64,
    pub of: u64,
}

/// How far the verifier is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rounds {
    /// How often CDNs that still showed old bytes were told once more.
    pub told_again: u32,
    /// How often it has looked since they were last told.
    pub looks: u32,
}

impl Rounds {
    pub fn have_not_begun(&self) -> bool {
        *self == Self::default()
    }
}
