//! One file per format, each with what it can do: read a header, decode, encode.

pub(crate) mod apng;
pub(crate) mod avif;
pub(crate) mod bmp;
pub(crate) mod canvas;
pub(crate) mod difference;
pub(crate) mod gif;
pub(crate) mod ico;
pub(crate) mod jpeg;
pub(crate) mod jxl;
pub(crate) mod png;
pub(crate) mod svg;
pub(crate) mod tiff;
mod view;
pub(crate) mod webp;

use std::time::Duration;

use plan::Size;

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
}

impl Decoded {
    pub fn full_size(picture: Picture) -> Decoded {
        Decoded { picture, view: View::Whole(1.0), icc: None }
    }
}

/// Whether a colour profile describes RGB colours (ICC.1:2022 §7.2.6, the header's data colour space).
pub(crate) fn describes_rgb(icc: &[u8]) -> bool {
    icc.get(16..20) == Some(b"RGB ")
}
