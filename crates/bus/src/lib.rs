//! How a node follows the purge log: in process or over HTTP.
//!
//! [`follow`] is the loop, [`LogView`] what the rest of the node sees of it, [`Feed`] the seam: the authority in the
//! same process, or one reached through the tiers above.

pub mod clock;
pub mod feed;
pub mod follow;
pub mod http_feed;
pub mod log_view;
pub mod state_file;

pub use feed::{Feed, FeedError};
pub use follow::{Follow, follow};
pub use http_feed::HttpFeed;
pub use log_view::{Judgement, LogView};
pub use state_file::{NodeState, StateFile};
