//! What a URL asks for: an original, and what to make of it.

use plan::{FormatWish, Plan};

use crate::{OriginalPath, Signature, SourceName};

/// The parts of a request that a dialect looks at.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// As it was sent: percent-encoded, with its leading slash.
    pub path: &'a str,
    /// As it was sent, without the question mark.
    pub query: Option<&'a str>,
    /// The `Accept` field; several lines joined by commas (RFC 9110 §5.3).
    pub accept: Option<&'a str>,
}

/// One picture to deliver: whose original, and the plan for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub source: SourceName,
    pub path: OriginalPath,
    pub plan: Plan,
}

impl Delivery {
    /// Whether another `Accept` could have led to another plan: the answer then says `Vary: Accept`
    /// (RFC 9110 §12.5.5).
    pub fn varies_by_accept(&self) -> bool {
        matches!(self.plan.format, FormatWish::Auto(_))
    }
}

/// What a dialect understood of a request.
///
/// The delivery and the signature stay together, so that nobody verifies one URL and serves another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    pub delivery: Delivery,
    /// What the URL carries; nothing has been verified yet.
    pub signature: Option<Signature>,
}
