//! Tokens that somebody else signed (RFC 7519): whose, by which key, for whom, until when.
//!
//! Signatures are asymmetric and of algorithms that the configuration names, so that nobody's public key is taken for a
//! shared secret (RFC 8725 §3.1); `none` is none of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api_types::Scope;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, dangerous};
use origin::FetchLimits;
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

/// As they are named in tokens. EdDSA is with Ed25519 here.
pub const ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

const TOKEN_BYTES_MAX: usize = 8 * 1024;
const KEYS_BYTES_MAX: u64 = 256 * 1024;
const KEYS_MAX: usize = 100;
/// After this the keys are asked for again, so that one that was withdrawn is believed no longer.
const KEYS_LIFETIME: Duration = Duration::from_secs(600);
/// Whatever strangers send, keys are asked for no more often than this.
const ASK_AGAIN: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(5);
/// Clocks differ (RFC 7519 §4.1.4).
const LEEWAY_SECONDS: u64 = 30;
const SUBJECT_CHARS_MAX: usize = 100;

/// Whose tokens are believed, and what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtSettings {
    pub issuer: String,
    pub audience: String,
    /// Some of [`ALGORITHMS`].
    pub algorithms: Vec<String>,
    pub keys: JwtKeys,
    /// The claim with the scopes: a text with spaces between them (RFC 8693 §4.2), or a list.
    pub scope_claim: String,
    /// The claim with the tenant. Without one, tokens reach the whole installation.
    pub tenant_claim: Option<String>,
}

/// Where the issuer's public keys are (a JWK set, RFC 7517 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwtKeys {
    File(PathBuf),
    Url { url: Url, allow_private: bool },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    #[error("it is no token that can be read")]
    Malformed,
    #[error("its issuer is not one whose tokens are believed here")]
    UnknownIssuer,
    #[error("it is signed with {0}, which is not believed here")]
    Algorithm(String),
    #[error("its issuer has no such key")]
    UnknownKey,
    #[error("its signature does not fit")]
    Signature,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    NotYet,
    #[error("it is for somebody else (`aud`)")]
    Audience,
    #[error("it lacks the claim `{0}`")]
    Missing(String),
    #[error("the keys of its issuer cannot be had at the moment")]
    NoKeys,
}

/// What a token says that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Believed {
    pub subject: String,
    pub scopes: Vec<Scope>,
    pub tenant: Option<String>,
}

/// All whose tokens are believed.
#[derive(Clone, Default)]
pub struct Issuers(Arc<Vec<Issuer>>);

struct Issuer {
    settings: JwtSettings,
    client: origin::Client,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: Option<Arc<JwkSet>>,
    asked: Option<Instant>,
}

impl Issuers {
    pub fn new(settings: impl IntoIterator<Item = JwtSettings>, client: &origin::Client) -> Self {
        let issuer =
            |settings| Issuer { settings, client: client.clone(), known: Mutex::new(Known::default()) };
        Self(Arc::new(settings.into_iter().map(issuer).collect()))
    }

    /// Whether this could be a token, and somebody is believed at all.
    pub fn could_be_one(&self, shown: &str) -> bool {
        !self.0.is_empty() && shown.split('.').count() == 3
    }

    pub async fn believe(&self, token: &str) -> Result<Believed, JwtError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(JwtError::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| JwtError::Malformed)?;
        // Only to find whose keys to try; nothing of it is believed before the signature is.
        let claimed: Map<String, Value> =
            dangerous::insecure_decode_claims(token).map_err(|_| JwtError::Malformed)?;
        let named = claimed.get("iss").and_then(Value::as_str);
        let issuer = self.0.iter().find(|issuer| named == Some(&issuer.settings.issuer));
        let issuer = issuer.ok_or(JwtError::UnknownIssuer)?;
        let algorithm = name_of(header.alg);
        if !issuer.settings.algorithms.iter().any(|allowed| Some(allowed.as_str()) == algorithm) {
            return Err(JwtError::Algorithm(format!("{:?}", header.alg)));
        }
        let key = match issuer.key(header.kid.as_deref(), header.alg, false).await {
            Err(JwtError::UnknownKey) => issuer.key(header.kid.as_deref(), header.alg, true).await,
            found => found,
        }?;
        let mut validation = Validation::new(header.alg);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&issuer.settings.issuer]);
        validation.set_audience(&[&issuer.settings.audience]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_SECONDS;
        let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation);
        issuer.settings.read(&claims.map_err(|error| why(error.kind()))?.claims)
    }
}

