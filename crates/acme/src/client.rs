//! The HTTP client that talks to the authority, within limits.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{BodyWrapper, BytesResponse, HttpClient};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

const ANSWER_TIME: Duration = Duration::from_secs(30);
/// A chain, or a directory: both are far shorter.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// The operator named the authority, so that no guard stands before it.
#[derive(Clone)]
pub(crate) struct AuthorityClient(Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>);

#[derive(Debug, thiserror::Error)]
pub(crate) enum NoClient {
    #[error("the certificates in {0} cannot be read: {1}")]
    Root(String, io::Error),
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

impl AuthorityClient {
    /// `root`: the certificates that vouch for an authority of one's own; else those of public ones.
    pub(crate) fn new(root: Option<&Path>) -> Result<Self, NoClient> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let connector = HttpsConnectorBuilder::new();
        let connector = match root {
            None => connector
                .with_provider_and_webpki_roots(provider)
                .map_err(|error| rustls::Error::General(error.to_string()))?,
            Some(file) => {
                let unreadable = |error| NoClient::Root(file.display().to_string(), error);
                let roots =
                    CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
                let mut store = RootCertStore::empty();
                for root in roots.map_err(|error| unreadable(io::Error::other(error)))? {
                    store.add(root)?;
                }
                let config = ClientConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()?
                    .with_root_certificates(store)
                    .with_no_client_auth();
                connector.with_tls_config(config)
            }
        };
        let connector = connector.https_only().enable_http1().build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }
}

impl HttpClient for AuthorityClient {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, instant_acme::Error>> + Send>> {
        let answer = self.0.request(request);
        Box::pin(async move {
            let whole = async {
                let (parts, body) = answer.await?.into_parts();
                let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?.to_bytes();
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(BytesResponse {
                    parts,
                    body: Box::new(body),
                })
            };
            let answered = match tokio::time::timeout(ANSWER_TIME, whole).await {
                Ok(answered) => answered,
                Err(_) => Err("the authority does not answer".into()),
            };
            answered.map_err(instant_acme::Error::Other)
        })
    }
}
