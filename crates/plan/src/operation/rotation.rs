//! The operation that turns a picture.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::decimal;

/// Anticlockwise, in tenths of a degree, less than a full turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Rotation {
    tenths: u16,
}

impl Rotation {
    pub const fn from_tenths(tenths: u16) -> Option<Rotation> {
        if tenths < 3600 { Some(Rotation { tenths }) } else { None }
    }

    pub const fn tenths(self) -> u16 {
        self.tenths
    }

    /// The quarter turns that it begins with, 0 to 3: these move pixels and change none.
    pub const fn quarters(self) -> u16 {
        self.tenths / 900
    }

    /// What is left after the quarter turns.
    pub const fn rest(self) -> Rotation {
        Rotation { tenths: self.tenths % 900 }
    }

    pub fn radians(self) -> f64 {
        f64::from(self.tenths) * std::f64::consts::PI / 1800.0
    }
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, u32::from(self.tenths), 1)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an angle is a number of degrees from 0 to 359.9 with at most one decimal")]
pub struct InvalidRotation;

impl FromStr for Rotation {
    type Err = InvalidRotation;

    fn from_str(text: &str) -> Result<Rotation, InvalidRotation> {
        let tenths = decimal::read(text, 1).and_then(|value| u16::try_from(value).ok());
        tenths.and_then(Rotation::from_tenths).ok_or(InvalidRotation)
    }
}

/// What becomes of the corners of a picture that has been turned by less than a quarter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum RotationFrame {
    /// The frame grows until nothing is cut off; the background is seen in its corners.
    #[default]
    Pivot,
    /// The largest part with the picture's proportions that has no corners.
    Straighten,
}

impl fmt::Display for RotationFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RotationFrame::Pivot => "pivot",
            RotationFrame::Straighten => "straighten",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rotation is of the type pivot or straighten")]
pub struct UnknownRotationFrame;

impl FromStr for RotationFrame {
    type Err = UnknownRotationFrame;

    fn from_str(word: &str) -> Result<RotationFrame, UnknownRotationFrame> {
        match word {
            "pivot" => Ok(RotationFrame::Pivot),
            "straighten" => Ok(RotationFrame::Straighten),
            _ => Err(UnknownRotationFrame),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_angle_is_less_than_a_full_turn() {
        for (text, shown, quarters, rest) in [
            ("0", "0", 0, 0),
            ("90", "90", 1, 0),
            ("90.5", "90.5", 1, 5),
            ("359.9", "359.9", 3, 899),
            ("45.0", "45", 0, 450),
        ] {
            let rotation: Rotation = text.parse().unwrap();
            assert_eq!(rotation.to_string(), shown);
            assert_eq!((rotation.quarters(), rotation.rest().tenths()), (quarters, rest), "{text}");
        }
        for wrong in ["", "360", "-90", "0.05", "1e2"] {
            assert_eq!(wrong.parse::<Rotation>(), Err(InvalidRotation), "{wrong:?}");
        }
    }

    #[test]
    fn a_frame_is_read_as_it_is_written() {
        for frame in [RotationFrame::Pivot, RotationFrame::Straighten] {
            assert_eq!(frame.to_string().parse(), Ok(frame));
        }
        assert_eq!("zoom".parse::<RotationFrame>(), Err(UnknownRotationFrame));
    }

    proptest! {
        #[test]
        fn every_angle_survives_being_written_and_read(tenths in 0u16..3600) {
            let rotation = Rotation::from_tenths(tenths).unwrap();
            prop_assert_eq!(rotation.to_string().parse::<Rotation>(), Ok(rotation));
        }
    }
}
