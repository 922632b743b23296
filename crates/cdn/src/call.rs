//! What one call to a vendor carries.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::wish::Address;

/// Targets of one kind: vendors have a list for each, or a request for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Targets {
    Urls(Vec<Address>),
    Paths(Vec<Address>),
    Prefixes(Vec<Address>),
    Tags(Vec<String>),
    All,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub targets: Targets,
    /// Mark stale instead of removing.
    pub soft: bool,
}

/// As receipts have it: `12 prefixes`, `1 tag, softly`.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, one, several) = match &self.targets {
            Targets::Urls(urls) => (urls.len(), "URL", "URLs"),
            Targets::Paths(paths) => (paths.len(), "path", "paths"),
            Targets::Prefixes(prefixes) => (prefixes.len(), "prefix", "prefixes"),
            Targets::Tags(tags) => (tags.len(), "tag", "tags"),
            Targets::All => return f.write_str("everything"),
        };
        write!(f, "{number} {}", if number == 1 { one } else { several })?;
        if self.soft { f.write_str(", softly") } else { Ok(()) }
    }
}
