//! Which format an original is in, by its first bytes; never by its name or media type.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::codec::{jxl, pdf, svg};
use crate::error::TransformError;

/// A format that we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum InputFormat {
    Jpeg,
    Png,
    Webp,
    Avif,
    /// HEIF whose pictures are HEVC.
    Heic,
    Gif,
    Tiff,
    Bmp,
    /// Icons and cursors.
    Ico,
    /// JPEG XL.
    Jxl,
    /// Drawn, not made of pixels.
    Svg,
    /// Of documents, pages: they are drawn too.
    Pdf,
}

impl InputFormat {
    pub const ALL: [InputFormat; 12] = [
        InputFormat::Jpeg,
        InputFormat::Png,
        InputFormat::Webp,
        InputFormat::Avif,
        InputFormat::Heic,
        InputFormat::Gif,
        InputFormat::Tiff,
        InputFormat::Bmp,
        InputFormat::Ico,
        InputFormat::Jxl,
        InputFormat::Svg,
        InputFormat::Pdf,
    ];

    /// The same format as an output, if we write it.
    pub const fn as_output(self) -> Option<plan::Format> {
        match self {
            InputFormat::Jpeg => Some(plan::Format::Jpeg),
            InputFormat::Png => Some(plan::Format::Png),
            InputFormat::Webp => Some(plan::Format::Webp),
            InputFormat::Avif => Some(plan::Format::Avif),
            InputFormat::Gif => Some(plan::Format::Gif),
            InputFormat::Heic
            | InputFormat::Tiff
            | InputFormat::Bmp
            | InputFormat::Ico
            | InputFormat::Jxl
            | InputFormat::Svg
            | InputFormat::Pdf => None,
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            InputFormat::Jpeg => "image/jpeg",
            InputFormat::Png => "image/png",
            InputFormat::Webp => "image/webp",
            InputFormat::Avif => "image/avif",
            InputFormat::Heic => "image/heic",
            InputFormat::Gif => "image/gif",
            InputFormat::Tiff => "image/tiff",
            InputFormat::Bmp => "image/bmp",
            InputFormat::Ico => "image/vnd.microsoft.icon",
            InputFormat::Jxl => "image/jxl",
            InputFormat::Svg => "image/svg+xml",
            InputFormat::Pdf => "application/pdf",
        }
    }
}

impl fmt::Display for InputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InputFormat::Jpeg => "JPEG",
            InputFormat::Png => "PNG",
            InputFormat::Webp => "WebP",
            InputFormat::Avif => "AVIF",
            InputFormat::Heic => "HEIC",
            InputFormat::Gif => "GIF",
            InputFormat::Tiff => "TIFF",
            InputFormat::Bmp => "BMP",
            InputFormat::Ico => "ICO",
            InputFormat::Jxl => "JPEG XL",
            InputFormat::Svg => "SVG",
            InputFormat::Pdf => "PDF",
        })
    }
}

