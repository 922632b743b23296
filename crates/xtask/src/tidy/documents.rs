//! What a document points to is there: paths between backticks, and targets of links.

use crate::tree::{Tree, extension};

/// A path that ends in one of these, or in a slash, is one of ours.
const KNOWN: [&str; 9] = ["css", "html", "js", "md", "mjs", "rs", "sh", "sql", "toml"];
/// Where a path may begin, besides the root and the document's own folder.
const ALSO_FROM: &str = "crates/";
/// Folders that come into being.
const MADE: [&str; 2] = ["target/", "demo-data/"];

pub fn rule(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.texts("md") {
        let mut fenced = false;
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            } else if !fenced {
                let missing = pointers(line).into_iter().filter(|pointer| !exists(tree, path, pointer));
                complaints.extend(missing.map(|one| format!("{path}:{}: there is no `{one}`", number + 1)));
            }
        }
    }
    complaints
}

/// The paths that a line of Markdown names.
fn pointers(line: &str) -> Vec<&str> {
    let quoted = line.split('`').skip(1).step_by(2).filter(|quoted| is_path(quoted));
    let linked = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let linked = linked.map(|target| target.split('#').next().unwrap_or(target));
    quoted.chain(linked.filter(|target| !target.is_empty() && !target.contains(':'))).collect()
}

/// Not a URL's path, not a pattern, not a place that depends on the reader.
fn is_path(quoted: &str) -> bool {
    let plain = quoted.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    let ours = quoted.ends_with('/') || KNOWN.contains(&extension(quoted));
    plain && ours && quoted.contains('/') && !quoted.starts_with(['/', '.']) || quoted.starts_with(".ci/")
}

fn exists(tree: &Tree, document: &str, pointer: &str) -> bool {
    if MADE.iter().any(|made| pointer.starts_with(made)) {
        return true;
    }
    let folder = document.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let mut starts = vec![folder, String::new(), ALSO_FROM.to_owned()];
    let mut rest = pointer;
    while let Some(up) = rest.strip_prefix("../") {
        let parent = starts[0]
            .trim_end_matches('/')
            .rsplit_once('/')
            .map_or(String::new(), |(up, _)| format!("{up}/"));
        starts = vec![parent];
        rest = up;
    }
    starts.iter().any(|start| tree.has(&format!("{start}{rest}")) || tree.has(&format!("{start}{rest}/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_document_names_is_there() {
        let text = "See `src/here.rs`, `crates/a/src/here.rs`, `a/src/here.rs`, `crates/a/`, [it](docs/b.md#part),\n\
                    [web](https://example.com/x.md), `/v1/purges.md`, `demo/cat.jpg`, `<data>/a.toml`, `target/a/`.\n\
                    ```\n`gone/from.rs`\n```\n\
                    But `crates/a/src/gone.rs`, `crates/b/`, [it](docs/c.md).\n";
        let tree = Tree::made_up(&[
            ("crates/a/src/here.rs", ""),
            ("crates/a/README.md", "`src/here.rs`, [up](../../docs/b.md), [gone](../docs/b.md)"),
            ("docs/b.md", "[root](../README.md) `b.md` `c/d.md`"),
            ("src/here.rs", ""),
            ("README.md", text),
        ]);
        assert_eq!(
            rule(&tree),
            [
                "README.md:6: there is no `crates/a/src/gone.rs`",
                "README.md:6: there is no `crates/b/`",
                "README.md:6: there is no `docs/c.md`",
                "crates/a/README.md:1: there is no `../docs/b.md`",
                "docs/b.md:1: there is no `c/d.md`",
            ]
        );
    }
}
