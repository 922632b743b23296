//! The operation that changes a picture's size.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which size is wanted, and how the picture is to be brought to it.
///
/// `width` and `height` are CSS pixels as asked for, `1..=Resize::MAX_SIDE`; [`Dpr`] multiplies both.
/// With one of them, the other follows the original's proportions in every fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Resize {
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub fit: Fit,
    pub dpr: Dpr,
}

impl Resize {
    /// The largest width or height that a request may name. What may be made is the renderer's own, smaller limit.
    pub const MAX_SIDE: u32 = 16_384;
}

/// How a picture meets a box of other proportions (the words are those of imgix).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Fit {
    /// Inside the box, proportions kept; the output may be smaller than the box in one direction.
    #[default]
    Clip,
    /// Covers the box; what sticks out is cut off evenly on both sides.
    Crop,
    /// Inside the box, then padded to exactly the box.
    Fill,
    /// Exactly the box, distorted where the proportions differ.
    Scale,
}

impl Fit {
    pub const ALL: [Fit; 4] = [Fit::Clip, Fit::Crop, Fit::Fill, Fit::Scale];

    pub const fn as_str(self) -> &'static str {
        match self {
            Fit::Clip => "clip",
            Fit::Crop => "crop",
            Fit::Fill => "fill",
            Fit::Scale => "scale",
        }
    }
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown fit; allowed are clip, crop, fill, scale")]
pub struct UnknownFit;

impl FromStr for Fit {
    type Err = UnknownFit;

    fn from_str(word: &str) -> Result<Fit, UnknownFit> {
        Fit::ALL.into_iter().find(|fit| fit.as_str() == word).ok_or(UnknownFit)
    }
}

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
        let (whole, rest) = (self.hundredths / 100, self.hundredths % 100);
        match (rest / 10, rest % 10) {
            (0, 0) => write!(f, "{whole}"),
            (tenths, 0) => write!(f, "{whole}.{tenths}"),
            _ => write!(f, "{whole}.{rest:02}"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the device pixel ratio must be a number from 0.1 to 5 with at most two decimals")]
pub struct InvalidDpr;

impl FromStr for Dpr {
    type Err = InvalidDpr;

    /// Plain decimals only. A third decimal is refused rather than rounded: it would make two URLs of one picture.
    fn from_str(text: &str) -> Result<Dpr, InvalidDpr> {
        let (whole, decimals) = match text.split_once('.') {
            Some((_, "")) => return Err(InvalidDpr),
            Some(parts) => parts,
            None => (text, ""),
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() != 1 || decimals.len() > 2 || !digits(whole) || !digits(decimals) {
            return Err(InvalidDpr);
        }
        let hundredths = format!("{whole}{decimals:0<2}").parse().map_err(|_| InvalidDpr)?;
        Dpr::from_hundredths(hundredths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fit_is_read_as_it_is_written() {
        for fit in Fit::ALL {
            assert_eq!(fit.to_string().parse(), Ok(fit));
        }
        for wrong in ["", "Clip", "crop ", "max"] {
            assert_eq!(wrong.parse::<Fit>(), Err(UnknownFit), "{wrong:?}");
        }
    }

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

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<Dpr>();
            let _ = text.parse::<Fit>();
        }
    }
}
