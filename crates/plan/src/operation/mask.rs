//! The operation that cuts a picture to a shape.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::Length;
use crate::original_name::OriginalName;

/// What stays; the rest becomes transparent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MaskShape {
    /// The ellipse that touches all four sides: of a square, a circle.
    Ellipse,
    /// All but the corners, which are rounded by [`CornerRadius`].
    Corners,
    /// As much of each pixel as another picture says by [`MaskMode`].
    Picture(OriginalName),
}

impl MaskShape {
    pub const fn picture(&self) -> Option<&OriginalName> {
        match self {
            MaskShape::Ellipse | MaskShape::Corners => None,
            MaskShape::Picture(name) => Some(name),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mask is ellipse, corners or an original as in brand/heart.png")]
pub struct UnknownMaskShape;

impl FromStr for MaskShape {
    type Err = UnknownMaskShape;

    fn from_str(word: &str) -> Result<MaskShape, UnknownMaskShape> {
        match word {
            "ellipse" => Ok(MaskShape::Ellipse),
            "corners" => Ok(MaskShape::Corners),
            _ => word.parse().map(MaskShape::Picture).map_err(|_| UnknownMaskShape),
        }
    }
}

/// What of another picture makes it a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum MaskMode {
    /// Its transparency if it has any, else its light.
    #[default]
    Auto,
    Alpha,
    /// How light it is, and how opaque.
    Luminance,
}

impl fmt::Display for MaskMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MaskMode::Auto => "auto",
            MaskMode::Alpha => "alpha",
            MaskMode::Luminance => "luminance",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a picture is a mask by auto, alpha or luminance")]
pub struct UnknownMaskMode;

impl FromStr for MaskMode {
    type Err = UnknownMaskMode;

    fn from_str(word: &str) -> Result<MaskMode, UnknownMaskMode> {
        match word {
            "auto" => Ok(MaskMode::Auto),
            "alpha" => Ok(MaskMode::Alpha),
            "luminance" => Ok(MaskMode::Luminance),
            _ => Err(UnknownMaskMode),
        }
    }
}

/// A mask in device pixels: the corners in the order of [`CornerRadius`], nothing for the largest radius.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mask {
    Ellipse,
    Corners([Option<u32>; 4]),
}

impl Mask {
    /// The edge of what lies so far inside of this mask's.
    pub(crate) fn inside(self, distance: u32) -> Mask {
        match self {
            Mask::Ellipse => Mask::Ellipse,
            Mask::Corners(radii) => {
                Mask::Corners(radii.map(|radius| radius.map(|radius| radius.saturating_sub(distance))))
            }
        }
    }
}

/// The radii of the corners: upper left, upper right, lower right, lower left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CornerRadius(pub [Corner; 4]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Corner {
    /// In CSS pixels.
    Radius(Length),
    /// Half of the shorter side.
    Max,
}

impl Default for CornerRadius {
    fn default() -> CornerRadius {
        CornerRadius([Corner::Max; 4])
    }
}

impl fmt::Display for Corner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Corner::Radius(radius) => radius.fmt(f),
            Corner::Max => f.write_str("max"),
        }
    }
}

impl fmt::Display for CornerRadius {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, two, three, four] = self.0;
        if [two, three, four] == [one; 3] { one.fmt(f) } else { write!(f, "{one},{two},{three},{four}") }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a corner radius is a whole number from 0 to 1000 or max, or four of them with commas")]
pub struct InvalidCornerRadius;

impl FromStr for Corner {
    type Err = InvalidCornerRadius;

    fn from_str(text: &str) -> Result<Corner, InvalidCornerRadius> {
        if text == "max" {
            return Ok(Corner::Max);
        }
        text.parse().map(Corner::Radius).map_err(|_| InvalidCornerRadius)
    }
}

impl FromStr for CornerRadius {
    type Err = InvalidCornerRadius;

    fn from_str(text: &str) -> Result<CornerRadius, InvalidCornerRadius> {
        let parts: Vec<&str> = text.splitn(5, ',').collect();
        match parts.as_slice() {
            [all] => Ok(CornerRadius([all.parse()?; 4])),
            [one, two, three, four] => {
                Ok(CornerRadius([one.parse()?, two.parse()?, three.parse()?, four.parse()?]))
            }
            _ => Err(InvalidCornerRadius),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn corners_are_rounded_alike_or_each_by_its_own() {
        for (text, shown) in
            [("10", "10"), ("max", "max"), ("10,10,10,10", "10"), ("0,max,20,max", "0,max,20,max")]
        {
            assert_eq!(text.parse::<CornerRadius>().map(|radius| radius.to_string()).as_deref(), Ok(shown));
        }
        for wrong in ["", "1,2", "1,2,3", "1,2,3,4,5", "-1", "1001", "Max"] {
            assert_eq!(wrong.parse::<CornerRadius>(), Err(InvalidCornerRadius), "{wrong:?}");
        }
    }

    #[test]
    fn a_mask_is_a_shape_or_another_picture() {
        assert_eq!("ellipse".parse(), Ok(MaskShape::Ellipse));
        assert_eq!("corners".parse(), Ok(MaskShape::Corners));
        let picture: MaskShape = "brand/heart.png".parse().unwrap();
        assert_eq!(picture.picture().map(ToString::to_string).as_deref(), Some("brand/heart.png"));
        for wrong in ["", "circle", "https://example.com/heart.png"] {
            assert_eq!(wrong.parse::<MaskShape>(), Err(UnknownMaskShape), "{wrong:?}");
        }
        for mode in [MaskMode::Auto, MaskMode::Alpha, MaskMode::Luminance] {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        assert_eq!("luma".parse::<MaskMode>(), Err(UnknownMaskMode));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*|[0-9max,]{0,24}") {
            let _ = text.parse::<CornerRadius>();
        }
    }
}
