//! Receipts that can be checked without asking us, and the keys to check them with.

use serde::{Deserialize, Serialize};

/// A JSON Web Signature in its flattened form (RFC 7515 §7.2.2); the payload is the purge as JSON, in base64url.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedReceipt {
    pub payload: String,
    pub protected: String,
    pub signature: String,
}

/// What the signature covers besides the payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptHeader {
    pub alg: String,
    pub kid: String,
    pub typ: String,
}

/// A JWK set (RFC 7517 §5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptKeys {
    pub keys: Vec<ReceiptJwk>,
}

/// An Ed25519 key (RFC 8037 §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptJwk {
    pub kty: String,
    pub crv: String,
    pub x: String,
    pub kid: String,
    pub alg: String,
    #[serde(rename = "use")]
    pub purpose: String,
}
