//! What faces are hidden under.

use serde::{Deserialize, Serialize};

use crate::amount::Percent;
use crate::colour::Colour;

/// How faces are made unrecognisable: each wish on top of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Veil {
    /// The side of squares of one colour, in percent of a face's width.
    pub squares: Percent,
    /// The standard deviation of a Gaussian blur, in percent of a face's width.
    pub blur: Percent,
    pub colour: Option<Colour>,
}

impl Veil {
    pub fn hides(&self) -> bool {
        *self != Veil::default()
    }
}
