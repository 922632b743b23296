//! What the edge asks of whoever is above it, and what may come back.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use api_types::Problem;
use bytes::Bytes;
use cache::StoredResponse;
use http::{HeaderMap, StatusCode};
use purge_protocol::{AsOf, Fill, Tags};

use crate::request::{Target, Terms};

/// One fetch, owned so that it outlives the client who caused it.
#[derive(Debug, Clone)]
pub struct Ask {
    pub target: Target,
    /// The strong entity tag of what is stored: "still this?" is a cheaper question than "what is it?".
    pub validator: Option<String>,
}

/// Whoever can answer a miss: the renderer in this process, the tier above, a pass-through site's upstream.
pub trait Upstream: Send + Sync {
    /// `fill` was begun before this call, and so before anything mutable is read. `None`: this node knows no log
    /// yet; the answer cannot be stamped and will not be stored.
    fn fetch<'a>(
        &'a self,
        ask: &'a Ask,
        fill: Option<Fill>,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, FillError>> + Send + 'a>>;
}

#[derive(Debug)]
pub enum Answered {
    Whole(Box<Fetched>),
    /// What [`Ask::validator`] names is still the answer.
    StillThat {
        as_of: Option<AsOf>,
        lifetime: u32,
        headers: HeaderMap,
    },
    /// The upstream's answer is larger than a stored response may be: each client gets it by itself.
    TooLargeToStore,
}

/// A whole response, before the edge judges it.
#[derive(Debug)]
pub struct Fetched {
    pub status: StatusCode,
    /// End-to-end fields only, as they are to be stored.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// All of them, or `None`: a response whose tags are not complete cannot be stored.
    pub tags: Option<Tags>,
    pub as_of: Option<AsOf>,
    pub keep: Keep,
    /// Request fields that chose this representation (pass-through sites).
    pub varied_on: Vec<(String, Option<String>)>,
    /// The `Cache-Status` of the tiers above.
    pub cache_status: Option<String>,
}

/// For how long a response may be used, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keep {
    /// False for what may go to the one who asked and nobody else.
    pub storable: bool,
    pub lifetime: u32,
    pub initial_age: u32,
    pub stale_if_error: u32,
    pub stale_while_revalidate: u32,
}

impl Keep {
    /// Of a picture of ours: its site decides, nobody else.
    pub fn of_picture(terms: &Terms, initial_age: u32) -> Self {
        Self {
            storable: true,
            lifetime: terms.edge_lifetime,
            initial_age,
            stale_if_error: terms.stale_if_error,
            stale_while_revalidate: terms.stale_while_revalidate,
        }
    }
}

/// Why there is no answer. Shared by everyone who waited for the fill.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// The upstream said so, in words that are fit for a client.
    #[error("{}", .0.detail)]
    Problem(Problem),
    #[error("the origin cannot be reached: {0}")]
    Unreachable(String),
    #[error("the origin took too long: {0}")]
    TimedOut(String),
    #[error("too much is waiting already")]
    Overloaded { retry_after: Duration },
    /// The tier above has not caught up with the purge log as far as we have (invariant 4).
    #[error("the tier above is behind in the purge log")]
    Behind,
    #[error("the fill was abandoned")]
    Abandoned,
}

impl FillError {
    /// Whether an older response may stand in: the upstream failed, it did not say no (RFC 5861 §4).
    pub fn allows_stale(&self) -> bool {
        match self {
            FillError::Problem(problem) => problem.status >= 500,
            FillError::Unreachable(_) | FillError::TimedOut(_) | FillError::Overloaded { .. } => true,
            FillError::Behind | FillError::Abandoned => true,
        }
    }
}

impl From<origin::FetchError> for FillError {
    fn from(error: origin::FetchError) -> Self {
        if error.is_timeout() {
            FillError::TimedOut(error.to_string())
        } else {
            FillError::Unreachable(error.to_string())
        }
    }
}

impl Fetched {
    /// As it is stored and shared; `None` when it may not be.
    pub fn into_stored(self, key_text: &str, now_millis: u64) -> Result<StoredResponse, Box<Fetched>> {
        match (self.tags.clone(), self.as_of) {
            (Some(tags), Some(as_of)) if self.keep.storable => Ok(StoredResponse {
                key_text: key_text.to_owned(),
                status: self.status,
                headers: self.headers,
                body: self.body,
                tags,
                as_of,
                varied_on: self.varied_on,
                stored_at: now_millis,
                initial_age: self.keep.initial_age,
                lifetime: self.keep.lifetime,
                stale_if_error: self.keep.stale_if_error,
                stale_while_revalidate: self.keep.stale_while_revalidate,
                checked: Default::default(),
            }),
            _ => Err(Box::new(self)),
        }
    }
}
