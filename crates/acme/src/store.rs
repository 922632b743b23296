//! The folder in which the account and the certificates are kept.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use instant_acme::AccountCredentials;
use listener::tls::CertificateFiles;

#[derive(Debug, Clone)]
pub struct Store(PathBuf);

impl Store {
    /// In a folder that is made when there is something to keep.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Key and chain of `host` in one file, so that one is never there without the other.
    pub fn files(&self, host: &str) -> CertificateFiles {
        let path = self.0.join(format!("{host}.pem"));
        CertificateFiles { chain: path.clone(), key: path }
    }

    pub(crate) fn keep_certificate(&self, host: &str, key: &str, chain: &str) -> io::Result<()> {
        self.write(&self.files(host).chain, format!("{key}\n{chain}").as_bytes())
    }

    /// The account at `directory`, if there is one: another authority knows another account.
    pub(crate) fn account(&self, directory: &str) -> Option<AccountCredentials> {
        let bytes = fs::read(self.account_file(directory)).ok()?;
        match serde_json::from_slice(&bytes) {
            Ok(credentials) => Some(credentials),
            Err(error) => {
                tracing::warn!(%error, "the kept ACME account cannot be read; a new one is made");
                None
            }
        }
    }

    pub(crate) fn keep_account(&self, directory: &str, credentials: &AccountCredentials) -> io::Result<()> {
        self.write(&self.account_file(directory), &serde_json::to_vec_pretty(credentials)?)
    }

    fn account_file(&self, directory: &str) -> PathBuf {
        let name: String =
            directory.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
        self.0.join(format!("account-{name}.json"))
    }

    /// Whole or not at all, and for the owner's eyes only.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let unfinished = path.with_extension("unfinished");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_kept_is_for_its_owner_only_and_each_authority_has_its_account() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(folder.path().join("acme"));
        store.keep_certificate("a.example", "KEY", "CHAIN").unwrap();
        let files = store.files("a.example");
        assert_eq!(fs::read_to_string(&files.key).unwrap(), "KEY\nCHAIN");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&files.key), mode(&folder.path().join("acme"))), (0o600, 0o700));
        assert_ne!(store.account_file("https://one.example/d"), store.account_file("https://two.example/d"));
        assert!(store.account("https://one.example/d").is_none());
    }
}
