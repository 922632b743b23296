//! What the edge asks of whoever is above it, and what may come back.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use api_types::Problem;
use bytes::Bytes;
use cache::StoredResponse;
use http::{HeaderMap, StatusCode};
use http_body::Body;
use http_caching::validation::Validators;
use origin::FetchError;
use purge_protocol::{AsOf, Fill, Tags};

use crate::request::{Target, Terms};

/// One fetch, owned so that it outlives the client who caused it.
#[derive(Debug, Clone)]
pub struct Ask {
    pub target: Target,
    /// What is stored: "still this?" is a cheaper question than "what is it?".
    pub validators: Validators,
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
    Response(Box<Fetched>),
    /// What [`Ask::validators`] name is still the answer. `keep` and `tags` are what this says by itself.
    StillThat {
        as_of: Option<AsOf>,
        tags: Option<Tags>,
        keep: Keep,
        headers: HeaderMap,
    },
}

/// A response's head, and its body as far as it is there, before the edge judges it.
#[derive(Debug)]
pub struct Fetched {
    pub status: StatusCode,
    /// End-to-end fields only, as they are to be stored.
    pub headers: HeaderMap,
    pub body: FetchedBody,
    /// All of them, or `None`: a response whose tags are not complete cannot be stored.
    pub tags: Option<Tags>,
    pub as_of: Option<AsOf>,
    pub keep: Keep,
    /// Fields that are for the one who asked, and not stored.
    pub reserved: HeaderMap,
    /// Request fields that chose this representation (pass-through sites).
    pub varied_on: Vec<(String, Option<String>)>,
    /// The `Cache-Status` of the tiers above.
    pub cache_status: Option<String>,
}

pub enum FetchedBody {
    Whole(Bytes),
    /// It is read as it comes. Errors where it is shorter than its head said.
    Coming(ComingBody),
}

pub type ComingBody = Pin<Box<dyn Body<Data = Bytes, Error = FetchError> + Send>>;

impl fmt::Debug for FetchedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchedBody::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            FetchedBody::Coming(_) => f.write_str("Coming"),
        }
    }
}

/// Who may get a response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sharing {
    /// Everyone who asks for the same.
    Stored,
    /// The one who asked, because of what it asked with.
    #[default]
    OnlyHere,
    /// The one who asked; the response is of a kind that is never shared, whoever asks.
    Never,
}

/// Who may use a response, and for how long, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keep {
    pub sharing: Sharing,
    pub lifetime: u32,
    pub initial_age: u32,
    pub stale_if_error: u32,
    pub stale_while_revalidate: u32,
}

impl Keep {
    /// Of a picture of ours: its site decides, nobody else.
    pub fn of_picture(terms: &Terms, initial_age: u32) -> Self {
        Self {
            sharing: Sharing::Stored,
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
    /// In words that say which of its limits it exceeded, and are fit for a client.
    #[error("{0}")]
    TimedOut(String),
    #[error("the origin answered with {0}")]
    Answered(StatusCode),
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
            FillError::Answered(status) => http_caching::stale::is_failure(*status),
            FillError::Behind | FillError::Abandoned => true,
        }
    }
}

impl From<FetchError> for FillError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Overloaded { .. } => FillError::Overloaded { retry_after: Duration::from_secs(1) },
            _ if error.is_timeout() => FillError::TimedOut(error.to_string()),
            _ => FillError::Unreachable(error.to_string()),
        }
    }
}

impl Fetched {
    /// As it is stored and shared, but for its body; the same again when it may not be.
    pub fn into_shared(
        self,
        key_text: &str,
        now_millis: u64,
    ) -> Result<(StoredResponse, FetchedBody), Box<Fetched>> {
        match (self.tags.clone(), self.as_of) {
            (Some(tags), Some(as_of)) if self.keep.sharing == Sharing::Stored => {
                let head = StoredResponse {
                    key_text: key_text.to_owned(),
                    status: self.status,
                    headers: self.headers,
                    body: Bytes::new(),
                    tags,
                    as_of,
                    varied_on: self.varied_on,
                    stored_at: now_millis,
                    initial_age: self.keep.initial_age,
                    lifetime: self.keep.lifetime,
                    stale_if_error: self.keep.stale_if_error,
                    stale_while_revalidate: self.keep.stale_while_revalidate,
                    checked: Default::default(),
                    heat: Default::default(),
                };
                Ok((head, self.body))
            }
            _ => Err(Box::new(self)),
        }
    }
}
