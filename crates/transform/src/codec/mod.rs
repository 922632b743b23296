//! One file per format, each with what it can do: read a header, decode, encode.

pub(crate) mod apng;
pub(crate) mod avif;
pub(crate) mod bmp;
pub(crate) mod canvas;
pub(crate) mod difference;
pub(crate) mod gif;
pub(crate) mod halving;
#[cfg(feature = "heic")]
pub(crate) mod heic;
#[cfg(not(feature = "heic"))]
#[path = "heic/left_out.rs"]
pub(crate) mod heic;
mod heif;
pub(crate) mod ico;
pub(crate) mod jpeg;
pub(crate) mod jxl;
#[cfg(feature = "pdf")]
pub(crate) mod pdf;
#[cfg(not(feature = "pdf"))]
#[path = "pdf/left_out.rs"]
pub(crate) mod pdf;
pub(crate) mod png;
pub(crate) mod svg;
pub(crate) mod tiff;
mod view;
pub(crate) mod webp;

use std::time::Duration;

use plan::Size;

use crate::content;
use crate::orientation::Orientation;
use crate::pixels::Pixels;
use crate::planes::Planes;

pub(crate) use self::view::View;

/// What a header says.
pub(crate) struct Shape {
    pub size: Size,
    pub alpha: bool,
    pub orientation: Orientation,
}

/// A decoded picture, as its format holds it.
pub(crate) enum Picture {
    Planes(Planes),
    Pixels(Pixels),
}

impl Picture {
    pub fn size(&self) -> Size {
        match self {
            Picture::Planes(planes) => planes.size(),
            Picture::Pixels(pixels) => pixels.size,
        }
    }
}

/// One picture of those that move: the whole canvas, as it is seen for a while.
pub(crate) struct Frame {
    pub pixels: Pixels,
    pub shown: Duration,
}

/// A time that is too short to be meant: browsers show such pictures for as long as this says.
pub(crate) fn unhurried(shown: Duration) -> Duration {
    const HASTY: Duration = Duration::from_millis(10);
    const UNHURRIED: Duration = Duration::from_millis(100);
    if shown <= HASTY { UNHURRIED } else { shown }
}

pub(crate) struct Decoded {
    pub picture: Picture,
    pub view: View,
    /// The embedded colour profile.
    pub icc: Option<Vec<u8>>,
    /// Whether it is a graphic, where the decoder has seen more of it than there is now.
    pub graphic: Option<bool>,
}

impl Decoded {
    pub fn full_size(picture: Picture) -> Decoded {
        Decoded::at_scale(1.0, picture)
    }

    /// All of it, in so many samples for each of its pixels.
    pub fn at_scale(scale: f64, picture: Picture) -> Decoded {
        Decoded { picture, view: View::Whole(scale), icc: None, graphic: None }
    }

    /// What comes as planes was photographed, or has lost what a graphic is known by.
    pub fn is_graphic(&self) -> bool {
        match (&self.picture, self.graphic) {
            (_, Some(graphic)) => graphic,
            (Picture::Pixels(pixels), None) => content::is_graphic(pixels),
            (Picture::Planes(_), None) => false,
        }
    }
}

/// What smooths the edges of blocks after they are decoded, where the decoder can leave it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EdgeFilter {
    Applied,
    LeftOut,
}

impl EdgeFilter {
    /// Of a picture that is made much smaller it cannot be seen (nor measured: a tenth of a point of SSIMULACRA2 either way).
    /// Nothing else depends on it: within one picture blocks are predicted from what is not filtered yet. libwebp leaves
    /// it out where it scales to three quarters or less.
    pub fn where_seen(shrink: f64) -> EdgeFilter {
        if shrink < 2.0 { EdgeFilter::Applied } else { EdgeFilter::LeftOut }
    }
}

/// Whether a colour profile describes RGB colours (ICC.1:2022 §7.2.6, the header's data colour space).
pub(crate) fn describes_rgb(icc: &[u8]) -> bool {
    icc.get(16..20) == Some(b"RGB ")
}
