//! The operation that shows where a picture is transparent.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, InvalidAmount};
use crate::colour::Colour;

/// Whether squares of two colours are seen where the picture is transparent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Grid {
    pub shown: bool,
    pub side: GridSide,
    pub colours: GridColours,
}

/// The side of a square, in CSS pixels: 1 to 1000, 8 unless a wish says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GridSide(u16);

impl GridSide {
    pub const fn get(self) -> u32 {
        self.0 as u32
    }
}

impl Default for GridSide {
    fn default() -> GridSide {
        GridSide(8)
    }
}

impl fmt::Display for GridSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for GridSide {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<GridSide, InvalidAmount> {
        text.parse().map(|side: Amount<1, 1000>| GridSide(side.get().unsigned_abs()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GridColours {
    pub one: Colour,
    pub other: Colour,
}

impl Default for GridColours {
    fn default() -> GridColours {
        GridColours { one: Colour::opaque(0xd0d7dd), other: Colour::WHITE }
    }
}

impl fmt::Display for GridColours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.one, self.other)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a grid has two colours, as in d0d7dd,ffffff")]
pub struct InvalidGridColours;

impl FromStr for GridColours {
    type Err = InvalidGridColours;

    fn from_str(text: &str) -> Result<GridColours, InvalidGridColours> {
        let (one, other) = text.split_once(',').ok_or(InvalidGridColours)?;
        let colour = |text: &str| text.parse().map_err(|_| InvalidGridColours);
        Ok(GridColours { one: colour(one)?, other: colour(other)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_a_side_and_two_colours() {
        assert_eq!(GridColours::default().to_string(), "d0d7dd,ffffff");
        assert_eq!(
            "red,000".parse::<GridColours>().map(|both| both.to_string()).as_deref(),
            Ok("ff0000,000000")
        );
        for wrong in ["", "red", "red,", "red,blue,green"] {
            assert_eq!(wrong.parse::<GridColours>(), Err(InvalidGridColours), "{wrong:?}");
        }
        assert_eq!("12".parse::<GridSide>().map(GridSide::get).ok(), Some(12));
        assert!("0".parse::<GridSide>().is_err());
    }
}
