//! The operation that removes an even border.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::{Length, Percent};
use crate::colour::Colour;

/// What counts as border, how unlike it may be, and how much of it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Trim {
    pub by: Option<TrimBy>,
    /// Instead of the colour in the upper left corner.
    pub colour: Option<Colour>,
    pub tolerance: Tolerance,
    /// In pixels of the original.
    pub pad: Length,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TrimBy {
    /// By alpha where anything is transparent, else by colour.
    Auto,
    Colour,
    Alpha,
}

/// How far from the border's colour still counts as border, in percent of the way from black to white: 8 unless a wish
/// says otherwise, which is what a lossy encoder leaves of an even colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tolerance(u8);

impl Tolerance {
    pub const fn percent(self) -> u8 {
        self.0
    }
}

impl Default for Tolerance {
    fn default() -> Tolerance {
        Tolerance(8)
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Tolerance {
    type Err = crate::amount::InvalidAmount;

    fn from_str(text: &str) -> Result<Tolerance, Self::Err> {
        text.parse().map(|percent: Percent| Tolerance(percent.size() as u8))
    }
}

impl fmt::Display for TrimBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrimBy::Auto => "auto",
            TrimBy::Colour => "color",
            TrimBy::Alpha => "alpha",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a picture is trimmed by auto, color or alpha")]
pub struct UnknownTrim;

impl FromStr for TrimBy {
    type Err = UnknownTrim;

    fn from_str(word: &str) -> Result<TrimBy, UnknownTrim> {
        match word {
            "auto" => Ok(TrimBy::Auto),
            "color" => Ok(TrimBy::Colour),
            "alpha" => Ok(TrimBy::Alpha),
            _ => Err(UnknownTrim),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_to_trim_is_read_as_it_is_written() {
        for by in [TrimBy::Auto, TrimBy::Colour, TrimBy::Alpha] {
            assert_eq!(by.to_string().parse(), Ok(by));
        }
        assert_eq!("colour".parse::<TrimBy>(), Err(UnknownTrim));
    }

    #[test]
    fn a_tolerance_is_a_percentage() {
        assert_eq!("0".parse::<Tolerance>().map(Tolerance::percent).ok(), Some(0));
        assert_eq!(Tolerance::default().percent(), 8);
        assert!("101".parse::<Tolerance>().is_err());
    }
}
