//! How large an original says it is, read without a decoder: by safe code, from its first bytes.
//!
//! For planning only. What is allocated and refused goes by [`crate::header`], which asks the decoders themselves.

use plan::Size;

use crate::codec::{avif, bmp, heic, ico, jxl, svg, tiff};
use crate::sniff::{InputFormat, sniff};

/// Of paper, in either direction: DIN A3.
const USUAL_PAGE: Size = Size { width: 1587, height: 1587 };

pub(crate) fn dimensions(original: &[u8]) -> Option<(InputFormat, Size)> {
    let format = sniff(original)?;
    let size = match format {
        InputFormat::Jpeg => jpeg(original),
        // The first chunk is the header (PNG third edition §11.2.1).
        InputFormat::Png => Some(Size { width: big(original, 16)?, height: big(original, 20)? }),
        InputFormat::Gif => Some(Size { width: little(original, 6, 2)?, height: little(original, 8, 2)? }),
        InputFormat::Webp => webp(original),
        InputFormat::Avif => avif::size(original),
        InputFormat::Heic => heic::size(original),
        InputFormat::Tiff => tiff::size(original),
        InputFormat::Bmp => bmp::size(original),
        InputFormat::Ico => ico::size(original),
        InputFormat::Jxl => jxl::size(original),
        InputFormat::Svg => svg::size(original),
        // Where that stands, only a reader of the whole document knows.
        InputFormat::Pdf => Some(USUAL_PAGE),
    };
    Some((format, size?))
}

/// The frame header, found by stepping over the segments before it (ITU-T T.81 §B.1.1.4, §B.2.2).
fn jpeg(original: &[u8]) -> Option<Size> {
    let mut rest = original.get(2..)?;
    loop {
        let [0xff, marker, ..] = rest else { return None };
        match marker {
            // Any number of fill bytes may precede a marker.
            0xff => rest = &rest[1..],
            // These have no segment.
            0x01 | 0xd0..=0xd8 => rest = &rest[2..],
            // Of all numbers from SOF0 to SOF15, these three are other things.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let side =
                    |at: usize| Some(u32::from(u16::from_be_bytes([*rest.get(at)?, *rest.get(at + 1)?])));
                return Some(Size { width: side(7)?, height: side(5)? });
            }
            _ => {
                let length = u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?]);
                rest = rest.get(2 + usize::from(length)..)?;
            }
        }
    }
}

/// The canvas, or the one picture that there is (RFC 9649 §2.5 to §2.7; RFC 6386 §9.1).
fn webp(original: &[u8]) -> Option<Size> {
    let size = |width: u32, height: u32| Some(Size { width, height });
    match original.get(12..16)? {
        b"VP8X" => size(little(original, 24, 3)? + 1, little(original, 27, 3)? + 1),
        b"VP8 " => size(little(original, 26, 2)? & 0x3fff, little(original, 28, 2)? & 0x3fff),
        b"VP8L" => {
            let bits = little(original, 21, 4)?;
            size((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
        }
        _ => None,
    }
}

fn big(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.iter().try_fold(0u32, |number, byte| Some(number << 8 | u32::from(*byte)))
}

fn little(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    Some(bytes.get(at..at + length)?.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_format_tells_its_size() {
        let fixture = |name: &str| {
            std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
        };
        for name in [
            "420.jpg",
            "progressive.jpg",
            "cmyk.jpg",
            "alpha.webp",
            "lossless.webp",
            "animated.webp",
            "alpha.avif",
        ] {
            let original = fixture(name);
            let header = crate::header(&original, &crate::Limits::default()).unwrap();
            assert_eq!(dimensions(&original), Some((header.format, header.size)), "{name}");
        }
        let gif = b"GIF89a\x03\0\x02\x01\0\0\0";
        assert_eq!(dimensions(gif), Some((InputFormat::Gif, Size { width: 3, height: 258 })));
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x02\0\0\0\x07";
        assert_eq!(dimensions(png), Some((InputFormat::Png, Size { width: 258, height: 7 })));
    }

    #[test]
    fn fill_bytes_and_lone_markers_are_stepped_over() {
        let jpeg = b"\xff\xd8\xff\xff\xff\xfe\0\x04ab\xff\x01\xff\xc2\0\x0b\x08\0\x05\0\x06";
        assert_eq!(dimensions(jpeg), Some((InputFormat::Jpeg, Size { width: 6, height: 5 })));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(start in 0usize..4, bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let starts: [&[u8]; 4] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF....WEBPVP8X", b"GIF89a"];
            dimensions(&[starts[start], &bytes].concat());
        }
    }
}
