//! Who made a picture and whose it is, from its XMP packet (ISO 16684-1).
//!
//! The packet is looked for in the file as a whole, as its specification provides for (part 1 §7.3.2), so that no format needs
//! an own way. What is inside a compressed chunk of a PNG is not found.

use memchr::memmem;

use super::copyright::Copyright;

/// The longest packet that is looked into.
const LONGEST: usize = 1 << 20;
/// The most names of creators that are told.
const CREATORS: usize = 8;

pub(super) fn copyright(original: &[u8]) -> Copyright {
    let Some(packet) = packet(original) else { return Copyright::default() };
    let creators: Vec<_> = items(&packet, "dc:creator").take(CREATORS).collect();
    Copyright {
        creator: (!creators.is_empty()).then(|| creators.join(", ")),
        // The first of its languages, which is the default.
        notice: items(&packet, "dc:rights").next(),
    }
}

fn packet(original: &[u8]) -> Option<String> {
    let start = memmem::find(original, b"<rdf:RDF")?;
    let rest = original.get(start..)?;
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let end = memmem::find(rest, b"</rdf:RDF>")?;
    String::from_utf8(rest.get(..end)?.to_vec()).ok()
}

/// The texts of the list items of a property.
fn items<'a>(packet: &'a str, property: &str) -> impl Iterator<Item = String> + 'a {
    element(packet, property).into_iter().flat_map(|(inside, _)| {
        let mut rest = inside;
        std::iter::from_fn(move || {
            let (text, after) = element(rest, "rdf:li")?;
            rest = after;
            Some(unescaped(text))
        })
    })
}

/// What is inside the first element of this name, and what comes after it.
fn element<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let mut rest = text;
    loop {
        let at = rest.find('<')?;
        rest = rest.get(at + 1..)?;
        let Some(after) = rest.strip_prefix(name) else { continue };
        if !after.starts_with([' ', '\t', '\r', '\n', '>', '/']) {
            continue;
        }
        let (attributes, inside) = after.split_once('>')?;
        if attributes.ends_with('/') {
            rest = inside;
            continue;
        }
        return inside.split_once(&format!("</{name}>"));
    }
}

/// The five entities that XML has by itself, and characters by number.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let known = after.split_once(';').and_then(|(name, after)| Some((character(name)?, after)));
        let (character, after) = known.unwrap_or(('&', after));
        plain.push(character);
        rest = after;
    }
    plain + rest
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix('x') {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn creators_and_rights_are_found_among_everything_else() {
        let file = b"\xff\xd8\xff\xe1<?xpacket?><rdf:RDF xmlns:rdf='x'><rdf:Description tiff:Make='K'>\
            <dc:creators/><dc:creator>\n<rdf:Seq><rdf:li>Ann &amp; Bob</rdf:li> <rdf:li>C&#233;line &lt;3</rdf:li></rdf:Seq></dc:creator>\
            <dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>\xc2\xa9 2026 &bogus; A</rdf:li><rdf:li xml:lang='de'>B</rdf:li></rdf:Alt></dc:rights>\
            </rdf:Description></rdf:RDF>\x00\xff";
        assert_eq!(
            copyright(file),
            Copyright {
                creator: Some("Ann & Bob, Céline <3".to_owned()),
                notice: Some("© 2026 &bogus; A".to_owned())
            }
        );
    }

    #[test]
    fn a_packet_without_end_is_not_read_to_its_end() {
        let rights = "<rdf:RDF><dc:rights><rdf:Alt><rdf:li>B</rdf:li></rdf:Alt></dc:rights>";
        for (length, expected) in [(LONGEST, Some("B")), (LONGEST + 1, None)] {
            let padding = " ".repeat(length - rights.len() - "</rdf:RDF>".len());
            let file = format!("{rights}{padding}</rdf:RDF>");
            assert_eq!(copyright(file.as_bytes()).notice.as_deref(), expected, "{length}");
        }
    }

    #[test]
    fn what_is_not_there_or_broken_says_nothing() {
        for file in [
            &b""[..],
            b"<rdf:RDF>",
            b"<rdf:RDF></rdf:RDF>",
            b"<rdf:RDF><dc:rights/></rdf:RDF>",
            b"<rdf:RDF><dc:rights><rdf:li>a</dc:rights></rdf:RDF>",
            b"<rdf:RDF><dc:rights><rdf:li>a</rdf:li></rdf:RDF>",
            b"<rdf:RDF><dc:rights><rdf:li>\xff</rdf:li></dc:rights></rdf:RDF>",
        ] {
            assert_eq!(copyright(file), Copyright::default(), "{}", file.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn no_packet_panics(
            text in "(<rdf:RDF>|</rdf:RDF>|<dc:creator|</dc:creator>|<rdf:li>|</rdf:li>|[a-zé&;#x0-9<>/ ]){0,30}"
        ) {
            copyright(text.as_bytes());
        }
    }
}
