//! The operation that lays a colour over a picture.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::Opacity;
use crate::colour::Colour;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Blend {
    pub colour: Option<Colour>,
    pub mode: BlendMode,
    pub opacity: Opacity,
}

/// How the colour and the picture mix (the formulas are those of W3C's Compositing and Blending Level 1, §9 and §10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum BlendMode {
    Normal,
    Darken,
    Multiply,
    Burn,
    Lighten,
    Screen,
    Dodge,
    #[default]
    Overlay,
    SoftLight,
    HardLight,
    Difference,
    Exclusion,
    Hue,
    Saturation,
    Colour,
    Luminosity,
}

impl BlendMode {
    pub const ALL: [BlendMode; 16] = [
        BlendMode::Normal,
        BlendMode::Darken,
        BlendMode::Multiply,
        BlendMode::Burn,
        BlendMode::Lighten,
        BlendMode::Screen,
        BlendMode::Dodge,
        BlendMode::Overlay,
        BlendMode::SoftLight,
        BlendMode::HardLight,
        BlendMode::Difference,
        BlendMode::Exclusion,
        BlendMode::Hue,
        BlendMode::Saturation,
        BlendMode::Colour,
        BlendMode::Luminosity,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            BlendMode::Normal => "normal",
            BlendMode::Darken => "darken",
            BlendMode::Multiply => "multiply",
            BlendMode::Burn => "burn",
            BlendMode::Lighten => "lighten",
            BlendMode::Screen => "screen",
            BlendMode::Dodge => "dodge",
            BlendMode::Overlay => "overlay",
            BlendMode::SoftLight => "softlight",
            BlendMode::HardLight => "hardlight",
            BlendMode::Difference => "difference",
            BlendMode::Exclusion => "exclusion",
            BlendMode::Hue => "hue",
            BlendMode::Saturation => "saturation",
            BlendMode::Colour => "color",
            BlendMode::Luminosity => "luminosity",
        }
    }
}

impl fmt::Display for BlendMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such blend mode")]
pub struct UnknownBlendMode;

impl FromStr for BlendMode {
    type Err = UnknownBlendMode;

    fn from_str(word: &str) -> Result<BlendMode, UnknownBlendMode> {
        BlendMode::ALL.into_iter().find(|mode| mode.as_str() == word).ok_or(UnknownBlendMode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blend_mode_is_read_as_it_is_written() {
        for mode in BlendMode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        assert_eq!("colour".parse::<BlendMode>(), Err(UnknownBlendMode));
    }
}
