//! Whether a request says clearly whom it is for.
//!
//! The parser below us has refused what is malformed as text. What is left are requests that two servers in a row could
//! understand differently.

use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use http::{Method, Version};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unclear {
    #[error("an HTTP/1.1 request has exactly one Host field, this one has {0}")]
    Hosts(usize),
    #[error("the Host field is not a host with an optional port")]
    NotAHost,
    #[error("Host and :authority name different hosts")]
    TwoAuthorities,
    #[error("a request here has no user name or password before its host")]
    UserInfo,
    #[error("the target's scheme is neither http nor https")]
    Scheme,
    #[error("CONNECT is for tunnels, and this is none")]
    Tunnel,
    #[error("only OPTIONS asks for \"*\"")]
    Asterisk,
}

pub(crate) fn check(parts: &Parts) -> Result<(), Unclear> {
    if parts.method == Method::CONNECT {
        return Err(Unclear::Tunnel);
    }
    if parts.uri.path() == "*" && parts.method != Method::OPTIONS {
        return Err(Unclear::Asterisk);
    }
    if !matches!(parts.uri.scheme_str(), None | Some("http" | "https")) {
        return Err(Unclear::Scheme);
    }
    if parts.uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(Unclear::UserInfo);
    }

    let hosts = parts.headers.get_all(HOST);
    let count = hosts.iter().count();
    // RFC 9112 §3.2: more than one is an error in any version, none in 1.1 also where the target names a host.
    if count > 1 || (count == 0 && parts.version == Version::HTTP_11) {
        return Err(Unclear::Hosts(count));
    }
    for host in hosts {
        let host = Authority::try_from(host.as_bytes()).map_err(|_| Unclear::NotAHost)?;
        if host.as_str().contains('@') {
            return Err(Unclear::UserInfo);
        }
        // RFC 9113 §8.3.1. In HTTP/1.1 the target's authority counts, whatever Host says (RFC 9112 §3.2.2).
        if parts.version >= Version::HTTP_2 && parts.uri.authority().is_some_and(|other| *other != host) {
            return Err(Unclear::TwoAuthorities);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    #[test]
    fn a_request_says_once_and_clearly_whom_it_is_for() {
        use Unclear::*;
        let (http10, http11, http2) = (Version::HTTP_10, Version::HTTP_11, Version::HTTP_2);
        for (version, method, target, hosts, expected) in [
            (http11, "GET", "/a", &["h"][..], Ok(())),
            (http11, "GET", "/a", &["h:8080"], Ok(())),
            (http11, "GET", "/a", &["[::1]:80"], Ok(())),
            (http11, "GET", "/a", &[], Err(Hosts(0))),
            (http11, "GET", "http://h/a", &[], Err(Hosts(0))),
            (http11, "GET", "/a", &["h", "h"], Err(Hosts(2))),
            (http11, "GET", "/a", &[""], Err(NotAHost)),
            (http11, "GET", "/a", &["a b"], Err(NotAHost)),
            (http11, "GET", "/a", &["h/../x"], Err(NotAHost)),
            (http11, "GET", "/a", &["h, i"], Err(NotAHost)),
            (http11, "GET", "/a", &["u@h"], Err(UserInfo)),
            (http11, "GET", "http://u:p@h/a", &["h"], Err(UserInfo)),
            (http11, "GET", "http://other/a", &["h"], Ok(())),
            (http11, "GET", "ftp://h/a", &["h"], Err(Scheme)),
            (http11, "GET", "*", &["h"], Err(Asterisk)),
            (http11, "OPTIONS", "*", &["h"], Ok(())),
            (http11, "CONNECT", "h:443", &["h:443"], Err(Tunnel)),
            (http10, "GET", "/a", &[], Ok(())),
            (http10, "GET", "/a", &["h", "i"], Err(Hosts(2))),
            (http2, "GET", "https://h/a", &[], Ok(())),
            (http2, "GET", "https://h/a", &["H"], Ok(())),
            (http2, "GET", "https://h/a", &["i"], Err(TwoAuthorities)),
        ] {
            let mut request = Request::builder().version(version).method(method).uri(target);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(check(&parts), expected, "{version:?} {method} {target} {hosts:?}");
        }
    }
}
