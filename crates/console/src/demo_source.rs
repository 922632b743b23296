//! The demo source: a web folder whose pictures change when it is asked to change them.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::BodyExt;
use origin::{Client, FetchError, FetchLimits};
use serde::Deserialize;
use url::Url;

/// Painting a new edition takes its time.
const PATIENCE: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: u64 = 1 << 20;
const PICTURES_MAX: usize = 200;
/// Of what the source says when it refuses.
const WORDS_MAX: usize = 300;

pub struct DemoSource {
    /// Of the source as the configuration has it.
    pub name: String,
    base_url: Url,
    client: Client,
}

/// As the source lists it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DemoPicture {
    pub path: String,
    pub edition: u32,
    pub bytes: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("the demo source cannot be asked: {0}")]
    Unreachable(#[from] FetchError),
    #[error("the demo source refused ({status}): {words}")]
    Refused { status: u16, words: String },
    #[error("the demo source's answer cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("{0:?} cannot be a path of the demo source")]
    NoPath(String),
}

impl DemoSource {
    pub fn new(name: String, base_url: Url) -> Self {
        Self { name, base_url, client: Client::new() }
    }

    pub async fn pictures(&self) -> Result<Vec<DemoPicture>, DemoError> {
        let mut pictures: Vec<DemoPicture> = serde_json::from_slice(&self.ask(Method::GET, "/").await?)?;
        pictures.truncate(PICTURES_MAX);
        Ok(pictures)
    }

    /// Has the picture replaced by its next edition.
    pub async fn change(&self, path: &str) -> Result<DemoPicture, DemoError> {
        let no_path = || DemoError::NoPath(path.chars().take(100).collect());
        let mut url = self.base_url.clone();
        url.set_path("");
        url.path_segments_mut().map_err(|()| no_path())?.push("edit").extend(path.split('/'));
        Ok(serde_json::from_slice(&self.ask(Method::POST, url.path()).await?)?)
    }

    async fn ask(&self, method: Method, path: &str) -> Result<Bytes, DemoError> {
        let limits = FetchLimits {
            first_byte: PATIENCE,
            total: PATIENCE,
            body_bytes: ANSWER_BYTES_MAX,
            ..FetchLimits::default()
        };
        let request = Request::builder().method(method).uri(path).body(Bytes::new());
        let request = request.map_err(|_| DemoError::NoPath(path.chars().take(100).collect()))?;
        // The operator named this address in the settings: it may be, and mostly is, on this machine.
        let response = self.client.forward(&self.base_url, true, &limits, request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status.is_success() {
            return Ok(body);
        }
        let words = String::from_utf8_lossy(&body).trim().chars().take(WORDS_MAX).collect();
        Err(DemoError::Refused { status: status.as_u16(), words })
    }
}

impl fmt::Debug for DemoSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoSource").field("name", &self.name).finish_non_exhaustive()
    }
}
