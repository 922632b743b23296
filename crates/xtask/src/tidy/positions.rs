//! Positions of the purge log are compared in `purge-protocol`, and nowhere else.
//!
//! Whoever compares two of them decides whether stored bytes may answer, and that is decided once. The type has no
//! order, so what is left are the numbers inside and those in SQL. The rule reads text, not types: it knows a position
//! by its name.

use crate::code::{before_tests, code};
use crate::tree::Tree;

/// The rules, the world that checks them against the truth, and this very text.
const MAY: [&str; 3] = ["crates/purge-protocol/", "crates/simulation/", "crates/xtask/"];
const COMPARISONS: [&str; 4] = [" < ", " > ", " <= ", " >= "];
const NAMES: [&str; 5] = ["position", "position()", "applied()", "acknowledged()", "min_position()"];
/// What is a position only if its number is taken out.
const NAMES_OF_NUMBERS: [&str; 4] = ["head", "head()", "floor()", "acknowledged"];
/// Comparisons that are called.
const METHODS: [&str; 6] = ["max(", "min(", "cmp(", "partial_cmp(", "abs_diff(", "clamp("];
/// What the log's own files say in SQL: which records to read and which to trim, from a position that they are given.
const MAY_IN_SQL: [&str; 2] = ["crates/catalog/src/purges.rs", "crates/catalog/src/retention.rs"];
const IN_SQL: [&str; 4] = ["position >", "position <", "acknowledged >", "acknowledged <"];

pub fn rule(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    let sources = tree.texts("rs").filter(|(path, _)| path.contains("/src/"));
    for (path, text) in sources.filter(|(path, _)| !MAY.iter().any(|may| path.starts_with(may))) {
        let lines = code(before_tests(text));
        for (number, (line, written)) in lines.iter().zip(text.lines()).enumerate() {
            let in_sql = !MAY_IN_SQL.contains(&path) && compares_in_sql(written);
            if compares_positions(line) || calls_comparison(line) || in_sql {
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

/// `head.get().max(`: on a position's number, or between positions of a type that has an order.
fn calls_comparison(line: &str) -> bool {
    METHODS.iter().any(|method| {
        line.match_indices(&format!(".{method}")).any(|(at, _)| {
            let receiver = line[..at].rsplit(|c: char| c.is_whitespace() || "!{&|".contains(c)).next();
            is_position(receiver.unwrap_or_default())
        })
    })
}

fn compares_in_sql(written: &str) -> bool {
    let is_comment = written.trim_start().starts_with("//");
    let compares = |comparison: &&str| {
        written.match_indices(*comparison).any(|(at, _)| {
            let before = written[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    };
    !is_comment && IN_SQL.iter().any(compares)
}

fn is_position(operand: &str) -> bool {
    let operand = operand.trim_start_matches('(');
    let number = operand.strip_suffix(".get()").or_else(|| operand.strip_suffix(".get("));
    let operand = number.unwrap_or(operand);
    // What was closed on the right may belong to the name: `applied()` comes here as `applied(`.
    let named = |name: &&str| {
        let name = name.trim_end_matches(')');
        let operand = operand.trim_end_matches(')');
        operand == name || operand.ends_with(&format!(".{name}"))
    };
    let is_number = number.is_some() && NAMES_OF_NUMBERS.iter().any(named);
    operand.contains("Position::") || NAMES.iter().any(named) || is_number
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
            ("\"WHERE position > $1\"", true),
            ("if batch.head.get() > 7 {", true),
            ("let from = head.get().max(3);", true),
            ("let later = a.position.cmp(&b.position);", true),
            ("if header.len() > 7 {", false),
            ("if self.head < 0.0 {", false),
            ("let wide = size.max(3);", false),
            ("// position > 7 is what this is about", false),
            ("if position == other {", false),
        ] {
            let text = format!("//! A file.\n{line}\n");
            let tree = Tree::made_up(&[("crates/bus/src/a.rs", &text)]);
            assert_eq!(rule(&tree).len(), usize::from(found), "{line}");
            assert_eq!(rule(&Tree::made_up(&[("crates/purge-protocol/src/a.rs", &text)])), [""; 0]);
            let log = rule(&Tree::made_up(&[("crates/catalog/src/purges.rs", &text)]));
            assert_eq!(
                log.len(),
                usize::from(found && !line.starts_with('"')),
                "the log reads itself: {line}"
            );
        }
    }
}
