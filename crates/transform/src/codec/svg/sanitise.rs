//! A drawing written anew from what is known to draw: nothing that acts, nothing that fetches, nothing about its author.
//!
//! Whatever is not on the list of elements goes with all that it holds, whatever is not on that of attributes goes alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node, ParsingOptions};

use super::{DRAWING_BYTES_MAX, corrupt, css, names, unsupported};
use crate::error::TransformError;
use crate::sniff::{InputFormat, sniff};

const SVG: &str = "http://www.w3.org/2000/svg";
const XLINK: &str = "http://www.w3.org/1999/xlink";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Elements, texts, comments.
const NODES_MAX: u32 = 300_000;
/// Of elements within elements.
const DEPTH_MAX: u32 = 100;

/// `text` has its entities written out.
pub(super) fn sanitised(text: &str) -> Result<String, TransformError> {
    let document = parsed(text)?;
    let root = document.root_element();
    let namespace = root.tag_name().namespace();
    if root.tag_name().name() != "svg" || namespace.is_some_and(|namespace| namespace != SVG) {
        return Err(corrupt("its first element is not svg"));
    }
    let mut writing = Writing { out: String::with_capacity(text.len() / 2), namespace };
    writing.element(root, DEPTH_MAX, false)?;
    if writing.out.len() > DRAWING_BYTES_MAX {
        return Err(TransformError::TooManyBytes { found: writing.out.len(), limit: DRAWING_BYTES_MAX });
    }
    Ok(writing.out)
}

pub(super) fn parsed(text: &str) -> Result<Document<'_>, TransformError> {
    let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => {
            unsupported(format!("more than {NODES_MAX} elements and texts"))
        }
        error => corrupt(error),
    })
}

struct Writing<'a> {
    out: String,
    /// That of all its elements: SVG's, or none where whoever wrote it forgot to name it.
    namespace: Option<&'a str>,
}

impl Writing<'_> {
    /// `letters`: whether what stands between tags is to be seen.
    fn element(&mut self, node: Node<'_, '_>, depth: u32, letters: bool) -> Result<(), TransformError> {
        let name = node.tag_name().name();
        if node.tag_name().namespace() != self.namespace || !names::is_element(name) || !is_still(node) {
            return Ok(());
        }
        let Some(depth) = depth.checked_sub(1) else {
            return Err(unsupported(format!("elements within more than {DEPTH_MAX} others")));
        };
        if name == "style" {
            self.style(node);
            return Ok(());
        }
        self.out.push('<');
        self.out.push_str(name);
        if node.parent_element().is_none() {
            self.attribute("xmlns", SVG);
            self.attribute("xmlns:xlink", XLINK);
        }
        self.attributes(node, name);
        let start = self.out.len();
        self.out.push('>');
        let letters = letters || matches!(name, "text" | "title" | "desc");
        for child in node.children() {
            if child.is_element() {
                self.element(child, depth, letters)?;
            } else if let (true, true, Some(text)) = (letters, child.is_text(), child.text()) {
                escape(text, &mut self.out);
            }
        }
        if self.out.len() == start + 1 {
            self.out.truncate(start);
            self.out.push_str("/>");
        } else {
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
        Ok(())
    }

    fn style(&mut self, node: Node<'_, '_>) {
        if node.attribute("type").is_some_and(|kind| !kind.trim().eq_ignore_ascii_case("text/css")) {
            return;
        }
        let css: String = node.children().filter(Node::is_text).filter_map(|text| text.text()).collect();
        let css = css::sheet(&css);
        if css.is_empty() {
            return;
        }
        self.out.push_str("<style");
        if let Some(media) = node.attribute("media").filter(|media| css::is_harmless(media)) {
            self.attribute("media", media);
        }
        self.out.push('>');
        escape(&css, &mut self.out);
        self.out.push_str("</style>");
    }

    fn attributes(&mut self, node: Node<'_, '_>, element: &str) {
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            match attribute.namespace() {
                None if name == "href" => {}
                None if name == "style" => {
                    let style = css::declarations(value);
                    if !style.is_empty() {
                        self.attribute(name, &style);
                    }
                }
                None if names::is_attribute(name) && (is_words(name) || css::is_harmless(value)) => {
                    self.attribute(name, value);
                }
                Some(XML) if name == "space" => self.attribute("xml:space", value),
                Some(XML) if name == "lang" => self.attribute("xml:lang", value),
                _ => {}
            }
        }
        // SVG 2 §16.1.2: of both, the one without a prefix counts. Everybody understands the other.
        let href = node.attribute("href").or_else(|| node.attribute((XLINK, "href")));
        if let Some(target) = href.and_then(|href| reference(element, href)) {
            self.attribute("xlink:href", &target);
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        escape(value, &mut self.out);
        self.out.push('"');
    }
}

/// Whether this is no animation, or one of something that may move.
fn is_still(node: Node<'_, '_>) -> bool {
    node.attribute("attributeName").is_none_or(names::moves)
}

