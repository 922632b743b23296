//! Comma-separated lists in header fields (RFC 9110 §5.6.1), also over several lines.

use http::{HeaderMap, HeaderName};

/// The members of the field `name` in all its lines, without surrounding white space and without empty ones.
pub(crate) fn members(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    headers.get_all(name).iter().flat_map(|line| split(line.as_bytes()))
}

/// Field names listed in one text; `None` if one of them is none.
pub(crate) fn field_names(text: &[u8]) -> Option<Vec<HeaderName>> {
    split(text).map(|name| HeaderName::from_bytes(name).ok()).collect()
}

/// Splits at commas, but not inside quoted strings (RFC 9110 §5.6.4). An unfinished one reaches to the end.
pub(crate) fn split(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    line.split(move |&b| {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return true,
            _ => {}
        }
        false
    })
    .map(trim)
    .filter(|member| !member.is_empty())
}

/// Without optional white space (RFC 9110 §5.6.3).
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let is_text = |b: &u8| !matches!(b, b' ' | b'\t');
    let start = text.iter().position(is_text).unwrap_or(text.len());
    let end = text.iter().rposition(is_text).map_or(start, |last| last + 1);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_split_outside_of_quotes() {
        for (line, expected) in [
            ("", vec![]),
            (" , ,\t", vec![]),
            ("a", vec!["a"]),
            ("a, b ,c", vec!["a", "b", "c"]),
            (r#"a="x, y", b"#, vec![r#"a="x, y""#, "b"]),
            (r#"a="x\", y", b"#, vec![r#"a="x\", y""#, "b"]),
            (r#"a="x, b"#, vec![r#"a="x, b"#]),
            (r"a\, b", vec![r"a\", "b"]),
        ] {
            let actual: Vec<_> = split(line.as_bytes()).map(String::from_utf8_lossy).collect();
            assert_eq!(actual, expected, "{line}");
        }
    }
}
