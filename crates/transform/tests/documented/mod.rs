//! The examples of the page on operations: what is documented is what is tested and looked at.

// Each test binary uses its own part of this module.
#![allow(dead_code)]

use std::path::Path;

use plan::Plan;

/// The queries of all examples, in the order of the page, each once.
pub fn queries() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut queries: Vec<String> = Vec::new();
    for line in page.lines().filter(|line| line.starts_with('|')) {
        for quoted in line.split('`').skip(1).step_by(2) {
            if let Some(query) = quoted.strip_prefix('?')
                && !queries.iter().any(|known| known == query)
            {
                queries.push(query.to_owned());
            }
        }
    }
    queries
}

/// Those that make a picture.
pub fn pictures() -> Vec<String> {
    queries().into_iter().filter(|query| plan(query).description().is_none()).collect()
}

/// What a query asks for, as a URL.
pub fn plan(query: &str) -> Plan {
    let request = dialect::Request { path: "/demo/picture.png", query: Some(query), accept: None };
    match dialect::native::parse(&request) {
        Ok(parsed) => parsed.delivery.plan,
        Err(error) => panic!("{query}: {error}"),
    }
}
