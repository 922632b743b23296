//! A certificate: its chain, its key, for which names and how long it is good.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// A chain of a dozen certificates with RSA keys has less than 32 KiB.
const FILE_LEN_MAX: u64 = 1 << 20;

/// Where a certificate is kept. Both may be the same file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate itself first, then those that vouch for it.
    pub chain: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, Clone)]
pub struct Certificate {
    pub(crate) key: Arc<CertifiedKey>,
    /// In lower case; one may begin with `*.`.
    pub names: Vec<String>,
    pub not_before: SystemTime,
    pub not_after: SystemTime,
}

#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("{} cannot be read: {}", .0.display(), .1)]
    File(PathBuf, io::Error),
    #[error("{} has no certificate in PEM format", .0.display())]
    NoCertificate(PathBuf),
    #[error("{} has no private key in PEM format", .0.display())]
    NoKey(PathBuf),
    #[error("the certificate in {} cannot be understood: {}", .0.display(), .1)]
    NotX509(PathBuf, String),
    #[error("the key in {} does not go with the certificate in {}, or cannot be used: {why}", key.display(), chain.display())]
    Pair { chain: PathBuf, key: PathBuf, why: rustls::Error },
}

/// The bytes of both files, as they were found.
#[derive(PartialEq, Eq)]
pub(crate) struct Found {
    chain: Vec<u8>,
    key: Vec<u8>,
}

impl CertificateFiles {
    pub fn load(&self) -> Result<Certificate, CertificateError> {
        self.understand(&self.find()?)
    }

    pub(crate) fn find(&self) -> Result<Found, CertificateError> {
        let file = |path: &PathBuf| read(path).map_err(|error| CertificateError::File(path.clone(), error));
        Ok(Found { chain: file(&self.chain)?, key: file(&self.key)? })
    }

    pub(crate) fn understand(&self, found: &Found) -> Result<Certificate, CertificateError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&found.chain).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| CertificateError::NoCertificate(self.chain.clone()))?;
        let key = PrivateKeyDer::from_pem_slice(&found.key);
        let key = key.map_err(|_| CertificateError::NoKey(self.key.clone()))?;

        let not_x509 = |why: String| CertificateError::NotX509(self.chain.clone(), why);
        let (_, own) = X509Certificate::from_der(&chain[0]).map_err(|error| not_x509(error.to_string()))?;
        let names = own.subject_alternative_name().map_err(|error| not_x509(error.to_string()))?;
        let names = names.iter().flat_map(|names| &names.value.general_names);
        let names = names.filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        });
        let names = names.collect();
        let (not_before, not_after) = (time(own.validity.not_before), time(own.validity.not_after));

        let pair = |why| CertificateError::Pair { chain: self.chain.clone(), key: self.key.clone(), why };
        let key = CertifiedKey::from_der(chain.clone(), key, &provider()).map_err(pair)?;
        Ok(Certificate { key: Arc::new(key), names, not_before, not_after })
    }
}

/// The one that the tree has already, for requests to sources: two would be twice the code, and rustls would have to
/// be told everywhere which of them to take.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn time(at: x509_parser::time::ASN1Time) -> SystemTime {
    let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_LEN_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_LEN_MAX {
        return Err(io::Error::other(format!("it has more than {FILE_LEN_MAX} bytes")));
    }
    Ok(bytes)
}
