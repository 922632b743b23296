//! Unsafe code is in the codecs of `transform` and where code for one processor is called, and each block says why it is
//! sound.

use crate::code::code;
use crate::tree::Tree;

const ALLOWED: [&str; 2] = ["crates/jpeg-scaled/src/simd/", "crates/transform/src/codec/"];
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
            if (is_unsafe || is_permitted) && !ALLOWED.iter().any(|folder| path.starts_with(folder)) {
                complaints.push(format!("{place}: unsafe code is allowed in {} only", ALLOWED.join(" and ")));
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
            ("crates/jpeg-scaled/src/lib.rs", "unsafe fn f() {}\n"),
            ("crates/jpeg-scaled/src/simd/a.rs", "// SAFETY: it is.\nunsafe { f() }\n"),
            ("crates/transform/src/lib.rs", "unsafe fn f() {}\n"),
            (
                "crates/transform/src/codec/a.rs",
                "#![allow(unsafe_code)]\n// SAFETY: it is.\nunsafe { f() }\n",
            ),
            ("crates/transform/src/codec/b.rs", "fn g() {\n    unsafe { f() }\n}\n"),
        ]);
        let places =
            "unsafe code is allowed in crates/jpeg-scaled/src/simd/ and crates/transform/src/codec/ only";
        assert_eq!(
            rule(&tree),
            [
                format!("crates/edge/src/a.rs:3: {places}"),
                format!("crates/edge/src/b.rs:1: {places}"),
                format!("crates/jpeg-scaled/src/lib.rs:1: {places}"),
                "crates/transform/src/codec/b.rs:2: this block has no SAFETY sentence".to_owned(),
                format!("crates/transform/src/lib.rs:1: {places}"),
            ]
        );
    }
}
