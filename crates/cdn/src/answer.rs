//! A vendor's answer: whole, and of bounded length.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use crate::error::CallError;

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| CallError::nonsense(self, &format!("{error} in {}", self.text())))
    }

    /// For a vendor that says in a status all that is to say.
    pub(crate) fn check(&self) -> Result<(), CallError> {
        if self.status.is_success() { Ok(()) } else { Err(CallError::of(self, &self.text())) }
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Seconds, or a date (RFC 9110 §10.2.3).
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let value = self.field(header::RETRY_AFTER.as_str())?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        // By the vendor's own clock: ours may differ.
        let sent = httpdate::parse_http_date(self.field(header::DATE.as_str())?).ok()?;
        date.duration_since(sent).ok()
    }
}
