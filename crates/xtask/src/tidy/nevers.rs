//! Who may never know whom, whatever the order of the crates would allow.

use std::collections::BTreeSet;

use crate::code::{before_tests, code};
use crate::tree::Tree;
use crate::workspace::{Crate, crates};

/// The pure crates: time, messages and randomness are arguments to them.
const PURE: [&str; 4] = ["http-caching", "plan", "dialect", "purge-protocol"];

/// What brings effects into a crate.
const EFFECTS: [&str; 10] =
    ["tokio", "hyper", "hyper-util", "axum", "sqlx", "origin", "rand", "rustix", "tracing", "mimalloc"];

/// What the standard library offers to the same end.
const STD_EFFECTS: [&str; 8] = [
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    "async fn",
    "async move",
];

const IO: [&str; 5] = ["std::fs", "std::net", "std::process", "async fn", "async move"];

enum Never {
    /// Neither itself nor through another crate of ours.
    Reaches(&'static [&'static str]),
    /// Not by itself: a crate between them may know both.
    Names(&'static [&'static str]),
    /// Not in its code, tests apart.
    Says(&'static [&'static str]),
}

fn nevers() -> Vec<(&'static str, Never)> {
    let mut nevers = Vec::new();
    for pure in PURE {
        nevers.push((pure, Never::Reaches(&EFFECTS)));
        nevers.push((pure, Never::Says(&STD_EFFECTS)));
    }
    nevers.extend([
        ("edge", Never::Reaches(&["catalog", "api", "purge", "console", "renderer", "sqlx", "axum"])),
        ("jpeg-scaled", Never::Says(&STD_EFFECTS)),
        ("transform", Never::Reaches(&EFFECTS)),
        ("transform", Never::Says(&IO)),
        ("api", Never::Names(&["edge"])),
    ]);
    nevers
}

pub fn rule(tree: &Tree) -> Vec<String> {
    // Without its crates the order has already said what is wrong.
    let Ok(crates) = crates(tree) else { return Vec::new() };
    let mut complaints = Vec::new();
    for (name, never) in nevers() {
        let Some(one) = crates.iter().find(|one| one.name == name) else { continue };
        match never {
            Never::Names(forbidden) => {
                let named = one.dependencies.iter().filter(|needed| forbidden.contains(&needed.as_str()));
                complaints.extend(named.map(|needed| knows(one, needed)));
            }
            Never::Reaches(forbidden) => {
                let reached = reach(one, &crates);
                let known = reached.iter().filter(|needed| forbidden.contains(&needed.as_str()));
                complaints.extend(known.map(|needed| knows(one, needed)));
            }
            Never::Says(forbidden) => complaints.extend(sayings(tree, one, forbidden)),
        }
    }
    // Nobody knows the binary.
    let binary = crates.iter().filter(|one| one.dependencies.iter().any(|needed| needed == "pentimento"));
    complaints.extend(binary.map(|one| knows(one, "pentimento")));
    complaints
}

fn knows(one: &Crate, needed: &str) -> String {
    format!("{}Cargo.toml: {} may never know {needed}", one.folder, one.name)
}

fn reach(one: &Crate, crates: &[Crate]) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Crate> = vec![one];
    while let Some(next) = open.pop() {
        for needed in &next.dependencies {
            if reached.insert(needed.clone()) {
                open.extend(crates.iter().find(|other| other.name == *needed));
            }
        }
    }
    reached
}

fn sayings(tree: &Tree, one: &Crate, forbidden: &[&str]) -> Vec<String> {
    let source = format!("{}src/", one.folder);
    let mut complaints = Vec::new();
    for (path, text) in tree.texts("rs").filter(|(path, _)| path.starts_with(&source)) {
        for (number, line) in code(before_tests(text)).iter().enumerate() {
            for word in forbidden.iter().filter(|word| line.contains(**word)) {
                complaints.push(format!("{path}:{}: {} may never say `{word}`", number + 1, one.name));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_up(manifests: &[(&str, &str)], sources: &[(&str, &str)]) -> Tree {
        let members: Vec<_> = manifests.iter().map(|(name, _)| format!("\"crates/{name}\"")).collect();
        let mut files =
            vec![("Cargo.toml".to_owned(), format!("[workspace]\nmembers = [{}]\n", members.join(", ")))];
        for (name, rest) in manifests {
            let text = format!("[package]\nname = \"{name}\"\n{rest}");
            files.push((format!("crates/{name}/Cargo.toml"), text));
        }
        let mut files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        files.extend(sources);
        Tree::made_up(&files)
    }

    #[test]
    fn who_may_not_know_whom_does_not_through_others_either() {
        let tree = made_up(
            &[
                ("plan", "[dependencies]\nthiserror = \"1\"\ntokio = \"1\"\n"),
                ("catalog", "[dependencies]\nsqlx = \"1\"\n"),
                ("bus", "[dependencies]\ncatalog.workspace = true\n"),
                ("edge", "[dependencies]\nbus.workspace = true\n"),
                ("api", "[dependencies]\nedge.workspace = true\n[dev-dependencies]\nedge.workspace = true\n"),
                ("demo", "[dependencies]\npentimento.workspace = true\n"),
            ],
            &[],
        );
        assert_eq!(
            rule(&tree),
            [
                "crates/plan/Cargo.toml: plan may never know tokio",
                "crates/edge/Cargo.toml: edge may never know catalog",
                "crates/edge/Cargo.toml: edge may never know sqlx",
                "crates/api/Cargo.toml: api may never know edge",
                "crates/demo/Cargo.toml: demo may never know pentimento",
            ]
        );
    }

    #[test]
    fn tests_may_know_and_do_more() {
        let tree = made_up(
            &[("plan", "[dev-dependencies]\ntokio = \"1\"\n"), ("transform", "")],
            &[
                (
                    "crates/plan/src/lib.rs",
                    "//! `std::fs`\nfn f() {}\n\n#[cfg(test)]\nmod tests {\n use std::fs;\n}\n",
                ),
                ("crates/plan/tests/all.rs", "use std::fs;\n"),
            ],
        );
        assert_eq!(rule(&tree), [""; 0]);
    }

    #[test]
    fn a_pure_crate_reads_no_clock_and_the_engine_no_files() {
        let tree = made_up(
            &[("dialect", ""), ("transform", "")],
            &[
                ("crates/dialect/src/lib.rs", "//! A.\n\nfn now() -> Instant { Instant::now() }\n"),
                ("crates/transform/src/lib.rs", "//! B.\nuse std::fs::File;\nfn now() { Instant::now(); }\n"),
            ],
        );
        assert_eq!(
            rule(&tree),
            [
                "crates/dialect/src/lib.rs:3: dialect may never say `Instant::now`",
                "crates/transform/src/lib.rs:2: transform may never say `std::fs`",
            ]
        );
    }
}
