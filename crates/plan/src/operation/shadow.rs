//! The operation that lets a picture throw a shadow.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, Swing};
use crate::colour::Colour;

/// The standard deviation of the shadow's blur, in CSS pixels, and its colour. The picture's canvas grows by what the
/// shadow needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shadow {
    pub blur: Amount<0, 100>,
    pub colour: Colour,
}

/// How far the shadow lies to the right and down, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ShadowOffset {
    pub x: Swing,
    pub y: Swing,
}

impl fmt::Display for Shadow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.blur, self.colour)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a shadow is its blur from 0 to 100 and its colour, as in 8,80000000")]
pub struct InvalidShadow;

impl FromStr for Shadow {
    type Err = InvalidShadow;

    fn from_str(text: &str) -> Result<Shadow, InvalidShadow> {
        let (blur, colour) = text.split_once(',').ok_or(InvalidShadow)?;
        let blur = blur.parse().map_err(|_| InvalidShadow)?;
        Ok(Shadow { blur, colour: colour.parse().map_err(|_| InvalidShadow)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_shadow_has_a_blur_and_a_colour() {
        let shown = |text: &str| text.parse::<Shadow>().map(|shadow| shadow.to_string());
        assert_eq!(shown("8,80000000").as_deref(), Ok("8,80000000"));
        assert_eq!(shown("0,black").as_deref(), Ok("0,000000"));
        for wrong in ["", "8", "8,", "101,black", "-1,black", "black,8"] {
            assert_eq!(wrong.parse::<Shadow>(), Err(InvalidShadow), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<Shadow>();
        }
    }
}
