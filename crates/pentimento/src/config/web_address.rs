//! URLs of other servers in the configuration.

use dialect::Excerpt;
use url::Url;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAWebAddress {
    #[error("{found} is not a URL ({why}): allowed is http://… or https://…")]
    NotAUrl { found: Excerpt, why: url::ParseError },
    #[error("{found} contains a space or a control character: allowed is a URL in its encoded form")]
    Blank { found: Excerpt },
    #[error("the scheme {found} is not allowed: allowed are http and https")]
    Scheme { found: Excerpt },
    // The message does not repeat the URL: it contains a password.
    #[error("a user name or password has no place in a URL here")]
    Credentials,
    #[error("{found} has a query or a fragment: allowed is a URL without")]
    QueryOrFragment { found: Excerpt },
    #[error("{found} has a path: allowed are scheme, host and port, since the path is that of the request")]
    Path { found: Excerpt },
}

/// Below which paths are asked for.
pub(super) fn base(text: &str) -> Result<Url, NotAWebAddress> {
    let found = || Excerpt::of(text);
    // The parser would drop them silently, or encode them, as browsers do (WHATWG URL §4.4).
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(NotAWebAddress::Blank { found: found() });
    }
    let url = Url::parse(text).map_err(|why| NotAWebAddress::NotAUrl { found: found(), why })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(NotAWebAddress::Scheme { found: Excerpt::of(url.scheme()) });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NotAWebAddress::Credentials);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(NotAWebAddress::QueryOrFragment { found: found() });
    }
    Ok(url)
}

/// To which requests are passed on as they are.
pub(super) fn server(text: &str) -> Result<Url, NotAWebAddress> {
    let url = base(text)?;
    if url.path() == "/" { Ok(url) } else { Err(NotAWebAddress::Path { found: Excerpt::of(text) }) }
}

/// As it is written by people: a server without the slash that stands for its root.
pub(super) fn written(url: &Url) -> &str {
    match url.path() {
        "/" => url.as_str().trim_end_matches('/'),
        _ => url.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_address_is_shown_as_people_write_it() {
        for (text, shown) in [
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("https://Example.com/", "https://example.com"),
            ("http://[::1]:80", "http://[::1]"),
            ("http://h/pictures/", "http://h/pictures/"),
            ("http://h/pictures", "http://h/pictures"),
        ] {
            assert_eq!(base(text).as_ref().map(written), Ok(shown), "{text}");
        }
    }

    #[test]
    fn what_is_no_web_address_is_refused_and_no_password_repeated() {
        for (text, message) in [
            ("", r#""" is not a URL (relative URL without a base): allowed is http://… or https://…"#),
            ("h:8000", r#"the scheme "h" is not allowed: allowed are http and https"#),
            ("file:///etc", r#"the scheme "file" is not allowed: allowed are http and https"#),
            ("http://u:secret@h", "a user name or password has no place in a URL here"),
            ("http://h?a", r#""http://h?a" has a query or a fragment: allowed is a URL without"#),
            (
                "http://h/a",
                r#""http://h/a" has a path: allowed are scheme, host and port, since the path is that of the request"#,
            ),
        ] {
            assert_eq!(server(text).map_err(|error| error.to_string()), Err(message.to_owned()));
        }
        for text in ["http://h/a b", " http://h", "http://h\n", "http://h:99999", "http://", "//h"] {
            assert!(base(text).is_err(), "{text:?}");
        }
    }
}
