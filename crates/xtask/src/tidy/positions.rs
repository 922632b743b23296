//! Positions of the purge log are compared in `purge-protocol`, and nowhere else.
//!
//! Whoever compares two of them decides whether stored bytes may answer, and that is decided once. The rule reads text,
//! not types: it knows a position by its name.

use crate::code::{before_tests, code};
use crate::tree::Tree;

/// The rules, and the world that checks them against the truth.
const MAY: [&str; 2] = ["crates/purge-protocol/", "crates/simulation/"];
const COMPARISONS: [&str; 4] = [" < ", " > ", " <= ", " >= "];
const NAMES: [&str; 6] =
    ["position", "position()", "position.get()", "applied()", "applied().get()", "acknowledged()"];

pub fn rule(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    let sources = tree.texts("rs").filter(|(path, _)| path.contains("/src/"));
    for (path, text) in sources.filter(|(path, _)| !MAY.iter().any(|may| path.starts_with(may))) {
        for (number, line) in code(before_tests(text)).iter().enumerate() {
            if compares_positions(line) {
                complaints.push(format!(
                    "{path}:{}: compares positions; purge-protocol has a function that says what for",
                    number + 1
                ));
            }
        }
    }
    complaints
}

fn compares_positions(line: &str) -> bool {
    COMPARISONS.iter().any(|comparison| {
        line.match_indices(comparison).any(|(at, _)| {
            let (left, right) = (&line[..at], &line[at + comparison.len()..]);
            let left =
                left.rsplit(|c: char| c.is_whitespace() || "!{&|".contains(c)).next().unwrap_or_default();
            let right =
                right.split(|c: char| c.is_whitespace() || ",;{".contains(c)).next().unwrap_or_default();
            is_position(left) || is_position(right.trim_end_matches(')'))
        })
    })
}

fn is_position(operand: &str) -> bool {
    let operand = operand.trim_start_matches('(');
    // What was closed on the right may belong to the name: `applied()` comes here as `applied(`.
    let named = |name: &&str| {
        let name = name.trim_end_matches(')');
        let operand = operand.trim_end_matches(')');
        operand == name || operand.ends_with(&format!(".{name}"))
    };
    operand.contains("Position::") || NAMES.iter().any(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_of_positions_is_found_and_others_are_left_alone() {
        for (line, found) in [
            ("if record.position > fence.position {", true),
            ("if self.view.applied() < asked {", true),
            ("position.get() >= 5", true),
            ("let news = !(head >= Position::new(3));", true),
            ("if (a <= b.acknowledged()) {}", true),
            ("if head.has_reached(position) {", false),
            ("received.applied > 0", false),
            ("fn f(position: Position) -> Option<Position> {", false),
            ("if self.disposition > 3 {", false),
            ("\"WHERE position > $1\"", false),
            ("if position == other {", false),
        ] {
            let text = format!("//! A file.\n{line}\n");
            let tree = Tree::made_up(&[("crates/bus/src/a.rs", &text)]);
            assert_eq!(rule(&tree).len(), usize::from(found), "{line}");
            assert_eq!(rule(&Tree::made_up(&[("crates/purge-protocol/src/a.rs", &text)])), [""; 0]);
        }
    }
}
