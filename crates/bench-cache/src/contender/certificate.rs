//! The certificate that every contender shows over TLS: the same key for all, on the curve that is usual now.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// As files, in PEM.
pub struct Certificate {
    pub chain: PathBuf,
    pub key: PathBuf,
}

impl Certificate {
    /// Signed by itself, for the host that the client names; it does not check. P-256.
    pub fn make(folder: &Path) -> anyhow::Result<Self> {
        let made = rcgen::generate_simple_self_signed(["bench.example".to_owned()])?;
        let this = Self { chain: folder.join("chain.pem"), key: folder.join("key.pem") };
        fs::write(&this.chain, made.cert.pem()).context("cannot write the certificate")?;
        fs::write(&this.key, made.signing_key.serialize_pem()).context("cannot write its key")?;
        Ok(this)
    }
}
