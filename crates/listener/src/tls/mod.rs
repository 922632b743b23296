//! TLS 1.3 and 1.2, with certificates from files that may change.

mod certificate;
mod certificates;
mod reload;
#[cfg(test)]
mod tests;

pub use certificate::{Certificate, CertificateError, CertificateFiles};
pub use certificates::Certificates;
pub use reload::Reload;

use std::sync::Arc;

use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use certificate::provider;

/// What ALPN offers, the best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The server's side of TLS with these certificates, whatever they will be.
#[derive(Clone)]
pub struct Tls(pub(crate) TlsAcceptor);

impl Tls {
    pub fn with(certificates: Arc<Certificates>) -> Result<Self, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(certificates);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        // A client that comes back is known by a ticket that it keeps; the keys change every few hours.
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}
