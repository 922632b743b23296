//! What is written beside the pixels of the derivative: by default nothing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, InvalidAmount};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Metadata {
    /// Who made the original and whose it is.
    pub copyright: bool,
    pub colour_space: ColourSpace,
    pub dpi: Option<Dpi>,
}

/// The colours that the derivative's numbers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum ColourSpace {
    /// What everybody takes a picture without a profile for.
    #[default]
    Srgb,
    /// That of the original, its profile beside it.
    Original,
}

impl ColourSpace {
    pub const ALL: [ColourSpace; 2] = [ColourSpace::Srgb, ColourSpace::Original];

    const fn as_str(self) -> &'static str {
        match self {
            ColourSpace::Srgb => "srgb",
            ColourSpace::Original => "origin",
        }
    }
}

impl fmt::Display for ColourSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the colour space is srgb or origin")]
pub struct UnknownColourSpace;

impl FromStr for ColourSpace {
    type Err = UnknownColourSpace;

    fn from_str(text: &str) -> Result<ColourSpace, UnknownColourSpace> {
        ColourSpace::ALL.into_iter().find(|space| space.as_str() == text).ok_or(UnknownColourSpace)
    }
}

/// Dots to the inch, for whoever prints: 1 to 10000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dpi(Amount<1, 10_000>);

impl Dpi {
    pub const fn get(self) -> u32 {
        self.0.size()
    }
}

impl fmt::Display for Dpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Dpi {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Dpi, InvalidAmount> {
        text.parse().map(Dpi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for space in ColourSpace::ALL {
            assert_eq!(space.to_string().parse(), Ok(space));
        }
        assert_eq!("p3".parse::<ColourSpace>(), Err(UnknownColourSpace));
        for (text, expected) in
            [("1", Some(1)), ("300", Some(300)), ("10000", Some(10_000)), ("0", None), ("10001", None)]
        {
            assert_eq!(text.parse().ok().map(Dpi::get), expected, "{text:?}");
        }
    }
}
