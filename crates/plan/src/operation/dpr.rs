//! Device pixels for each CSS pixel: what turns every length of a request into pixels.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::decimal;

/// Device pixels per CSS pixel: 0.1 to 5, in steps of one hundredth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dpr {
    hundredths: u16,
}

impl Dpr {
    pub const ONE: Dpr = Dpr { hundredths: 100 };
    pub const MIN: Dpr = Dpr { hundredths: 10 };
    pub const MAX: Dpr = Dpr { hundredths: 500 };

    pub const fn from_hundredths(hundredths: u16) -> Result<Dpr, InvalidDpr> {
        if hundredths < Dpr::MIN.hundredths || hundredths > Dpr::MAX.hundredths {
            return Err(InvalidDpr);
        }
        Ok(Dpr { hundredths })
    }

    pub const fn hundredths(self) -> u16 {
        self.hundredths
    }
}

impl Default for Dpr {
    fn default() -> Dpr {
        Dpr::ONE
    }
}

impl fmt::Display for Dpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, u32::from(self.hundredths), 2)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the device pixel ratio must be a number from 0.1 to 5 with at most two decimals")]
pub struct InvalidDpr;

impl FromStr for Dpr {
    type Err = InvalidDpr;

    fn from_str(text: &str) -> Result<Dpr, InvalidDpr> {
        let hundredths = decimal::read(text, 2).and_then(|value| u16::try_from(value).ok());
        Dpr::from_hundredths(hundredths.ok_or(InvalidDpr)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_device_pixel_ratio_is_a_short_plain_decimal() {
        for (text, shown) in [
            ("1", "1"),
            ("2.0", "2"),
            ("1.5", "1.5"),
            ("1.50", "1.5"),
            ("2.63", "2.63"),
            ("0.1", "0.1"),
            ("5.00", "5"),
        ] {
            assert_eq!(text.parse::<Dpr>().map(|dpr| dpr.to_string()).as_deref(), Ok(shown), "{text:?}");
        }
        for wrong in
            ["", ".", "1.", ".5", "0", "0.09", "5.01", "10", "1.125", "-1", "+1", "1e0", "1,5", "1.٣", "NaN"]
        {
            assert_eq!(wrong.parse::<Dpr>(), Err(InvalidDpr), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn every_ratio_survives_being_written_and_read(hundredths in 10u16..=500) {
            let dpr = Dpr::from_hundredths(hundredths).unwrap();
            prop_assert_eq!(dpr.to_string().parse::<Dpr>(), Ok(dpr));
        }
    }
}
