//! The text of a drawing before it is read as XML: its own entities written out, within bounds.
//!
//! Drawing programs declare entities for the names of namespaces. Nobody else's parser is let near them, so that none can
//! be told to expand without end (XML 1.0 §4.1, "a billion laughs").

use std::borrow::Cow;

use super::{corrupt, unsupported};
use crate::error::TransformError;

/// Of a drawing, with its entities written out.
pub(super) const TEXT_MAX: usize = 8 << 20;
/// Of one element: whoever reads them compares each with all.
const ATTRIBUTES_MAX: u32 = 1000;

/// The text without its declaration of a document type, and without what that would have to be known for.
pub(super) fn written_out(original: &[u8]) -> Result<Cow<'_, str>, TransformError> {
    if original.len() > TEXT_MAX {
        return Err(TransformError::TooManyBytes { found: original.len(), limit: TEXT_MAX });
    }
    let text = std::str::from_utf8(original).map_err(|_| unsupported("another encoding than UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = match declared(text)? {
        Some((before, declarations, after)) => {
            let entities = entities(declarations)?;
            Cow::Owned(replaced(before, after, &entities)?)
        }
        None => Cow::Borrowed(text),
    };
    count_attributes(&text)?;
    Ok(text)
}

/// What is before the declaration of a document type, within its brackets, and after it.
fn declared(text: &str) -> Result<Option<(&str, &str, &str)>, TransformError> {
    // Whoever writes these letters further down does not declare anything.
    let head = text.find("<svg").unwrap_or(text.len());
    let Some(start) = text[..head].find("<!DOCTYPE") else { return Ok(None) };
    let rest = &text[start..];
    let open = || corrupt("its document type is not declared to the end");
    let stop = rest.find(['[', '>']).ok_or_else(open)?;
    if rest[stop..].starts_with('>') {
        return Ok(Some((&text[..start], "", &rest[stop + 1..])));
    }
    let (declarations, after) = rest[stop + 1..].split_once(']').ok_or_else(open)?;
    let after = after.trim_start().strip_prefix('>').ok_or_else(open)?;
    Ok(Some((&text[..start], declarations, after)))
}

type Entity<'a> = (&'a str, String);

fn entities(declarations: &str) -> Result<Vec<Entity<'_>>, TransformError> {
    const MOST: usize = 64;
    let mut entities = Vec::new();
    for declaration in declarations.split("<!ENTITY").skip(1) {
        let parts = declaration.trim_start().split_once(|c: char| c.is_ascii_whitespace());
        let value = parts.and_then(|(name, rest)| {
            let rest = rest.trim_start();
            let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            rest[1..].split_once(quote).map(|(value, _)| (name, value))
        });
        let Some((name, value)) = value else {
            return Err(unsupported("entities that are declared elsewhere"));
        };
        if value.contains(['&', '<', '%']) {
            return Err(unsupported("entities that stand for more than text"));
        }
        entities.push((name, value.replace('"', "&quot;").replace('\'', "&apos;")));
    }
    if entities.len() > MOST {
        return Err(unsupported(format!("more than {MOST} entities")));
    }
    Ok(entities)
}

fn replaced(before: &str, after: &str, entities: &[Entity<'_>]) -> Result<String, TransformError> {
    let mut text = String::with_capacity(before.len() + after.len());
    text.push_str(before);
    let mut rest = after;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let value = rest[1..].split_once(';').and_then(|(name, after)| {
            let (_, value) = entities.iter().find(|(known, _)| *known == name)?;
            Some((value.as_str(), after))
        });
        // What is not declared here is known to every parser, or an error.
        let (value, after) = value.unwrap_or(("&", &rest[1..]));
        text.push_str(value);
        rest = after;
        if text.len() + rest.len() > TEXT_MAX {
            return Err(TransformError::TooManyBytes { found: text.len() + rest.len(), limit: TEXT_MAX });
        }
    }
    text.push_str(rest);
    Ok(text)
}

