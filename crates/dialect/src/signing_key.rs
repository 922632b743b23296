//! The keys that sign URLs, and their names.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::Excerpt;

/// The public name of a key: it travels in each signed URL, so that keys can be replaced one by one.
///
/// Invariant: 1 to 32 letters, digits, hyphens and underscores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key id {found} is not allowed: {}", KeyId::ALLOWED)]
pub struct InvalidKeyId {
    pub found: Excerpt,
}

impl KeyId {
    pub const LEN_MAX: usize = 32;
    pub(crate) const ALLOWED: &str = "1 to 32 of A-Z, a-z, 0-9, _ and -";

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = InvalidKeyId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let valid = (1..=Self::LEN_MAX).contains(&text.len()) && text.bytes().all(allowed);
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidKeyId { found: Excerpt::of(text) }) }
    }
}

impl TryFrom<String> for KeyId {
    type Error = InvalidKeyId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A secret under its public name.
#[derive(Clone)]
pub struct SigningKey {
    pub id: KeyId,
    /// Keyed once, cloned for each URL. The secret itself is not kept.
    pub(crate) keyed: Hmac<Sha256>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the secret of a signing key has {len} bytes, at least {min} are needed", min = SigningKey::SECRET_LEN_MIN)]
pub struct SecretTooShort {
    pub len: usize,
}

impl SigningKey {
    /// In bytes. 128 bits are out of reach for guessing; shorter ones tend to be words.
    pub const SECRET_LEN_MIN: usize = 16;

    pub fn new(id: KeyId, secret: &[u8]) -> Result<Self, SecretTooShort> {
        let too_short = SecretTooShort { len: secret.len() };
        if secret.len() < Self::SECRET_LEN_MIN {
            return Err(too_short);
        }
        // HMAC takes keys of any length (RFC 2104 §2); the error exists for the sake of other algorithms.
        let keyed = Hmac::new_from_slice(secret).map_err(|_| too_short)?;
        Ok(Self { id, keyed })
    }
}

/// Without the secret: keys end up in logs through the configuration that contains them.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_is_safe_in_a_url() {
        for good in ["k", "2026-11_a", "A", &"x".repeat(32)] {
            assert!(good.parse::<KeyId>().is_ok(), "{good:?}");
        }
        for bad in ["", "a b", "a.b", "a/b", "a&b", "é", &"x".repeat(33)] {
            assert!(bad.parse::<KeyId>().is_err(), "{bad:?}");
        }
        assert_eq!(
            "a&b".parse::<KeyId>().map_err(|error| error.to_string()),
            Err(r#"the key id "a&b" is not allowed: 1 to 32 of A-Z, a-z, 0-9, _ and -"#.to_owned())
        );
    }

    #[test]
    fn a_short_secret_is_refused() -> Result<(), InvalidKeyId> {
        let id: KeyId = "k1".parse()?;
        let key =
            |len| SigningKey::new(id.clone(), &vec![7; len]).map(|key| key.id).map_err(|e| e.to_string());
        let too_short = "the secret of a signing key has 15 bytes, at least 16 are needed".to_owned();
        assert_eq!(key(15), Err(too_short));
        assert_eq!(key(16), Ok(id.clone()));
        assert_eq!(key(500), Ok(id.clone()));
        Ok(())
    }

    #[test]
    fn debug_does_not_tell_the_secret() -> Result<(), Box<dyn std::error::Error>> {
        let key = SigningKey::new("k1".parse()?, b"swordfish-swordfish")?;
        assert_eq!(format!("{key:?}"), r#"SigningKey { id: KeyId("k1"), .. }"#);
        Ok(())
    }
}
