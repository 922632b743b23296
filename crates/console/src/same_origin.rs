//! Whether a form was sent by a page of ours.
//!
//! The session's cookie does not travel with a stranger's form in a browser that knows `SameSite`. But "same site" is
//! not "same origin": another port of this host is the same site. So every change says where it comes from.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri, header};

use crate::page::{self, Notice};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this form was not sent by a page of this console: open the console at its own address and try again"
)]
pub struct Foreign;

pub async fn require(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match check(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => {
            let htmx = page::is_htmx(request.headers());
            Notice::new(StatusCode::FORBIDDEN, error.to_string()).answer(htmx).into_response()
        }
    }
}

/// A browser's own word first (Fetch Metadata; sent to https and to loopback), else the origin that it names.
fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
    if let Some(site) = headers.get("sec-fetch-site") {
        return if site == "same-origin" { Ok(()) } else { Err(Foreign) };
    }
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).ok_or(Foreign)?;
    let from = origin.split_once("://").map(|(_, authority)| authority).ok_or(Foreign)?;
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let here = host.or(uri.authority().map(|authority| authority.as_str())).ok_or(Foreign)?;
    if from.eq_ignore_ascii_case(here) { Ok(()) } else { Err(Foreign) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_from_the_same_origin_or_is_refused() {
        let here = ("host", "127.0.0.1:8081");
        for (fields, allowed) in [
            (&[here, ("sec-fetch-site", "same-origin")][..], true),
            (&[here, ("sec-fetch-site", "same-site")], false),
            (&[here, ("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:8081")], false),
            (&[here, ("sec-fetch-site", "none")], false),
            (&[here, ("origin", "http://127.0.0.1:8081")], true),
            (&[here, ("origin", "http://127.0.0.1:8080")], false),
            (&[here, ("origin", "http://evil.example")], false),
            (&[here, ("origin", "null")], false),
            (&[here], false),
            (&[("origin", "http://127.0.0.1:8081")], false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.insert(*name, value.parse().expect("a field value"));
            }
            assert_eq!(check(&Uri::from_static("/console/purge"), &headers).is_ok(), allowed, "{fields:?}");
        }
    }
}
