//! What a page of the console may do in a browser.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};
use url::Url;

#[derive(Clone)]
pub struct Policy {
    content: HeaderValue,
}

impl Policy {
    pub fn for_pictures_from(delivery: &Url) -> Self {
        // An origin is a scheme, a host and a port: nothing in it can end a directive.
        let pictures = delivery.origin().ascii_serialization();
        let content = format!(
            "default-src 'self'; img-src 'self' {pictures}; connect-src 'self' {pictures}; frame-ancestors 'none'; \
             base-uri 'none'; form-action 'self'; object-src 'none'"
        );
        // Without the one extra origin a page lacks pictures, and is safe all the same.
        let content =
            HeaderValue::try_from(content).unwrap_or(HeaderValue::from_static("default-src 'self'"));
        Self { content }
    }
}

pub async fn apply(State(policy): State<Policy>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.content);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Not `no-referrer`: with it browsers send `Origin: null`, by which no form can be told from a stranger's.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_from_the_delivery_listener_and_nothing_else_from_outside() {
        for (delivery, pictures) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://img.example.com/below?q#f", "https://img.example.com"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
        ] {
            let policy = Policy::for_pictures_from(&delivery.parse().expect("a URL"));
            let content = policy.content.to_str().expect("text");
            assert_eq!(
                content,
                format!(
                    "default-src 'self'; img-src 'self' {pictures}; connect-src 'self' {pictures}; \
                     frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
                )
            );
        }
    }
}
