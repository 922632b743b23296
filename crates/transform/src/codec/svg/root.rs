//! The first tag of a drawing, read before anything else of it: whether it is one, and how large it says it is.

use plan::Size;

/// How far into a file its first tag may begin; comments and declarations of entities go before it.
const PROLOGUE: usize = 64 << 10;
/// Far longer than any first tag is.
const TAG: usize = 64 << 10;

/// What a drawing has that says nothing of its size (CSS 2.2 §10.3.2, of what is replaced).
pub(super) const UNSAID: (f64, f64) = (300.0, 150.0);

pub(super) struct Root<'a> {
    width: Option<&'a [u8]>,
    height: Option<&'a [u8]>,
    view_box: Option<&'a [u8]>,
}

impl<'a> Root<'a> {
    /// Nothing if this is no drawing, or its first tag cannot be understood.
    pub fn of(original: &'a [u8]) -> Option<Root<'a>> {
        let mut attributes = first_tag(original)?;
        let mut root = Root { width: None, height: None, view_box: None };
        loop {
            attributes = attributes.trim_ascii_start();
            if matches!(attributes.first()?, b'>' | b'/') {
                return Some(root);
            }
            let end = attributes.iter().position(|byte| *byte == b'=' || byte.is_ascii_whitespace())?;
            let (name, rest) = attributes.split_at(end);
            let rest = rest.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
            let (quote, rest) = rest.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
            let end = memchr::memchr(*quote, rest)?;
            let value = Some(&rest[..end]);
            match name {
                b"width" => root.width = value,
                b"height" => root.height = value,
                b"viewBox" => root.view_box = value,
                _ => {}
            }
            attributes = &rest[end + 1..];
        }
    }

    /// In CSS pixels: what it says, or what its view box has (SVG 2 §8.2), in whole ones.
    pub fn size(&self) -> Size {
        let view_box =
            self.view_box.and_then(view_box).filter(|(width, height)| *width > 0.0 && *height > 0.0);
        let (width, height) = (self.width.and_then(length), self.height.and_then(length));
        let (width, height) = match (width, height, view_box) {
            (Some(width), Some(height), _) => (width, height),
            (Some(width), None, Some((across, down))) => (width, width * down / across),
            (None, Some(height), Some((across, down))) => (height * across / down, height),
            (None, None, Some(view_box)) => view_box,
            (width, height, None) => (width.unwrap_or(UNSAID.0), height.unwrap_or(UNSAID.1)),
        };
        // What is less than a pixel is one; what says nothing is none.
        let side = |side: f64| if side > 0.0 { side.round().clamp(1.0, 1e9) as u32 } else { 0 };
        Size { width: side(width), height: side(height) }
    }
}

/// What stands in the tag `svg` after its name, to the end of the file or a bit beyond the tag.
fn first_tag(original: &[u8]) -> Option<&[u8]> {
    let original = original.strip_prefix(b"\xef\xbb\xbf").unwrap_or(original);
    let head = &original[..original.len().min(PROLOGUE)];
    let mut at = 0;
    loop {
        let rest = &head[at..];
        let spaces = rest.len() - rest.trim_ascii_start().len();
        at += spaces;
        let rest = &head[at..];
        let skipped = match rest {
            [b'<', b'?', ..] => after(rest, b"?>")?,
            [b'<', b'!', b'-', b'-', ..] => after(rest, b"-->")?,
            [b'<', b'!', ..] => declaration(rest)?,
            [b'<', ..] => break,
            _ => return None,
        };
        at += skipped;
    }
    let tag = &original[at + 1..];
    let tag = &tag[..tag.len().min(TAG)];
    let end = tag.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'))?;
    let (name, rest) = tag.split_at(end);
    let local = name.rsplit(|byte| *byte == b':').next()?;
    (local == b"svg").then_some(rest)
}

fn after(text: &[u8], end: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, end).map(|at| at + end.len())
}

/// `<!DOCTYPE ...>`, with what it declares in brackets; what is quoted there or commented ends nothing.
fn declaration(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_i32);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' | b'\'' => at += 1 + memchr::memchr(*byte, text.get(at + 1..)?)?,
            b'<' if text[at..].starts_with(b"<!--") => {
                at += after(&text[at..], b"-->")?;
                continue;
            }
            b'[' => depth += 1,
            b']' => depth -= 1,
            b'>' if depth <= 0 => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// In CSS pixels (CSS Values 4 §6.2); nothing for what is relative to a page that is not there.
