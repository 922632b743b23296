//! What is seen behind a picture: where it is transparent, and where it does not cover its canvas.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, Opacity};
use crate::colour::Colour;
use crate::geometry::Sigma;
use crate::operation::crop::Align;
use crate::operation::dpr::Dpr;
use crate::operation::gradient::{Gradient, GradientShape};
use crate::operation::sheet::{Sheet, SheetFit};
use crate::original_name::OriginalName;

/// Without a colour, what can be transparent is, and else it is white.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Background {
    pub colour: Option<Colour>,
    /// What covers the canvas of a picture that has been brought to a box without filling it.
    pub fill: Fill,
    /// If that is what covers it.
    pub gradient: Gradient,
    /// If that is a picture: the standard deviation of a blur, in tenths of a CSS pixel.
    pub blur: Option<Amount<0, 2000>>,
    /// And how much of it shows.
    pub opacity: Opacity,
    /// Where the picture stands on that canvas.
    pub align: Align,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Fill {
    /// The background's colour.
    #[default]
    Solid,
    /// The picture itself, covering the canvas and out of focus.
    Blur,
    /// Two colours.
    Gradient,
    /// Another picture.
    Picture(OriginalName),
}

impl Fill {
    pub const fn picture(&self) -> Option<&OriginalName> {
        match self {
            Fill::Solid | Fill::Blur | Fill::Gradient => None,
            Fill::Picture(name) => Some(name),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a canvas is filled with solid, blur, gradient, or an original as in brand/wood.jpg")]
pub struct InvalidFill;

impl FromStr for Fill {
    type Err = InvalidFill;

    fn from_str(word: &str) -> Result<Fill, InvalidFill> {
        match word {
            "solid" => Ok(Fill::Solid),
            "blur" => Ok(Fill::Blur),
            "gradient" => Ok(Fill::Gradient),
            _ => word.parse().map(Fill::Picture).map_err(|_| InvalidFill),
        }
    }
}

/// A canvas as it is covered: in device pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Covering {
    pub align: Align,
    pub behind: Behind,
}

/// What is seen of a canvas beside the picture, and through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Behind {
    Nothing,
    /// The picture itself; without a wish, as much out of focus as suits the canvas.
    Itself {
        blur: Option<Sigma>,
        opacity: Opacity,
    },
    Gradient(Gradient),
    Sheet {
        sheet: Sheet,
        blur: Sigma,
        opacity: Opacity,
    },
}

impl Background {
    /// `picture` is the place of its own among the plan's originals, if it has one.
    pub(crate) fn covering(&self, picture: Option<usize>, dpr: Dpr) -> Covering {
        let blur = self.blur.map(|blur| Sigma::of(blur.size(), dpr));
        let opacity = self.opacity;
        let behind = match (&self.fill, picture) {
            (Fill::Solid, _) | (Fill::Picture(_), None) => Behind::Nothing,
            (Fill::Blur, _) => Behind::Itself { blur, opacity },
            (Fill::Gradient, _) => Behind::Gradient(self.gradient),
            (Fill::Picture(_), Some(picture)) => {
                let sheet = Sheet { picture, fit: SheetFit::Crop, align: Align::MIDDLE };
                Behind::Sheet { sheet, blur: blur.unwrap_or_default(), opacity }
            }
        };
        Covering { align: self.align, behind }
    }
}

/// For the fingerprint.
impl fmt::Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Behind::Nothing => f.write_str("solid"),
            Behind::Itself { blur: None, opacity } if *opacity == Opacity::default() => f.write_str("blur"),
            Behind::Itself { blur, opacity } => {
                let blur = blur.map(|blur| blur.tenths().to_string());
                write!(f, "blur {} {opacity}", blur.unwrap_or_default())
            }
            Behind::Gradient(gradient) => match gradient.shape {
                GradientShape::Linear => write!(f, "linear,{},{}", gradient.colours, gradient.towards),
                GradientShape::Radial => write!(f, "radial,{}", gradient.colours),
            },
            Behind::Sheet { sheet, blur, opacity } => write!(f, "{sheet} {} {opacity}", blur.tenths()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pictures_blur_is_none_unless_it_is_wished_and_the_pictures_own_suits_the_canvas() {
        let shown = |fill: &str, blur: Option<&str>, opacity: &str| {
            let blur = blur.and_then(|blur| blur.parse().ok());
            let (fill, opacity) = (fill.parse().unwrap(), opacity.parse().unwrap());
            let background = Background { fill, blur, opacity, ..Background::default() };
            background.covering(Some(2), "2".parse().unwrap()).behind.to_string()
        };
        for ((fill, blur, opacity), expected) in [
            (("solid", None, "100"), "solid"),
            (("blur", None, "100"), "blur"),
            (("blur", None, "50"), "blur  50"),
            (("blur", Some("40"), "100"), "blur 80 100"),
            (("a/b", None, "100"), "2 crop center 0 100"),
            (("a/b", Some("40"), "30"), "2 crop center 80 30"),
        ] {
            assert_eq!(shown(fill, blur, opacity), expected);
        }
    }

    #[test]
    fn a_canvas_is_filled_with_a_colour_or_a_picture() {
        for (word, fill) in [("solid", Fill::Solid), ("blur", Fill::Blur), ("gradient", Fill::Gradient)] {
            assert_eq!(word.parse(), Ok(fill));
        }
        let picture: Fill = "brand/wood.jpg".parse().unwrap();
        assert_eq!(picture.picture().map(ToString::to_string).as_deref(), Some("brand/wood.jpg"));
        for wrong in ["", "Solid", "gen", "/wood.jpg"] {
            assert_eq!(wrong.parse::<Fill>(), Err(InvalidFill), "{wrong:?}");
        }
    }
}
