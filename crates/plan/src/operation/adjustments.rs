//! The operations on light and colour that need no neighbours: they are carried out together, in one pass.

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, Percent, Swing};

/// Each does nothing at 0. In the order in which they take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Adjustments {
    /// Fiftieths of a stop.
    pub exposure: Swing,
    /// Added light; 100 is half of what there is between black and white.
    pub brightness: Swing,
    /// Distance from middle grey: none at -100, doubled at 100.
    pub contrast: Swing,
    /// The middle between black and white: 100 raises it as a gamma of 2 does, -100 lowers it so.
    pub gamma: Swing,
    /// Takes light from what is lighter than middle grey.
    pub highlights: Amount<-100, 0>,
    /// Gives light to what is darker than middle grey.
    pub shadows: Percent,
    /// A turn of all colours around the grey axis, in degrees.
    pub hue: Amount<0, 359>,
    /// Distance from grey: none at -100, doubled at 100.
    pub saturation: Swing,
    /// As saturation, the less the more colour there is already.
    pub vibrance: Swing,
    pub greyscale: bool,
    pub invert: bool,
}

impl Adjustments {
    /// Whether every colour ends as grey.
    pub fn is_grey(&self) -> bool {
        self.greyscale || self.saturation.get() == -100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_saturation_is_grey() {
        assert!(!Adjustments::default().is_grey());
        assert!(Adjustments { greyscale: true, ..Adjustments::default() }.is_grey());
        let saturation = Swing::new(-100).unwrap();
        assert!(Adjustments { saturation, ..Adjustments::default() }.is_grey());
    }
}
