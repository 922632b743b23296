//! What a purge wants gone from a CDN, before anybody asks what that CDN can do.

use serde::{Deserialize, Serialize};

/// A place that clients of the CDN ask for: where it answers them, and a path there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// `https://img.example.com`; empty for a vendor to whom all host names of one contract are the same.
    pub site: String,
    /// Encoded, with a slash at its beginning; with its query where a query counts.
    pub path: String,
}

impl Address {
    pub fn url(&self) -> String {
        format!("{}{}", self.site, self.path)
    }

    /// Host and path, as vendors write a URL whose scheme does not count.
    pub fn without_scheme(&self) -> String {
        format!("{}{}", self.host(), self.path)
    }

    pub fn host(&self) -> &str {
        self.site.split_once("://").map_or("", |(_, host)| host)
    }
}

/// A place on any of a CDN's sites, or on those of one host.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// `www.example.com`, with its port if that is not the scheme's; `None`: on each of the CDN's sites.
    pub host: Option<String>,
    pub path: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One URL, its query included.
    Url(Place),
    /// One path with every query: what is made from one original.
    Path(Place),
    /// Everything at and below a path.
    Prefix(Place),
    /// What only a tag names.
    Tagged,
    All,
}

/// One thing that is to be gone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Wish {
    /// In words, as receipts have it.
    pub subject: String,
    pub scope: Scope,
    /// What its responses are tagged with, if they carry tags for this CDN.
    pub tag: Option<String>,
    /// URLs of it that were delivered lately: better than nothing where nothing else can be said.
    pub known: Vec<Place>,
    /// URLs elsewhere that show it too (a watermark) and were delivered lately; `None` where nothing else shows it.
    #[serde(default)]
    pub elsewhere: Option<Vec<Place>>,
}
