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

/// What an answer says of itself: which it is and when it was made. Times are Unix milliseconds, of our clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// When it came.
    pub at: u64,
    pub status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// Its `Date`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<u64>,
    /// By its `Age`: when the cache got it from the server behind, or that one confirmed it (RFC 9111 §4.2.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aged_since: Option<u64>,
}

impl Sight {
    /// When it was made, as far as it says so. Some caches renew the `Date` of what they have stored: an `Age` counts more.
    pub fn made(&self) -> Option<u64> {
        self.aged_since.or(self.date)
    }

    /// What stands between the quotes of its entity tag, weak or not.
    pub fn opaque_tag(&self) -> Option<&str> {
        let tag = self.etag.as_deref()?;
        tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')
    }
}

/// A URL that is not ours, at somebody else's CDN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalReceipt {
    pub url: String,
    pub cdn: String,
    /// What was there before the CDN was told; nothing if it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Sight>,
    /// Whether its `Date` is that of each answer, and so tells nothing.
    #[serde(default)]
    pub renews_date: bool,
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

/// Of all that are known, those that were looked at.
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

/// The body of `POST /v1/verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// A picture of ours, as a client asks for it; a signature in it is not needed.
    pub url: String,
    /// The request field that chooses among formats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
}

/// What it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    pub url: String,
    pub at: u64,
    /// Stale if any look is; verified if any is, and none is stale.
    pub verdict: Verdict,
    pub looks: Vec<Look>,
}
