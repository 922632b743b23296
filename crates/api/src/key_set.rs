//! The public keys of somebody whose tokens are believed: a JWK set (RFC 7517 §5), in a file or behind a URL.
//!
//! It is asked for by one at a time, whoever wants it, and not with every request. A server that is slow, away or talks
//! nonsense holds up those whose key is known for a few seconds, once; after that only tokens that name a key which
//! nobody has seen yet.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::document::{self, BYTES_MAX, DocumentError};

const ACCEPT: &str = "application/jwk-set+json, application/json";
const KEYS_MAX: usize = 100;
/// After this the keys are asked for again, so that one that was withdrawn is believed no longer.
const LIFETIME: Duration = Duration::from_secs(600);
/// While newer ones cannot be had: an issuer that is down must not lock everybody out, nor be believed for ever.
const OLD: Duration = Duration::from_secs(24 * 3600);
/// Whatever strangers send, keys are asked for no more often than this.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// Where an issuer's public keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwtKeys {
    File(PathBuf),
    Url { url: Url, allow_private: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoKey {
    /// There are keys, and it is none of them.
    Unknown,
    /// There are none.
    Unreachable,
}

#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("{file} cannot be read: {why}")]
    File { file: String, why: std::io::Error },
    #[error("{0} has more than {BYTES_MAX} bytes")]
    TooLarge(String),
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error("it is no JWK set: {0}")]
    NotASet(serde_json::Error),
    #[error("none of its keys can be read")]
    NoKeys,
}

pub struct KeySet {
    from: JwtKeys,
    client: origin::Client,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// With when they were had.
    keys: Option<(Instant, Arc<Vec<Jwk>>)>,
    asked: Option<Instant>,
    /// While they are being asked for.
    asking: Option<Asking>,
    has_failed: bool,
}

type Asking = Shared<BoxFuture<'static, ()>>;

impl KeySet {
    pub fn new(from: JwtKeys, client: &origin::Client) -> Arc<Self> {
        Arc::new(Self { from, client: client.clone(), known: Mutex::default() })
    }

    /// The key that a token names, or the only one that fits.
    pub async fn key(self: &Arc<Self>, id: Option<&str>, algorithm: Algorithm) -> Result<DecodingKey, NoKey> {
        self.keep_current().await;
        match self.find(id, algorithm) {
            Err(NoKey::Unknown) => {
                // It may be new.
                if let Some(asking) = self.ask_again(ASK_AGAIN) {
                    asking.await;
                }
                self.find(id, algorithm)
            }
            found => found,
        }
    }

    /// Asks for keys that are old or not there, and waits for them if that promises anything.
    async fn keep_current(self: &Arc<Self>) {
        let (age, has_failed) = {
            let known = self.known();
            (known.keys.as_ref().map(|(had, _)| had.elapsed()), known.has_failed)
        };
        let asking = match age {
            Some(age) if age < LIFETIME => return,
            Some(_) => self.ask_again(if has_failed { ASK_AGAIN } else { LIFETIME }),
            None => self.ask_again(ASK_AGAIN),
        };
        let may_be_used = age.is_some_and(|age| age < OLD);
        if let Some(asking) = asking
            && !(may_be_used && has_failed)
        {
            asking.await;
        }
    }

    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<DecodingKey, NoKey> {
        let keys = match &self.known().keys {
            Some((had, keys)) if had.elapsed() < OLD => Arc::clone(keys),
            _ => return Err(NoKey::Unreachable),
        };
        let usable = keys.iter().filter_map(|jwk| usable(jwk, algorithm));
        let mut named = usable.filter(|(jwk, _)| id.is_none() || jwk.common.key_id.as_deref() == id);
        match (named.next(), named.next()) {
            (Some((_, key)), None) => Ok(key),
            // Of several, nobody says which.
            (None, _) | (Some(_), Some(_)) => Err(NoKey::Unknown),
        }
    }

    /// To wait for; nothing if they were asked for less than this long ago. Goes on if nobody waits.
    fn ask_again(self: &Arc<Self>, after: Duration) -> Option<Asking> {
        let mut known = self.known();
        if let Some(asking) = &known.asking {
            return Some(asking.clone());
        }
        if known.asked.is_some_and(|asked| asked.elapsed() < after) {
            return None;
        }
        known.asked = Some(Instant::now());
        let this = Arc::clone(self);
        let asking = async move {
            let answer = this.ask().await;
            let mut known = this.known();
            known.has_failed = answer.is_err();
            known.asking = None;
            match answer {
                Ok(keys) => known.keys = Some((Instant::now(), Arc::new(keys))),
                Err(why) => tracing::warn!(from = %this.from, %why, "no JWK set"),
            }
        };
        let asking = asking.boxed().shared();
        known.asking = Some(asking.clone());
        tokio::spawn(asking.clone());
        Some(asking)
    }

    async fn ask(&self) -> Result<Vec<Jwk>, AskError> {
        let text = match &self.from {
            JwtKeys::File(path) => {
                let file = path.display().to_string();
                let unreadable = |why| AskError::File { file: file.clone(), why };
                if tokio::fs::metadata(path).await.map_err(unreadable)?.len() > BYTES_MAX {
                    return Err(AskError::TooLarge(file));
                }
                tokio::fs::read(path).await.map_err(unreadable)?
            }
            JwtKeys::Url { url, allow_private } => {
                document::get(&self.client, url, *allow_private, ACCEPT).await?
            }
        };
        read(&text)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Display for JwtKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            JwtKeys::File(path) => path.display().fmt(f),
            JwtKeys::Url { url, .. } => url.fmt(f),
        }
    }
}

/// Keys that cannot be read are left out, as those of a kind that is not known (RFC 7517 §5).
fn read(text: &[u8]) -> Result<Vec<Jwk>, AskError> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let Set { keys } = serde_json::from_slice(text).map_err(AskError::NotASet)?;
    let keys: Vec<Jwk> =
        keys.into_iter().take(KEYS_MAX).filter_map(|key| serde_json::from_value(key).ok()).collect();
    if keys.is_empty() { Err(AskError::NoKeys) } else { Ok(keys) }
}

/// A public key of the algorithm's family that does not say that it is for something else.
fn usable(jwk: &Jwk, algorithm: Algorithm) -> Option<(&Jwk, DecodingKey)> {
    if !matches!(&jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let said = jwk.common.key_algorithm.map(|said| said.to_string());
    if said.is_some_and(|said| said != format!("{algorithm:?}")) {
        return None;
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    // A key of the wrong kind must not reach a verifier at all, least of all as a shared secret.
    (key.family() == algorithm.family()).then_some((jwk, key))
}
