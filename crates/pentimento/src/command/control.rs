//! Talking to the control listener of a running node.

use std::path::PathBuf;

use anyhow::{Context, bail};
use api_types::Problem;
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use url::Url;

use crate::data_dir;

#[derive(Debug, Clone)]
pub struct ControlAddress {
    pub url: Url,
    /// Where to read the token when none is given.
    pub data: PathBuf,
    pub token: Option<String>,
}

pub struct ControlClient {
    client: origin::Client,
    url: Url,
    token: String,
}

impl ControlClient {
    pub fn new(address: ControlAddress) -> anyhow::Result<Self> {
        let token = match address.token {
            Some(token) => token,
            None => data_dir::read_token(&address.data).context(
                "give a token by --token or PENTIMENTO_TOKEN, or the node's data directory by --data",
            )?,
        };
        Ok(Self { client: origin::Client::new(), url: address.url, token })
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.call(Method::GET, path, Bytes::new()).await
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> anyhow::Result<T> {
        self.call(Method::POST, path, body.into()).await
    }

    pub async fn delete<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.call(Method::DELETE, path, Bytes::new()).await
    }

    async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: Bytes) -> anyhow::Result<T> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.url.authority())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(body)?;
        let limits = origin::FetchLimits::default();
        let answer = self.client.forward(&self.url, true, &limits, request).await;
        let answer =
            answer.with_context(|| format!("no answer from {}; is a node running there?", self.url))?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status.is_success() {
            return Ok(serde_json::from_slice(&body)?);
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => bail!("{}: {}", problem.title, problem.detail),
            Err(_) => bail!("{} answered {status}", self.url),
        }
    }
}

/// A name as one segment of a path (RFC 3986 §3.3): whatever is not unreserved is escaped.
pub fn path_segment(name: &str) -> String {
    let escape = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    name.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_one_segment_of_a_path() {
        for (name, segment) in [("cat.jpg", "cat.jpg"), ("a b", "a%20b"), ("ä/?#%", "%C3%A4%2F%3F%23%25")] {
            assert_eq!(path_segment(name), segment);
        }
    }
}
