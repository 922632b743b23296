//! What the paths of other vendors' APIs name here, and what is wrong with those that name nothing.

use api_types::Selector;
use percent_encoding::percent_decode_str;
use url::Url;

const PATH_BYTES_MAX: usize = 4096;

/// The host whose paths are meant.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    pub url: &'a Url,
    /// Whether it delivers pictures of ours, named by source and path; else it passes through.
    pub has_pictures: bool,
}

impl Site<'_> {
    fn host(&self) -> String {
        host_of(self.url)
    }

    /// An original by the path that pictures made from it have, or all below a path that ends in `*`.
    pub fn original(&self, written: &str) -> Result<Selector, String> {
        let wrong = |why: &str| Err(format!("{:?}: {why}", excerpt(written)));
        check_letters(written)?;
        if written.contains(['?', '#']) {
            return wrong("a path is written without its query: all sizes of an original go at once");
        }
        let path = self.path(written, "the path")?;
        let (path, is_wild) = match path.strip_suffix('*') {
            Some(folder) => (folder.trim_end_matches('/'), true),
            None => (path, false),
        };
        if path.contains('*') {
            return wrong("a star stands at the end of a path only, as in /demo/avatars/*");
        }
        if path.is_empty() {
            return wrong("to purge everything, ask for the scope \"all\"");
        }
        if is_wild || !self.has_pictures {
            return match self.url.join(&format!("/{path}")) {
                Ok(url) if host_of(&url) == self.host() => Ok(Selector::Prefix(url.into())),
                _ => wrong("it is no path"),
            };
        }
        match percent_decode_str(path).decode_utf8() {
            Ok(path) => Ok(Selector::Original(path.into_owned())),
            Err(_) => wrong("what is percent-encoded in it is no UTF-8"),
        }
    }

    /// One URL, by its path and query.
    pub fn exact(&self, written: &str) -> Result<Selector, String> {
        let wrong = |why: &str| Err(format!("{:?}: {why}", excerpt(written)));
        check_letters(written)?;
        if written.contains('#') {
            return wrong("what stands behind # is for browsers: leave it out");
        }
        let path = self.path(written, "the path and the query")?;
        if path.split('?').next().is_some_and(|path| path.contains('*')) {
            return wrong("a star has a meaning with the scope \"original\" only");
        }
        match self.url.join(&format!("/{path}")) {
            Ok(url) if host_of(&url) == self.host() => Ok(Selector::Url(url.into())),
            _ => wrong("it is no path with a query"),
        }
    }

    /// What follows the slash that a path begins with.
    fn path<'a>(&self, written: &'a str, what: &str) -> Result<&'a str, String> {
        let wrong = |why: &str| Err(format!("{:?}: {why}", excerpt(written)));
        let host = self.host();
        let with_host =
            || wrong(&format!("leave out the host of the CDN: write {what} alone, as in /demo/cat.jpg"));
        // Another URL may well stand in the query of this one.
        let before_query = written.split('?').next().unwrap_or_default();
        if let Some((scheme, rest)) = before_query.split_once("://") {
            let found = rest.split('/').next().unwrap_or_default();
            return match found.eq_ignore_ascii_case(&host) {
                true => with_host(),
                false => wrong(&format!("{scheme}://{found} is not {host}, which this API purges")),
            };
        }
        // Accounts of a certain age write the version first, and without the slash.
        let path = written.strip_prefix("/v7/").or_else(|| written.strip_prefix("v7/"));
        match path.or_else(|| written.strip_prefix('/')) {
            Some(path) if path.starts_with('/') => wrong("a path begins with one slash, as in /demo/cat.jpg"),
            Some(path) => Ok(path),
            None if before_query.split('/').next().is_some_and(|first| first.eq_ignore_ascii_case(&host)) => {
                with_host()
            }
            None => wrong("a path begins with a slash, as in /demo/cat.jpg"),
        }
    }
}

fn excerpt(written: &str) -> String {
    written.chars().take(200).collect()
}

fn check_letters(written: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{:?}: {why}", excerpt(written)));
    if written.len() > PATH_BYTES_MAX {
        return wrong(&format!("a path has at most {PATH_BYTES_MAX} bytes"));
    }
    if written.bytes().any(|byte| byte.is_ascii_control() || byte == b' ' || byte == b'\\') {
        return wrong("a path has no spaces, line breaks or backslashes; encode them");
    }
    Ok(())
}

