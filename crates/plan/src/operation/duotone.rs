//! The operation that makes a picture of two colours.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::colour::Colour;

/// What black and white become; everything between, by its luma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Duotone {
    pub dark: Colour,
    pub light: Colour,
}

impl fmt::Display for Duotone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.dark, self.light)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a duotone is two opaque colours, for the dark and for the light, as in 290900,ffe0a0")]
pub struct InvalidDuotone;

impl FromStr for Duotone {
    type Err = InvalidDuotone;

    fn from_str(text: &str) -> Result<Duotone, InvalidDuotone> {
        let (dark, light) = text.split_once(',').ok_or(InvalidDuotone)?;
        let colour = |text: &str| {
            text.parse::<Colour>().ok().filter(|colour| colour.alpha == 255).ok_or(InvalidDuotone)
        };
        Ok(Duotone { dark: colour(dark)?, light: colour(light)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_duotone_is_two_opaque_colours() {
        let shown = |text: &str| text.parse::<Duotone>().map(|duotone| duotone.to_string());
        assert_eq!(shown("navy,fff").as_deref(), Ok("000080,ffffff"));
        for wrong in ["", "navy", "navy,", "navy,fff,red", "80000000,fff", "navy,transparent"] {
            assert_eq!(wrong.parse::<Duotone>(), Err(InvalidDuotone), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<Duotone>();
        }
    }
}
