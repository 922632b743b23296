//! Colours as URLs give them: hexadecimal, or by their CSS names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::colour_names::NAMES;

/// A colour in sRGB; alpha is not multiplied in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Colour {
    pub red: u8,
    pub green: u8,
    pub blue: u8,
    pub alpha: u8,
}

impl Colour {
    pub const BLACK: Colour = Colour::opaque(0x00_00_00);
    pub const WHITE: Colour = Colour::opaque(0xff_ff_ff);

    /// From `0xRRGGBB`.
    pub const fn opaque(rgb: u32) -> Colour {
        Colour::from_argb(0xff << 24 | rgb)
    }

    /// From `0xAARRGGBB`.
    pub const fn from_argb(argb: u32) -> Colour {
        let [alpha, red, green, blue] = argb.to_be_bytes();
        Colour { red, green, blue, alpha }
    }

    pub const fn rgba(self) -> [u8; 4] {
        [self.red, self.green, self.blue, self.alpha]
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.alpha != 255 {
            write!(f, "{:02x}", self.alpha)?;
        }
        write!(f, "{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour is a CSS name or hexadecimal without #: RGB, ARGB, RRGGBB or AARRGGBB")]
pub struct InvalidColour;

impl FromStr for Colour {
    type Err = InvalidColour;

    /// Alpha stands first, as imgix has it.
    fn from_str(text: &str) -> Result<Colour, InvalidColour> {
        let name = text.to_ascii_lowercase();
        if name == "transparent" {
            return Ok(Colour::from_argb(0));
        }
        if let Ok(found) = NAMES.binary_search_by(|(known, _)| (*known).cmp(&name)) {
            return Ok(Colour::opaque(NAMES[found].1));
        }
        // `from_str_radix` alone would take a sign.
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidColour);
        }
        let doubled = |text: &str| text.chars().flat_map(|digit| [digit, digit]).collect::<String>();
        let (digits, opaque) = match text.len() {
            3 => (doubled(text), true),
            4 => (doubled(text), false),
            6 => (text.to_owned(), true),
            8 => (text.to_owned(), false),
            _ => return Err(InvalidColour),
        };
        let value = u32::from_str_radix(&digits, 16).map_err(|_| InvalidColour)?;
        Ok(if opaque { Colour::opaque(value) } else { Colour::from_argb(value) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_colour_has_a_name_or_digits() {
        for (text, shown) in [
            ("red", "ff0000"),
            ("RebeccaPurple", "663399"),
            ("f80", "ff8800"),
            ("8f80", "88ff8800"),
            ("FF8800", "ff8800"),
            ("80ff8800", "80ff8800"),
            ("ffff8800", "ff8800"),
            ("transparent", "00000000"),
        ] {
            assert_eq!(
                text.parse::<Colour>().map(|colour| colour.to_string()).as_deref(),
                Ok(shown),
                "{text}"
            );
        }
        for wrong in ["", "#fff", "ff", "fffff", "fffffff", "+ff", "reddish", "ggg", "fff "] {
            assert_eq!(wrong.parse::<Colour>(), Err(InvalidColour), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn every_colour_survives_being_written_and_read(argb: u32) {
            let colour = Colour::from_argb(argb);
            prop_assert_eq!(colour.to_string().parse::<Colour>(), Ok(colour));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,9}") {
            let _ = text.parse::<Colour>();
        }
    }
}
