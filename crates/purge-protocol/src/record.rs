//! The purge log's records.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::position::Position;
use crate::tag::Tag;

/// How a purge treats what is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// What is stored becomes stale: it may answer while one fill replaces it.
    Soft,
    /// What is stored may never answer again.
    #[default]
    Hard,
    /// As hard; and a node acknowledges only after the bytes are gone.
    Erase,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Soft => "soft",
            Mode::Hard => "hard",
            Mode::Erase => "erase",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "soft" => Ok(Mode::Soft),
            "hard" => Ok(Mode::Hard),
            "erase" => Ok(Mode::Erase),
            _ => Err(UnknownMode),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a purge's mode is soft, hard or erase")]
pub struct UnknownMode;

/// One entry of the purge log. What it announces was durable and readable before it was appended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub position: Position,
    /// The purge that appended it, for people and receipts.
    pub purge: String,
    pub tags: Vec<Tag>,
    pub mode: Mode,
    /// Unix milliseconds at the authority; shown, never compared.
    pub at: u64,
}
