//! Styles of a drawing, without anything in them that fetches: what is not understood to be harmless is left out.
//!
//! What is let through has no escapes, no comments and no open strings, so that no two readers take it for different things.

/// Media queries within media queries.
const NESTED: u32 = 4;

/// Functions whose arguments no browser fetches. `url` is looked at more closely. Sorted.
#[rustfmt::skip]
const FUNCTIONS: [&str; 55] = [
    "abs", "blur", "brightness", "calc", "circle", "clamp", "color", "color-mix", "contrast", "cubic-bezier",
    "drop-shadow", "ellipse", "grayscale", "hsl", "hsla", "hue-rotate", "hwb", "icc-color", "inset", "invert", "lab",
    "lch", "linear", "matrix", "matrix3d", "max", "min", "oklab", "oklch", "opacity", "path", "perspective", "polygon",
    "rect", "rgb", "rgba", "rotate", "rotate3d", "rotatex", "rotatey", "round", "saturate", "scale", "scale3d",
    "scalex", "scaley", "sepia", "skew", "skewx", "skewy", "steps", "translate", "translate3d", "translatex",
    "translatey",
];

/// A sheet: its rules, media queries and key frames.
pub(super) fn sheet(css: &str) -> String {
    let mut clean = String::new();
    rules(&without_comments(css), NESTED, &mut clean);
    clean
}

/// What stands in a `style` attribute.
pub(super) fn declarations(css: &str) -> String {
    declared(&without_comments(css))
}

/// Whether a value, of a property or of an attribute that may be one, fetches nothing.
pub(super) fn is_harmless(value: &str) -> bool {
    let mut rest = value;
    // Where the name before a parenthesis begins.
    let mut name = 0;
    let mut at = 0;
    let mut open = 0_i32;
    while let Some(c) = rest[at..].chars().next() {
        match c {
            '\\' | '<' | '{' | '}' | '@' => return false,
            '"' | '\'' => match string(&rest[at..]) {
                Some(length) => {
                    at += length;
                    name = at;
                    continue;
                }
                None => return false,
            },
            '(' => {
                let called = rest[name..at].to_ascii_lowercase();
                let arguments = &rest[at + 1..];
                if called == "url" {
                    let Some(length) = own_reference(arguments) else { return false };
                    rest = &arguments[length..];
                    (at, name) = (0, 0);
                    continue;
                }
                let known = FUNCTIONS.binary_search(&called.as_str()).is_ok();
                if !called.is_empty() && called != "var" && !known {
                    return false;
                }
                open += 1;
            }
            ')' => open -= 1,
            _ => {}
        }
        at += c.len_utf8();
        if !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii()) {
            name = at;
        }
        if open < 0 {
            return false;
        }
    }
    open == 0
}

/// The length of `#name)`, perhaps quoted.
fn own_reference(text: &str) -> Option<usize> {
    let end = text.find(')')?;
    let inner = text[..end].trim();
    let quoted = |quote: char| inner.strip_prefix(quote).and_then(|inner| inner.strip_suffix(quote));
    let target = quoted('"').or_else(|| quoted('\'')).unwrap_or(inner);
    is_own(target).then_some(end + 1)
}

/// Whether this names an element of the same drawing.
pub(super) fn is_own(target: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"\"'()\\<>".contains(c);
    target.strip_prefix('#').is_some_and(|name| !name.is_empty() && name.chars().all(plain))
}

/// The length of a string with its quotes, if it ends on its line and says what it says without escapes.
fn string(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let end = 1 + text[1..].find(quote)?;
    (!text[..end].contains(['\n', '\r', '\x0c', '\\', '<'])).then_some(end + 1)
}

/// Comments are as good as spaces; one that does not end is all that is left.
fn without_comments(css: &str) -> String {
    let mut clean = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(at) = rest.find(['"', '\'', '/']) {
        clean.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("/*") {
            clean.push(' ');
            rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
            continue;
        }
        let length = if rest.starts_with('/') { Some(1) } else { string(rest) };
        // A quote that opens nothing stays for whoever reads the declaration, and refuses it.
        let (kept, after) = rest.split_at(length.unwrap_or(1));
        clean.push_str(kept);
        rest = after;
    }
    clean.push_str(rest);
    clean
}

