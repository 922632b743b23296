//! Who made an original and whose it is, from wherever its file says so.

use std::io::Cursor;

use exif::{In, Tag, Value};

use super::{iptc, xmp};
use crate::sniff::InputFormat;

/// The longest of either text, in bytes.
const LONGEST: usize = 2000;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Copyright {
    pub creator: Option<String>,
    pub notice: Option<String>,
}

impl Copyright {
    /// EXIF first, as the camera or its owner wrote it; then XMP; then the older IPTC (Metadata Working Group 2.0, §5).
    pub fn of(original: &[u8], format: InputFormat) -> Copyright {
        let sources = [of_exif(original), xmp::copyright(original), iptc::copyright(original, format)];
        let mut found = Copyright::default();
        for Copyright { creator, notice } in sources {
            found.creator = found.creator.or(creator.and_then(plain));
            found.notice = found.notice.or(notice.and_then(plain));
        }
        found
    }
}

/// Without what no text has, and no longer than allowed; nothing if nothing is left.
fn plain(text: String) -> Option<String> {
    let mut plain: String = text.trim().chars().filter(|character| !character.is_control()).collect();
    while plain.len() > LONGEST {
        plain.pop();
    }
    (!plain.is_empty()).then_some(plain)
}

fn of_exif(original: &[u8]) -> Copyright {
    let read = exif::Reader::new()
        .continue_on_error(true)
        .read_from_container(&mut Cursor::new(original))
        .or_else(|error| error.distill_partial_result(|_| {}));
    let Ok(exif) = read else { return Copyright::default() };
    let text = |tag: Tag| match &exif.get_field(tag, In::PRIMARY)?.value {
        // A notice may be two texts, of the photographer and of the editor (Exif 3.0 §4.6.5, Copyright).
        Value::Ascii(texts) => {
            let texts: Vec<_> = texts.iter().map(|text| String::from_utf8_lossy(text)).collect();
            Some(
                texts
                    .iter()
                    .map(|text| text.trim())
                    .filter(|text| !text.is_empty())
                    .collect::<Vec<_>>()
                    .join(", "),
            )
        }
        _ => None,
    };
    Copyright { creator: text(Tag::Artist), notice: text(Tag::Copyright) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_plain_and_bounded() {
        assert_eq!(plain("  a\0b\r\nc ".to_owned()).as_deref(), Some("abc"));
        assert_eq!(plain(" \0 ".to_owned()), None);
        assert_eq!(plain("é".repeat(5000)).map(|text| text.len()), Some(LONGEST));
    }
}
