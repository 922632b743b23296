//! The operation that changes a picture's size.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::operation::aspect_ratio::AspectRatio;
use crate::operation::bounds::Bounds;
use crate::operation::crop::{Crop, FocalPoint};
use crate::operation::dpr::Dpr;
use crate::operation::face_area::FaceArea;

/// Which size is wanted, and how the picture is to be brought to it.
///
/// `width` and `height` are CSS pixels as asked for, `1..=Resize::MAX_SIDE`; [`Dpr`] multiplies both.
/// With one of them and no aspect ratio, the other follows the original's proportions in every fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Resize {
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub fit: Fit,
    pub aspect_ratio: Option<AspectRatio>,
    /// Of a side that is not given.
    pub bounds: Bounds,
    pub crop: Crop,
    pub focal_point: FocalPoint,
    pub face_area: FaceArea,
    /// Whether the original's size is the largest that is made, whatever the fit.
    pub never_enlarge: bool,
    pub dpr: Dpr,
}

impl Resize {
    /// The largest width or height that a request may name. What may be made is the renderer's own, smaller limit.
    pub const MAX_SIDE: u32 = 16_384;

    /// Whether the picture may become larger than it is.
    pub fn enlarges(&self) -> bool {
        !self.never_enlarge && !matches!(self.fit, Fit::Max | Fit::Min | Fit::FillMax | Fit::CropFit)
    }

    /// Whether some of the picture may be cut off.
    pub fn crops(&self) -> bool {
        matches!(self.fit, Fit::Crop | Fit::Min | Fit::CropFit | Fit::FaceArea)
    }

    /// Whether there are proportions that are not the picture's own.
    pub fn has_box(&self) -> bool {
        (self.width.is_some() && self.height.is_some()) || self.aspect_ratio.is_some() || self.has_bounds()
    }

    /// Whether there is a side that may not become what the picture would make of it.
    pub fn has_bounds(&self) -> bool {
        let open = self.width.is_none() || self.height.is_none();
        open && self.fit == Fit::Crop && self.aspect_ratio.is_none() && !self.bounds.is_none()
    }

    /// Whether it depends on the faces in a picture what is seen of it.
    pub fn follows_faces(&self) -> bool {
        let wished = self.fit == Fit::FaceArea || matches!(self.crop, Crop::Faces(_));
        wished && self.crops() && self.has_box()
    }

    /// Whether a canvas may be left that the picture does not cover.
    pub fn fills(&self) -> bool {
        matches!(self.fit, Fit::Fill | Fit::FillMax | Fit::CropFit)
    }
}

/// How a picture meets a box of other proportions (the words are those of imgix, else of Cloudimage).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Fit {
    /// Inside the box, proportions kept; the output may be smaller than the box in one direction.
    #[default]
    Clip,
    /// As [`Fit::Clip`], but never larger than the original.
    Max,
    /// Covers the box; what sticks out is cut off.
    Crop,
    /// As [`Fit::Crop`], but never larger than the original: the box shrinks instead, its proportions kept.
    Min,
    /// Inside the box, then on a canvas of exactly the box.
    Fill,
    /// As [`Fit::Fill`], but the picture is never larger than the original.
    FillMax,
    /// As [`Fit::Crop`] where the original is at least as large as the box in both directions, else as
    /// [`Fit::FillMax`].
    CropFit,
    /// Exactly the box, distorted where the proportions differ.
    Scale,
    /// The smallest size that covers the box, with nothing cut off.
    BoundMin,
    /// As [`Fit::Crop`], but no more than the faces that [`FaceArea`] wishes to see.
    FaceArea,
}

impl Fit {
    pub const ALL: [Fit; 10] = [
        Fit::Clip,
        Fit::Max,
        Fit::Crop,
        Fit::Min,
        Fit::Fill,
        Fit::FillMax,
        Fit::CropFit,
        Fit::Scale,
        Fit::BoundMin,
        Fit::FaceArea,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Fit::Clip => "clip",
            Fit::Max => "max",
            Fit::Crop => "crop",
            Fit::Min => "min",
            Fit::Fill => "fill",
            Fit::FillMax => "fillmax",
            Fit::CropFit => "cropfit",
            Fit::Scale => "scale",
            Fit::BoundMin => "boundmin",
            Fit::FaceArea => "facearea",
        }
    }

    /// Whether the box alone, and not the picture in it, decides the proportions of what is made.
    pub const fn has_proportions_of_the_box(self) -> bool {
        !matches!(self, Fit::Clip | Fit::Max | Fit::BoundMin)
    }
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown fit; allowed are clip, max, crop, min, fill, fillmax, cropfit, scale, boundmin, facearea")]
pub struct UnknownFit;

impl FromStr for Fit {
    type Err = UnknownFit;

    fn from_str(word: &str) -> Result<Fit, UnknownFit> {
        Fit::ALL.into_iter().find(|fit| fit.as_str() == word).ok_or(UnknownFit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fit_is_read_as_it_is_written() {
        for fit in Fit::ALL {
            assert_eq!(fit.to_string().parse(), Ok(fit));
            assert!(UnknownFit.to_string().contains(fit.as_str()), "{fit}");
        }
        for wrong in ["", "Clip", "crop ", "cover", "bound"] {
            assert_eq!(wrong.parse::<Fit>(), Err(UnknownFit), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<Fit>();
        }
    }
}
