//! Receipts with a signature: whoever has the installation's public key can check one, today or in ten years.

use api_types::PurgeView;
use api_types::receipt::{ReceiptHeader, ReceiptJwk, ReceiptKeys, SignedReceipt};
use aws_lc_rs::rand;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const ALGORITHM: &str = "EdDSA";
const TYPE: &str = "pentimento-receipt+json";
/// Where everybody finds the public key.
pub const KEYS_PATH: &str = "/.well-known/pentimento-receipt-keys";

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    #[error("{0} is not base64url without padding")]
    NotBase64(&'static str),
    #[error("its header cannot be read: {0}")]
    Header(String),
    #[error("it is signed with {0}, not with EdDSA as a receipt is")]
    Algorithm(String),
    #[error("it is a {0}, not a receipt")]
    Type(String),
    #[error("its key {0:?} is none of those that are believed")]
    UnknownKey(String),
    #[error("the signature does not fit: it was changed, or somebody else signed it")]
    Signature,
    #[error("the signature fits, but what it covers is no purge: {0}")]
    NoPurge(String),
}

/// The key of the installation.
pub struct ReceiptKey {
    pair: Ed25519KeyPair,
    id: String,
}

impl ReceiptKey {
    /// What a new key is made from; `None` where the system has no random bytes.
    pub fn new_seed() -> Option<[u8; 32]> {
        let mut seed = [0; 32];
        rand::fill(&mut seed).ok().map(|()| seed)
    }

    /// `None` for what is no seed of 32 bytes.
    pub fn from_seed(seed: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let id = blake3::hash(pair.public_key().as_ref()).to_hex()[..16].to_owned();
        Some(Self { pair, id })
    }

    pub fn sign(&self, view: &PurgeView) -> Result<SignedReceipt, serde_json::Error> {
        let header = ReceiptHeader { alg: ALGORITHM.to_owned(), kid: self.id.clone(), typ: TYPE.to_owned() };
        let protected = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header)?);
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(view)?);
        let signature = self.pair.sign(signed_text(&protected, &payload).as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.as_ref());
        Ok(SignedReceipt { payload, protected, signature })
    }

    pub fn public(&self) -> ReceiptKeys {
        let key = ReceiptJwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref()),
            kid: self.id.clone(),
            alg: ALGORITHM.to_owned(),
            purpose: "sig".to_owned(),
        };
        ReceiptKeys { keys: vec![key] }
    }
}

/// The purge that a receipt is about, if one of these keys has signed it.
pub fn verify(receipt: &SignedReceipt, keys: &ReceiptKeys) -> Result<PurgeView, ReceiptError> {
    let decode = |text: &str, what| URL_SAFE_NO_PAD.decode(text).map_err(|_| ReceiptError::NotBase64(what));
    let header: ReceiptHeader = serde_json::from_slice(&decode(&receipt.protected, "`protected`")?)
        .map_err(|error| ReceiptError::Header(error.to_string()))?;
    if header.alg != ALGORITHM {
        return Err(ReceiptError::Algorithm(header.alg));
    }
    if header.typ != TYPE {
        return Err(ReceiptError::Type(header.typ));
    }
    let is_it = |key: &&ReceiptJwk| key.kid == header.kid && key.kty == "OKP" && key.crv == "Ed25519";
    let key = keys.keys.iter().find(is_it).ok_or(ReceiptError::UnknownKey(header.kid))?;
    let public = UnparsedPublicKey::new(&ED25519, decode(&key.x, "`x` of the key")?);
    let signature = decode(&receipt.signature, "`signature`")?;
    let text = signed_text(&receipt.protected, &receipt.payload);
    public.verify(text.as_bytes(), &signature).map_err(|_| ReceiptError::Signature)?;
    serde_json::from_slice(&decode(&receipt.payload, "`payload`")?)
        .map_err(|error| ReceiptError::NoPurge(error.to_string()))
}

/// RFC 7515 §5.1, step 8.
fn signed_text(protected: &str, payload: &str) -> String {
    format!("{protected}.{payload}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn view() -> PurgeView {
        let value = json!({
            "id": "p1", "state": "done", "selectors": [{"original": "demo/cat.jpg"}], "mode": "hard",
            "force": false, "cause": "api", "received": 7, "events": [],
            "receipt": {
                "position": 4, "log": 9, "subjects": [], "originals": [], "nodes": [], "cdns": [], "looks": [],
                "notes": [],
            },
        });
        serde_json::from_value(value).expect("a purge")
    }

    #[test]
    fn a_receipt_is_right_as_signed_and_wrong_in_any_other_way() {
        let key = ReceiptKey::from_seed(&[7; 32]).expect("a key");
        let receipt = key.sign(&view()).expect("a receipt");
        assert_eq!(verify(&receipt, &key.public()), Ok(view()));

        let other = ReceiptKey::from_seed(&[8; 32]).expect("a key");
        assert!(matches!(verify(&receipt, &other.public()), Err(ReceiptError::UnknownKey(_))));
        let mut posing = other.public();
        posing.keys[0].kid = key.public().keys[0].kid.clone();
        assert_eq!(verify(&receipt, &posing), Err(ReceiptError::Signature));

        let reworded = |change: fn(&mut Value)| {
            let mut purge = serde_json::to_value(view()).expect("JSON");
            change(&mut purge);
            let payload = URL_SAFE_NO_PAD.encode(purge.to_string());
            verify(&SignedReceipt { payload, ..receipt.clone() }, &key.public())
        };
        assert_eq!(reworded(|purge| purge["state"] = json!("error")), Err(ReceiptError::Signature));
        let none = json!({"alg": "none", "kid": key.id, "typ": TYPE}).to_string();
        let unsigned = SignedReceipt { protected: URL_SAFE_NO_PAD.encode(none), ..receipt.clone() };
        assert_eq!(verify(&unsigned, &key.public()), Err(ReceiptError::Algorithm("none".to_owned())));
        assert!(ReceiptKey::from_seed(&[7; 31]).is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_a_receipt_or_is_not(
            payload in "\\PC{0,30}", protected in "[A-Za-z0-9_=-]{0,40}", signature in "[A-Za-z0-9_-]{0,90}"
        ) {
            let key = ReceiptKey::from_seed(&[7; 32]).expect("a key");
            let receipt = SignedReceipt { payload, protected, signature };
            prop_assert!(verify(&receipt, &key.public()).is_err());
        }
    }
}
