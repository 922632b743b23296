//! A Google service account's key file, and the assertion that it signs (RFC 7523 with RS256, RFC 7518 §3.3).

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::error::CallError;

/// In seconds; the vendor allows no more.
const LIFETIME: u64 = 3600;

#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    token_uri: String,
    private_key_id: Option<String>,
}

/// Its key is never shown.
pub(crate) struct ServiceAccount {
    email: String,
    key_id: Option<String>,
    key: RsaKeyPair,
    pub token_uri: Url,
}

impl ServiceAccount {
    /// `None` if it is no such file.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let file: KeyFile = serde_json::from_str(json).ok()?;
        let token_uri: Url = file.token_uri.parse().ok()?;
        if !matches!(token_uri.scheme(), "https" | "http") {
            return None;
        }
        let der: String = file.private_key.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(der.trim()).ok()?;
        let key = RsaKeyPair::from_pkcs8(&der).ok()?;
        Some(Self { email: file.client_email, key_id: file.private_key_id, key, token_uri })
    }

    /// Who we are, signed: a token server gives a token for it. `now` in Unix seconds.
    pub(crate) fn assertion(&self, scope: &str, now: u64) -> Result<String, CallError> {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_id });
        let claims = json!({
            "iss": self.email, "scope": scope, "aud": self.token_uri.as_str(),
            "iat": now, "exp": now + LIFETIME,
        });
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| CallError::Unwritable("its key does not sign".to_owned()))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What such a signature is checked with.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.key.public_key().as_ref()
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("email", &self.email).finish_non_exhaustive()
    }
}
