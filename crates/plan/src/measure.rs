//! Lengths on the output: in CSS pixels, or as a part of one of its sides.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::Fraction;

/// A decimal point tells a part from pixels, so that all of a side is `1.0`, and `1` is one pixel. Of either there are at
/// least `MIN`: a thing may begin at 0 but cannot be 0 wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Measure<const MIN: u32> {
    Pixels(u32),
    Part(Fraction),
}

impl<const MIN: u32> Measure<MIN> {
    pub const MAX_PIXELS: u32 = 16_384;
}

impl<const MIN: u32> fmt::Display for Measure<MIN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Measure::Pixels(pixels) => pixels.fmt(f),
            Measure::Part(part) => {
                let text = part.to_string();
                f.write_str(&text)?;
                if text.contains('.') { Ok(()) } else { f.write_str(".0") }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a length is a number of pixels up to 16384, or a decimal up to 1.0 for a part of the output")]
pub struct InvalidMeasure;

impl<const MIN: u32> FromStr for Measure<MIN> {
    type Err = InvalidMeasure;

    fn from_str(text: &str) -> Result<Self, InvalidMeasure> {
        if text.contains('.') {
            let part: Fraction = text.parse().map_err(|_| InvalidMeasure)?;
            return if u32::from(part.units()) < MIN { Err(InvalidMeasure) } else { Ok(Measure::Part(part)) };
        }
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        let pixels: Option<u32> = plain.then(|| text.parse().ok()).flatten();
        let in_range = pixels.filter(|pixels| (MIN..=Self::MAX_PIXELS).contains(pixels));
        in_range.map(Measure::Pixels).ok_or(InvalidMeasure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_decimal_point_tells_a_part_from_pixels() {
        for (text, shown) in [
            ("1", Some("1")),
            ("1.0", Some("1.0")),
            ("0.25", Some("0.25")),
            ("16384", Some("16384")),
            ("16385", None),
            ("1.5", None),
            ("01", None),
            ("-1", None),
            ("50%", None),
            ("", None),
        ] {
            let read = text.parse::<Measure<0>>().ok().map(|measure| measure.to_string());
            assert_eq!(read.as_deref(), shown, "{text:?}");
        }
        for nothing in ["0", "0.0"] {
            assert!(nothing.parse::<Measure<0>>().is_ok() && nothing.parse::<Measure<1>>().is_err());
        }
    }

    proptest! {
        #[test]
        fn a_measure_is_read_as_it_is_written(text in "\\PC*|[0-9.]{0,8}") {
            if let Ok(measure) = text.parse::<Measure<1>>() {
                prop_assert_eq!(measure.to_string().parse(), Ok(measure));
            }
        }
    }
}
