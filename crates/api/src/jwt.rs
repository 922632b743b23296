//! Tokens that somebody else signed (RFC 7519): whose, by which key, for whom, until when.
//!
//! Signatures are asymmetric and of algorithms that the configuration names, so that nobody's public key is taken for a
//! shared secret (RFC 8725 §3.1); `none` is none of them.

use std::sync::Arc;

use api_types::Scope;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, dangerous};
use serde_json::{Map, Value};

use crate::key_set::{JwtKeys, KeySet, NoKey};

/// As they are named in tokens. EdDSA is with Ed25519 here.
pub const ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

const TOKEN_BYTES_MAX: usize = 8 * 1024;
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
    /// Claims, and what a token must say in them: of an issuer whose tokens many have, whose are believed.
    pub require: Vec<(String, String)>,
    /// In a claim: a text with spaces between them (RFC 8693 §4.2), or a list.
    pub scopes: Granted<Vec<Scope>>,
    /// Without one, tokens reach the whole installation.
    pub tenant: Option<Granted<String>>,
}

/// What tokens bring along: what each says in this claim, or the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted<T> {
    Claim(String),
    Always(T),
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
    #[error("its claim `{0}` does not say what it must")]
    Claim(String),
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
    keys: Arc<KeySet>,
}

impl Issuers {
    pub fn new(settings: impl IntoIterator<Item = JwtSettings>, client: &origin::Client) -> Self {
        let issuer = |settings: JwtSettings| {
            let keys = KeySet::new(settings.keys.clone(), client);
            Issuer { settings, keys }
        };
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
        // What must be understood is not (RFC 7515 §4.1.11).
        if header.crit.is_some() {
            return Err(JwtError::Malformed);
        }
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
        let key = issuer.keys.key(header.kid.as_deref(), header.alg).await?;
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
        let missing = |name: &str| JwtError::Missing(name.to_owned());
        for (name, wanted) in &self.require {
            let said = claims.get(name).ok_or_else(|| missing(name))?;
            let is_so = match said {
                Value::String(said) => said == wanted,
                // A list says each of its texts.
                Value::Array(said) => said.iter().any(|one| one.as_str() == Some(wanted)),
                Value::Bool(said) => said.to_string() == *wanted,
                _ => false,
            };
            if !is_so {
                return Err(JwtError::Claim(name.clone()));
            }
        }
        let subject = text("sub").ok_or_else(|| missing("sub"))?;
        // What is no scope of ours is for somebody else to understand.
        let scopes = match &self.scopes {
            Granted::Always(scopes) => scopes.clone(),
            Granted::Claim(name) => match claims.get(name) {
                Some(Value::String(said)) => said.split(' ').filter_map(|scope| scope.parse().ok()).collect(),
                Some(Value::Array(said)) => {
                    said.iter().filter_map(|scope| scope.as_str()?.parse().ok()).collect()
                }
                _ => return Err(missing(name)),
            },
        };
        let tenant = match &self.tenant {
            Some(Granted::Always(tenant)) => Some(tenant.clone()),
            Some(Granted::Claim(name)) => Some(text(name).ok_or_else(|| missing(name))?.to_owned()),
            None => None,
        };
        let visible = subject.chars().filter(|letter| !letter.is_control() && !letter.is_whitespace());
        Ok(Believed { subject: visible.take(SUBJECT_CHARS_MAX).collect(), scopes, tenant })
    }
}

impl From<NoKey> for JwtError {
    fn from(none: NoKey) -> Self {
        match none {
            NoKey::Unknown => JwtError::UnknownKey,
            NoKey::Unreachable => JwtError::NoKeys,
        }
    }
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
        /// With the keys.
        _folder: tempfile::TempDir,
        settings: JwtSettings,
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
            require: Vec::new(),
            scopes: Granted::Claim("scope".to_owned()),
            tenant: Some(Granted::Claim("tenant".to_owned())),
        };
        let issuers = Issuers::new([settings.clone()], &origin::Client::new());
        Stage { _folder: folder, settings, issuers, private, public }
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
        let critical = Header { crit: Some(vec!["exp".to_owned()]), ..header(Algorithm::EdDSA, Some("k1")) };
        assert_eq!(stage.issuers.believe(&encode(&critical, &stage.private)).await, Err(JwtError::Malformed));
        let other = encode(&header(Algorithm::EdDSA, Some("k2")), &stage.private);
        assert_eq!(stage.issuers.believe(&other).await, Err(JwtError::UnknownKey));
        let unnamed = encode(&header(Algorithm::EdDSA, None), &stage.private);
        assert!(stage.issuers.believe(&unnamed).await.is_ok(), "there is one that fits");

        let pinned = super::tests::stage(&["RS256"]);
        assert_eq!(pinned.issuers.believe(&good).await, Err(JwtError::Algorithm("EdDSA".to_owned())));
    }

    #[tokio::test]
    async fn of_an_issuer_that_has_many_clients_some_are_believed_and_all_may_the_same() {
        let stage = stage(&["EdDSA"]);
        let require = [("email", "push@project.test"), ("email_verified", "true"), ("roles", "writer")];
        let settings = JwtSettings {
            require: require.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            scopes: Granted::Always(vec![Scope::Write]),
            tenant: Some(Granted::Always("dogs".to_owned())),
            ..stage.settings.clone()
        };
        let issuers = Issuers::new([settings], &origin::Client::new());
        let said = |change: Value| {
            let mut all =
                json!({"email": "push@project.test", "email_verified": true, "roles": ["reader", "writer"]});
            for (name, value) in change.as_object().unwrap() {
                all[name] = value.clone();
            }
            let header = header(Algorithm::EdDSA, Some("k1"));
            jsonwebtoken::encode(&header, &claims(all), &stage.private).unwrap()
        };
        let right = Believed {
            subject: "ann".to_owned(),
            scopes: vec![Scope::Write],
            tenant: Some("dogs".to_owned()),
        };
        let without = json!({"scope": null, "tenant": "cats"});
        assert_eq!(issuers.believe(&said(without)).await, Ok(right), "whatever it says of scope and tenant");
        for (change, name) in [
            (json!({"email": "push@project.test.evil"}), "email"),
            (json!({"email_verified": false}), "email_verified"),
            (json!({"email_verified": null}), "email_verified"),
            (json!({"roles": "reader"}), "roles"),
            (json!({"roles": []}), "roles"),
        ] {
            let believed = issuers.believe(&said(change.clone())).await;
            assert_eq!(believed, Err(JwtError::Claim(name.to_owned())), "{change}");
        }
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
