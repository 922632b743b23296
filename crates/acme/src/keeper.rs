//! Sees to it that each host has a certificate with time left.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;

use crate::challenges::Challenges;
use crate::order::order;
use crate::schedule::{Failures, Validity, due};
use crate::store::Store;

/// The clock may be set, and a machine may sleep: nobody waits longer without looking at it.
const NAP_MAX: Duration = Duration::from_secs(600);
/// Whatever an authority issues, it is not asked for more in a loop.
const NAP_MIN: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub struct Settings {
    pub hosts: Vec<String>,
    /// Such as `mailto:ops@example.com`.
    pub contact: Option<String>,
    /// The authority's directory (RFC 8555 §7.1.1).
    pub directory: String,
    /// Certificates that vouch for the directory's server, where it is not a public one.
    pub directory_root: Option<PathBuf>,
    pub store: Store,
}

pub struct Keeper {
    pub settings: Settings,
    pub challenges: Challenges,
    /// Told of each new certificate.
    pub issued: Arc<Notify>,
}

impl Keeper {
    /// For ever.
    pub async fn run(self) {
        let mut failures: HashMap<&str, Failures> = HashMap::new();
        loop {
            let mut next = SystemTime::now() + NAP_MAX;
            for host in &self.settings.hosts {
                let failed = failures.get(host.as_str()).copied();
                let at = due(self.validity(host).await, failed);
                if at > SystemTime::now() {
                    next = next.min(at);
                    continue;
                }
                match order(&self.settings, &self.challenges, host).await {
                    Ok(()) => {
                        tracing::info!(host, "the authority has issued a certificate");
                        failures.remove(host.as_str());
                        self.issued.notify_one();
                    }
                    Err(error) => {
                        let count = failed.map_or(1, |failed| failed.count.saturating_add(1));
                        let failed = Failures { count, last: SystemTime::now() };
                        failures.insert(host, failed);
                        let pause = due(None, Some(failed)).duration_since(failed.last).unwrap_or_default();
                        tracing::warn!(host, %error, again_in = ?pause, "no certificate could be had");
                    }
                }
                // With its success or failure it has a new time.
                next = next.min(due(self.validity(host).await, failures.get(host.as_str()).copied()));
            }
            let nap = next.duration_since(SystemTime::now()).unwrap_or_default();
            tokio::time::sleep(nap.max(NAP_MIN)).await;
        }
    }

    /// Of the certificate that is kept. One that cannot be used counts as none.
    async fn validity(&self, host: &str) -> Option<Validity> {
        let files = self.settings.store.files(host);
        let loaded = tokio::task::spawn_blocking(move || files.load()).await.ok()?;
        let certificate = loaded.ok()?;
        Some(Validity { not_before: certificate.not_before, not_after: certificate.not_after })
    }
}
