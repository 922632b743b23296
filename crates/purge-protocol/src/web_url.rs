//! How URLs are named in purges: one name for all spellings.
//!
//! A server may well answer `/%41` and `/A` differently, and so may a cache store both. A purge that names one of
//! them means both: to fence too much costs a miss, to fence too little would be staleness.

use percent_encoding::percent_decode_str;

use crate::tag::Subject;

impl Subject {
    /// What a response must carry for its URL: the URL itself, and every prefix of it that ends at a path boundary. The
    /// host is one of them, and so is the path without its query.
    pub fn of_web_url(host: &str, path_and_query: &str) -> Vec<Subject> {
        let host = normal_host(host);
        let (path, query) = split(path_and_query);
        let path = normal_path(path);
        let mut subjects = vec![url(&host, &path, query), Subject::Prefix(host.clone())];
        let segments = path.trim_matches('/');
        if !segments.is_empty() {
            let ends = segments.match_indices('/').map(|(end, _)| end).chain([segments.len()]);
            subjects.extend(ends.map(|end| Subject::Prefix(format!("{host}/{}", &segments[..end]))));
        }
        subjects
    }

    /// One URL. The scheme does not count.
    pub fn web_url(host: &str, path_and_query: &str) -> Subject {
        let (path, query) = split(path_and_query);
        url(&normal_host(host), &normal_path(path), query)
    }

    /// Everything at and below a path, whatever the query; of the whole host where the path is `/`.
    pub fn web_prefix(host: &str, path: &str) -> Subject {
        let path = normal_path(path);
        match path.trim_matches('/') {
            "" => Subject::Prefix(normal_host(host)),
            path => Subject::Prefix(format!("{}/{path}", normal_host(host))),
        }
    }
}

fn url(host: &str, path: &str, query: Option<&str>) -> Subject {
    Subject::Url(match query {
        Some(query) => format!("http://{host}{path}?{}", decoded(query)),
        None => format!("http://{host}{path}"),
    })
}

fn split(path_and_query: &str) -> (&str, Option<&str>) {
    match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query, None),
    }
}

/// In lower case, without the port that the scheme implies and without the dot of the root.
fn normal_host(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix(":80").or_else(|| host.strip_suffix(":443")).unwrap_or(&host);
    host.strip_suffix('.').unwrap_or(host).to_owned()
}

/// Decoded, with a slash at its beginning, one slash between segments, and without dot segments (RFC 3986 §5.2.4).
fn normal_path(path: &str) -> String {
    let path = decoded(path);
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let is_folder = matches!(path.rsplit('/').next(), Some("" | "." | ".."));
    match segments.as_slice() {
        [] => "/".to_owned(),
        segments if is_folder => format!("/{}/", segments.join("/")),
        segments => format!("/{}", segments.join("/")),
    }
}

/// Control characters become spaces: names of subjects are lines of text.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().replace(|c: char| c.is_control(), " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_spellings_of_a_url_have_one_name() {
        for (host, path) in [
            ("shop.test", "/a/cat%20one.jpg?q=%C3%BC"),
            ("SHOP.test", "/a/cat%20one.jpg?q=%c3%bc"),
            ("shop.test:80", "/a/%63at%20one.jpg?q=ü"),
            ("shop.test:443", "/x/../a/./cat%20one.jpg?q=ü"),
            ("shop.test.", "/%2e%2e/a//cat%20one%2ejpg?q=%C3%BC"),
        ] {
            let expected = Subject::Url("http://shop.test/a/cat one.jpg?q=ü".to_owned());
            assert_eq!(Subject::web_url(host, path), expected, "{host}{path}");
        }
    }

    #[test]
    fn different_urls_have_different_names() {
        let urls = ["/a", "/a/", "/a?", "/a?x", "/A", "/b", "/"];
        for (at, one) in urls.iter().enumerate() {
            for other in &urls[at + 1..] {
                assert_ne!(Subject::web_url("h", one), Subject::web_url("h", other), "{one} {other}");
            }
        }
        assert_ne!(Subject::web_url("h", "/"), Subject::web_url("h:8080", "/"));
    }

    #[test]
    fn a_url_carries_each_prefix_that_ends_at_a_path_boundary() {
        let prefixes = |path| {
            let subjects = Subject::of_web_url("H", path).into_iter();
            let prefixes = subjects.filter_map(|subject| match subject {
                Subject::Prefix(name) => Some(name),
                _ => None,
            });
            prefixes.collect::<Vec<_>>().join(" ")
        };
        for (path, expected) in [
            ("/", "h"),
            ("/?q", "h"),
            ("/a", "h h/a"),
            ("/a/?q", "h h/a"),
            ("/a/b/c.jpg?v=1", "h h/a h/a/b h/a/b/c.jpg"),
            ("/a/../b", "h h/b"),
        ] {
            assert_eq!(prefixes(path), expected, "{path}");
        }
    }

    #[test]
    fn a_prefix_covers_what_is_at_and_below_it_and_not_its_neighbours() {
        let prefix = Subject::web_prefix("shop.test", "/blog/");
        for (path, covered) in [
            ("/blog", true),
            ("/blog/", true),
            ("/blog?page=2", true),
            ("/blog/2026/cat.jpg?w=1", true),
            ("/b%6cog/x", true),
            ("/blogs", false),
            ("/blogs/x", false),
            ("/", false),
            ("/other/blog", false),
        ] {
            assert_eq!(Subject::of_web_url("shop.test", path).contains(&prefix), covered, "{path}");
        }
        let host = Subject::web_prefix("shop.test", "/");
        assert!(Subject::of_web_url("shop.test", "/any/thing").contains(&host));
        assert!(!Subject::of_web_url("other.test", "/any/thing").contains(&host));
    }

    proptest! {
        /// What is purged as it was asked for is what was stored.
        #[test]
        fn any_url_carries_its_own_name_and_is_covered_by_its_own_path(
            host in "[a-zA-Z0-9.:-]{1,20}",
            path in "(/[ -~é]{0,10}){1,6}",
            query in proptest::option::of("[ -~]{0,20}"),
        ) {
            let both = query.map_or(path.clone(), |query| format!("{path}?{query}"));
            let subjects = Subject::of_web_url(&host, &both);
            prop_assert!(subjects.contains(&Subject::web_url(&host, &both)));
            prop_assert!(subjects.contains(&Subject::web_prefix(&host, split(&both).0)));
            prop_assert!(subjects.contains(&Subject::web_prefix(&host, "/")));
            prop_assert!(subjects.iter().all(|subject| !subject.to_string().contains(char::is_control)));
        }
    }
}
