//! As much XML as one vendor speaks: the texts of elements, by their name.

/// The texts of all elements of this name, in order. What is inside them is not looked at.
pub(crate) fn texts(document: &str, element: &str) -> Vec<String> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let mut found = Vec::new();
    let mut rest = document;
    while let Some((_, after)) = rest.split_once(&open) {
        let Some((text, after)) = after.split_once(&close) else { break };
        found.push(unescaped(text));
        rest = after;
    }
    found
}

/// The five characters that mean something else (XML 1.0 §4.6).
const ENTITIES: [(char, &str); 5] =
    [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&apos;")];

pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match ENTITIES.iter().find(|(plain, _)| *plain == c) {
            Some((_, entity)) => out.push_str(entity),
            None => out.push(c),
        }
    }
    out
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = ENTITIES.iter().find(|(_, entity)| rest.starts_with(entity));
        let (c, len) = entity.map_or(('&', 1), |(c, entity)| (*c, entity.len()));
        out.push(c);
        rest = &rest[len..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn elements_are_found_by_name_and_what_is_unclosed_is_left() {
        let document = "<A><Id>1 &amp; 2</Id><Idle>x</Idle><Id></Id><Id>open";
        assert_eq!(texts(document, "Id"), ["1 & 2", ""]);
        assert_eq!(texts("", "Id"), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in any::<String>()) {
            prop_assert_eq!(texts(&format!("<P>{}</P>", escaped(&text)), "P"), [text]);
        }

        #[test]
        fn any_document_is_read(document in "[<>/&;Pamp ]{0,60}") {
            let _ = texts(&document, "P");
        }
    }
}
