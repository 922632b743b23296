//! A small document of somebody else's server: keys, a certificate, a word that something is confirmed.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use origin::FetchLimits;
use url::{Position, Url};

pub const BYTES_MAX: u64 = 256 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error("{url} answered {status}")]
    Status { url: String, status: StatusCode },
    #[error(transparent)]
    Fetch(#[from] origin::FetchError),
    #[error("the answer broke off: {0}")]
    Body(String),
    #[error("{0} cannot be asked for")]
    Unaskable(String),
}

/// Asks for it once, through the egress guard. A redirect is no answer: where things are is for whoever named the URL to say.
pub async fn get(
    client: &origin::Client,
    url: &Url,
    allow_private: bool,
    accept: &str,
) -> Result<Vec<u8>, DocumentError> {
    // What stands in the query may be a secret.
    let shown = || url[..Position::AfterPath].to_owned();
    let request = Request::builder()
        .method(Method::GET)
        .uri(&url[Position::BeforePath..Position::AfterQuery])
        .header(header::HOST, url.authority())
        .header(header::ACCEPT, accept)
        .body(Bytes::new())
        .map_err(|_| DocumentError::Unaskable(shown()))?;
    let limits = FetchLimits {
        connect: PATIENCE,
        first_byte: PATIENCE,
        total: PATIENCE,
        body_bytes: BYTES_MAX,
        ..FetchLimits::default()
    };
    let mut server = url.clone();
    server.set_path("/");
    server.set_query(None);
    let answer = client.forward(&server, allow_private, &limits, request).await?;
    if answer.status() != StatusCode::OK {
        return Err(DocumentError::Status { url: shown(), status: answer.status() });
    }
    let body = answer.into_body().collect().await.map_err(|error| DocumentError::Body(error.to_string()))?;
    Ok(body.to_bytes().to_vec())
}
