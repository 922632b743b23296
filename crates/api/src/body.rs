//! A request's body, within bounds.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// More than two thousand selectors of an ordinary length.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("a request's body has at most {BODY_BYTES_MAX} bytes here")]
    TooLarge,
    #[error("the body took longer than {} s to arrive", BODY_TIME_MAX.as_secs())]
    TooSlow,
    #[error("the body ended early")]
    Incomplete,
}

/// What is wrong with a body that should have been a JSON value of a certain kind.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    #[error("the body is JSON: send it with `Content-Type: application/json`")]
    NotJson,
    #[error("the body is not what is expected here: {0}")]
    Unexpected(serde_json::Error),
    #[error(transparent)]
    Body(#[from] BodyError),
}

pub async fn read_json<T: DeserializeOwned>(request: Request<Body>) -> Result<(Parts, T), JsonError> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return Err(JsonError::NotJson);
    }
    let value = serde_json::from_slice(&read_body(body).await?).map_err(JsonError::Unexpected)?;
    Ok((parts, value))
}

pub fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = value.split(';').next().unwrap_or("");
    essence.trim().eq_ignore_ascii_case("application/json")
}

pub async fn read_body(body: Body) -> Result<Bytes, BodyError> {
    match timeout(BODY_TIME_MAX, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
        Ok(Err(_)) => Err(BodyError::Incomplete),
        Err(_) => Err(BodyError::TooSlow),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    #[test]
    fn json_is_what_says_so_whatever_its_parameters() {
        for (value, json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/json", false),
            ("application/x-www-form-urlencoded", false),
            ("application/jsonx", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().expect("a field value"));
            assert_eq!(is_json(&headers), json, "{value:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_read_whole_or_refused_for_a_reason() {
        let exactly = vec![b'x'; BODY_BYTES_MAX];
        assert_eq!(read_body(Body::from(exactly.clone())).await.map(|body| body.len()), Ok(BODY_BYTES_MAX));
        assert_eq!(read_body(Body::from([exactly, vec![b'x']].concat())).await, Err(BodyError::TooLarge));

        let cut = stream::iter([Ok("half"), Err(std::io::Error::other("cut"))]);
        assert_eq!(read_body(Body::from_stream(cut)).await, Err(BodyError::Incomplete));

        let endless = stream::pending::<Result<Bytes, std::io::Error>>();
        assert_eq!(read_body(Body::from_stream(endless)).await, Err(BodyError::TooSlow));
    }
}
