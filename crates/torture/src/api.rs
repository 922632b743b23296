//! The management API, asked as an operator's program would: with a key that makes it safe to ask again.

use std::net::SocketAddr;
use std::time::Duration;

use api_types::{PurgeRequest, PurgeView};
use http::Method;
use testkit::{Seen, send};

/// The node may be stopped: then nothing comes, for as long as that lasts.
const PATIENCE: Duration = Duration::from_secs(3);

pub struct Api {
    pub address: SocketAddr,
    /// As it goes into the field `Authorization`.
    pub token: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// Nobody answered, or not now: ask again.
    Later(String),
    /// It said no.
    Refused(String),
}

impl Api {
    pub async fn purge(&self, request: &PurgeRequest, key: &str) -> Result<PurgeView, ApiError> {
        let body = serde_json::to_vec(request).map_err(|error| ApiError::Refused(error.to_string()))?;
        let fields = [("content-type", "application/json"), ("idempotency-key", key)];
        self.ask(Method::POST, "/v1/purges", &fields, body).await
    }

    pub async fn view(&self, id: &str) -> Result<PurgeView, ApiError> {
        self.ask(Method::GET, &format!("/v1/purges/{id}"), &[], Vec::new()).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        fields: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<PurgeView, ApiError> {
        let mut fields = fields.to_vec();
        fields.push(("authorization", &self.token));
        let answer = send(self.address, method, path, &fields, body.into());
        match tokio::time::timeout(PATIENCE, answer).await {
            Err(_) => Err(ApiError::Later(format!("no answer within {PATIENCE:?}"))),
            Ok(Err(error)) => Err(ApiError::Later(error)),
            Ok(Ok(seen)) => read(&seen),
        }
    }
}

fn read(seen: &Seen) -> Result<PurgeView, ApiError> {
    match seen.status {
        200 | 202 => serde_json::from_slice(&seen.body)
            .map_err(|error| ApiError::Refused(format!("it cannot be read: {error}"))),
        429 | 500..=599 => Err(ApiError::Later(format!("{}: {}", seen.status, seen.text()))),
        status => Err(ApiError::Refused(format!("{status}: {}", seen.text()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_go_better_later_is_no_refusal() {
        for (status, later) in [(503, true), (429, true), (404, false), (409, false), (200, false)] {
            let seen = Seen { status, headers: Default::default(), body: Default::default() };
            assert_eq!(matches!(read(&seen), Err(ApiError::Later(_))), later, "{status}");
        }
    }
}
