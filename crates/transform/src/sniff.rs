//! Which format an original is in, by its first bytes; never by its name or media type.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A format that we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum InputFormat {
    Jpeg,
    Png,
    Webp,
    Avif,
    Gif,
    Tiff,
    Bmp,
    /// Icons and cursors.
    Ico,
}

impl InputFormat {
    pub const ALL: [InputFormat; 8] = [
        InputFormat::Jpeg,
        InputFormat::Png,
        InputFormat::Webp,
        InputFormat::Avif,
        InputFormat::Gif,
        InputFormat::Tiff,
        InputFormat::Bmp,
        InputFormat::Ico,
    ];

    /// The same format as an output, if we write it.
    pub const fn as_output(self) -> Option<plan::Format> {
        match self {
            InputFormat::Jpeg => Some(plan::Format::Jpeg),
            InputFormat::Png => Some(plan::Format::Png),
            InputFormat::Webp => Some(plan::Format::Webp),
            InputFormat::Avif => Some(plan::Format::Avif),
            InputFormat::Gif => Some(plan::Format::Gif),
            InputFormat::Tiff | InputFormat::Bmp | InputFormat::Ico => None,
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            InputFormat::Jpeg => "image/jpeg",
            InputFormat::Png => "image/png",
            InputFormat::Webp => "image/webp",
            InputFormat::Avif => "image/avif",
            InputFormat::Gif => "image/gif",
            InputFormat::Tiff => "image/tiff",
            InputFormat::Bmp => "image/bmp",
            InputFormat::Ico => "image/vnd.microsoft.icon",
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
            InputFormat::Gif => "GIF",
            InputFormat::Tiff => "TIFF",
            InputFormat::Bmp => "BMP",
            InputFormat::Ico => "ICO",
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
        [a, b, c, d, b'f', b't', b'y', b'p', ..] => {
            let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            avif_brand(original.get(8..length.min(original.len()))?).then_some(InputFormat::Avif)
        }
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
        _ => None,
    }
}

/// Whether `avif` (a still) or `avis` (a sequence) is the major or a compatible brand of a file type box.
/// Other brands of the same container are HEIC and videos.
fn avif_brand(file_type: &[u8]) -> bool {
    let mut brands = file_type.chunks_exact(4);
    let major = brands.next();
    let _minor_version = brands.next();
    major.into_iter().chain(brands).any(|brand| brand == b"avif" || brand == b"avis")
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
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", None),
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
            (b"<svg xmlns=", None),
            (b"\xff\xd8", None),
            (b"", None),
        ] {
            assert_eq!(sniff(bytes), expected, "{:?}", bytes.escape_ascii().to_string());
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
