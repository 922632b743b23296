//! Another original that is brought to the picture's own frame: to mix with it, to be its mask, to stand behind it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::operation::crop::Align;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sheet {
    /// Its place in [`Plan::originals`](crate::Plan::originals).
    pub picture: usize,
    pub fit: SheetFit,
    pub align: Align,
}

/// How a sheet meets the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum SheetFit {
    /// All of it is seen; what it leaves of the frame is bare.
    Clip,
    /// It covers the frame, and loses what reaches beyond.
    Crop,
    /// It is stretched.
    #[default]
    Scale,
}

/// For the fingerprint.
impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sheet { picture, fit, align } = self;
        write!(f, "{picture} {fit} {align}")
    }
}

impl fmt::Display for SheetFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SheetFit::Clip => "clip",
            SheetFit::Crop => "crop",
            SheetFit::Scale => "scale",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another picture meets this one by clip, crop or scale")]
pub struct UnknownSheetFit;

impl FromStr for SheetFit {
    type Err = UnknownSheetFit;

    fn from_str(word: &str) -> Result<SheetFit, UnknownSheetFit> {
        match word {
            "clip" => Ok(SheetFit::Clip),
            "crop" => Ok(SheetFit::Crop),
            "scale" => Ok(SheetFit::Scale),
            _ => Err(UnknownSheetFit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_is_read_as_it_is_written() {
        for fit in [SheetFit::Clip, SheetFit::Crop, SheetFit::Scale] {
            assert_eq!(fit.to_string().parse(), Ok(fit));
        }
        assert_eq!("max".parse::<SheetFit>(), Err(UnknownSheetFit));
    }
}
