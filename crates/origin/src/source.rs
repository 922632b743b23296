//! A place that holds originals, and how patiently we ask it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::error::FetchError;

/// A web folder: originals live below `base_url`.
///
/// A user name and password in `base_url` are sent as Basic credentials; a query in it (a storage token, say) is
/// sent with every path.
#[derive(Debug, Clone)]
pub struct Source {
    pub name: String,
    pub base_url: Url,
    /// Opens loopback and private ranges to this source, and to what it redirects to.
    pub allow_private: bool,
    pub limits: FetchLimits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimits {
    /// Name, TCP and TLS.
    pub connect: Duration,
    /// From the connection to the header of the response, once for each redirect.
    pub first_byte: Duration,
    /// Between two parts of a body.
    pub idle: Duration,
    /// A fetch with all its redirects and its whole body; a forwarded request to the end of its answer's body.
    pub total: Duration,
    pub body_bytes: u64,
    pub redirects: u8,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            first_byte: Duration::from_secs(10),
            idle: Duration::from_secs(10),
            total: Duration::from_secs(30),
            body_bytes: 64 << 20,
            redirects: 3,
        }
    }
}

/// What a source said about the identity of an original, as it wrote it (RFC 9110 §8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

impl Validators {
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

/// Everything but unreserved characters (RFC 3986 §2.3) and the slash, which separates.
const NOT_IN_A_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

impl Source {
    /// The URL of the original at `path`, which is decoded and relative to the base.
    pub fn url_of(&self, path: &str) -> Result<Url, FetchError> {
        let path = path.strip_prefix('/').unwrap_or(path);
        if path.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(FetchError::BadUrl { why: "a path may not contain \".\" or \"..\"".to_owned() });
        }
        let mut url = self.base_url.clone();
        let folder = url.path().trim_end_matches('/');
        let full = format!("{folder}/{}", utf8_percent_encode(path, NOT_IN_A_PATH));
        url.set_path(&full);
        url.set_fragment(None);
        Ok(url)
    }

    /// The `Authorization` that the base URL asks for (RFC 7617).
    pub(crate) fn credentials(&self) -> Option<HeaderValue> {
        let user = self.base_url.username();
        let password = self.base_url.password();
        if user.is_empty() && password.is_none() {
            return None;
        }
        let mut pair: Vec<u8> = percent_decode_str(user).collect();
        pair.push(b':');
        pair.extend(percent_decode_str(password.unwrap_or_default()));
        let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source(base_url: &str) -> Source {
        Source {
            name: "demo".to_owned(),
            base_url: base_url.parse().expect("a URL"),
            allow_private: false,
            limits: FetchLimits::default(),
        }
    }

    #[test]
    fn a_path_is_put_below_the_base() {
        for (base, path, url) in [
            ("http://h", "cat.jpg", "http://h/cat.jpg"),
            ("http://h/", "/cat.jpg", "http://h/cat.jpg"),
            ("http://h/a", "b/c.jpg", "http://h/a/b/c.jpg"),
            ("http://h/a/", "b c?d#e%2f.jpg", "http://h/a/b%20c%3Fd%23e%252f.jpg"),
            ("http://h/a?token=1", "ü.jpg", "http://h/a/%C3%BC.jpg?token=1"),
            ("http://h", "%2e%2e/x", "http://h/%252e%252e/x"),
        ] {
            assert_eq!(source(base).url_of(path).expect("a fine path").as_str(), url);
        }
    }

    #[test]
    fn a_path_does_not_climb_out_of_the_base() {
        for path in ["..", "../x", "a/../../x", "a/./b", "/.."] {
            let refused = source("http://h/a/").url_of(path);
            assert!(matches!(refused, Err(FetchError::BadUrl { .. })), "{path}");
        }
    }

    #[test]
    fn user_and_password_of_the_base_become_basic_credentials() {
        assert_eq!(source("http://h/").credentials(), None);
        let credentials = source("http://Aladdin:open%20sesame@h/").credentials().expect("credentials");
        // The example of RFC 7617 §2.
        assert_eq!(credentials, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(credentials.is_sensitive());
    }

    proptest! {
        #[test]
        fn any_path_stays_below_the_base_and_comes_back_when_decoded(path in "[^/]{1,8}(/[^/]{1,8}){0,3}") {
            let Ok(url) = source("http://h/base/").url_of(&path) else { return Ok(()) };
            let below = url.path().strip_prefix("/base/").expect("below the base");
            prop_assert_eq!(percent_decode_str(below).decode_utf8_lossy(), path);
            prop_assert_eq!(url.query(), None);
        }
    }
}
