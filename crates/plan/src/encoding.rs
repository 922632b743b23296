//! How the derivative is encoded, beside its format and quality.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Encoding {
    /// As PNG always is: every pixel as it was made.
    pub lossless: bool,
    /// Of a JPEG: coarse at first, then finer.
    pub progressive: bool,
    pub chroma: Chroma,
    /// Of a PNG or a GIF: at most so many, in a palette.
    pub colours: Option<Colours>,
    /// Of what is lossy: as much quality as fits.
    pub max_bytes: Option<MaxBytes>,
}

/// How many colours are kept beside brightness, where the format leaves the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Chroma {
    /// One for two by two pixels.
    #[default]
    Quarter,
    /// One for two pixels of a row.
    Half,
    /// One for each pixel.
    Full,
}

impl Chroma {
    pub const ALL: [Chroma; 3] = [Chroma::Quarter, Chroma::Half, Chroma::Full];

    const fn as_str(self) -> &'static str {
        match self {
            Chroma::Quarter => "420",
            Chroma::Half => "422",
            Chroma::Full => "444",
        }
    }

    /// How many pixels share a colour, across and down.
    pub const fn shared(self) -> (u8, u8) {
        match self {
            Chroma::Quarter => (2, 2),
            Chroma::Half => (2, 1),
            Chroma::Full => (1, 1),
        }
    }
}

impl fmt::Display for Chroma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("chroma is subsampled as 420, 422 or 444")]
pub struct UnknownChroma;

impl FromStr for Chroma {
    type Err = UnknownChroma;

    fn from_str(text: &str) -> Result<Chroma, UnknownChroma> {
        Chroma::ALL.into_iter().find(|chroma| chroma.as_str() == text).ok_or(UnknownChroma)
    }
}

/// The size of a palette: 2 to 256 colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Colours(Amount<2, 256>);

impl Colours {
    pub const MOST: u32 = 256;

    pub const fn get(self) -> u32 {
        self.0.size()
    }
}

impl fmt::Display for Colours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Colours {
    type Err = crate::InvalidAmount;

    fn from_str(text: &str) -> Result<Colours, crate::InvalidAmount> {
        text.parse().map(Colours)
    }
}

/// The most bytes that the derivative may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MaxBytes(u32);

impl MaxBytes {
    const LEAST: u32 = 100;
    const MOST: u32 = 100_000_000;

    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for MaxBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the most bytes must be a whole number from {} to {}", MaxBytes::LEAST, MaxBytes::MOST)]
pub struct InvalidMaxBytes;

impl FromStr for MaxBytes {
    type Err = InvalidMaxBytes;

    fn from_str(text: &str) -> Result<MaxBytes, InvalidMaxBytes> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        let bytes = plain.then(|| text.parse().ok()).flatten().ok_or(InvalidMaxBytes)?;
        if (MaxBytes::LEAST..=MaxBytes::MOST).contains(&bytes) {
            Ok(MaxBytes(bytes))
        } else {
            Err(InvalidMaxBytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_subsampling_is_read_as_it_is_written() {
        for chroma in Chroma::ALL {
            assert_eq!(chroma.to_string().parse(), Ok(chroma));
        }
        assert_eq!("411".parse::<Chroma>(), Err(UnknownChroma));
    }

    #[test]
    fn colours_and_bytes_have_bounds() {
        for (text, expected) in [("2", Some(2)), ("256", Some(256)), ("1", None), ("257", None), ("", None)] {
            assert_eq!(text.parse().ok().map(Colours::get), expected, "{text:?}");
        }
        for (text, expected) in [
            ("100", Some(100)),
            ("100000000", Some(100_000_000)),
            ("99", None),
            ("100000001", None),
            ("99999999999", None),
            ("0100", None),
            ("+100", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok().map(MaxBytes::get), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_alike(text in "[0-9]{1,9}|\\PC{0,8}") {
            if let Ok(colours) = text.parse::<Colours>() {
                prop_assert_eq!(colours.to_string(), text.clone());
            }
            if let Ok(bytes) = text.parse::<MaxBytes>() {
                prop_assert_eq!(bytes.to_string(), text);
            }
        }
    }
}
