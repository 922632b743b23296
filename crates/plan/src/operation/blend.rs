//! The operation that mixes a picture with a colour, or with another picture.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::Opacity;
use crate::colour::Colour;
use crate::operation::crop::Align;
use crate::operation::sheet::SheetFit;
use crate::original_name::OriginalName;

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Blend {
    pub with: Option<BlendWith>,
    pub mode: BlendMode,
    pub opacity: Opacity,
    /// Of another picture.
    pub fit: SheetFit,
    pub align: Align,
}

impl Blend {
    /// As imgix has it.
    pub const FIT: SheetFit = SheetFit::Clip;
}

impl Default for Blend {
    fn default() -> Blend {
        Blend {
            with: None,
            mode: BlendMode::default(),
            opacity: Opacity::default(),
            fit: Blend::FIT,
            align: Align::MIDDLE,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BlendWith {
    Colour(Colour),
    Picture(OriginalName),
}

impl BlendWith {
    pub const fn picture(&self) -> Option<&OriginalName> {
        match self {
            BlendWith::Colour(_) => None,
            BlendWith::Picture(name) => Some(name),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a picture is mixed with a colour, or with an original as in brand/paper.jpg")]
pub struct InvalidBlend;

impl FromStr for BlendWith {
    type Err = InvalidBlend;

    /// What is divided is an original: no colour is.
    fn from_str(text: &str) -> Result<BlendWith, InvalidBlend> {
        if text.contains('/') {
            return text.parse().map(BlendWith::Picture).map_err(|_| InvalidBlend);
        }
        text.parse().map(BlendWith::Colour).map_err(|_| InvalidBlend)
    }
}

/// How the two mix (the formulas are those of W3C's Compositing and Blending Level 1, §9 and §10).
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
    fn a_picture_is_mixed_with_a_colour_or_another_picture() {
        let picture: BlendWith = "brand/paper.jpg".parse().unwrap();
        assert_eq!(picture.picture().map(ToString::to_string).as_deref(), Some("brand/paper.jpg"));
        assert_eq!("red".parse(), Ok(BlendWith::Colour("ff0000".parse().unwrap())));
        for wrong in ["", "paper.jpg", "/paper.jpg", "https://example.com/paper.jpg"] {
            assert_eq!(wrong.parse::<BlendWith>(), Err(InvalidBlend), "{wrong:?}");
        }
    }

    #[test]
    fn a_blend_mode_is_read_as_it_is_written() {
        for mode in BlendMode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        assert_eq!("colour".parse::<BlendMode>(), Err(UnknownBlendMode));
    }
}