/// Whether nobody takes what such an attribute says for more than words.
fn is_words(name: &str) -> bool {
    name.starts_with("aria-") || matches!(name, "id" | "class" | "lang" | "role")
}

/// What an element may point to: another of this drawing, or a picture that it carries in itself.
fn reference(element: &str, href: &str) -> Option<String> {
    let href = href.trim();
    if css::is_own(href) {
        return Some(href.to_owned());
    }
    if !matches!(element, "image" | "feImage") {
        return None;
    }
    let (picture, format) = carried(href)?;
    Some(format!("data:{};base64,{}", format.media_type(), STANDARD.encode(picture)))
}

/// The picture in a `data:` address (RFC 2397), in a format that browsers show; what it is, its bytes say.
fn carried(address: &str) -> Option<(Vec<u8>, InputFormat)> {
    let (scheme, rest) = address.split_at_checked(5)?;
    let (kind, encoded) = rest.split_once(',')?;
    if !scheme.eq_ignore_ascii_case("data:") || !kind.trim_end().to_ascii_lowercase().ends_with(";base64") {
        return None;
    }
    // Drawing programs break lines, and some escape them.
    let letters = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let encoded = encoded.replace("%0A", "").replace("%0D", "").replace("%20", "");
    let encoded: Vec<u8> = encoded.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if !encoded.iter().all(letters) {
        return None;
    }
    let picture = STANDARD.decode(encoded).ok()?;
    let format = sniff(&picture)?;
    let shown = matches!(
        format,
        InputFormat::Png | InputFormat::Jpeg | InputFormat::Gif | InputFormat::Webp | InputFormat::Avif
    );
    shown.then_some((picture, format))
}

