//! What a client is told before a service has seen its request.

use api_types::Problem;
use api_types::problem::MEDIA_TYPE;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::body::BodyError;
use crate::farewell;
use crate::form::Unclear;
use crate::place::NoPlace;

/// A request that no service sees. Its connection ends with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Unclear(#[from] Unclear),
    #[error(transparent)]
    Body(#[from] BodyError),
}

impl Refusal {
    fn problem(self) -> Problem {
        let detail = self.to_string();
        match self {
            Refusal::Unclear(Unclear::Tunnel) => {
                Problem::new(405, "method-not-allowed", "Method not allowed", detail)
            }
            Refusal::Unclear(_) => Problem::new(400, "unclear-request", "Unclear request", detail),
            Refusal::Body(BodyError::TooLarge { .. }) => {
                Problem::new(413, "body-too-large", "Body too large", detail)
            }
            Refusal::Body(BodyError::Incomplete) => {
                Problem::new(400, "body-incomplete", "Body incomplete", detail)
            }
            Refusal::Body(BodyError::TooSlow { .. }) => Problem::new(408, "body-timeout", "Timeout", detail),
        }
    }

    pub(crate) fn answer(self) -> Response<Bytes> {
        let problem = self.problem();
        let mut response = Response::new(Bytes::from(problem.to_json()));
        *response.status_mut() =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if problem.status == 405 {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}

/// Says over a connection for which there is no place why it ends. Whoever speaks HTTP/2 or TLS just sees it end.
pub(crate) async fn turn_away(mut stream: TcpStream, why: NoPlace) {
    if stream.write_all(&no_place(why)).await.is_ok() {
        farewell::say(stream).await;
    }
}

fn no_place(why: NoPlace) -> Vec<u8> {
    let problem = Problem::new(503, "too-many-connections", "Too many connections", why.to_string());
    let body = problem.to_json();
    let mut answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nretry-after: 1\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend(body);
    answer
}
