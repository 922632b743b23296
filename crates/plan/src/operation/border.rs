//! The operation that draws a frame around a picture.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::colour::Colour;

/// A frame outside the picture, which grows by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Border {
    /// In CSS pixels.
    pub size: Amount<1, 1000>,
    pub colour: Colour,
}

impl fmt::Display for Border {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.size, self.colour)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a border is its size from 1 to 1000 and its colour, as in 10,red")]
pub struct InvalidBorder;

impl FromStr for Border {
    type Err = InvalidBorder;

    fn from_str(text: &str) -> Result<Border, InvalidBorder> {
        let (size, colour) = text.split_once(',').ok_or(InvalidBorder)?;
        let size = size.parse().map_err(|_| InvalidBorder)?;
        Ok(Border { size, colour: colour.parse().map_err(|_| InvalidBorder)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_border_has_a_size_and_a_colour() {
        let shown = |text: &str| text.parse::<Border>().map(|border| border.to_string());
        assert_eq!(shown("10,red").as_deref(), Ok("10,ff0000"));
        assert_eq!(shown("1,80000000").as_deref(), Ok("1,80000000"));
        for wrong in ["", "10", "10,", "0,red", "1001,red", ",red", "red,10", "10,red,blue"] {
            assert_eq!(wrong.parse::<Border>(), Err(InvalidBorder), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<Border>();
        }
    }
}
