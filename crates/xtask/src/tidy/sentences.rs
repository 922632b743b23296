//! Each Rust file begins with a sentence that says what it is.

use crate::tree::Tree;

pub fn rule(tree: &Tree) -> Vec<String> {
    let silent = tree.texts("rs").filter(|(_, text)| !text.starts_with("//! "));
    silent
        .map(|(path, _)| format!("{path}: it says nothing about itself; begin with a `//!` sentence"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_its_sentence_is_named() {
        let tree = Tree::made_up(&[
            ("crates/a/src/lib.rs", "//! What it is.\n"),
            ("crates/a/src/b.rs", "use std::fmt;\n//! Too late.\n"),
            ("crates/a/src/c.rs", ""),
            ("README.md", "# A\n"),
        ]);
        let named: Vec<_> = rule(&tree).iter().map(|complaint| complaint[..19].to_owned()).collect();
        assert_eq!(named, ["crates/a/src/b.rs: ", "crates/a/src/c.rs: "]);
    }
}
