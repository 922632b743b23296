//! Unsafe code is in the codecs of `transform`, and each block says why it is sound.

use crate::code::code;
use crate::tree::Tree;

const ALLOWED: &str = "crates/transform/src/codec/";
/// How many lines above the block, comments included, the reason may begin.
const REASON_WITHIN: usize = 12;

pub fn rule(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.texts("rs") {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in code(text).iter().enumerate() {
            let place = format!("{path}:{}", number + 1);
            let is_unsafe = words(line).any(|word| word == "unsafe");
            let is_permitted = words(line).any(|word| word == "unsafe_code");
            if (is_unsafe || is_permitted) && !path.starts_with(ALLOWED) {
                complaints.push(format!("{place}: unsafe code is allowed in {ALLOWED} only"));
            } else if is_unsafe && line.contains("unsafe {") && !has_reason(&lines, number) {
                complaints.push(format!("{place}: this block has no SAFETY sentence"));
            }
        }
    }
    complaints
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

fn has_reason(lines: &[&str], number: usize) -> bool {
    let above = &lines[number.saturating_sub(REASON_WITHIN)..=number];
    above.iter().any(|line| line.contains("SAFETY"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_code_stays_in_the_codecs_and_gives_its_reason() {
        let tree = Tree::made_up(&[
            ("crates/edge/src/a.rs", "//! unsafe\nlet unsafety = 1;\nunsafe { f() }\n"),
            ("crates/edge/src/b.rs", "#![allow(unsafe_code)]\n"),
            ("crates/transform/src/lib.rs", "unsafe fn f() {}\n"),
            (
                "crates/transform/src/codec/a.rs",
                "#![allow(unsafe_code)]\n// SAFETY: it is.\nunsafe { f() }\n",
            ),
            ("crates/transform/src/codec/b.rs", "fn g() {\n    unsafe { f() }\n}\n"),
        ]);
        assert_eq!(
            rule(&tree),
            [
                "crates/edge/src/a.rs:3: unsafe code is allowed in crates/transform/src/codec/ only",
                "crates/edge/src/b.rs:1: unsafe code is allowed in crates/transform/src/codec/ only",
                "crates/transform/src/codec/b.rs:2: this block has no SAFETY sentence",
                "crates/transform/src/lib.rs:1: unsafe code is allowed in crates/transform/src/codec/ only",
            ]
        );
    }
}
