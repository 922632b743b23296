//! Which version of an original is current, and its bytes.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use api_types::Selector;
use blobs::{Blobs, Digest, Kind};
use bus::clock::unix_millis;
use bytes::Bytes;
use catalog::{Catalog, CatalogError, Known, Moved, NewPurge, OriginalRow, OriginalState, Seen};
use origin::{Client, FetchError, Fetched, Source, Validators};
use purge_protocol::{Gone, Mode};
use tokio::sync::Mutex;

use crate::beforehand::{Beforehand, Coming};

/// How often a source is asked again because someone else moved the pointer meanwhile.
const ROUNDS: usize = 5;

#[derive(Debug, Clone)]
pub struct KnownSource {
    pub source: Source,
    /// For how long an original counts as current when the source does not say.
    pub lifetime: Duration,
}

pub struct Originals {
    pub catalog: Catalog,
    pub blobs: Arc<Blobs>,
    pub client: Client,
    pub sources: HashMap<String, KnownSource>,
    /// One fetch at a time for each original: four sizes of a new picture cost its source one request.
    fetching: Mutex<Fetching>,
}

/// By source and path; a lock that nobody holds is gone.
type Fetching = HashMap<(String, String), Weak<Mutex<()>>>;

/// The current version of an original.
#[derive(Debug, Clone)]
pub struct Current {
    pub digest: Digest,
    pub bytes: Bytes,
}

#[derive(Debug, thiserror::Error)]
pub enum OriginalError {
    #[error("there is no source named {0:?}")]
    UnknownSource(String),
    #[error("the source has no such original")]
    NotFound,
    #[error("{}", in_words(.0))]
    Erased(Gone),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("the original kept changing while it was read")]
    Contended,
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error("the original cannot be stored: {0}")]
    Store(String),
}

/// What a purge found at the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revalidated {
    /// We never had it.
    Unknown,
    Unchanged {
        digest: String,
    },
    /// The pointer has moved (now, or earlier without a record that covers it).
    Changed {
        before: Option<String>,
        after: Option<String>,
    },
    /// The source has it no more.
    Gone {
        before: Option<String>,
    },
    Erased,
}

impl Originals {
    pub fn new(
        catalog: Catalog,
        blobs: Arc<Blobs>,
        client: Client,
        sources: HashMap<String, KnownSource>,
    ) -> Self {
        Self { catalog, blobs, client, sources, fetching: Mutex::default() }
    }

    /// The version that counts now, asked for at the source when its lifetime has passed.
    pub async fn current(&self, source: &str, path: &str) -> Result<Current, OriginalError> {
        let known = self.source(source)?;
        if let Some(current) = self.stored(source, path, unix_millis()).await? {
            return Ok(current);
        }
        let lock = self.lock_of(source, path).await;
        let _one_at_a_time = lock.lock().await;
        for _ in 0..ROUNDS {
            if let Some(current) = self.stored(source, path, unix_millis()).await? {
                return Ok(current);
            }
            let read = self.catalog.original(source, path).await?;
            refuse_erased(&read)?;
            let had = self.bytes_of(read.row.as_ref()).await;
            let seen = match self.ask(known, path, read.row.as_ref().filter(|_| had.is_some())).await {
                Ok(seen) => seen,
                // RFC 5861 §4 towards the source; but what a purge has expired must not come back.
                Err(error) => match (had, read.row) {
                    (Some(had), Some(row)) if !was_expired_by_a_purge(&row) => {
                        tracing::warn!(source, path, %error, "the source failed; using the version that it last gave");
                        return Ok(had);
                    }
                    _ => return Err(error),
                },
            };
            // Nobody asked to purge this change, so it announces itself (in the same transaction).
            let announce = changed_by_itself(source, path);
            match self.catalog.move_original(source, path, &read, &seen, Some(&announce)).await? {
                Moved::To { row, .. } if row.state == OriginalState::Gone => {
                    return Err(OriginalError::NotFound);
                }
                Moved::To { row, .. } => {
                    return self
                        .bytes_of(Some(&row))
                        .await
                        .ok_or_else(|| OriginalError::Store("it could not be read back".to_owned()));
                }
                Moved::Overtaken => self.drop_if_erased(source, path, &seen).await?,
            }
        }
        Err(OriginalError::Contended)
    }

    /// Bytes that came in while their original was erased must not stay.
    async fn drop_if_erased(&self, source: &str, path: &str, seen: &Seen) -> Result<(), OriginalError> {
        let erased = self.catalog.original(source, path).await?.tombstone.is_some();
        if let Some(digest) = seen.digest.as_deref().filter(|_| erased).and_then(|digest| digest.parse().ok())
        {
            let deleted = self.blobs.delete(Kind::Original, &digest).await;
            deleted.map_err(|error| OriginalError::Store(error.to_string()))?;
        }
        Ok(())
    }

