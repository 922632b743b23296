//! The crates of the workspace, in the order of its manifest, and what each depends on.

use toml_edit::{Document, Item, Table, TableLike};

use crate::tree::Tree;

#[derive(Debug)]
pub struct Crate {
    pub name: String,
    /// `crates/plan/`
    pub folder: String,
    /// What it is made of. What only its tests need is not in here.
    pub dependencies: Vec<String>,
    pub test_dependencies: Vec<String>,
    /// Whether the workspace's lints count for it.
    pub obeys_lints: bool,
}

/// All members from the ground up. What cannot be read is a complaint: a rule that sees no crates holds for anything.
pub fn crates(tree: &Tree) -> Result<Vec<Crate>, String> {
    let root = manifest(tree, "Cargo.toml")?;
    let members = root.get("workspace").and_then(|workspace| workspace.get("members"));
    let members =
        members.and_then(Item::as_array).ok_or("Cargo.toml: it has no list of workspace members")?;
    members.iter().map(|member| read(tree, member.as_str().unwrap_or_default())).collect()
}

fn read(tree: &Tree, member: &str) -> Result<Crate, String> {
    let folder = format!("{member}/");
    let path = format!("{folder}Cargo.toml");
    let manifest = manifest(tree, &path)?;
    let name = manifest.get("package").and_then(|package| package.get("name")).and_then(Item::as_str);
    let lints = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(Item::as_bool);
    let mut dependencies = listed(&manifest, "dependencies");
    dependencies.extend(listed(&manifest, "build-dependencies"));
    for (_, target) in
        manifest.get("target").and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter)
    {
        if let Some(target) = target.as_table() {
            dependencies.extend(listed(target, "dependencies"));
        }
    }
    Ok(Crate {
        name: name.ok_or_else(|| format!("{path}: the package has no name"))?.to_owned(),
        folder,
        dependencies,
        test_dependencies: listed(&manifest, "dev-dependencies"),
        obeys_lints: lints == Some(true),
    })
}

fn manifest(tree: &Tree, path: &str) -> Result<Table, String> {
    let text = tree.text(path).ok_or_else(|| format!("{path}: it is not there"))?;
    let document: Document<&str> = Document::parse(text).map_err(|error| format!("{path}: {error}"))?;
    Ok(document.as_table().clone())
}

fn listed(manifest: &Table, section: &str) -> Vec<String> {
    let section = manifest.get(section).and_then(Item::as_table_like);
    section.into_iter().flat_map(TableLike::iter).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_in_their_order_with_what_they_need() {
        let tree = Tree::made_up(&[
            ("Cargo.toml", "[workspace]\nmembers = [\n  # ground\n  \"crates/a\",\n  \"crates/b\",\n]\n"),
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n[lints]\nworkspace = true\n"),
            (
                "crates/b/Cargo.toml",
                "[package]\nname = \"b\"\n[dependencies]\na.workspace = true\ntokio = { version = \"1\" }\n\
                 [target.'cfg(unix)'.dependencies]\nrustix = \"1\"\n[dev-dependencies]\ntempfile = \"3\"\n",
            ),
        ]);
        let crates = crates(&tree).unwrap();
        let names: Vec<_> = crates.iter().map(|one| (one.name.as_str(), one.folder.as_str())).collect();
        assert_eq!(names, [("a", "crates/a/"), ("b", "crates/b/")]);
        assert_eq!(crates[1].dependencies, ["a", "tokio", "rustix"]);
        assert_eq!(crates[1].test_dependencies, ["tempfile"]);
        assert!(crates[0].obeys_lints && !crates[1].obeys_lints);
    }

    #[test]
    fn a_manifest_that_is_missing_or_broken_is_named() {
        for (files, complaint) in [
            (&[][..], "Cargo.toml: it is not there"),
            (
                &[("Cargo.toml", "[package]\nname = \"a\"\n")],
                "Cargo.toml: it has no list of workspace members",
            ),
            (
                &[("Cargo.toml", "[workspace]\nmembers = [\"crates/a\"]\n")],
                "crates/a/Cargo.toml: it is not there",
            ),
        ] {
            assert_eq!(crates(&Tree::made_up(files)).unwrap_err(), complaint);
        }
        assert!(crates(&Tree::made_up(&[("Cargo.toml", "[workspace")])).is_err());
    }
}
