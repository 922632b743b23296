//! Every crate obeys the lints of the workspace.

use crate::tree::Tree;
use crate::workspace::crates;

pub fn rule(tree: &Tree) -> Vec<String> {
    // Without its crates the order has already said what is wrong.
    let Ok(crates) = crates(tree) else { return Vec::new() };
    let disobedient = crates.iter().filter(|one| !one.obeys_lints);
    disobedient
        .map(|one| format!("{}Cargo.toml: `[lints] workspace = true` is missing", one.folder))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_without_the_lints_is_named() {
        let tree = Tree::made_up(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"crates/a\", \"crates/b\"]\n"),
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n[lints]\nworkspace = true\n"),
            ("crates/b/Cargo.toml", "[package]\nname = \"b\"\n"),
        ]);
        assert_eq!(rule(&tree), ["crates/b/Cargo.toml: `[lints] workspace = true` is missing"]);
    }
}
