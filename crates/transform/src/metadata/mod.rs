//! What is written beside the pixels, in the words of each format.

mod copyright;
mod exif;
mod iptc;
mod webp;
mod xmp;

use plan::{Format, Metadata};

use crate::sniff::InputFormat;

pub(crate) use self::copyright::Copyright;
pub(crate) use self::webp::with_chunks;

/// All other metadata is left behind on purpose: it tells strangers where a picture was taken, and when, and by what.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// The profile that the pixels' numbers are in, if it is not sRGB.
    pub icc: Option<Vec<u8>>,
    /// A block of EXIF, as a TIFF file.
    pub exif: Option<Vec<u8>>,
    /// Where the format has a place of its own for it.
    pub dots_per_inch: Option<u32>,
}

impl Beside {
    pub fn new(wish: &Metadata, original: &[u8], from: InputFormat, to: Format) -> Beside {
        let copyright = match wish.copyright {
            true => Copyright::of(original, from),
            false => Copyright::default(),
        };
        let dpi = wish.dpi.map(plan::Dpi::get);
        match to {
            Format::Jpeg | Format::Png => {
                Beside { icc: None, exif: exif::block(&copyright, None), dots_per_inch: dpi }
            }
            // There is no place for any of it.
            Format::Gif => Beside::default(),
            Format::Webp | Format::Avif => {
                Beside { icc: None, exif: exif::block(&copyright, dpi), dots_per_inch: None }
            }
        }
    }
}
