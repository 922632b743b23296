//! Members are listed from the ground up, and a crate depends only on crates above it in the list.

use crate::tree::Tree;
use crate::workspace::crates;

pub fn rule(tree: &Tree) -> Vec<String> {
    let crates = match crates(tree) {
        Ok(crates) => crates,
        Err(complaint) => return vec![complaint],
    };
    let mut complaints = Vec::new();
    for (place, one) in crates.iter().enumerate() {
        for needed in one.dependencies.iter().chain(&one.test_dependencies) {
            let Some(found) = crates.iter().position(|other| other.name == *needed) else { continue };
            if found >= place {
                complaints.push(format!(
                    "{}Cargo.toml: {} depends on {needed}, which is not above it in the list of members",
                    one.folder, one.name
                ));
            }
        }
    }
    let listed = |folder: &str| crates.iter().any(|one| one.folder == folder);
    for path in tree.paths().filter(|path| path.starts_with("crates/")) {
        if let Some(folder) = path.strip_suffix("Cargo.toml").filter(|folder| !listed(folder)) {
            complaints.push(format!("{folder}: it is no member of the workspace"));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_depends_on_what_is_above_it_also_in_its_tests() {
        let tree = Tree::made_up(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"crates/a\", \"crates/b\", \"crates/c\"]\n"),
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nc.workspace = true\n"),
            (
                "crates/b/Cargo.toml",
                "[package]\nname = \"b\"\n[dependencies]\na.workspace = true\nserde = \"1\"\n",
            ),
            ("crates/c/Cargo.toml", "[package]\nname = \"c\"\n[dev-dependencies]\nc.workspace = true\n"),
            ("crates/d/Cargo.toml", "[package]\nname = \"d\"\n"),
        ]);
        assert_eq!(
            rule(&tree),
            [
                "crates/a/Cargo.toml: a depends on c, which is not above it in the list of members",
                "crates/c/Cargo.toml: c depends on c, which is not above it in the list of members",
                "crates/d/: it is no member of the workspace",
            ]
        );
    }
}