/// What is before the first of `stops` that is neither in a string nor in parentheses, that one, and what is after it.
fn until<'a>(text: &'a str, stops: &[char]) -> Option<(&'a str, char, &'a str)> {
    let (mut at, mut open) = (0, 0_u32);
    while let Some(c) = text[at..].chars().next() {
        if open == 0 && stops.contains(&c) {
            return Some((&text[..at], c, &text[at + c.len_utf8()..]));
        }
        match c {
            '"' | '\'' => {
                at += string(&text[at..])?;
                continue;
            }
            '(' | '[' => open += 1,
            ')' | ']' => open = open.saturating_sub(1),
            _ => {}
        }
        at += c.len_utf8();
    }
    None
}

/// What a block holds whose opening brace has been read, and what follows it.
fn block(text: &str) -> Option<(&str, &str)> {
    let (mut at, mut open) = (0, 1_u32);
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' | '\'' => {
                at += string(&text[at..])?;
                continue;
            }
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some((&text[..at], &text[at + 1..]));
        }
        at += c.len_utf8();
    }
    None
}

fn rules(css: &str, nested: u32, clean: &mut String) {
    let mut rest = css;
    loop {
        rest = rest.trim_start();
        for mark in ["<!--", "-->"] {
            rest = rest.strip_prefix(mark).unwrap_or(rest).trim_start();
        }
        let Some((prelude, stop, after)) = until(rest, &['{', ';']) else { return };
        // `@import` and other statements.
        if stop == ';' {
            rest = after;
            continue;
        }
        let Some((inner, after)) = block(after) else { return };
        rest = after;
        let prelude = prelude.trim();
        if !is_prelude(prelude) {
            continue;
        }
        let written = match prelude.strip_prefix('@') {
            None => declared(inner),
            Some(rule) => {
                let name =
                    rule.split(|c: char| !c.is_ascii_alphabetic() && c != '-').next().unwrap_or_default();
                let name = name.to_ascii_lowercase();
                if nested == 0
                    || !matches!(name.as_str(), "media" | "supports" | "keyframes" | "-webkit-keyframes")
                {
                    continue;
                }
                let mut within = String::new();
                rules(inner, nested - 1, &mut within);
                within
            }
        };
        if !written.is_empty() {
            clean.push_str(prelude);
            clean.push('{');
            clean.push_str(&written);
            clean.push('}');
        }
    }
}

/// Whether this is what goes before a block: a selector, or an at-rule's name and condition.
fn is_prelude(text: &str) -> bool {
    let mut rest = text.strip_prefix('@').unwrap_or(text);
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '"' | '\'' => string(rest),
            c if c.is_alphanumeric() || c.is_ascii_whitespace() || "-_.#:()[]=~^$|*+>,%/!".contains(c) => {
                Some(c.len_utf8())
            }
            _ => None,
        };
        let Some(length) = length else { return false };
        rest = &rest[length..];
    }
    !text.is_empty()
}

