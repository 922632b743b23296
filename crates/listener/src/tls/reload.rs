//! Certificates that follow their files.
//!
//! The files are read now and then and compared as a whole: times of change lie where a file is replaced by a link to
//! another, which is how orchestrators do it. A few files every ten seconds cost nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::tls::certificate::Found;
use crate::tls::{Certificate, CertificateError, CertificateFiles, Certificates};

const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Keeps a table of certificates as the files say.
pub struct Reload {
    pub certificates: Arc<Certificates>,
    /// Looks at once when it is told so.
    pub now: Arc<Notify>,
    entries: Vec<Entry>,
}

struct Entry {
    files: CertificateFiles,
    /// The files may not be there yet.
    is_awaited: bool,
    /// What was understood, or was complained of.
    seen: Option<Found>,
    in_force: Option<Certificate>,
}

impl Reload {
    /// `present` must be there and be understood. Those that are `awaited` may come later.
    pub fn start(
        present: impl IntoIterator<Item = CertificateFiles>,
        awaited: impl IntoIterator<Item = CertificateFiles>,
    ) -> Result<Self, CertificateError> {
        let mut entries = Vec::new();
        for files in present {
            let found = files.find()?;
            let certificate = files.understand(&found)?;
            entries.push(Entry { files, is_awaited: false, seen: Some(found), in_force: Some(certificate) });
        }
        let awaited = awaited.into_iter();
        entries.extend(awaited.map(|files| Entry { files, is_awaited: true, seen: None, in_force: None }));
        let mut reload = Self { certificates: Arc::default(), now: Arc::default(), entries };
        reload.look();
        reload.put_in_force();
        Ok(reload)
    }

    /// Those in force.
    pub fn in_force(&self) -> impl Iterator<Item = &Certificate> {
        self.entries.iter().filter_map(|entry| entry.in_force.as_ref())
    }

    /// Follows the files for ever; `told` hears of each change.
    pub async fn follow(mut self, told: impl Fn(&Reload) + Send) {
        loop {
            // Either is a reason to look; both cost the same.
            let _ = tokio::time::timeout(LOOK_EVERY, self.now.notified()).await;
            let looked = tokio::task::spawn_blocking(move || {
                let has_changed = self.look();
                (self, has_changed)
            });
            let Ok((next, has_changed)) = looked.await else { return };
            self = next;
            if has_changed {
                self.put_in_force();
                told(&self);
            }
        }
    }

    /// Whether a certificate has changed. One that cannot be used leaves its predecessor in force.
    pub(super) fn look(&mut self) -> bool {
        let mut has_changed = false;
        for entry in &mut self.entries {
            let found = match entry.files.find() {
                Ok(found) => found,
                Err(CertificateError::File(_, error))
                    if entry.is_awaited && error.kind() == std::io::ErrorKind::NotFound =>
                {
                    continue;
                }
                Err(error) => {
                    // Once: until the files are there again, there is nothing new to say.
                    if entry.seen.take().is_some() {
                        tracing::warn!(%error, "the certificate in force stays");
                    }
                    continue;
                }
            };
            if entry.seen.as_ref() == Some(&found) {
                continue;
            }
            match entry.files.understand(&found) {
                Ok(certificate) => {
                    tracing::info!(chain = %entry.files.chain.display(), names = ?certificate.names, "a certificate is in force");
                    entry.in_force = Some(certificate);
                    has_changed = true;
                }
                Err(error) => tracing::warn!(%error, "the certificate in force stays"),
            }
            entry.seen = Some(found);
        }
        has_changed
    }

    pub(super) fn put_in_force(&self) {
        self.certificates.replace(self.in_force());
    }
}