/// XML 1.0 §2.4 and §3.3.3.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PIXEL: &str =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    /// What is left of what stands in a drawing.
    fn left(inner: &str) -> String {
        let text = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' \
             xmlns:h='http://www.w3.org/1999/xhtml' xmlns:e='http://www.w3.org/2001/xml-events'>{inner}</svg>"
        );
        let clean = sanitised(&text).unwrap();
        let start = "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"";
        let rest = clean.strip_prefix(start).unwrap();
        rest.strip_prefix('>').and_then(|rest| rest.strip_suffix("</svg>")).unwrap_or_default().to_owned()
    }

    #[test]
    fn what_draws_stays() {
        for inner in [
            "<path d=\"M0 0 9 9z\" fill=\"#fff\" stroke-width=\"2\"/>",
            "<defs><linearGradient id=\"a\"><stop offset=\"0\" stop-color=\"red\"/></linearGradient></defs>",
            "<g transform=\"rotate(3)\" style=\"fill:url(#a);opacity:.5\"><rect width=\"1\" height=\"1\"/></g>",
            "<text x=\"1\" xml:space=\"preserve\">a <tspan dx=\"1\"> b </tspan>&amp; c</text>",
            "<use x=\"3\" xlink:href=\"#a\"/>",
            "<style>.a{fill:red}</style>",
            "<title>A &lt;b&gt;</title>",
            "<circle r=\"1\"><animate attributeName=\"r\" values=\"1;2\" dur=\"1s\" repeatCount=\"indefinite\"/></circle>",
            "<filter id=\"f\"><feGaussianBlur in=\"SourceGraphic\" stdDeviation=\"2\"/></filter>",
        ] {
            assert_eq!(left(inner), inner);
        }
        assert_eq!(left("<use href='#a' xlink:href='#b'/>"), "<use xlink:href=\"#a\"/>");
    }

    #[test]
    fn what_acts_or_fetches_goes() {
        for (inner, expected) in [
            ("<script>alert(1)</script><g/>", "<g/>"),
            ("<script href='http://x.test/a.js'/>", ""),
            ("<h:script>alert(1)</h:script>", ""),
            ("<g><script/><g onload='alert(1)'/></g>", "<g><g/></g>"),
            ("<rect onclick='a()' ONLOAD='a()' onbegin='a()' width='1'/>", "<rect width=\"1\"/>"),
            ("<rect e:onload='a()'/>", "<rect/>"),
            ("<foreignObject><h:iframe src='http://x.test'/></foreignObject>", ""),
            ("<h:img src='http://x.test' onerror='a()'/>", ""),
            ("<a href='javascript:alert(1)'><path/></a>", "<a><path/></a>"),
            ("<a xlink:href='https://x.test' target='_top'><path/></a>", "<a><path/></a>"),
            ("<a href=' java\nscript:alert(1)'/>", "<a/>"),
            ("<use href='http://x.test/a.svg#b'/>", "<use/>"),
            ("<use href='data:image/svg+xml,&lt;svg/>#a'/>", "<use/>"),
            ("<use href='other.svg#b'/>", "<use/>"),
            ("<image href='http://x.test/a.png'/>", "<image/>"),
            ("<image href='file:///etc/passwd'/>", "<image/>"),
            ("<image href='/a.png'/>", "<image/>"),
            ("<image href='data:image/svg+xml;base64,PHN2Zy8+'/>", "<image/>"),
            ("<image href='data:image/png;base64,PHN2Zy8+'/>", "<image/>"),
            ("<image href='data:text/html;base64,PHN2Zy8+'/>", "<image/>"),
            ("<image href='data:image/png,x'/>", "<image/>"),
            ("<feImage href='http://x.test/a.png'/>", "<feImage/>"),
            ("<rect fill='url(http://x.test#a)' stroke='url(#a)'/>", "<rect stroke=\"url(#a)\"/>"),
            ("<rect fill='\\75rl(http://x.test)'/>", "<rect/>"),
            ("<rect style='fill:url(//x.test);stroke:red'/>", "<rect style=\"stroke:red\"/>"),
            ("<rect filter='url(other.svg#f)'/>", "<rect/>"),
            ("<style>@import 'http://x.test';a{fill:url(http://x.test)}</style>", ""),
            ("<style type='text/ecmascript'>a{fill:red}</style>", ""),
            ("<style><![CDATA[a{fill:red}</style><script>]]></style>", "<style>a{fill:red}</style>"),
            ("<a><set attributeName='href' to='javascript:alert(1)'/></a>", "<a/>"),
            ("<a><animate attributeName='xlink:href' values='javascript:alert(1)'/></a>", "<a/>"),
            ("<rect><set attributeName='onclick' to='alert(1)'/></rect>", "<rect/>"),
            ("<rect><set attributeName='style' to='fill:url(http://x.test)'/></rect>", "<rect/>"),
            (
                "<rect><set attributeName='fill' to='url(http://x.test)'/></rect>",
                "<rect><set attributeName=\"fill\"/></rect>",
            ),
            ("<handler e:event='load'>alert(1)</handler><listener/>", ""),
            ("<iframe/><embed/><object/><video/><audio/><canvas/><html/><body/>", ""),
            ("<metadata>by somebody</metadata><!-- at home --><?php x ?>", ""),
            ("letters where none are seen<g>more</g>", "<g/>"),
            ("<g data-x='1' foo='2' id='a\"b'/>", "<g id=\"a&quot;b\"/>"),
            ("<svg xmlns='http://x.test'><path/></svg>", ""),
            ("<SCRIPT/><ScRiPt/>", ""),
            ("<g xml:base='http://x.test/'/>", "<g/>"),
        ] {
            assert_eq!(left(inner), expected, "{inner}");
        }
    }

    #[test]
    fn pictures_within_are_what_their_bytes_say() {
        let written =
            left(&format!("<image href='data:image/x;charset=a;BASE64,{} {}'/>", &PIXEL[..9], &PIXEL[9..]));
        assert_eq!(written, format!("<image xlink:href=\"data:image/png;base64,{PIXEL}\"/>"));
        assert_eq!(left(&format!("<image href='http:image/png;base64,{PIXEL}'/>")), "<image/>");
    }

    #[test]
    fn a_drawing_may_have_forgotten_its_name_space() {
        let clean = sanitised("<svg width='1'><path d='M0 0'/></svg>").unwrap();
        assert!(clean.ends_with("width=\"1\"><path d=\"M0 0\"/></svg>"), "{clean}");
        for other in [
            "<html/>",
            "<svg xmlns='http://x.test'/>",
            "<svg>",
            "",
            "<svg>&undeclared;</svg>",
            "<svg a='1' a='2'/>",
        ] {
            assert!(matches!(sanitised(other), Err(TransformError::Corrupt { .. })), "{other}");
        }
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let nested = |depth: usize| format!("<svg>{}{}</svg>", "<g>".repeat(depth), "</g>".repeat(depth));
        assert!(sanitised(&nested(DEPTH_MAX as usize - 1)).is_ok());
        for too_much in
            [nested(DEPTH_MAX as usize), nested(100_000), format!("<svg>{}</svg>", "<g/>".repeat(300_000))]
        {
            assert!(matches!(sanitised(&too_much), Err(TransformError::Unsupported { .. })));
        }
    }

    /// Written out, a quotation mark is six letters.
    #[test]
    fn what_is_written_anew_is_no_longer_than_a_drawing_may_be() {
        let quotes = |count: usize| sanitised(&format!("<svg><text>{}</text></svg>", "\"".repeat(count)));
        let most = DRAWING_BYTES_MAX / 6;
        assert!(quotes(most - 50).is_ok());
        let limit = DRAWING_BYTES_MAX;
        let error = quotes(most + 1).unwrap_err();
        assert!(
            matches!(error, TransformError::TooManyBytes { limit: named, .. } if named == limit),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn what_is_clean_stays_as_it_is(
            inner in "(<g>|</g>|<a href='|<style>|</style>|<image href='|#a|data:|'/>|url\\(|\\)|x|:|;|\\{|\\}| onload=|&lt;|é|<!--|-->){0,30}"
        ) {
            if let Ok(once) = sanitised(&format!("<svg>{inner}</svg>")) {
                prop_assert_eq!(sanitised(&once).unwrap(), once.clone());
                prop_assert!(!once.contains("onload=\""), "{}", once);
            }
        }
    }
}
