//! What a purge would come to: the answer to a dry run, and the question that nodes are asked for it.

use purge_protocol::{Mode, Tag};
use serde::{Deserialize, Serialize};

use crate::look::Sample;
use crate::purge::Selector;

/// What a node is asked for: what it has stored of these tags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountQuestion {
    pub tags: Vec<Tag>,
    /// How many of our pictures that are asked for most it is to name.
    #[serde(default)]
    pub hottest: u32,
}

/// What one node has stored that a purge would take away.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeCount {
    pub memory: StoredCount,
    pub disk: StoredCount,
    /// How often it was answered with lately.
    pub hits_per_minute: f64,
    /// What is asked for most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hottest: Vec<HotDelivery>,
}

/// What is in both tiers counts in both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCount {
    pub responses: u64,
    pub bytes: u64,
    /// Of how many stored responses of whatever kind how many were looked at, if not all: the rest is reckoned from these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
}

/// A picture of ours as it is asked for, and the `Accept` class that chooses its format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HotDelivery {
    pub url: String,
    pub accept: String,
    pub hits_per_minute: f64,
}

/// The answer to `POST /v1/purges` with `dry_run`. Nothing is purged, and no source is asked: it is reckoned as if each had
/// something new.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// As they would be purged.
    pub selectors: Vec<Selector>,
    pub mode: Mode,
    /// What the record would fence, in words.
    pub subjects: Vec<String>,
    /// Of all nodes that answered.
    pub memory: StoredCount,
    pub disk: StoredCount,
    pub hits_per_minute: f64,
    pub nodes: Vec<NodeImpact>,
    /// How many URLs of other originals show what is purged, and are fenced with it.
    pub dependents: u64,
    /// Other people's CDNs that would have to be told.
    pub cdns: Vec<CdnImpact>,
    pub expected: Expected,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeImpact {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<NodeCount>,
    /// Why it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdnImpact {
    pub name: String,
    /// What each call would name; other purges of the window may share it.
    pub calls: Vec<String>,
    /// For how long it is waited for more to tell with the same calls.
    pub window_millis: u64,
    /// What one call took lately, in the middle; nothing was measured without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_millis: Option<u64>,
    /// What it could not be told, or in part only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How long it would take: windows, and what the last purges took. What was not measured is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Until our own nodes are through.
    pub nodes_millis: Option<u64>,
    /// Until the slowest CDN is.
    pub cdns_millis: Option<u64>,
    /// For the looks from outside.
    pub looks_millis: Option<u64>,
    /// All of it.
    pub millis: Option<u64>,
    /// How many purges were measured.
    pub measured: u32,
}

impl StoredCount {
    /// Of two nodes: what was sampled at one is sampled in all.
    pub fn and(self, other: StoredCount) -> Self {
        let sample = match (self.sample, other.sample) {
            (None, None) => None,
            (Some(one), Some(two)) => {
                Some(Sample { looked_at: one.looked_at + two.looked_at, of: one.of + two.of })
            }
            (one, two) => one.or(two),
        };
        Self {
            responses: self.responses.saturating_add(other.responses),
            bytes: self.bytes.saturating_add(other.bytes),
            sample,
        }
    }
}
