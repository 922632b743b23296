//! Every problem type that the code can answer with is explained in the document of problems, and no other is.

use std::collections::BTreeMap;

use crate::code::before_tests;
use crate::tree::Tree;

const DOCUMENT: &str = "docs/problems.md";
/// What a problem is made by: a status and a slug follow.
const MADE_BY: [&str; 2] = ["Problem::new(", "refuse("];

pub fn rule(tree: &Tree) -> Vec<String> {
    let mut used: BTreeMap<&str, &str> = BTreeMap::new();
    for (path, text) in tree.texts("rs").filter(|(path, _)| path.contains("/src/")) {
        for made in MADE_BY.iter().flat_map(|by| before_tests(text).split(by).skip(1)) {
            if let Some(slug) = slug(made) {
                used.insert(slug, path);
            }
        }
    }
    let document = tree.text(DOCUMENT).unwrap_or_default();
    let explained: Vec<&str> = document.lines().filter_map(row).collect();
    let mut complaints = Vec::new();
    for (slug, path) in &used {
        if !explained.contains(slug) {
            complaints.push(format!("{path}: the problem `{slug}` is not explained in {DOCUMENT}"));
        }
    }
    for slug in explained.iter().filter(|slug| !used.contains_key(*slug)) {
        complaints.push(format!("{DOCUMENT}: nothing answers with the problem `{slug}`"));
    }
    complaints
}

/// From `404, "no-original", …`
fn slug(arguments: &str) -> Option<&str> {
    let (status, rest) = arguments.trim_start().split_once(',')?;
    status.parse::<u16>().ok()?;
    rest.trim_start().strip_prefix('"')?.split('"').next()
}

/// From ``| `no-original` | …``
fn row(line: &str) -> Option<&str> {
    line.strip_prefix("| `")?.split('`').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_and_their_document_say_the_same() {
        let tree = Tree::made_up(&[
            (
                "crates/a/src/problem.rs",
                "//! A.\nProblem::new(404, \"no-original\", \"No\", detail);\nProblem::new(\n    503,\n    \"behind\",\n)\n\
                 refuse(403, \"refused\", why); refuse(&problem, 0)\n\
                 \n#[cfg(test)]\nmod tests {\n    Problem::new(400, \"made-up\", \"\", \"\");\n}\n",
            ),
            (DOCUMENT, "| type | status |\n| --- | --- |\n| `behind` | 503 |\n| `forgotten` | 500 |\n"),
        ]);
        assert_eq!(
            rule(&tree),
            [
                "crates/a/src/problem.rs: the problem `no-original` is not explained in docs/problems.md",
                "crates/a/src/problem.rs: the problem `refused` is not explained in docs/problems.md",
                "docs/problems.md: nothing answers with the problem `forgotten`",
            ]
        );
    }
}
