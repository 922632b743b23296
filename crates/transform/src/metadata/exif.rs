//! EXIF out: a block of a few fields, as a TIFF file (Exif 3.0 §4.5, TIFF 6.0 §2).

use super::copyright::Copyright;

const X_RESOLUTION: u16 = 0x011a;
const Y_RESOLUTION: u16 = 0x011b;
const RESOLUTION_UNIT: u16 = 0x0128;
const ARTIST: u16 = 0x013b;
const COPYRIGHT: u16 = 0x8298;

const ASCII: u16 = 2;
const SHORT: u16 = 3;
const RATIONAL: u16 = 5;

/// Where the first directory begins, right after the header.
const DIRECTORY: usize = 8;

struct Field {
    tag: u16,
    kind: u16,
    count: u32,
    value: Vec<u8>,
}

/// Nothing where there is nothing to say.
pub(super) fn block(copyright: &Copyright, dots_per_inch: Option<u32>) -> Option<Vec<u8>> {
    // In the order of their tags, as a directory has to be.
    let mut fields = Vec::new();
    if let Some(dots) = dots_per_inch {
        let value = [dots.to_le_bytes(), 1u32.to_le_bytes()].concat();
        fields.push(Field { tag: X_RESOLUTION, kind: RATIONAL, count: 1, value: value.clone() });
        fields.push(Field { tag: Y_RESOLUTION, kind: RATIONAL, count: 1, value });
        // Inches.
        fields.push(Field { tag: RESOLUTION_UNIT, kind: SHORT, count: 1, value: vec![2, 0] });
    }
    for (tag, text) in [(ARTIST, &copyright.creator), (COPYRIGHT, &copyright.notice)] {
        if let Some(text) = text {
            let value = [text.as_bytes(), b"\0"].concat();
            fields.push(Field { tag, kind: ASCII, count: value.len() as u32, value });
        }
    }
    (!fields.is_empty()).then(|| written(&fields))
}

fn written(fields: &[Field]) -> Vec<u8> {
    let mut block = b"II*\0".to_vec();
    block.extend((DIRECTORY as u32).to_le_bytes());
    block.extend((fields.len() as u16).to_le_bytes());
    // Each entry has twelve bytes; after them, no other directory.
    let mut at = DIRECTORY + 2 + 12 * fields.len() + 4;
    let mut behind = Vec::new();
    for Field { tag, kind, count, value } in fields {
        block.extend(tag.to_le_bytes());
        block.extend(kind.to_le_bytes());
        block.extend(count.to_le_bytes());
        if value.len() <= 4 {
            block.extend(padded(value));
        } else {
            block.extend((at as u32).to_le_bytes());
            // Values begin at even places.
            let length = value.len().next_multiple_of(2);
            behind.extend(value);
            behind.resize(behind.len() + length - value.len(), 0);
            at += length;
        }
    }
    block.extend([0; 4]);
    block.extend(behind);
    block
}

fn padded(value: &[u8]) -> [u8; 4] {
    std::array::from_fn(|index| value.get(index).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use exif::{In, Tag};

    use super::*;

    #[test]
    fn what_is_written_is_read_by_others() {
        let copyright = Copyright {
            creator: Some("Zoë".to_owned()),
            notice: Some("© 2026 Zoë Ü, all rights".to_owned()),
        };
        let block = block(&copyright, Some(300)).unwrap();
        let read = exif::Reader::new().read_raw(block).unwrap();
        let field = |tag| read.get_field(tag, In::PRIMARY).unwrap();
        assert_eq!(field(Tag::XResolution).display_value().to_string(), "300");
        assert_eq!(field(Tag::ResolutionUnit).display_value().to_string(), "inch");
        for (tag, expected) in [(Tag::Artist, "Zoë"), (Tag::Copyright, "© 2026 Zoë Ü, all rights")] {
            let exif::Value::Ascii(texts) = &field(tag).value else { panic!("no text") };
            assert_eq!(texts, &[expected.as_bytes()]);
        }
    }

    #[test]
    fn short_texts_stand_in_their_entry() {
        let copyright = Copyright { creator: Some("ab".to_owned()), notice: Some("abc".to_owned()) };
        let read = exif::Reader::new().read_raw(block(&copyright, None).unwrap()).unwrap();
        for (tag, expected) in [(Tag::Artist, "\"ab\""), (Tag::Copyright, "\"abc\"")] {
            assert_eq!(read.get_field(tag, In::PRIMARY).unwrap().display_value().to_string(), expected);
        }
        assert_eq!(block(&Copyright::default(), None), None);
    }
}
