//! No file is longer than can be held in mind, unless a reason is listed here.

use crate::code::before_tests;
use crate::tree::Tree;

const LINES_MAX: usize = 600;

/// Files that may be longer, and why.
const REASONS: [(&str, &str); 0] = [];

pub fn rule(tree: &Tree) -> Vec<String> {
    complaints(tree, &REASONS)
}

fn complaints(tree: &Tree, reasons: &[(&str, &str)]) -> Vec<String> {
    let mut complaints = Vec::new();
    // Tests may be as long as they need: they are read one at a time.
    for (path, text) in
        tree.texts("rs").filter(|(path, _)| !path.contains("/tests/") && !path.ends_with("/tests.rs"))
    {
        let lines = before_tests(text).lines().count();
        if lines > LINES_MAX && !reasons.iter().any(|(excused, _)| *excused == path) {
            complaints.push(format!(
                "{path}: {lines} lines before its tests, at most {LINES_MAX}: split it by noun"
            ));
        }
    }
    for (excused, _) in reasons {
        let is_long = tree.text(excused).is_some_and(|text| before_tests(text).lines().count() > LINES_MAX);
        if !is_long {
            complaints.push(format!("{excused}: the list of long files excuses it without need"));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_needs_a_reason_and_a_reason_a_long_file() {
        let long = "//! Long.\n".repeat(601);
        let tested = format!("{}#[cfg(test)]\nmod tests {{\n{long}}}\n", "//! Short.\n".repeat(600));
        let tree = Tree::made_up(&[
            ("crates/a/src/a.rs", &long),
            ("crates/a/src/b.rs", &tested),
            ("crates/a/src/c.rs", &long),
            ("crates/a/tests/d.rs", &long),
        ]);
        let reasons = [("crates/a/src/c.rs", "a table"), ("crates/a/src/b.rs", "it was long once")];
        assert_eq!(
            complaints(&tree, &reasons),
            [
                "crates/a/src/a.rs: 601 lines before its tests, at most 600: split it by noun",
                "crates/a/src/b.rs: the list of long files excuses it without need",
            ]
        );
    }
}
