//! `/v1/keys`: API keys for those who are not the owner. Only a digest of each is kept.

use api_types::{KeyList, KeyRequest, KeyView, NewKey};
use aws_lc_rs::rand;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use bus::clock::unix_millis;
use catalog::{ApiKey, Catalog, CatalogError, NewKeyOutcome};
use http::{Request, StatusCode};
use purge::Tenants;

use crate::body::read_json;
use crate::problem::{Refused, json};

/// Each request that shows one is one look into the catalog.
const KEYS_MAX: u32 = 1000;
const NAME_LEN_MAX: usize = 64;
/// So that one that has leaked is found by whoever looks for such.
const MARK: &str = "ptm_";

#[derive(Clone)]
pub struct Keys {
    pub catalog: Catalog,
    pub tenants: Tenants,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("a key's name has 1 to {NAME_LEN_MAX} of A-Z, a-z, 0-9, \".\", \"_\" and \"-\", unlike {0:?}")]
    Name(String),
    #[error("a key needs at least one scope: purge:read, purge:write, purge:all, purge:erase, preset:write")]
    NoScopes,
    #[error("there is no tenant {0:?} in the configuration")]
    UnknownTenant(String),
    #[error("there is a key named {0} already")]
    NameTaken(String),
    #[error("there are {KEYS_MAX} keys already: revoke one first")]
    Full,
    #[error("there is no key {0:?}")]
    Unknown(String),
    #[error("the system has no random bytes")]
    NoRandomness,
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl Keys {
    /// The key that was shown, if it is one of ours.
    pub async fn find(&self, shown: &str) -> Result<Option<ApiKey>, CatalogError> {
        let Some((id, _)) = shown.strip_prefix(MARK).and_then(|rest| rest.split_once('_')) else {
            return Ok(None);
        };
        let found = self.catalog.key(id).await?;
        // Digests are compared in constant time (`blake3::Hash` says so of its `==`).
        Ok(found.filter(|key| {
            blake3::Hash::from_hex(&key.digest).is_ok_and(|digest| digest == blake3::hash(shown.as_bytes()))
        }))
    }

    async fn make(&self, wanted: KeyRequest, creator: &str) -> Result<NewKey, KeyError> {
        let KeyRequest { name, mut scopes, tenant } = wanted;
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if !(1..=NAME_LEN_MAX).contains(&name.len()) || !name.bytes().all(is_allowed) {
            return Err(KeyError::Name(name.chars().take(100).collect()));
        }
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(KeyError::NoScopes);
        }
        if let Some(unknown) = tenant.as_ref().filter(|tenant| self.tenants.get(tenant).is_none()) {
            return Err(KeyError::UnknownTenant(unknown.chars().take(100).collect()));
        }
        let mut random = [0; 40];
        rand::fill(&mut random).map_err(|_| KeyError::NoRandomness)?;
        let (id, secret) = random.split_at(8);
        let id = hex(id);
        let key = format!("{MARK}{id}_{}", hex(secret));
        let stored = ApiKey {
            id,
            name,
            digest: blake3::hash(key.as_bytes()).to_hex().to_string(),
            scopes,
            tenant,
            created_ms: unix_millis(),
            creator: creator.to_owned(),
        };
        match self.catalog.add_key(&stored, KEYS_MAX).await? {
            NewKeyOutcome::Stored => Ok(NewKey { view: view(stored), key }),
            NewKeyOutcome::NameTaken => Err(KeyError::NameTaken(stored.name)),
            NewKeyOutcome::Full => Err(KeyError::Full),
        }
    }
}

pub async fn create(State(keys): State<Keys>, request: Request<Body>) -> Result<Response, Refused> {
    let (_, wanted) = read_json::<KeyRequest>(request).await?;
    Ok(json(StatusCode::CREATED, &keys.make(wanted, "api").await?))
}

pub async fn list(State(keys): State<Keys>) -> Result<Response, Refused> {
    let keys = keys.catalog.keys().await?.into_iter().map(view).collect();
    Ok(json(StatusCode::OK, &KeyList { keys }))
}

/// The answer is the keys that are left.
pub async fn revoke(State(keys): State<Keys>, Path(name): Path<String>) -> Result<Response, Refused> {
    if !keys.catalog.revoke_key(&name, "api", unix_millis()).await? {
        return Err(KeyError::Unknown(name.chars().take(100).collect()).into());
    }
    list(State(keys)).await
}

fn view(key: ApiKey) -> KeyView {
    let ApiKey { id, name, digest: _, scopes, tenant, created_ms, creator } = key;
    KeyView { name, id, scopes, tenant, created: created_ms, creator }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
