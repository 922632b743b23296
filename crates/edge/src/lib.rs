//! The data plane: a request, a stored response or a fill, an answer.
//!
//! Read [`serve`] first: it is the whole life of a request, top to bottom. Everything else is a decision that it asks
//! for or an effect that it orders. [`at_once`] is the short way through it, for the plainest of hits.

pub mod answer;
pub mod at_once;
pub mod body;
pub mod count;
pub mod fill;
pub mod fill_memory;
pub mod filling;
pub mod flights;
pub mod forwarding;
pub mod growing_body;
pub mod invalidations;
pub mod node_protocol;
pub mod pass_through;
pub mod pools;
pub mod problem;
pub mod purge_method;
pub mod representations;
pub mod request;
pub mod serve;
pub mod serving;
pub mod tier_above;
pub mod trust;
pub mod unshareable;
pub mod why;

pub use at_once::at_once;
pub use fill::{Answered, Ask, Fetched, FetchedBody, FillError, Upstream};
pub use fill_memory::FillMemory;
pub use serve::{Edge, serve};
pub use serving::Serving;
pub use trust::Trust;