fn length(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    // `1e3` ends with digits, `1em` does not.
    let unit = match &text[digits.len()..] {
        "" | "px" => 1.0,
        "pt" => 4.0 / 3.0,
        "pc" | "em" | "rem" => 16.0,
        "ex" | "ch" => 8.0,
        "in" => 96.0,
        "cm" => 96.0 / 2.54,
        "mm" => 96.0 / 25.4,
        "Q" => 96.0 / 101.6,
        _ => return None,
    };
    let number: f64 = digits.trim().parse().ok().filter(|number: &f64| number.is_finite())?;
    Some(number * unit)
}

fn view_box(text: &[u8]) -> Option<(f64, f64)> {
    let text = std::str::from_utf8(text).ok()?;
    let numbers = text.split([',', ' ', '\t', '\n', '\r']).filter(|number| !number.is_empty());
    let numbers: Vec<f64> = numbers.take(5).map(|number| number.parse().ok()).collect::<Option<_>>()?;
    match numbers.as_slice() {
        [_, _, width, height] if width.is_finite() && height.is_finite() => Some((*width, *height)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn size(svg: &str) -> Option<(u32, u32)> {
        Root::of(svg.as_bytes()).map(|root| root.size()).map(|size| (size.width, size.height))
    }

    #[test]
    fn the_first_tag_says_how_large_it_is() {
        for (svg, expected) in [
            ("<svg width='20' height='10'/>", Some((20, 10))),
            (
                "\u{feff}<?xml version='1.0'?>\n<!-- > --><svg width=\"2in\" height=\" 1.5cm \">",
                Some((192, 57)),
            ),
            ("<svg viewBox='0 0 24 18'>", Some((24, 18))),
            ("<svg viewBox='-5,-5 23.5 , 17.2'>", Some((24, 17))),
            ("<svg width='48' viewBox='0 0 24 18'>", Some((48, 36))),
            ("<svg height='9pt' viewBox='0 0 24 18'>", Some((16, 12))),
            ("<svg width='100%' height='100%' viewBox='0 0 24 18'>", Some((24, 18))),
            ("<svg width='100%'>", Some((300, 150))),
            ("<svg width='1e2px' height='3em'>", Some((100, 48))),
            ("<svg>", Some((300, 150))),
            ("<svg width='0' height='9'>", Some((0, 9))),
            ("<svg width='-3' height='9'>", Some((0, 9))),
            ("<svg width='0.2' height='0.2'>", Some((1, 1))),
            ("<svg width='NaN' height='inf'>", Some((300, 150))),
            ("<svg width='9e99' height='9e99'>", Some((1_000_000_000, 1_000_000_000))),
            ("<svg viewBox='0 0 0 0'>", Some((300, 150))),
            ("<svg:svg xmlns:svg='http://www.w3.org/2000/svg' width = '7' height='8' />", Some((7, 8))),
            (
                "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"a>b\" [ <!ENTITY a \"]>\"> <!-- ]> --> ]> <svg width='4' height='3'>",
                Some((4, 3)),
            ),
        ] {
            assert_eq!(size(svg), expected, "{svg}");
        }
    }

    #[test]
    fn other_texts_are_no_drawings() {
        for text in [
            "",
            "<",
            "<svg",
            "<svg width='1'",
            "<svg width=1>",
            "<svgs>",
            "<html><svg></svg></html>",
            "text <svg>",
            "<!-- <svg>",
            "<!DOCTYPE svg [ <svg>",
            "<?xml <svg>",
        ] {
            assert_eq!(size(text), None, "{text}");
        }
        assert_eq!(size(&format!("{}<svg>", " ".repeat(PROLOGUE))), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(<|>|!|\\?|-|\\[|\\]|\"|'|=|/|svg|width|viewBox|DOCTYPE|[0-9.e%, ]|\\PC){0,60}") {
            size(&text);
            size(&format!("<svg {text}"));
        }
    }
}
