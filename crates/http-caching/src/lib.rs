//! The rules of HTTP caching for a shared cache, pure: one file per section.
//!
//! | question | file | section |
//! | --- | --- | --- |
//! | may this response be stored, and which of its fields? | [`storing`], [`hop_by_hop`] | RFC 9111 §3 |
//! | which stored response was chosen by these request fields? | [`vary`] | RFC 9111 §4.1 |
//! | may it answer this request? | [`reuse`], with [`freshness`], [`age`], [`stale`] | RFC 9111 §4, RFC 5861 |
//! | what does a 304 change in it? | [`update`] | RFC 9111 §3.2, §4.3.4 |
//! | what did the origin and the client say? | [`cache_control`], [`targeted`], [`request_control`] | RFC 9111 §5.2, RFC 9213 |
//! | does the client need the whole of it? | [`conditional`], [`range`], with [`etag`], [`last_modified`] | RFC 9110 §13, §14 |
//! | what do we say about it? | [`cache_status`] | RFC 9211 |
//!
//! Pure: no clock, no I/O, no configuration. What is malformed is read the way in which less is stored and less
//! is reused. Heuristic freshness (RFC 9111 §4.2.2) is off: a picture that nobody gave a lifetime is validated.
//! Not here: the cache key, and invalidation, which is the purge log's.

pub mod age;
pub mod cache_control;
pub mod cache_status;
pub mod conditional;
pub mod date;
pub mod etag;
pub mod freshness;
pub mod hop_by_hop;
pub mod last_modified;
pub mod range;
pub mod request_control;
pub mod reuse;
pub mod stale;
pub mod storing;
pub mod targeted;
pub mod timestamp;
pub mod update;
pub mod vary;

mod directive;
mod list;
mod structured;

pub use age::Standing;
pub use cache_control::CacheControl;
pub use cache_status::CacheStatus;
pub use etag::EntityTag;
pub use freshness::Lifetime;
pub use request_control::RequestControl;
pub use timestamp::Timestamp;
