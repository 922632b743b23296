//! From a URL to a [`Delivery`], and its signature.
//!
//! A dialect is one way to write a wish into a URL. Each has a file that turns a [`Request`] into a
//! [`Parsed`] and a delivery back into its one canonical URL; what they share is the delivery itself.
//!
//! Pure: no clock, no I/O, no configuration. Not here: which site speaks which dialect, and whether a site
//! may serve unsigned URLs.

pub mod native;
pub mod pack;
pub mod signature;

mod delivery;
mod error;
mod preset;
mod query;
mod signing_key;

pub use delivery::{Delivery, Parsed, Request};
pub use error::BadRequest;
pub use plan::{Excerpt, InvalidPath, InvalidSourceName, OriginalPath, SourceName};
pub use preset::{InvalidPresetName, PresetName, PresetWish};
pub use signature::{Signature, SignatureError};
pub use signing_key::{InvalidKeyId, KeyId, SecretTooShort, SigningKey};
