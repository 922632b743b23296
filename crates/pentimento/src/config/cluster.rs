//! `[cluster]`: how nodes trust each other and how long each may answer unasked.

use std::time::Duration;

use dialect::Excerpt;

use super::secret::Secret;
use super::section::Section;
use super::writer::Writer;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// What nodes show each other.
    pub secret: Option<Secret>,
    /// Whether a node on the same machine is one of ours without the secret.
    pub trust_loopback: bool,
    pub lease: Duration,
    pub isolated: Isolated,
}

/// What a node does once its lease has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolated {
    /// Asks its upstream before each answer, and has none while it cannot.
    Validate,
    /// Answers from its cache and says that it may be stale; no purge is done on its behalf.
    ServeStale,
}

impl Isolated {
    fn name(self) -> &'static str {
        match self {
            Isolated::Validate => "validate",
            Isolated::ServeStale => "serve-stale",
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let named =
            [Isolated::Validate, Isolated::ServeStale].into_iter().find(|policy| policy.name() == text);
        named.ok_or_else(|| {
            format!("{} is not allowed: allowed are validate and serve-stale", Excerpt::of(text))
        })
    }
}

impl Cluster {
    pub(super) fn read(section: &mut Section) -> Self {
        let second = Duration::from_secs(1);
        Self {
            secret: Secret::read(section, false),
            trust_loopback: section.boolean("trust_loopback").unwrap_or(true),
            lease: section.duration("lease", 4 * second, second..=60 * second),
            isolated: section
                .parsed_with("isolated", "a text in quotes", Isolated::parse)
                .unwrap_or(Isolated::Validate),
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section("[cluster]");
        if let Some(secret) = &self.secret {
            secret.from.write(out);
        }
        out.plain("trust_loopback", self.trust_loopback);
        out.duration("lease", self.lease);
        out.text("isolated", self.isolated.name());
    }
}