/// No more in any tag than a parser can take that looks for twins.
fn count_attributes(text: &str) -> Result<(), TransformError> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(start) = memchr::memchr(b'<', &bytes[at..]) {
        at += start;
        let hidden = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];
        if let Some((_, end)) = hidden.iter().find(|(start, _)| bytes[at..].starts_with(start.as_bytes())) {
            let Some(length) = memchr::memmem::find(&bytes[at..], end.as_bytes()) else { return Ok(()) };
            at += length;
            continue;
        }
        let mut attributes = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'>' => break,
                b'=' => attributes += 1,
                b'"' | b'\'' => match memchr::memchr(*byte, &bytes[at + 1..]) {
                    Some(length) => at += length + 1,
                    None => return Ok(()),
                },
                _ => {}
            }
            at += 1;
        }
        if attributes > ATTRIBUTES_MAX {
            return Err(unsupported(format!("an element with more than {ATTRIBUTES_MAX} attributes")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entities_of_namespaces_are_written_out() {
        let text = "<?xml version='1.0'?><!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"x\" [\n\
            <!ENTITY ns_svg \"http://www.w3.org/2000/svg\">\n<!ENTITY it 'it\"s'>\n]>\n\
            <svg xmlns=\"&ns_svg;\"><title>&it; &amp; &#38; &nbsp;</title></svg>";
        assert_eq!(
            written_out(text.as_bytes()).unwrap(),
            "<?xml version='1.0'?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"><title>it&quot;s &amp; &#38; &nbsp;</title></svg>"
        );
        let plain = "\u{feff}<!DOCTYPE svg><svg/>";
        assert_eq!(written_out(plain.as_bytes()).unwrap(), "<svg/>");
    }

    #[test]
    fn nothing_expands_without_end() {
        let laughs = "<!DOCTYPE svg [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><svg>&b;</svg>";
        let error = written_out(laughs.as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the SVG original uses entities that stand for more than text, which is not supported"
        );
        for outside in ["<!ENTITY a SYSTEM 'file:///etc/passwd'>", "<!ENTITY % a 'x'>"] {
            let text = format!("<!DOCTYPE svg [{outside}]><svg>&a;</svg>");
            assert!(
                matches!(written_out(text.as_bytes()), Err(TransformError::Unsupported { .. })),
                "{outside}"
            );
        }
        let long =
            format!("<!DOCTYPE svg [<!ENTITY a '{}'>]><svg>{}</svg>", "a".repeat(9000), "&a;".repeat(9000));
        assert!(matches!(written_out(long.as_bytes()), Err(TransformError::TooManyBytes { .. })));
    }

    #[test]
    fn there_are_only_so_many_entities() {
        let with = |count: usize| {
            let entities: String = (0..count).map(|at| format!("<!ENTITY e{at} 'x'>")).collect();
            format!("<!DOCTYPE svg [{entities}]><svg/>")
        };
        assert!(written_out(with(64).as_bytes()).is_ok());
        assert!(matches!(written_out(with(65).as_bytes()), Err(TransformError::Unsupported { .. })));
    }

    #[test]
    fn nobody_has_too_many_attributes() {
        let with = |count: usize| {
            let attributes: String = (0..count).map(|at| format!(" a{at}='>=' ")).collect();
            format!("<!-- {0} --><svg{attributes}><![CDATA[<{0}]]></svg>", "=".repeat(9000))
        };
        assert!(written_out(with(1000).as_bytes()).is_ok());
        assert!(matches!(written_out(with(1001).as_bytes()), Err(TransformError::Unsupported { .. })));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(<!DOCTYPE|<!ENTITY|<!--|-->|\\[|\\]|\"|'|&|;|=|<svg|<|>| |[a-c]){0,40}") {
            let _ = written_out(text.as_bytes());
        }
    }
}
