//! A request's body, within bounds.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
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
