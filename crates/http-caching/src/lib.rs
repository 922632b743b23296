//! The rules of HTTP caching for a shared cache, pure: one file per section.
//!
//! | question | file | section |
//! | --- | --- | --- |
//! | may this response be stored, and which of its fields? | [`storing`], [`hop_by_hop`] | RFC 9111 §3 |
//! | which stored response was chosen by these request fields? | [`vary`] | RFC 9111 §4.1 |
//! | may it answer this request? | [`reuse`], with [`freshness`], [`age`], [`stale`] | RFC 9111 §4, RFC 5861 |
//! | how is it validated, and what does a 304 change in it? | [`validation`], [`update`] | RFC 9111 §3.2, §4.3 |
//! | what did a change at the origin make of it? | [`invalidation`], [`cache_groups`] | RFC 9111 §4.4, RFC 9875 |
//! | what did the origin and the client say? | [`cache_control`], [`targeted`], [`surrogate`], [`request_control`] | RFC 9111 §5.2, RFC 9213, Edge Architecture |
//! | does the client need the whole of it? | [`conditional`], [`range`], with [`etag`], [`last_modified`] | RFC 9110 §13, §14 |
//! | what do we say about it? | [`cache_status`] | RFC 9211 |
//!
//! Pure: no clock, no I/O, no configuration; what is up to whoever runs the cache is a [`Leeway`]. What is malformed is
//! read the way in which less is stored and less is reused. Not here: the cache key, and purges.

pub mod age;
pub mod cache_control;
pub mod cache_groups;
pub mod cache_status;
pub mod conditional;
pub mod date;
pub mod etag;
pub mod freshness;
pub mod hop_by_hop;
pub mod invalidation;
pub mod last_modified;
pub mod leeway;
pub mod range;
pub mod request_control;
pub mod reuse;
pub mod stale;
pub mod storing;
pub mod surrogate;
pub mod targeted;
pub mod timestamp;
pub mod update;
pub mod validation;
pub mod vary;

mod directive;
mod list;
mod structured;

pub use age::Standing;
pub use cache_control::CacheControl;
pub use cache_status::CacheStatus;
pub use etag::EntityTag;
pub use freshness::Lifetime;
pub use leeway::Leeway;
pub use request_control::RequestControl;
pub use timestamp::Timestamp;
