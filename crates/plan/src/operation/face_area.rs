//! Which faces are shown close, and how close.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::decimal;

/// The faces that `fit=facearea` goes near to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct FaceArea {
    /// One of them, counted from left to right; all, where nothing is asked or there are fewer.
    pub index: Option<Amount<1, 100>>,
    pub pad: FacePad,
}

/// How many times as wide and high as a face the area around it is: 1 to 10, in steps of one hundredth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FacePad {
    hundredths: u16,
}

impl FacePad {
    pub const fn from_hundredths(hundredths: u16) -> Option<FacePad> {
        if 100 <= hundredths && hundredths <= 1000 { Some(FacePad { hundredths }) } else { None }
    }

    pub fn times(self) -> f64 {
        f64::from(self.hundredths) / 100.0
    }
}

impl Default for FacePad {
    fn default() -> FacePad {
        FacePad { hundredths: 100 }
    }
}

impl fmt::Display for FacePad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, u32::from(self.hundredths), 2)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the room around a face must be a number from 1 to 10 with at most two decimals")]
pub struct InvalidFacePad;

impl FromStr for FacePad {
    type Err = InvalidFacePad;

    fn from_str(text: &str) -> Result<FacePad, InvalidFacePad> {
        let hundredths = decimal::read(text, 2).and_then(|value| u16::try_from(value).ok());
        hundredths.and_then(FacePad::from_hundredths).ok_or(InvalidFacePad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_room_around_a_face_is_a_number_from_1_to_10() {
        for (text, shown) in [("1", "1"), ("1.50", "1.5"), ("2.25", "2.25"), ("10", "10")] {
            assert_eq!(text.parse::<FacePad>().map(|pad| pad.to_string()).as_deref(), Ok(shown), "{text}");
        }
        for wrong in ["0.99", "10.01", "0", "1.125", "-2", ""] {
            assert_eq!(wrong.parse::<FacePad>(), Err(InvalidFacePad), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(hundredths in 100u16..=1000) {
            let pad = FacePad::from_hundredths(hundredths).unwrap();
            prop_assert_eq!(pad.to_string().parse(), Ok(pad));
        }

        #[test]
        fn no_text_panics(text in "\\PC*|[0-9.]{0,12}") {
            let _ = text.parse::<FacePad>();
        }
    }
}