impl JwtSettings {
    fn read(&self, claims: &Map<String, Value>) -> Result<Believed, JwtError> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let subject = text("sub").ok_or_else(|| JwtError::Missing("sub".to_owned()))?;
        // What is no scope of ours is for somebody else to understand.
        let scopes = match claims.get(&self.scope_claim) {
            Some(Value::String(scopes)) => scopes.split(' ').filter_map(|scope| scope.parse().ok()).collect(),
            Some(Value::Array(scopes)) => {
                scopes.iter().filter_map(|scope| scope.as_str()?.parse().ok()).collect()
            }
            _ => return Err(JwtError::Missing(self.scope_claim.clone())),
        };
        let tenant = match &self.tenant_claim {
            Some(claim) => Some(text(claim).ok_or_else(|| JwtError::Missing(claim.clone()))?.to_owned()),
            None => None,
        };
        let visible = subject.chars().filter(|letter| !letter.is_control() && !letter.is_whitespace());
        Ok(Believed { subject: visible.take(SUBJECT_CHARS_MAX).collect(), scopes, tenant })
    }
}

impl Issuer {
    /// The key that a token names, or the only one that fits.
    async fn key(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        newer: bool,
    ) -> Result<DecodingKey, JwtError> {
        let keys = self.keys(newer).await?;
        let usable = keys.keys.iter().take(KEYS_MAX).filter_map(|jwk| usable(jwk, algorithm));
        let mut named = usable.filter(|(jwk, _)| id.is_none() || jwk.common.key_id.as_deref() == id);
        match (named.next(), named.next()) {
            (Some((_, key)), None) => Ok(key),
            // Of several, nobody says which.
            (None, _) | (Some(_), Some(_)) => Err(JwtError::UnknownKey),
        }
    }

    async fn keys(&self, newer: bool) -> Result<Arc<JwkSet>, JwtError> {
        let mut known = self.known.lock().await;
        let asked_for = known.asked.map(|asked| asked.elapsed());
        let is_due = match (&known.keys, asked_for) {
            (_, None) => true,
            (Some(_), Some(since)) if !newer => since >= KEYS_LIFETIME,
            (_, Some(since)) => since >= ASK_AGAIN,
        };
        if is_due {
            known.asked = Some(Instant::now());
            match self.fetch().await {
                Ok(keys) => known.keys = Some(Arc::new(keys)),
                // Those from before stay: an issuer that is down must not lock everybody out.
                Err(why) => tracing::warn!(issuer = self.settings.issuer, why, "no JWK set"),
            }
        }
        known.keys.clone().ok_or(JwtError::NoKeys)
    }

    async fn fetch(&self) -> Result<JwkSet, String> {
        let text = match &self.settings.keys {
            JwtKeys::File(path) => {
                let length = tokio::fs::metadata(path).await.map_err(|error| error.to_string())?.len();
                if length > KEYS_BYTES_MAX {
                    return Err(format!("{} has more than {KEYS_BYTES_MAX} bytes", path.display()));
                }
                tokio::fs::read(path).await.map_err(|error| error.to_string())?
            }
            JwtKeys::Url { url, allow_private } => self.ask(url, *allow_private).await?,
        };
        serde_json::from_slice(&text).map_err(|error| format!("it is no JWK set: {error}"))
    }

    async fn ask(&self, url: &Url, allow_private: bool) -> Result<Vec<u8>, String> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(url.path())
            .header(header::HOST, url.authority())
            .header(header::ACCEPT, "application/jwk-set+json, application/json")
            .body(Bytes::new())
            .map_err(|error| error.to_string())?;
        let limits = FetchLimits {
            connect: PATIENCE,
            first_byte: PATIENCE,
            total: PATIENCE,
            body_bytes: KEYS_BYTES_MAX,
            ..FetchLimits::default()
        };
        let mut server = url.clone();
        server.set_path("/");
        let answer = self.client.forward(&server, allow_private, &limits, request).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status() != StatusCode::OK {
            return Err(format!("{url} answered {}", answer.status()));
        }
        let body = answer.into_body().collect().await.map_err(|error| error.to_string())?;
        Ok(body.to_bytes().to_vec())
    }
}

