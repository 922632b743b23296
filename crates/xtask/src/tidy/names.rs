//! Nothing is called by where it was put instead of by what it is.

use crate::tree::Tree;

const JUNK_DRAWERS: [&str; 9] =
    ["common", "helper", "helpers", "manager", "misc", "stuff", "tools", "util", "utils"];

pub fn rule(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for path in tree.paths() {
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
        let stem = name.split('.').next().unwrap_or(name);
        let is_drawer = stem.split(['_', '-']).any(|word| JUNK_DRAWERS.contains(&word));
        if is_drawer {
            complaints.push(format!("{path}: `{stem}` says where, not what: name the thing inside"));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junk_drawers_are_named_by_their_contents() {
        let tree = Tree::made_up(&[
            ("crates/a/src/utils.rs", ""),
            ("crates/common/src/lib.rs", ""),
            ("crates/a/src/cache_manager.rs", ""),
            ("crates/a/src/commonwealth.rs", ""),
            ("docs/helpers.md", ""),
        ]);
        let named: Vec<_> = rule(&tree).iter().map(|one| one.split(':').next().unwrap().to_owned()).collect();
        assert_eq!(
            named,
            ["crates/a/src/cache_manager.rs", "crates/a/src/utils.rs", "crates/common/", "docs/helpers.md"]
        );
    }
}
