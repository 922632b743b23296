//! Packs and locations as tenant image services show them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is said of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PackRequest {
    /// Means something to whoever wrote it, and nothing here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<String>,
    /// The location that is meant when a URL names none.
    pub main_image_location: String,
    pub image_locations: BTreeMap<String, ImageLocation>,
}

/// What a pack shows at a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageLocation {
    /// `source/path`
    pub original: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<CropBox>,
}

/// A rectangle of an original, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CropBox {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

/// Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PackView {
    pub tenant: String,
    pub id: String,
    #[serde(flatten)]
    pub pack: PackRequest,
    /// Rises when it shows something else.
    pub version: u64,
    pub updated_at: u64,
    /// The purge that announces what this request changed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalidation_id: Option<String>,
}

/// What is made of an original at a location.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// `fit`, or a value of the parameter of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<u32>,
}

/// Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LocationView {
    pub tenant: String,
    pub name: String,
    #[serde(flatten)]
    pub config: LocationConfig,
    /// The same as a URL says it.
    pub parameters: String,
    pub version: u64,
    pub updated_at: u64,
    /// The purge that was forced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalidation_id: Option<String>,
}
