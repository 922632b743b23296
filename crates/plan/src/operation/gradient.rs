//! Two colours that go over into each other, to cover a canvas beside its picture.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::colour::Colour;
use crate::operation::crop::{Align, InvalidAlign};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Gradient {
    pub shape: GradientShape,
    pub colours: GradientColours,
    /// Of a linear one.
    pub towards: Towards,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum GradientShape {
    /// From one side or corner to the opposite one.
    #[default]
    Linear,
    /// From the middle to the corners.
    Radial,
}

impl fmt::Display for GradientShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GradientShape::Linear => "linear",
            GradientShape::Radial => "radial",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a gradient is linear or radial")]
pub struct UnknownGradientShape;

impl FromStr for GradientShape {
    type Err = UnknownGradientShape;

    fn from_str(word: &str) -> Result<GradientShape, UnknownGradientShape> {
        match word {
            "linear" => Ok(GradientShape::Linear),
            "radial" => Ok(GradientShape::Radial),
            _ => Err(UnknownGradientShape),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GradientColours {
    pub from: Colour,
    pub to: Colour,
}

impl Default for GradientColours {
    fn default() -> GradientColours {
        GradientColours { from: Colour::WHITE, to: Colour::opaque(0) }
    }
}

impl fmt::Display for GradientColours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.from, self.to)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a gradient has two colours with a comma")]
pub struct InvalidGradientColours;

impl FromStr for GradientColours {
    type Err = InvalidGradientColours;

    fn from_str(text: &str) -> Result<GradientColours, InvalidGradientColours> {
        let (from, to) = text.split_once(',').ok_or(InvalidGradientColours)?;
        let colour = |text: &str| text.parse().map_err(|_| InvalidGradientColours);
        Ok(GradientColours { from: colour(from)?, to: colour(to)? })
    }
}

/// The side or corner at which the second colour is; the bottom unless a wish says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Towards(Align);

impl Towards {
    pub const fn place(self) -> Align {
        self.0
    }
}

impl Default for Towards {
    fn default() -> Towards {
        Towards(Align { y: crate::Side::End, ..Align::MIDDLE })
    }
}

impl fmt::Display for Towards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Towards {
    type Err = InvalidAlign;

    /// The middle is no direction.
    fn from_str(text: &str) -> Result<Towards, InvalidAlign> {
        match text.parse()? {
            Align::MIDDLE => Err(InvalidAlign),
            align => Ok(Towards(align)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        for shape in [GradientShape::Linear, GradientShape::Radial] {
            assert_eq!(shape.to_string().parse(), Ok(shape));
        }
        assert_eq!(GradientColours::default().to_string(), "ffffff,000000");
        assert_eq!(Towards::default().to_string(), "bottom");
        for wrong in ["center", "middle", "", "down"] {
            assert_eq!(wrong.parse::<Towards>(), Err(InvalidAlign), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*|[a-z0-9,]{0,20}") {
            let _ = text.parse::<Towards>();
            if let Ok(colours) = text.parse::<GradientColours>() {
                prop_assert_eq!(colours.to_string().parse(), Ok(colours));
            }
        }
    }
}
