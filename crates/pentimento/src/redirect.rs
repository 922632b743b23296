//! Where clients that come without TLS are sent.

use edge::body::EdgeBody;
use edge::problem;
use edge::request::Refusal;
use http::uri::Authority;
use http::{HeaderValue, Request, Response, StatusCode, header};

/// The same over TLS, at `port`. The method stays (RFC 9110 §15.4.9).
pub fn to_tls<B>(request: &Request<B>, port: u16) -> Response<EdgeBody> {
    let Some(location) = location(request, port) else {
        return problem::answer(&problem::of_refusal(&Refusal::NoHost), 0);
    };
    let mut response = Response::new(EdgeBody::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    // Browsers would keep it for ever, and an operator could never take it back.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    response
}

fn location<B>(request: &Request<B>, port: u16) -> Option<HeaderValue> {
    let target = request.uri().authority().cloned();
    let field = || Authority::try_from(request.headers().get(header::HOST)?.as_bytes()).ok();
    let authority = target.or_else(field)?;
    let host = authority.host();
    let path = request.uri().path_and_query().map_or("/", |both| both.as_str());
    let port = if port == 443 { String::new() } else { format!(":{port}") };
    HeaderValue::try_from(format!("https://{host}{port}{path}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_sent_to_the_same_over_tls() {
        for (target, host, port, expected) in [
            ("/a?b=c", Some("img.example"), 443, Some("https://img.example/a?b=c")),
            ("/a", Some("img.example:80"), 443, Some("https://img.example/a")),
            ("/a", Some("img.example:8080"), 8443, Some("https://img.example:8443/a")),
            ("/a", Some("[::1]:80"), 443, Some("https://[::1]/a")),
            ("http://other.example/a", Some("img.example"), 443, Some("https://other.example/a")),
            ("/a", None, 443, None),
            ("/a", Some("not a host"), 443, None),
        ] {
            let mut request = Request::builder().uri(target);
            if let Some(host) = host {
                request = request.header(header::HOST, host);
            }
            let response = to_tls(&request.body(()).unwrap(), port);
            let location = response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap());
            assert_eq!(location, expected, "{target} {host:?}");
            assert_eq!(response.status().as_u16(), if expected.is_some() { 308 } else { 400 });
        }
    }
}
