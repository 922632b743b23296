//! The proportions of the box that a picture is brought to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::decimal;

/// Width to height, in lowest terms; neither is more than a hundred times the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AspectRatio {
    width: u32,
    height: u32,
}

impl AspectRatio {
    const STEEPEST: u32 = 100;
    const PLACES: usize = 3;
    /// Of either side, before the fraction is reduced.
    const LONGEST: u32 = 10_000_000;

    pub fn new(width: u32, height: u32) -> Result<AspectRatio, InvalidAspectRatio> {
        let (longer, shorter) = (width.max(height), width.min(height));
        if shorter == 0 || longer > Self::LONGEST || longer > shorter.saturating_mul(Self::STEEPEST) {
            return Err(InvalidAspectRatio);
        }
        let divisor = greatest_common_divisor(width, height);
        Ok(AspectRatio { width: width / divisor, height: height / divisor })
    }

    pub const fn width(self) -> u32 {
        self.width
    }

    pub const fn height(self) -> u32 {
        self.height
    }
}

fn greatest_common_divisor(one: u32, other: u32) -> u32 {
    if other == 0 { one } else { greatest_common_divisor(other, one % other) }
}

impl fmt::Display for AspectRatio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.width, self.height)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an aspect ratio is W:H or a decimal, from 1:100 to 100:1, with at most three decimals")]
pub struct InvalidAspectRatio;

impl FromStr for AspectRatio {
    type Err = InvalidAspectRatio;

    fn from_str(text: &str) -> Result<AspectRatio, InvalidAspectRatio> {
        let (width, height) = text.split_once(':').unwrap_or((text, "1"));
        // Reduced terms of a ratio with decimals may have seven digits, and they must be read back.
        let side = |text| match decimal::read(text, 0) {
            Some(whole) if whole <= Self::LONGEST => Some((whole, 1)),
            _ => Some((decimal::read(text, Self::PLACES)?, 1000)),
        };
        let ((width, over), (height, under)) = side(width).zip(side(height)).ok_or(InvalidAspectRatio)?;
        let scale = if over == under { (1, 1) } else { (under, over) };
        let scaled = |side: u32, by: u32| side.checked_mul(by).ok_or(InvalidAspectRatio);
        AspectRatio::new(scaled(width, scale.0)?, scaled(height, scale.1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_ratio_is_reduced() {
        for (text, shown) in [
            ("16:9", "16:9"),
            ("32:18", "16:9"),
            ("1.5", "3:2"),
            ("1", "1:1"),
            ("1.91:1", "191:100"),
            ("2:1.5", "4:3"),
            ("0.01", "1:100"),
            ("1777:1000", "1777:1000"),
        ] {
            assert_eq!(
                text.parse::<AspectRatio>().map(|ratio| ratio.to_string()).as_deref(),
                Ok(shown),
                "{text}"
            );
        }
        for wrong in
            ["", ":", "1:", ":1", "0", "0:1", "1:0", "101", "1:101", "16x9", "1.2345", "-1:2", "1:2:3"]
        {
            assert_eq!(wrong.parse::<AspectRatio>(), Err(InvalidAspectRatio), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn every_ratio_survives_being_written_and_read(width in 1u32..=100_000, height in 1u32..=100_000) {
            if let Ok(ratio) = AspectRatio::new(width, height) {
                prop_assert_eq!(ratio.to_string().parse::<AspectRatio>(), Ok(ratio));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*|[0-9.:]{0,24}") {
            let _ = text.parse::<AspectRatio>();
        }
    }
}