/// A public key of the algorithm's family that does not say that it is for something else.
fn usable(jwk: &Jwk, algorithm: Algorithm) -> Option<(&Jwk, DecodingKey)> {
    use jsonwebtoken::jwk::PublicKeyUse;
    if !matches!(&jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let said = jwk.common.key_algorithm.map(|said| said.to_string());
    if said.is_some_and(|said| Some(said.as_str()) != name_of(algorithm)) {
        return None;
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    // A key of the wrong kind must not reach a verifier at all, least of all as a shared secret.
    (key.family() == algorithm.family()).then_some((jwk, key))
}

/// `None` for what is never believed.
fn name_of(algorithm: Algorithm) -> Option<&'static str> {
    Some(match algorithm {
        Algorithm::RS256 => "RS256",
        Algorithm::RS384 => "RS384",
        Algorithm::RS512 => "RS512",
        Algorithm::PS256 => "PS256",
        Algorithm::PS384 => "PS384",
        Algorithm::PS512 => "PS512",
        Algorithm::ES256 => "ES256",
        Algorithm::ES384 => "ES384",
        Algorithm::EdDSA => "EdDSA",
        _ => return None,
    })
}

fn why(error: &ErrorKind) -> JwtError {
    match error {
        ErrorKind::ExpiredSignature => JwtError::Expired,
        ErrorKind::ImmatureSignature => JwtError::NotYet,
        ErrorKind::InvalidAudience => JwtError::Audience,
        ErrorKind::InvalidIssuer => JwtError::UnknownIssuer,
        ErrorKind::MissingRequiredClaim(claim) => JwtError::Missing(claim.clone()),
        ErrorKind::InvalidSignature => JwtError::Signature,
        _ => JwtError::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::{EncodingKey, Header};
    use proptest::prelude::*;
    use serde_json::json;

    struct Stage {
        folder: tempfile::TempDir,
        issuers: Issuers,
        /// By which its tokens are signed.
        private: EncodingKey,
        public: Vec<u8>,
    }

    fn stage(algorithms: &[&str]) -> Stage {
        let seed = [7; 32];
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        // RFC 8410 §7: the head of an Ed25519 private key, then the seed.
        let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        let private = EncodingKey::from_ed_der(&[&head[..], &seed].concat());
        let set = json!({"keys": [
            {"kty": "OKP", "crv": "Ed25519", "kid": "k1", "use": "sig", "x": URL_SAFE_NO_PAD.encode(&public)},
            {"kty": "oct", "kid": "shared", "k": URL_SAFE_NO_PAD.encode(b"never to be believed")},
        ]});
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jwks.json");
        std::fs::write(&file, set.to_string()).unwrap();
        let settings = JwtSettings {
            issuer: "https://id.test".to_owned(),
            audience: "pentimento".to_owned(),
            algorithms: algorithms.iter().map(|name| name.to_string()).collect(),
            keys: JwtKeys::File(file),
            scope_claim: "scope".to_owned(),
            tenant_claim: Some("tenant".to_owned()),
        };
        Stage { folder, issuers: Issuers::new([settings], &origin::Client::new()), private, public }
    }

    fn claims(change: Value) -> Value {
        let now = jsonwebtoken::get_current_timestamp();
        let mut claims = json!({
            "iss": "https://id.test", "aud": "pentimento", "sub": "ann", "exp": now + 60,
            "scope": "openid purge:read purge:write", "tenant": "cats",
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn header(algorithm: Algorithm, kid: Option<&str>) -> Header {
        Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) }
    }

    #[tokio::test]
    async fn a_token_is_believed_if_everything_about_it_is_right() {
        let stage = stage(&["EdDSA"]);
        let now = jsonwebtoken::get_current_timestamp();
        let signed = |change| {
            jsonwebtoken::encode(&header(Algorithm::EdDSA, Some("k1")), &claims(change), &stage.private)
                .unwrap()
        };
        let right = Believed {
            subject: "ann".to_owned(),
            scopes: vec![Scope::Read, Scope::Write],
            tenant: Some("cats".to_owned()),
        };
        assert_eq!(stage.issuers.believe(&signed(json!({}))).await, Ok(right.clone()));
        let listed = signed(json!({"scope": ["purge:read", "purge:write", 7]}));
        assert_eq!(stage.issuers.believe(&listed).await, Ok(right));
        for (change, wanted) in [
            (json!({"exp": now - 120}), JwtError::Expired),
            (json!({"exp": null}), JwtError::Missing("exp".to_owned())),
            (json!({"nbf": now + 120}), JwtError::NotYet),
            (json!({"aud": "another"}), JwtError::Audience),
            (json!({"iss": "https://evil.test"}), JwtError::UnknownIssuer),
            (json!({"tenant": null}), JwtError::Missing("tenant".to_owned())),
            (json!({"scope": null}), JwtError::Missing("scope".to_owned())),
        ] {
            assert_eq!(stage.issuers.believe(&signed(change.clone())).await, Err(wanted), "{change}");
        }
    }

    #[tokio::test]
    async fn no_key_is_taken_for_another_kind_of_key() {
        let stage = stage(&["EdDSA"]);
        let encode = |header: &Header, key: &EncodingKey| {
            jsonwebtoken::encode(header, &claims(json!({})), key).unwrap()
        };
        let hmac = encode(&header(Algorithm::HS256, Some("k1")), &EncodingKey::from_secret(&stage.public));
        assert_eq!(stage.issuers.believe(&hmac).await, Err(JwtError::Algorithm("HS256".to_owned())));
        let shared = EncodingKey::from_secret(b"never to be believed");
        let shared = encode(&header(Algorithm::HS256, Some("shared")), &shared);
        assert_eq!(stage.issuers.believe(&shared).await, Err(JwtError::Algorithm("HS256".to_owned())));

        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let unsigned = format!("{}.{}.", part(json!({"alg": "none"})), part(claims(json!({}))));
        assert_eq!(stage.issuers.believe(&unsigned).await, Err(JwtError::Malformed));

        let good = encode(&header(Algorithm::EdDSA, Some("k1")), &stage.private);
        let (head, _) = good.split_once('.').unwrap();
        let (_, signature) = good.rsplit_once('.').unwrap();
        let more = part(claims(json!({"scope": "purge:all"})));
        assert_eq!(
            stage.issuers.believe(&format!("{head}.{more}.{signature}")).await,
            Err(JwtError::Signature)
        );
        let other = encode(&header(Algorithm::EdDSA, Some("k2")), &stage.private);
        assert_eq!(stage.issuers.believe(&other).await, Err(JwtError::UnknownKey));
        let unnamed = encode(&header(Algorithm::EdDSA, None), &stage.private);
        assert!(stage.issuers.believe(&unnamed).await.is_ok(), "there is one that fits");

        let pinned = super::tests::stage(&["RS256"]);
        assert_eq!(pinned.issuers.believe(&good).await, Err(JwtError::Algorithm("EdDSA".to_owned())));
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_are_new_are_found_and_nobody_makes_us_ask_all_the_time() {
        let stage = stage(&["EdDSA"]);
        let file = stage.folder.path().join("jwks.json");
        let signed = |kid| {
            jsonwebtoken::encode(&header(Algorithm::EdDSA, Some(kid)), &claims(json!({})), &stage.private)
                .unwrap()
        };
        assert!(stage.issuers.believe(&signed("k1")).await.is_ok());
        let renamed = std::fs::read_to_string(&file).unwrap().replace("k1", "k2");
        std::fs::write(&file, renamed).unwrap();
        assert_eq!(stage.issuers.believe(&signed("k2")).await, Err(JwtError::UnknownKey), "asked just now");
        tokio::time::advance(ASK_AGAIN).await;
        assert!(stage.issuers.believe(&signed("k2")).await.is_ok());
        std::fs::remove_file(&file).unwrap();
        tokio::time::advance(KEYS_LIFETIME).await;
        assert!(stage.issuers.believe(&signed("k2")).await.is_ok(), "while the issuer is away");
    }

    proptest! {
        #[test]
        fn any_text_is_a_token_or_is_not(text in "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,20}|\\PC{0,60}") {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let issuers = Issuers::default();
            prop_assert!(runtime.block_on(issuers.believe(&text)).is_err());
        }
    }
}
