//! Where the log comes from.

use std::future::Future;
use std::pin::Pin;

use api_types::{FollowAnswer, FollowRequest};

/// Whoever can answer for the purge log: the authority itself, or a tier above that relays to it.
pub trait Feed: Send + Sync {
    fn ask<'a>(
        &'a self,
        request: &'a FollowRequest,
    ) -> Pin<Box<dyn Future<Output = Result<FollowAnswer, FeedError>> + Send + 'a>>;
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    #[error("the tier above cannot be reached: {0}")]
    Unreachable(String),
    #[error("the tier above does not take this process for a node of its cluster: {0}")]
    Refused(String),
    /// An operator has declared this life of the node gone.
    #[error("an operator has declared this node gone: it goes on as a new one, with an empty cache")]
    DeclaredGone,
    #[error("the tier above answered what no authority says: {0}")]
    Nonsense(String),
    #[error("the catalog cannot be read: {0}")]
    Catalog(String),
}