    /// Asks the source now, whatever the lifetime, and moves the pointer. Joins no fetch that began earlier. What has not
    /// changed since a purge at least as strong as `mode` is unchanged.
    ///
    /// `beforehand` is called when another version is there and before the pointer moves to it; more than once, if the pointer
    /// moves meanwhile by somebody else's hand.
    pub async fn revalidate(
        &self,
        source: &str,
        path: &str,
        mode: Mode,
        mut beforehand: Option<&mut dyn Beforehand>,
    ) -> Result<Revalidated, OriginalError> {
        let known = self.source(source)?;
        for _ in 0..ROUNDS {
            let read = self.catalog.original(source, path).await?;
            if read.tombstone.is_some() {
                return Ok(Revalidated::Erased);
            }
            let Some(row) =
                read.row.as_ref().filter(|row| row.digest.is_some() || !row.fenced.is_enough_for(mode))
            else {
                if self.expire_unknown(source, path, &read).await? {
                    return Ok(Revalidated::Unknown);
                }
                continue;
            };
            let before = row.digest.clone();
            let had = self.bytes_of(Some(row)).await;
            let seen = self.ask(known, path, had.map(|_| row)).await?;
            let is_new = seen.digest != row.digest || !row.fenced.is_enough_for(mode);
            if let Some(beforehand) = beforehand.as_deref_mut().filter(|_| is_new)
                && let Some(version) = self.bytes_named(seen.digest.as_deref()).await
            {
                beforehand.coming(Coming { source: source.into(), path: path.into(), version }).await;
            }
            match self.catalog.move_original(source, path, &read, &seen, None).await? {
                Moved::Overtaken => self.drop_if_erased(source, path, &seen).await?,
                Moved::To { row, .. } if row.state == OriginalState::Gone => {
                    return Ok(Revalidated::Gone { before });
                }
                // A change that an ordinary revalidation found is no less a change for having been found.
                Moved::To { row, changed } if changed || !row.fenced.is_enough_for(mode) => {
                    return Ok(Revalidated::Changed { before, after: row.digest });
                }
                Moved::To { row, .. } => {
                    return Ok(Revalidated::Unchanged { digest: row.digest.unwrap_or_default() });
                }
            }
        }
        Err(OriginalError::Contended)
    }

    /// Makes the original be asked for again before it is used, when its source cannot be asked now. A fetch that is under
    /// way cannot undo it.
    pub async fn expire(&self, source: &str, path: &str) -> Result<(), OriginalError> {
        for _ in 0..ROUNDS {
            let read = self.catalog.original(source, path).await?;
            if read.tombstone.is_some() {
                return Ok(());
            }
            let Some(row) = &read.row else {
                if self.expire_unknown(source, path, &read).await? {
                    return Ok(());
                }
                continue;
            };
            let expired = Seen {
                state: row.state,
                digest: row.digest.clone(),
                etag: row.etag.clone(),
                last_modified: row.last_modified.clone(),
                checked_ms: 0,
                lifetime_ms: 0,
            };
            if let Moved::To { .. } = self.catalog.move_original(source, path, &read, &expired, None).await? {
                return Ok(());
            }
        }
        Err(OriginalError::Contended)
    }

    /// Leaves a mark that a fetch which began before cannot overwrite: it must ask its source again. False if
    /// someone else was quicker.
    async fn expire_unknown(&self, source: &str, path: &str, read: &Known) -> Result<bool, OriginalError> {
        let mark = Seen {
            state: OriginalState::Gone,
            digest: None,
            etag: None,
            last_modified: None,
            checked_ms: 0,
            lifetime_ms: 0,
        };
        let moved = self.catalog.move_original(source, path, read, &mark, None).await?;
        Ok(matches!(moved, Moved::To { .. }))
    }

    /// Removes the bytes of an erased original (see [`Catalog::entomb`]) and of all derivatives made from it.
    pub async fn remove_bytes(&self, source: &str, path: &str) -> Result<(), OriginalError> {
        let store = |error: blobs::DeleteError| OriginalError::Store(error.to_string());
        if let Some(digest) = self.catalog.original(source, path).await?.row.and_then(|row| row.digest)
            && let Ok(digest) = digest.parse()
        {
            self.blobs.delete(Kind::Original, &digest).await.map_err(store)?;
        }
        for digest in self.catalog.derivatives(source, path).await? {
            if let Ok(digest) = digest.parse() {
                self.blobs.delete(Kind::Derivative, &digest).await.map_err(store)?;
            }
        }
        Ok(self.catalog.forget_erased(source, path).await?)
    }

