//! What is seen behind a picture: where it is transparent, and where it does not cover its canvas.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::colour::Colour;
use crate::operation::crop::Align;
use crate::operation::gradient::Gradient;

/// Without a colour, what can be transparent is, and else it is white.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Background {
    pub colour: Option<Colour>,
    /// What covers the canvas of a picture that has been brought to a box without filling it.
    pub fill: Fill,
    /// If that is what covers it.
    pub gradient: Gradient,
    /// Where the picture stands on that canvas.
    pub align: Align,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Fill {
    /// The background's colour.
    #[default]
    Solid,
    /// The picture itself, covering the canvas and out of focus.
    Blur,
    /// Two colours.
    Gradient,
}

impl fmt::Display for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fill::Solid => "solid",
            Fill::Blur => "blur",
            Fill::Gradient => "gradient",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a canvas is filled with solid, blur or gradient")]
pub struct InvalidFill;

impl FromStr for Fill {
    type Err = InvalidFill;

    fn from_str(word: &str) -> Result<Fill, InvalidFill> {
        match word {
            "solid" => Ok(Fill::Solid),
            "blur" => Ok(Fill::Blur),
            "gradient" => Ok(Fill::Gradient),
            _ => Err(InvalidFill),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fill_is_read_as_it_is_written() {
        for fill in [Fill::Solid, Fill::Blur, Fill::Gradient] {
            assert_eq!(fill.to_string().parse(), Ok(fill));
        }
        for wrong in ["", "Solid", "gen"] {
            assert_eq!(wrong.parse::<Fill>(), Err(InvalidFill), "{wrong:?}");
        }
    }
}
