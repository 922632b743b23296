//! The operation that sharpens (or softens) by an unsharp mask of a chosen width.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::Swing;
use crate::decimal;

/// How much of the difference from a blurred copy is added, and how blurred the copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Unsharp {
    pub amount: Swing,
    pub radius: Radius,
}

/// The standard deviation of a blur in CSS pixels: 0.1 to 100, in tenths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Radius {
    tenths: u16,
}

impl Radius {
    pub const fn from_tenths(tenths: u16) -> Option<Radius> {
        if 1 <= tenths && tenths <= 1000 { Some(Radius { tenths }) } else { None }
    }

    pub const fn tenths(self) -> u16 {
        self.tenths
    }
}

impl Default for Radius {
    fn default() -> Radius {
        Radius { tenths: 25 }
    }
}

impl fmt::Display for Radius {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, u32::from(self.tenths), 1)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the radius must be a number from 0.1 to 100 with at most one decimal")]
pub struct InvalidRadius;

impl FromStr for Radius {
    type Err = InvalidRadius;

    fn from_str(text: &str) -> Result<Radius, InvalidRadius> {
        let tenths = decimal::read(text, 1).and_then(|value| u16::try_from(value).ok());
        tenths.and_then(Radius::from_tenths).ok_or(InvalidRadius)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_radius_has_one_decimal() {
        for (text, shown) in [("2.5", "2.5"), ("0.1", "0.1"), ("100", "100"), ("7.0", "7")] {
            assert_eq!(text.parse::<Radius>().map(|radius| radius.to_string()).as_deref(), Ok(shown));
        }
        for wrong in ["0", "100.1", "2.55", "-1", ""] {
            assert_eq!(wrong.parse::<Radius>(), Err(InvalidRadius), "{wrong:?}");
        }
    }
}
