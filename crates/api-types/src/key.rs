//! API keys and what they are good for, as the API shows them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a key, or a token that somebody else signed, may do. Each stands for itself alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// See purges and what became of them.
    #[serde(rename = "purge:read")]
    Read,
    /// Ask for purges, take them back, try them again.
    #[serde(rename = "purge:write")]
    Write,
    /// With `purge:write`: purge a whole source, a whole host, or everything.
    #[serde(rename = "purge:all")]
    All,
    /// With `purge:write`: erase, and lift what was erased.
    #[serde(rename = "purge:erase")]
    Erase,
    /// Keep and drop presets, packs and locations; what that changes is purged by itself.
    #[serde(rename = "preset:write")]
    Preset,
}

impl Scope {
    pub const ALL: [Scope; 5] = [Scope::Read, Scope::Write, Scope::All, Scope::Erase, Scope::Preset];

    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "purge:read",
            Scope::Write => "purge:write",
            Scope::All => "purge:all",
            Scope::Erase => "purge:erase",
            Scope::Preset => "preset:write",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAScope;

impl fmt::Display for NotAScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scope is one of purge:read, purge:write, purge:all, purge:erase and preset:write")
    }
}

impl std::error::Error for NotAScope {}

impl FromStr for Scope {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, NotAScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(NotAScope)
    }
}

/// The body of `POST /v1/keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    pub name: String,
    pub scopes: Vec<Scope>,
    /// Whose sources and sites it reaches; without one, the whole installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

/// One entry of `GET /v1/keys`. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    pub name: String,
    /// The part of the key that is no secret.
    pub id: String,
    pub scopes: Vec<Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    pub created: u64,
    /// Who made it.
    pub creator: String,
}

/// The answer to `POST /v1/keys`: the only time that the key itself is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKey {
    #[serde(flatten)]
    pub view: KeyView,
    pub key: String,
}

/// `GET /v1/keys`, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyList {
    pub keys: Vec<KeyView>,
}