    fn source(&self, name: &str) -> Result<&KnownSource, OriginalError> {
        self.sources.get(name).ok_or_else(|| OriginalError::UnknownSource(name.to_owned()))
    }

    /// What is known and stored, while its lifetime lasts.
    async fn stored(&self, source: &str, path: &str, now: u64) -> Result<Option<Current>, OriginalError> {
        let known = self.catalog.original(source, path).await?;
        refuse_erased(&known)?;
        let Some(row) = known.row else { return Ok(None) };
        if now >= row.checked_ms.saturating_add(row.lifetime_ms) {
            return Ok(None);
        }
        match row.state {
            OriginalState::Gone => Err(OriginalError::NotFound),
            _ => Ok(self.bytes_of(Some(&row)).await),
        }
    }

    async fn bytes_of(&self, row: Option<&OriginalRow>) -> Option<Current> {
        self.bytes_named(row?.digest.as_deref()).await
    }

    async fn bytes_named(&self, digest: Option<&str>) -> Option<Current> {
        let digest: Digest = digest?.parse().ok()?;
        let bytes = self.blobs.get(Kind::Original, &digest).await?;
        Some(Current { digest, bytes })
    }

    /// One question to the source; conditional if we still have the bytes of `had`.
    async fn ask(
        &self,
        known: &KnownSource,
        path: &str,
        had: Option<&OriginalRow>,
    ) -> Result<Seen, OriginalError> {
        let validators =
            had.map(|row| Validators { etag: row.etag.clone(), last_modified: row.last_modified.clone() });
        let fetched = self.client.fetch(&known.source, path, validators.as_ref()).await?;
        let checked_ms = unix_millis();
        let millis = |lifetime: Option<Duration>| {
            let lifetime = lifetime.unwrap_or(known.lifetime);
            u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX)
        };
        Ok(match (fetched, had) {
            (Fetched::NotModified { lifetime, .. }, Some(row)) => Seen {
                state: OriginalState::Present,
                digest: row.digest.clone(),
                etag: row.etag.clone(),
                last_modified: row.last_modified.clone(),
                checked_ms,
                lifetime_ms: millis(lifetime),
            },
            (Fetched::NotModified { .. }, None) => {
                return Err(FetchError::Protocol("a 304 to an unconditional request".to_owned()).into());
            }
            (Fetched::New(original), _) => {
                let digest = Digest::of(&original.body);
                let stored = self.blobs.put(Kind::Original, digest, original.body).await;
                stored.map_err(|error| OriginalError::Store(error.to_string()))?;
                Seen {
                    state: OriginalState::Present,
                    digest: Some(digest.to_string()),
                    etag: original.validators.etag,
                    last_modified: original.validators.last_modified,
                    checked_ms,
                    lifetime_ms: millis(original.lifetime),
                }
            }
            (Fetched::Gone { .. }, _) => Seen {
                state: OriginalState::Gone,
                digest: None,
                etag: None,
                last_modified: None,
                checked_ms,
                // A picture that is about to be uploaded is asked for again soon.
                lifetime_ms: GONE_LIFETIME_MS,
            },
        })
    }

    async fn lock_of(&self, source: &str, path: &str) -> Arc<Mutex<()>> {
        let mut fetching = self.fetching.lock().await;
        let name = (source.to_owned(), path.to_owned());
        if let Some(lock) = fetching.get(&name).and_then(Weak::upgrade) {
            return lock;
        }
        fetching.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::new(Mutex::new(()));
        fetching.insert(name, Arc::downgrade(&lock));
        lock
    }
}

fn refuse_erased(known: &Known) -> Result<(), OriginalError> {
    match &known.tombstone {
        Some(tombstone) => Err(OriginalError::Erased(tombstone.gone.clone())),
        None => Ok(()),
    }
}

fn in_words(gone: &Gone) -> String {
    match gone {
        Gone::Removed => "this picture was erased".to_owned(),
        Gone::Forbidden { reason } => format!("this picture may not be shown: {reason}"),
    }
}

const GONE_LIFETIME_MS: u64 = 5_000;

/// See [`Catalog::expire_originals`].
fn was_expired_by_a_purge(row: &OriginalRow) -> bool {
    row.checked_ms == 0
}

fn changed_by_itself(source: &str, path: &str) -> NewPurge {
    let selectors = vec![Selector::Original(format!("{source}/{path}"))];
    NewPurge::of(uuid::Uuid::now_v7().to_string(), "revalidation", selectors)
}
