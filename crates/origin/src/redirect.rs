//! Where a redirect leads, and whether we go there.

use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use url::Url;

use crate::error::FetchError;

/// The statuses that name one other place for the same original (RFC 9110 §15.4).
pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The next URL, free of user information: what a response says must not make us send credentials.
pub(crate) fn next(current: &Url, headers: &HeaderMap) -> Result<Url, FetchError> {
    let refuse = |why: String| FetchError::BadRedirect { why };
    let location = headers.get(LOCATION).ok_or_else(|| refuse("there is no Location".to_owned()))?;
    let location = std::str::from_utf8(location.as_bytes())
        .map_err(|_| refuse("its Location is not UTF-8".to_owned()))?;
    let mut next =
        current.join(location).map_err(|error| refuse(format!("its Location is no URL: {error}")))?;
    if !matches!(next.scheme(), "http" | "https") {
        return Err(refuse(format!("its scheme is {:?} (http and https are allowed)", next.scheme())));
    }
    if current.scheme() == "https" && next.scheme() == "http" {
        return Err(refuse("it leaves https for http".to_owned()));
    }
    // Both setters fail only for URLs without a host, which http and https always have.
    let _ = next.set_username("");
    let _ = next.set_password(None);
    next.set_fragment(None);
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use http::HeaderValue;

    #[test]
    fn only_http_is_followed_and_never_from_safe_to_unsafe() {
        let mut table = String::new();
        for (current, location) in [
            ("http://a/x/y.jpg", "z.jpg"),
            ("http://a/x/y.jpg", "/z.jpg"),
            ("http://a/x/y.jpg", "//b/z.jpg"),
            ("http://a/x/y.jpg", "https://user:secret@b/z.jpg#part"),
            ("http://a/x/y.jpg", "http://2130706433/"),
            ("http://a/x/y.jpg", "HTTP://0x7f.1/"),
            ("https://a/x/y.jpg", "http://a/x/y.jpg"),
            ("http://a/x/y.jpg", "file:///etc/passwd"),
            ("http://a/x/y.jpg", "gopher://a:6379/_FLUSHALL"),
            ("http://a/x/y.jpg", "javascript:alert(1)"),
            ("http://a/x/y.jpg", "http://"),
            ("http://a/x/y.jpg", "http://a:99999/"),
            ("http://a/x/y.jpg", ""),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, HeaderValue::from_static(location));
            let next = next(&current.parse().expect("a URL"), &headers);
            let next = next.map_or_else(|error| error.to_string(), |url| url.to_string());
            table += &format!("{location:<34} {next}\n");
        }
        expect![[r#"
            z.jpg                              http://a/x/z.jpg
            /z.jpg                             http://a/z.jpg
            //b/z.jpg                          http://b/z.jpg
            https://user:secret@b/z.jpg#part   https://b/z.jpg
            http://2130706433/                 http://127.0.0.1/
            HTTP://0x7f.1/                     http://127.0.0.1/
            http://a/x/y.jpg                   the origin redirects to where we do not follow: it leaves https for http
            file:///etc/passwd                 the origin redirects to where we do not follow: its scheme is "file" (http and https are allowed)
            gopher://a:6379/_FLUSHALL          the origin redirects to where we do not follow: its scheme is "gopher" (http and https are allowed)
            javascript:alert(1)                the origin redirects to where we do not follow: its scheme is "javascript" (http and https are allowed)
            http://                            the origin redirects to where we do not follow: its Location is no URL: empty host
            http://a:99999/                    the origin redirects to where we do not follow: its Location is no URL: invalid port number
                                               http://a/x/y.jpg
        "#]].assert_eq(&table);
    }

    #[test]
    fn a_redirect_without_a_location_is_refused() {
        let refused = next(&"http://a/".parse().expect("a URL"), &HeaderMap::new());
        assert!(matches!(refused, Err(FetchError::BadRedirect { .. })));
    }
}
