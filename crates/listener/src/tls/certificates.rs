//! The certificates in force, found by the name that a client asks for.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::tls::Certificate;

/// Replaced as a whole; handshakes that are under way end with what they found.
#[derive(Default)]
pub struct Certificates(RwLock<Arc<Table>>);

#[derive(Default)]
struct Table {
    /// Several for a name where their keys are of different kinds.
    by_name: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// For a client that names no host, or one that nobody has a certificate for.
    first: Option<Arc<CertifiedKey>>,
}

impl Certificates {
    pub(crate) fn replace<'a>(&self, certificates: impl Iterator<Item = &'a Certificate>) {
        let mut table = Table::default();
        for certificate in certificates {
            for name in &certificate.names {
                table.by_name.entry(name.clone()).or_default().push(Arc::clone(&certificate.key));
            }
            table.first.get_or_insert_with(|| Arc::clone(&certificate.key));
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }

    fn find(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let table = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let for_name = name.and_then(|name| table.for_name(name)).map(Vec::as_slice);
        let candidates = for_name.or(table.first.as_ref().map(std::slice::from_ref))?;
        let usable = candidates.iter().find(|one| one.key.choose_scheme(schemes).is_some());
        usable.or(candidates.first()).cloned()
    }
}

impl Table {
    /// A wildcard stands for exactly one label (RFC 9525 §6.3).
    fn for_name(&self, name: &str) -> Option<&Vec<Arc<CertifiedKey>>> {
        let name = name.to_ascii_lowercase();
        self.by_name.get(&name).or_else(|| {
            let (_, parent) = name.split_once('.')?;
            self.by_name.get(&format!("*.{parent}"))
        })
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.find(hello.server_name(), hello.signature_schemes())
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").finish_non_exhaustive()
    }
}