/// The format of these bytes, if it is one that we read.
pub fn sniff(original: &[u8]) -> Option<InputFormat> {
    match original {
        [0xff, 0xd8, 0xff, ..] => Some(InputFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(InputFormat::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(InputFormat::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(InputFormat::Webp),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => match contained(original)? {
            InputFormat::Heic if !cfg!(feature = "heic") => None,
            format => Some(format),
        },
        // The second number is that of the format, 43 where offsets have eight bytes.
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(InputFormat::Tiff),
        // Two letters are little; the size of a header that there is stands behind them.
        [b'B', b'M', ..]
            if matches!(original.get(14..18)?, [12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]) =>
        {
            Some(InputFormat::Bmp)
        }
        // So are these; after the number of pictures comes the first of them, with a byte that is always zero.
        [0, 0, 1 | 2, 0, few, 0, _, _, _, 0, ..] if *few > 0 => Some(InputFormat::Ico),
        _ if jxl::is_jxl(original) => Some(InputFormat::Jxl),
        _ if pdf::is_pdf(original) => Some(InputFormat::Pdf),
        // A text, with whatever XML lets stand before its first tag.
        _ => svg::is_svg(original).then_some(InputFormat::Svg),
    }
}

/// Why these bytes are not read, if they are a picture too.
pub(crate) fn unread(original: &[u8]) -> Option<TransformError> {
    let unbuilt = |format: &'static str, feature: &'static str| TransformError::Unbuilt {
        format: format.into(),
        feature: feature.into(),
    };
    if contained(original) == Some(InputFormat::Heic) {
        return Some(unbuilt("HEIC", "heic"));
    }
    if original.starts_with(b"%PDF-") {
        return Some(unbuilt("PDF", "pdf"));
    }
    let format = match original {
        [b'8', b'B', b'P', b'S', 0, 1 | 2, ..] => Some("PSD"),
        [0, 0, 0, 0x0c, b'j', b'P', b' ', b' ', 0x0d, 0x0a, 0x87, 0x0a, ..] => Some("JPEG 2000"),
        [0x1f, 0x8b, ..] => Some("compressed (gzip)"),
        _ => None,
    };
    format.map(|format| TransformError::Unread { format: format.into() })
}

/// What a file of boxes holds, by the brands in its first (ISO/IEC 14496-12 §4.3): AVIF names its own beside those of all such
/// pictures, and what does not is HEIC, as good as always. Other brands are of videos.
fn contained(original: &[u8]) -> Option<InputFormat> {
    let [a, b, c, d, b'f', b't', b'y', b'p', ..] = original else { return None };
    let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
    let mut brands = original.get(8..length.min(original.len()))?.chunks_exact(4);
    let major = brands.next();
    let _minor_version = brands.next();
    let mut heic = false;
    for brand in major.into_iter().chain(brands) {
        match brand {
            b"avif" | b"avis" => return Some(InputFormat::Avif),
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" | b"mif1"
            | b"msf1" => {
                heic = true;
            }
            _ => {}
        }
    }
    heic.then_some(InputFormat::Heic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        for (bytes, expected) in [
            (&b"\xff\xd8\xff\xe0..."[..], Some(InputFormat::Jpeg)),
            (b"\x89PNG\r\n\x1a\n...", Some(InputFormat::Png)),
            (b"GIF87a...", Some(InputFormat::Gif)),
            (b"GIF89a", Some(InputFormat::Gif)),
            (b"RIFF....WEBPVP8 ", Some(InputFormat::Webp)),
            (b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", Some(InputFormat::Avif)),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", Some(InputFormat::Avif)),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", cfg!(feature = "heic").then_some(InputFormat::Heic)),
            (b"\0\0\0\x18ftypoddb\0\0\0\0oddbmif1", cfg!(feature = "heic").then_some(InputFormat::Heic)),
            (b"\0\0\0\x18ftypheix\0\0\0\0mif1avif", Some(InputFormat::Avif)),
            (b"\0\0\0\x18ftypisom\0\0\0\0mp41avc1", None),
            // The minor version is a number, not a brand.
            (b"\0\0\0\x10ftypisomavif", None),
            (b"\0\0\0\x04ftypavif", None),
            (b"II*\0\x08\0\0\0", Some(InputFormat::Tiff)),
            (b"MM\0*\0\0\0\x08", Some(InputFormat::Tiff)),
            (b"MM\0+\0\x08\0\0", Some(InputFormat::Tiff)),
            (b"II\0*", None),
            (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", Some(InputFormat::Bmp)),
            (b"BMW and other makers", None),
            (b"BM", None),
            (b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0", Some(InputFormat::Ico)),
            (b"\0\0\x02\0\x01\0\x10\x10\0\0\x01\0", Some(InputFormat::Ico)),
            (b"\0\0\x01\0\0\0\x10\x10\0\0\x01\0", None),
            (b"\0\0\x01\0", None),
            (b"RIFF....WAVEfmt ", None),
            (b"GIF88a", None),
            (b"\xff\x0a\xfa\x1f", Some(InputFormat::Jxl)),
            (b"\0\0\0\x0cJXL \x0d\x0a\x87\x0a", Some(InputFormat::Jxl)),
            (b"\0\0\0\x0cJXL \x0d\x0a", None),
            (b"%PDF-1.7", cfg!(feature = "pdf").then_some(InputFormat::Pdf)),
            (b"<svg xmlns=", None),
            (b"<svg xmlns='http://www.w3.org/2000/svg'>", Some(InputFormat::Svg)),
            (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- by hand --><svg/>", Some(InputFormat::Svg)),
            (b"<html><svg/></html>", None),
            (b"\xff\xd8", None),
            (b"", None),
        ] {
            assert_eq!(sniff(bytes), expected, "{:?}", bytes.escape_ascii().to_string());
        }
    }

    #[test]
    fn what_is_not_read_has_a_name_where_it_is_known() {
        let heic = "the original is HEIC, which this build does not read; one with the feature heic does";
        for (bytes, expected) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], Some(heic)),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", Some(heic)),
            (b"\0\0\0\x18ftyphevc\0\0\0\0", Some(heic)),
            (b"\0\0\0\x18ftypisom\0\0\0\0", None),
            (
                b"%PDF-1.7",
                Some("the original is PDF, which this build does not read; one with the feature pdf does"),
            ),
            (b"8BPS\0\x01", Some("the original is PSD, which is not read")),
            (b"\0\0\0\x0cjP  \r\n\x87\n", Some("the original is JPEG 2000, which is not read")),
            (b"\x1f\x8b\x08", Some("the original is compressed (gzip), which is not read")),
            (b"<html>", None),
            (b"", None),
        ] {
            let said = unread(bytes).map(|error| error.to_string());
            assert_eq!(said.as_deref(), expected, "{:?}", bytes.escape_ascii().to_string());
            let is_read = matches!(sniff(bytes), Some(InputFormat::Heic | InputFormat::Pdf));
            assert!(sniff(bytes).is_none() || is_read, "{:?}", bytes.escape_ascii().to_string());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(length in 0u32..40, brands in proptest::collection::vec(any::<u8>(), 0..40)) {
            sniff(&[&length.to_be_bytes(), b"ftyp", brands.as_slice()].concat());
            sniff(&brands);
        }
    }
}
