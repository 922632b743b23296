//! A signing key as it travels between nodes.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dialect::{KeyId, SecretTooShort, SigningKey};
use serde::{Deserialize, Serialize};

/// A signing key together with its secret, which [`SigningKey`] does not keep.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct SigningKeyData {
    secret: Vec<u8>,
    key: SigningKey,
}

#[derive(Serialize, Deserialize)]
struct Written {
    id: KeyId,
    /// base64 (RFC 4648 §4)
    secret: String,
}

#[derive(Debug, thiserror::Error)]
enum InvalidKey {
    #[error("the secret of a signing key is not base64")]
    NotBase64,
    #[error(transparent)]
    TooShort(#[from] SecretTooShort),
}

impl SigningKeyData {
    pub fn new(id: KeyId, secret: Vec<u8>) -> Result<Self, SecretTooShort> {
        let key = SigningKey::new(id, &secret)?;
        Ok(Self { secret, key })
    }

    pub fn id(&self) -> &KeyId {
        &self.key.id
    }

    pub fn key(&self) -> &SigningKey {
        &self.key
    }
}

impl PartialEq for SigningKeyData {
    fn eq(&self, other: &Self) -> bool {
        self.key.id == other.key.id && self.secret == other.secret
    }
}

impl Eq for SigningKeyData {}

impl fmt::Debug for SigningKeyData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeyData").field("id", &self.key.id).finish_non_exhaustive()
    }
}

impl From<SigningKeyData> for Written {
    fn from(key: SigningKeyData) -> Self {
        Self { id: key.key.id, secret: STANDARD.encode(key.secret) }
    }
}

impl TryFrom<Written> for SigningKeyData {
    type Error = InvalidKey;

    fn try_from(written: Written) -> Result<Self, InvalidKey> {
        let secret = STANDARD.decode(written.secret).map_err(|_| InvalidKey::NotBase64)?;
        Ok(Self::new(written.id, secret)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_could_not_sign_does_not_arrive() {
        let arrive =
            |json: &str| serde_json::from_str::<SigningKeyData>(json).map_err(|error| error.to_string());
        assert!(arrive(r#"{"id":"k1","secret":"c2l4dGVlbiBieXRlcyAuLg=="}"#).is_ok());
        for bad in [
            r#"{"id":"k1","secret":"c2hvcnQ="}"#,
            r#"{"id":"k1","secret":"not base64!"}"#,
            r#"{"id":"k 1","secret":"c2l4dGVlbiBieXRlcyAuLg=="}"#,
        ] {
            assert!(arrive(bad).is_err(), "{bad}");
        }
    }
}
