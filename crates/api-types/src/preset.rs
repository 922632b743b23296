//! Presets as the API shows them.

use serde::{Deserialize, Serialize};

/// The body of `PUT /v1/presets/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresetRequest {
    /// As in a URL: `w=300&h=200&fit=crop`
    pub parameters: String,
}

/// Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetView {
    pub name: String,
    /// Whose it is; without one, the owner's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// In one spelling and order, whatever was written.
    pub parameters: String,
    /// Rises with every change.
    pub version: u64,
    pub changed: u64,
    /// The purge that announces what this request changed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purge: Option<String>,
}

/// `GET /v1/presets`, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetList {
    pub presets: Vec<PresetView>,
}