fn declared(css: &str) -> String {
    let mut clean = String::new();
    let mut rest = css;
    while !rest.is_empty() {
        let (declaration, after) = match until(rest, &[';']) {
            Some((declaration, _, after)) => (declaration, after),
            None => (rest, ""),
        };
        rest = after;
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let (name, value) = (name.trim(), value.trim());
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if !name.is_empty() && name.chars().all(plain) && !value.is_empty() && is_harmless(value) {
            if !clean.is_empty() {
                clean.push(';');
            }
            clean.push_str(name);
            clean.push(':');
            clean.push_str(value);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_draws_stays() {
        assert!(FUNCTIONS.is_sorted());
        for css in [
            ".a{fill:#fff;stroke:url(#g)}",
            "#b>path:nth-child(2n+1),[fill=\"red\"]{opacity:.5}",
            "@media (prefers-color-scheme: dark){path{fill:white}}",
            "@keyframes turn{from{transform:rotate(0deg)}50%{opacity:0}to{transform:rotate(1turn) scale(2,-1)}}",
            "text{font-family:\"Open Sans (Web)\",'Été',sans-serif}",
            "a{--own:rgb(1 2 3 / 50%);fill:var(--own) !important}",
            "a{clip-path:url('#c');mask:url( #m )}",
        ] {
            assert_eq!(sheet(css), css);
        }
        assert_eq!(sheet("<!-- a { fill : red ; ; } -->"), "a{fill : red}".replace(" : ", ":"));
        assert_eq!(sheet("a{fill/* ; } */:red}b{}"), "a{fill:red}");
        assert_eq!(declarations("fill:red; stroke: url(#x) ;"), "fill:red;stroke:url(#x)");
    }

    #[test]
    fn what_fetches_or_is_unclear_goes() {
        for (css, expected) in [
            ("@import 'http://x.test/a.css';a{fill:red}", "a{fill:red}"),
            ("@import url(data:text/css;base64,YXt9);a{fill:red}", "a{fill:red}"),
            ("@charset \"x\";@namespace svg url(http://x.test);a{fill:red}", "a{fill:red}"),
            ("@font-face{font-family:x;src:url(http://x.test/f)}a{fill:red}", "a{fill:red}"),
            ("a{fill:url(http://x.test/#g);stroke:red}", "a{stroke:red}"),
            ("a{fill:URL( 'http://x.test' );stroke:red}", "a{stroke:red}"),
            ("a{fill:url(//x.test)}", ""),
            ("a{fill:url()}", ""),
            ("a{fill:url(#g)url(http://x.test)}", ""),
            ("a{fill:url(#g,http://x.test \"')}", ""),
            ("a{fill:\\75rl(http://x.test)}", ""),
            ("a{fill:u\\72l(http://x.test)}", ""),
            ("a{fill:url/**/(http://x.test)}", "a{fill:url (http://x.test)}"),
            ("a{background:image-set('http://x.test' 1x)}", ""),
            ("a{background:-webkit-image-set('http://x.test' 1x)}", ""),
            ("a{background:image('http://x.test')}", ""),
            ("a{background:src('http://x.test')}", ""),
            ("a{width:expression(alert(1))}", ""),
            ("a{behavior:url(#default#time2)}", "a{behavior:url(#default#time2)}"),
            ("a{fill:red</style><script>}", ""),
            ("a{content:'</style>'}", ""),
            ("@\\69mport 'x';a{fill:red}", "a{fill:red}"),
            ("a{fill:red", ""),
            ("a{fill:'red}", ""),
            ("a{fill:'\n';stroke:red}", ""),
            ("a{fill:rgb(1,2}", ""),
            ("a{b{fill:red}}", ""),
            ("@media x{@media x{@media x{@media x{@media x{a{fill:red}}}}}}", ""),
            ("/* a{fill:red}", ""),
        ] {
            assert_eq!(sheet(css), expected, "{css}");
        }
    }

    #[test]
    fn values_are_harmless_or_not() {
        for value in
            ["red", "url(#a) red", "translate(1 2) matrix(1,0 0 1 2 3)", "M0 0L9 9z", "0;1;0", "(1)", ""]
        {
            assert!(is_harmless(value), "{value}");
        }
        for value in
            ["url(a)", "url(#a", "url(javascript:x)", "x(1)", "rgb(1))", "a\\b", "url (\\", "é-url(x)"]
        {
            assert!(!is_harmless(value), "{value}");
        }
    }

    proptest! {
        #[test]
        fn what_is_let_through_is_let_through_again(
            css in "(@media|@import|url|\\(|\\)|\\{|\\}|;|:|#|'|\"|/\\*|\\*/|\\\\|<|[a-z ]|é){0,40}"
        ) {
            let once = sheet(&css);
            prop_assert_eq!(sheet(&once), once.clone());
            prop_assert!(!once.contains(['\\', '<']) && !once.contains("import"), "{}", once);
            let once = declarations(&css);
            prop_assert_eq!(declarations(&once), once);
        }
    }
}
