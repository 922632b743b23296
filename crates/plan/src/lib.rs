//! What to do with a picture: operations, geometry, output.
//!
//! A URL of any dialect ends as a [`Plan`]; `transform` carries it out. Pure: no pixels, no I/O, no clock.

mod fingerprint;
mod geometry;
mod operation;
mod output;
mod size;

use serde::{Deserialize, Serialize};

pub use geometry::{CropBox, Geometry, GeometryError, Rect, device_pixels, geometry};
pub use operation::resize::{Dpr, Fit, InvalidDpr, Resize, UnknownFit};
pub use output::{
    Accepted, Format, FormatWish, InvalidQuality, Quality, UnknownFormat, accepted, output_format,
};
pub use size::Size;

/// The resolved list of operations for one original, and the output that is wanted.
///
/// It is serialised to reach the process that carries it out, never to be kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Plan {
    pub resize: Resize,
    pub format: FormatWish,
    /// Nothing asked: [`Quality::DEFAULT`].
    pub quality: Option<Quality>,
}
