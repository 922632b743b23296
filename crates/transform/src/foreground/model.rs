//! What must be known of a model of the operator's, and why it cannot be used.

use std::fmt;
use std::str::FromStr;

use plan::Size;
use serde::{Deserialize, Serialize};

/// Which numbers a model wants for colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Normalisation {
    /// Less the mean of ImageNet's photographs, by their deviation: what most have learned with.
    #[default]
    ImageNet,
    /// From -0.5 to 0.5.
    Centred,
    /// From -1 to 1.
    Signed,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is imagenet, centred or signed")]
pub struct UnknownNormalisation;

impl Normalisation {
    pub const ALL: [Normalisation; 3] =
        [Normalisation::ImageNet, Normalisation::Centred, Normalisation::Signed];

    /// What is taken from red, green and blue (from 0 to 1), and what the rest is divided by.
    #[cfg_attr(not(feature = "background-removal"), allow(dead_code))]
    pub(super) fn mean_and_deviation(self) -> ([f32; 3], [f32; 3]) {
        match self {
            Normalisation::ImageNet => ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            Normalisation::Centred => ([0.5; 3], [1.0; 3]),
            Normalisation::Signed => ([0.5; 3], [0.5; 3]),
        }
    }
}

impl fmt::Display for Normalisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Normalisation::ImageNet => "imagenet",
            Normalisation::Centred => "centred",
            Normalisation::Signed => "signed",
        })
    }
}

impl FromStr for Normalisation {
    type Err = UnknownNormalisation;

    fn from_str(text: &str) -> Result<Self, UnknownNormalisation> {
        Self::ALL.into_iter().find(|known| known.to_string() == text).ok_or(UnknownNormalisation)
    }
}

/// The sides that a model may look at.
pub(crate) const SIDE_MIN: usize = 16;
pub(crate) const SIDE_MAX: usize = 1024;

#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
pub enum ModelError {
    #[error("this build removes no backgrounds; one with the feature background-removal does")]
    NotBuilt,
    #[error("it is no ONNX model that can be followed: {0}")]
    Unreadable(String),
    #[error(
        "it takes {0}; a model that sees the foreground takes one picture, as 1x3xHxW numbers of 32 bits"
    )]
    Input(String),
    #[error("it looks at {} by {} pixels where sides of {SIDE_MIN} to {SIDE_MAX} are allowed", .0.width, .0.height)]
    Side(Size),
    #[error("it gives {0}; a model that sees the foreground gives a number for each pixel, as 1x1xHxW")]
    Output(String),
    #[error("it gave up unexpectedly ({0})")]
    Panicked(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for normalisation in Normalisation::ALL {
            assert_eq!(normalisation.to_string().parse(), Ok(normalisation));
        }
        assert_eq!("ImageNet".parse::<Normalisation>(), Err(UnknownNormalisation));
    }
}
