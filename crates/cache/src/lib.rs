//! Stored responses: memory tier, disk tier, sweeper.
//!
//! Stores and finds, and has no opinion about HTTP: whether a response may answer is for the caller to judge, by the
//! fences and by its freshness, each time it got one. [`Cache`] is the whole of it.

mod cache;
mod count;
mod disk;
mod erasures;
mod heat;
mod key;
mod memory;
mod stored_response;

pub use cache::{Admission, Cache, Insert, OpenError, Refusal, Settings, Stats, Swept, Tier};
pub use count::{Counted, Counting, Hot, Tally};
pub use heat::Heat;
pub use key::Key;
pub use stored_response::StoredResponse;
