//! What was erased, and what operators did, as the API shows them.

use serde::{Deserialize, Serialize};

/// One entry of `GET /v1/erasures`. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureView {
    /// `source/path`
    pub original: String,
    /// What answers in its place: 410, or 451 with a reason.
    pub status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub at: u64,
    /// Who asked for it: `api` or `console`; nobody if its purge is not known any more.
    pub operator: Option<String>,
    /// The purge that erased it.
    pub purge: String,
}

/// `GET /v1/erasures`, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureList {
    pub erasures: Vec<ErasureView>,
}

/// One entry of `GET /v1/audit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditView {
    pub at: u64,
    pub operator: String,
    /// `erase`, `lift` …
    pub action: String,
    pub subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purge: Option<String>,
}

/// `GET /v1/audit`, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditList {
    pub entries: Vec<AuditView>,
}
