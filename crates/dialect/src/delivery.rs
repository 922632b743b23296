//! What a URL asks for: an original, and what to make of it.

use plan::{Accepted, FormatWish, Plan};

use crate::{OriginalPath, PresetWish, Signature, SourceName};

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
    /// With a preset, what the URL adds to it.
    pub plan: Plan,
    pub preset: Option<PresetWish>,
}

impl Delivery {
    /// An original as it is.
    pub fn of(source: SourceName, path: OriginalPath) -> Self {
        Self { source, path, plan: Plan::default(), preset: None }
    }

    /// Whether another `Accept` could have led to another plan: the answer then says `Vary: Accept`
    /// (RFC 9110 §12.5.5). A preset may leave the format to the client.
    pub fn varies_by_accept(&self) -> bool {
        self.accepted().is_some()
    }

    /// What the client takes, as the class that was negotiated; empty where it makes no difference.
    pub fn accept(&self) -> &'static str {
        match self.accepted() {
            Some(Accepted::Avif) => "image/avif",
            Some(Accepted::Webp) => "image/webp",
            Some(Accepted::Basic) => "*/*",
            None => "",
        }
    }

    fn accepted(&self) -> Option<Accepted> {
        match (&self.preset, self.plan.format) {
            (Some(preset), _) => Some(preset.accepted),
            (None, FormatWish::Auto(accepted)) => Some(accepted),
            (
                None,
                FormatWish::Original | FormatWish::Exactly(_) | FormatWish::Described(_) | FormatWish::Svg,
            ) => None,
        }
    }
}

/// What a dialect understood of a request.
///
/// The delivery and the signature stay together, so that nobody verifies one URL and serves another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    pub delivery: Delivery,
    /// The delivery's own URL ([`native::canonical`](crate::native::canonical)).
    pub canonical: String,
    /// What the URL carries; nothing has been verified yet.
    pub signature: Option<Signature>,
}
