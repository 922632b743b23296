//! The rules of the house that a machine can check, each in a file of its own.

mod documents;
mod length;
mod lints;
mod names;
mod nevers;
mod order;
mod positions;
mod problems;
mod sentences;
mod soundness;

use crate::tree::Tree;

/// Each says where it is broken, one complaint a line.
type Rule = fn(&Tree) -> Vec<String>;

pub const RULES: [Rule; 10] = [
    order::rule,
    nevers::rule,
    lints::rule,
    soundness::rule,
    positions::rule,
    sentences::rule,
    length::rule,
    names::rule,
    documents::rule,
    problems::rule,
];

pub fn complaints_about(tree: &Tree) -> Vec<String> {
    let mut complaints: Vec<String> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    // A manifest that cannot be read is noticed by several.
    complaints.sort();
    complaints.dedup();
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn this_house_is_tidy() {
        let tree = Tree::read(Path::new(crate::ROOT)).unwrap();
        let complaints = complaints_about(&tree);
        assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
    }

    #[test]
    fn an_empty_house_is_not_tidy() {
        assert_eq!(complaints_about(&Tree::default()), ["Cargo.toml: it is not there"]);
    }
}
