//! `[[source]]`: a place that holds originals.

use std::time::Duration;

use dialect::{Excerpt, SourceName};
use snapshot::Patience;
use url::Url;

use super::section::Section;
use super::upstream;
use super::web_address;
use super::writer::Writer;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub name: SourceName,
    pub kind: SourceKind,
    /// Whether its host may be on loopback or in a private network.
    pub allow_private: bool,
    /// How long an original is taken for fresh when its source does not say, in seconds.
    pub lifetime: u32,
    pub patience: Patience,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A web folder.
    Http { base_url: Url },
}

impl Source {
    /// `fetch_time`: how long a fetch may take in all, unless the source has its own limit.
    pub(super) fn read(section: &mut Section, fetch_time: Duration) -> Option<Self> {
        let name = required(section, "name", |section| section.parsed("name"));
        // There is one kind so far: each has settings of its own, so that it stands first.
        section.parsed_with("kind", "a text in quotes", |text| match text {
            "http" => Ok(()),
            _ => Err(format!("{} is not a kind of source: allowed is http", Excerpt::of(text))),
        });
        let base_url = required(section, "base_url", |section| {
            section.parsed_with("base_url", "a URL in quotes", web_address::base)
        });
        let allow_private = section.boolean("allow_private").unwrap_or(false);
        let lifetime = section.lifetime("lifetime", 3600);
        let total = u32::try_from(fetch_time.as_millis()).unwrap_or(u32::MAX);
        let patience = upstream::read_patience(section, Patience { total, ..Patience::default() });
        let kind = SourceKind::Http { base_url: base_url? };
        Some(Self { name: name?, kind, allow_private, lifetime, patience })
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section("[[source]]");
        out.text("name", &self.name);
        match &self.kind {
            SourceKind::Http { base_url } => {
                out.text("kind", "http");
                out.text("base_url", web_address::written(base_url));
            }
        }
        out.plain("allow_private", self.allow_private);
        out.lifetime("lifetime", self.lifetime);
        upstream::write_patience(self.patience, out);
    }
}

fn required<T>(
    section: &mut Section,
    key: &'static str,
    read: impl FnOnce(&mut Section) -> Option<T>,
) -> Option<T> {
    if !section.is_set(key) {
        section.complain(key, format!("a source needs `{key}`"));
    }
    read(section)
}
