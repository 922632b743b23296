//! Rust source as a rule sees it: without comments, and without what stands between quotes.

/// The lines of `text`, each with comments and the insides of literals left out. Knows as much of Rust's grammar as that
/// needs (nested block comments, raw strings, character literals beside lifetimes), and no more.
pub fn code(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = skip(rest, lines.last().and_then(|line| line.chars().last()));
        if skipped > 0 {
            let (dropped, after) = rest.split_at(skipped);
            lines.extend(dropped.matches('\n').map(|_| String::new()));
            rest = after;
            continue;
        }
        match c {
            '\n' => lines.push(String::new()),
            _ => lines.last_mut().expect("there is a line from the start").push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    lines
}

/// The part of a file before the module of its tests.
pub fn before_tests(text: &str) -> &str {
    const MARK: &str = "\n#[cfg(test)]\nmod ";
    let begins = |(at, _): &(usize, &str)| {
        text[at + MARK.len()..].lines().next().is_some_and(|line| line.ends_with('{'))
    };
    text.match_indices(MARK).find(begins).map_or(text, |(at, _)| &text[..=at])
}

/// How many bytes at the beginning of `rest` are no code.
fn skip(rest: &str, before: Option<char>) -> usize {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    let raw = ["br", "cr", "r"].iter().find_map(|start| rest.strip_prefix(start));
    match raw {
        Some(raw) if !in_word => raw_string(raw).map_or(0, |len| rest.len() - raw.len() + len),
        _ => 0,
    }
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `'a'` and `'\n'` are literals, `'a` is a lifetime.
fn character(rest: &str) -> usize {
    let mut inside = rest.chars().skip(1);
    match (inside.next(), inside.next()) {
        (Some('\\'), _) => quoted(rest, '\''),
        (Some(c), Some('\'')) => 2 + c.len_utf8(),
        _ => 0,
    }
}

/// From the first `#` or quote after the `r`.
fn raw_string(rest: &str) -> Option<usize> {
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    if !rest[hashes..].starts_with('"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let inside = hashes + 1;
    Some(rest[inside..].find(&end).map_or(rest.len(), |at| inside + at + end.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_or_quoted_is_no_code() {
        for (text, left) in [
            ("let a = 1; // unsafe", "let a = 1; "),
            ("a /* b /* c */ d */ e /*/ f */ g", "a  e  g"),
            (r#"say("a \" b"); c"#, "say(); c"),
            (r##"say(r#"a " b"#); c"##, "say(); c"),
            (r#"say(b"a", br"\", r"b\"); c"#, "say(b, , ); c"),
            ("fn f<'a>(x: &'a str) -> char { 'x' }", "fn f<'a>(x: &'a str) -> char {  }"),
            (r"match c { '\'' => 'é', '\u{1F600}' => '/' }", "match c {  => ,  =>  }"),
            ("for_r(\"a\")", "for_r()"),
        ] {
            assert_eq!(code(text).join("\n"), left, "{text}");
        }
    }

    #[test]
    fn lines_keep_their_numbers() {
        let text = "a\n/* b\nc */ d\n\"e\nf\" g\nh";
        assert_eq!(code(text), ["a", "", " d", "", " g", "h"]);
        assert_eq!(code(""), [""]);
        assert_eq!(code("\"never ends\n"), ["", ""]);
    }

    #[test]
    fn tests_begin_at_their_attribute() {
        assert_eq!(before_tests("a\n#[cfg(test)]\nmod tests {\n}\n"), "a\n");
        for whole in ["a\n    #[cfg(test)]\nb\n", "#[cfg(test)]\nmod tests;\n\nfn a() {}\n", ""] {
            assert_eq!(before_tests(whole), whole);
        }
    }
}
