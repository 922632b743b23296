//! The names by which purges reach responses.
//!
//! Input: a line with a host, a line with path and query. What must hold: a URL carries its own name and its
//! prefixes; tags that travel between nodes arrive as they were sent; a selector reads what it wrote.

#![no_main]

use libfuzzer_sys::fuzz_target;
use purge_protocol::{Selector, Subject, TagKey, Tags};

fuzz_target!(|text: &str| {
    let (host, path_and_query) = text.split_once('\n').unwrap_or(("h", text));
    let subjects = Subject::of_web_url(host, path_and_query);
    assert!(subjects.contains(&Subject::web_url(host, path_and_query)));
    let path = path_and_query.split('?').next().unwrap_or_default();
    assert!(subjects.contains(&Subject::web_prefix(host, path)));
    if let Ok(tags) = TagKey::new([1; 16]).tags(&subjects) {
        assert_eq!(Tags::from_field(&tags.to_field()), Some(tags));
    }
    let _ = Tags::from_field(text);
    if let Ok(selector) = text.parse::<Selector>() {
        let again: Selector = selector.subject().to_string().parse().expect("what we wrote, we understand");
        assert_eq!(again, selector);
    }
});
