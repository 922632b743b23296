//! What a request that changes something invalidates (RFC 9111 §4.4).

use http::header::{CONTENT_LOCATION, LOCATION};
use http::{HeaderMap, Method, StatusCode, Uri};
use url::Url;

/// Whether an answer invalidates what is stored of its target: "A cache MUST invalidate the target URI … when it
/// receives a non-error status code in response to an unsafe request method (including methods whose safety is
/// unknown)".
pub fn invalidates(method: &Method, status: StatusCode) -> bool {
    !method.is_safe() && (status.is_success() || status.is_redirection())
}

/// What else such an answer invalidates: paths with queries of the same origin, from `Location` and
/// `Content-Location`, without the target itself.
///
/// "A cache MUST NOT trigger an invalidation under these conditions if the origin … of the URI to be invalidated
/// differs from that of the target URI". The scheme is not compared: who ends TLS before us has the same pages.
pub fn also_invalidated(host: &str, target: &str, response: &HeaderMap) -> Vec<String> {
    let Ok(base) = Url::parse(&format!("http://{host}{target}")) else { return Vec::new() };
    let mut paths: Vec<String> = [LOCATION, CONTENT_LOCATION]
        .iter()
        .filter_map(|name| base.join(response.get(name)?.to_str().ok()?).ok())
        .filter(|url| is_same_host(&base, url))
        .map(|url| url[url::Position::BeforePath..url::Position::AfterQuery].to_owned())
        // Only what can be asked for can be stored.
        .filter(|path| path != target && path.parse::<Uri>().is_ok())
        .collect();
    paths.dedup();
    paths
}

fn is_same_host(one: &Url, other: &Url) -> bool {
    let is_web = matches!(other.scheme(), "http" | "https");
    is_web && one.host() == other.host() && one.port() == other.port()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    /// "a non-error status code" is one of 2xx and 3xx.
    #[test]
    fn a_successful_unsafe_or_unknown_method_invalidates() {
        for (method, status, expected) in [
            ("POST", 200, true),
            ("PUT", 201, true),
            ("DELETE", 204, true),
            ("PATCH", 303, true),
            ("M-SEARCH", 200, true),
            ("UNHEARD-OF", 200, true),
            ("POST", 500, false),
            ("DELETE", 404, false),
            ("GET", 200, false),
            ("HEAD", 200, false),
            ("OPTIONS", 200, false),
            ("TRACE", 200, false),
        ] {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(invalidates(&method, status), expected, "{method} {status}");
        }
    }

    fn also(location: &str, content_location: &str) -> Vec<String> {
        let mut response = HeaderMap::new();
        for (name, value) in [(LOCATION, location), (CONTENT_LOCATION, content_location)] {
            if !value.is_empty() {
                response.insert(name, HeaderValue::from_str(value).expect("a value"));
            }
        }
        also_invalidated("shop.test:8080", "/pictures/cat?w=1", &response)
    }

    #[test]
    fn locations_of_the_same_origin_are_invalidated_too() {
        for (location, content_location, expected) in [
            ("", "", vec![]),
            ("/dog", "", vec!["/dog"]),
            ("dog?w=2", "", vec!["/pictures/dog?w=2"]),
            ("?w=2", "../dog", vec!["/pictures/cat?w=2", "/dog"]),
            ("/dog", "/dog", vec!["/dog"]),
            ("/pictures/cat?w=1", "", vec![]),
            ("/dog#nose", "", vec!["/dog"]),
            ("http://SHOP.test:8080/dog", "", vec!["/dog"]),
            ("//shop.test:8080/dog", "https://shop.test:8080/eel", vec!["/dog", "/eel"]),
        ] {
            assert_eq!(also(location, content_location), expected, "{location} {content_location}");
        }
    }

    #[test]
    fn locations_of_other_origins_are_left_alone() {
        for location in [
            "http://other.test/dog",
            "http://shop.test/dog",
            "https://shop.test:8443/dog",
            "http://shop.test:8080.evil.test/dog",
            "ftp://shop.test:8080/dog",
            "data:,dog",
            "http://[",
        ] {
            assert_eq!(also(location, ""), Vec::<String>::new(), "{location}");
        }
    }

    proptest! {
        #[test]
        fn any_location_is_understood_or_left_alone(host in "[ -~]{0,12}", location in "[!-~]{1,30}") {
            let mut response = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_str(&location) {
                response.insert(LOCATION, value);
            }
            for path in also_invalidated(&host, "/a", &response) {
                prop_assert!(path.starts_with('/'), "{path}");
            }
        }
    }
}