/// With a port where it is not the scheme's.
pub fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use proptest::prelude::*;

    #[test]
    fn each_wrong_way_to_write_a_path_has_its_own_words() {
        let url = "https://doc.cloudimg.test".parse().unwrap();
        let mut story = String::new();
        for (has_pictures, path) in [
            (true, "/demo/cat.jpg"),
            (true, "v7/demo/my%20cat.jpg"),
            (true, "/v7/demo/cat.jpg"),
            (true, "/demo/avatars/*"),
            (false, "/demo/cat.jpg"),
            (false, "/blog/*"),
            (true, "/demo/cat.jpg?w=500"),
            (true, "doc.cloudimg.test/demo/cat.jpg"),
            (true, "doc.cloudimg.test/demo/cat.jpg?w=500"),
            (true, "https://doc.cloudimg.test/demo/cat.jpg"),
            (true, "https://other.test/demo/cat.jpg"),
            (true, "demo/cat.jpg"),
            (true, "/demo/*/cat.jpg"),
            (true, "/*"),
            (true, "/"),
            (true, ""),
            (true, "/demo/%ff.jpg"),
            (true, "/demo/my cat.jpg"),
        ] {
            let said = match (Site { url: &url, has_pictures }).original(path) {
                Ok(selector) => format!("{path} -> {selector}"),
                Err(why) => why,
            };
            story += &format!("{said}\n");
        }
        expect![[r#"
            /demo/cat.jpg -> original demo/cat.jpg
            v7/demo/my%20cat.jpg -> original demo/my cat.jpg
            /v7/demo/cat.jpg -> original demo/cat.jpg
            /demo/avatars/* -> prefix https://doc.cloudimg.test/demo/avatars
            /demo/cat.jpg -> prefix https://doc.cloudimg.test/demo/cat.jpg
            /blog/* -> prefix https://doc.cloudimg.test/blog
            "/demo/cat.jpg?w=500": a path is written without its query: all sizes of an original go at once
            "doc.cloudimg.test/demo/cat.jpg": leave out the host of the CDN: write the path alone, as in /demo/cat.jpg
            "doc.cloudimg.test/demo/cat.jpg?w=500": a path is written without its query: all sizes of an original go at once
            "https://doc.cloudimg.test/demo/cat.jpg": leave out the host of the CDN: write the path alone, as in /demo/cat.jpg
            "https://other.test/demo/cat.jpg": https://other.test is not doc.cloudimg.test, which this API purges
            "demo/cat.jpg": a path begins with a slash, as in /demo/cat.jpg
            "/demo/*/cat.jpg": a star stands at the end of a path only, as in /demo/avatars/*
            "/*": to purge everything, ask for the scope "all"
            "/": to purge everything, ask for the scope "all"
            "": a path begins with a slash, as in /demo/cat.jpg
            "/demo/%ff.jpg": what is percent-encoded in it is no UTF-8
            "/demo/my cat.jpg": a path has no spaces, line breaks or backslashes; encode them
        "#]].assert_eq(&story);
    }

    #[test]
    fn a_url_is_a_path_and_a_query_of_this_host_and_else_it_is_said_what_is_wrong() {
        let url = "https://img.test:8443".parse().unwrap();
        let site = Site { url: &url, has_pictures: true };
        let mut story = String::new();
        for path in [
            "/demo/cat.jpg?w=3",
            "/v7/demo/cat.jpg?w=3",
            "/demo/cat.jpg?next=https://else.test/x",
            "demo/cat.jpg?w=3",
            "img.test:8443/demo/cat.jpg",
            "https://img.test:8443/demo/cat.jpg?w=3",
            "https://else.test/demo/cat.jpg",
            "//else.test/x",
            "/v7//else.test/x",
            "/demo/*",
            "/demo/cat.jpg#top",
            "/demo/my cat.jpg",
            "",
        ] {
            let said = match site.exact(path) {
                Ok(selector) => format!("{path} -> {selector}"),
                Err(why) => why,
            };
            story += &format!("{said}\n");
        }
        expect![[r#"
            /demo/cat.jpg?w=3 -> url https://img.test:8443/demo/cat.jpg?w=3
            /v7/demo/cat.jpg?w=3 -> url https://img.test:8443/demo/cat.jpg?w=3
            /demo/cat.jpg?next=https://else.test/x -> url https://img.test:8443/demo/cat.jpg?next=https://else.test/x
            "demo/cat.jpg?w=3": a path begins with a slash, as in /demo/cat.jpg
            "img.test:8443/demo/cat.jpg": leave out the host of the CDN: write the path and the query alone, as in /demo/cat.jpg
            "https://img.test:8443/demo/cat.jpg?w=3": leave out the host of the CDN: write the path and the query alone, as in /demo/cat.jpg
            "https://else.test/demo/cat.jpg": https://else.test is not img.test:8443, which this API purges
            "//else.test/x": a path begins with one slash, as in /demo/cat.jpg
            "/v7//else.test/x": a path begins with one slash, as in /demo/cat.jpg
            "/demo/*": a star has a meaning with the scope "original" only
            "/demo/cat.jpg#top": what stands behind # is for browsers: leave it out
            "/demo/my cat.jpg": a path has no spaces, line breaks or backslashes; encode them
            "": a path begins with a slash, as in /demo/cat.jpg
        "#]].assert_eq(&story);
    }

    proptest! {
        #[test]
        fn whatever_is_written_names_something_of_this_host_or_is_refused(
            path in "(/|v7/|//|https?://)?[a-z0-9.%*?#/@:\\\\ -]{0,30}|\\PC{0,30}", has_pictures: bool
        ) {
            let url = "https://img.test".parse().unwrap();
            let site = Site { url: &url, has_pictures };
            for selector in [site.original(&path), site.exact(&path)].into_iter().flatten() {
                match selector {
                    Selector::Prefix(url) | Selector::Url(url) => prop_assert!(url.starts_with("https://img.test/"), "{}", url),
                    Selector::Original(name) => prop_assert!(!name.is_empty()),
                    other => prop_assert!(false, "{}", other),
                }
            }
        }
    }
}
