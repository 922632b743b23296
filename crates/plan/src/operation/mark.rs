//! The operation that lays another picture over this one: a watermark, a badge, a logo.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, Length, Opacity};
use crate::geometry::device_length;
use crate::measure::Measure;
use crate::operation::blend::BlendMode;
use crate::operation::crop::{Align, Side};
use crate::operation::dpr::Dpr;
use crate::operation::rotation::Rotation;
use crate::original_name::OriginalName;

/// Whatever is said of its size, it is never larger than the picture it lies on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mark {
    pub picture: Option<OriginalName>,
    /// The box that it is brought into; one side alone lets the other follow.
    pub width: Option<Measure<1>>,
    pub height: Option<Measure<1>>,
    /// Its width, in percent of the output's.
    pub scale: Option<Amount<1, 100>>,
    /// Its size, in percent of its own.
    pub zoom: Option<Amount<1, 1000>>,
    pub align: Align,
    /// Its left and upper edge, instead of what `align` says of that direction.
    pub x: Option<Measure<0>>,
    pub y: Option<Measure<0>>,
    /// How far it stays away from the edges that it is aligned with, and tiles from each other.
    pub pad: Length,
    pub rotation: Rotation,
    pub opacity: Opacity,
    pub mode: BlendMode,
    pub tiling: Tiling,
}

impl Mark {
    /// How many there may be on one picture.
    pub const MAX: usize = 4;

    /// Out of the way of what the picture shows.
    pub const ALIGN: Align = Align { x: Side::End, y: Side::End };
    pub const PAD: Length = match Length::new(5) {
        Some(pad) => pad,
        None => panic!("5 is in the range"),
    };
}

impl Default for Mark {
    fn default() -> Mark {
        Mark {
            picture: None,
            width: None,
            height: None,
            scale: None,
            zoom: None,
            align: Mark::ALIGN,
            x: None,
            y: None,
            pad: Mark::PAD,
            rotation: Rotation::default(),
            opacity: Opacity::default(),
            mode: BlendMode::Normal,
            tiling: Tiling::Once,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Tiling {
    #[default]
    Once,
    /// Again and again in both directions, over the whole output.
    Grid,
}

impl fmt::Display for Tiling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tiling::Once => "once",
            Tiling::Grid => "grid",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mark is tiled as a grid, or stands there once")]
pub struct UnknownTiling;

impl FromStr for Tiling {
    type Err = UnknownTiling;

    fn from_str(word: &str) -> Result<Tiling, UnknownTiling> {
        match word {
            "once" => Ok(Tiling::Once),
            "grid" => Ok(Tiling::Grid),
            _ => Err(UnknownTiling),
        }
    }
}

/// A mark in device pixels, its picture told by its place in [`Plan::originals`](crate::Plan::originals).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Overlay {
    pub picture: usize,
    pub size: OverlaySize,
    pub align: Align,
    pub x: Option<Measure<0>>,
    pub y: Option<Measure<0>>,
    pub pad: u32,
    pub rotation: Rotation,
    pub opacity: Opacity,
    pub mode: BlendMode,
    pub tiling: Tiling,
}

/// How large an overlay is before it is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OverlaySize {
    /// So many ten-thousandths of its own sides.
    OfItself(u32),
    /// So many percent of the output's width.
    OfTheOutput(u32),
    Box(Option<Measure<1>>, Option<Measure<1>>),
}

impl Mark {
    pub(crate) fn overlay(&self, picture: usize, dpr: Dpr) -> Overlay {
        let size = match (self.width, self.height, self.scale) {
            (None, None, None) => {
                let percent = self.zoom.map_or(100, Amount::size);
                OverlaySize::OfItself(percent * u32::from(dpr.hundredths()))
            }
            (None, None, Some(scale)) => OverlaySize::OfTheOutput(scale.size()),
            (width, height, _) => OverlaySize::Box(
                width.map(|side| in_device_pixels(side, dpr)),
                height.map(|side| in_device_pixels(side, dpr)),
            ),
        };
        Overlay {
            picture,
            size,
            align: self.align,
            x: self.x.map(|x| in_device_pixels(x, dpr)),
            y: self.y.map(|y| in_device_pixels(y, dpr)),
            pad: device_length(self.pad.size(), dpr),
            rotation: self.rotation,
            opacity: self.opacity,
            mode: self.mode,
            tiling: self.tiling,
        }
    }
}

pub(crate) fn in_device_pixels<const MIN: u32>(measure: Measure<MIN>, dpr: Dpr) -> Measure<MIN> {
    match measure {
        Measure::Pixels(css) => Measure::Pixels(device_length(css, dpr)),
        Measure::Part(part) => Measure::Part(part),
    }
}

/// For the fingerprint: everything that there is to say.
impl fmt::Display for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Overlay { picture, size, align, x, y, pad, rotation, opacity, mode, tiling } = self;
        write!(f, "{picture},")?;
        match size {
            OverlaySize::OfItself(part) => write!(f, "own {part}")?,
            OverlaySize::OfTheOutput(percent) => write!(f, "wide {percent}")?,
            OverlaySize::Box(width, height) => write!(f, "{}x{}", shown(*width), shown(*height))?,
        }
        write!(f, ",{align},{}/{},{pad},{rotation},{opacity},{mode},{tiling}", shown(*x), shown(*y))
    }
}

pub(crate) fn shown<const MIN: u32>(measure: Option<Measure<MIN>>) -> String {
    measure.map(|measure| measure.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_multiplied_by_the_ratio_and_parts_are_not() {
        let dpr: Dpr = "2".parse().unwrap();
        let mark =
            Mark { width: "30".parse().ok(), x: "0.5".parse().ok(), y: "7".parse().ok(), ..Mark::default() };
        assert_eq!(mark.overlay(3, dpr).to_string(), "3,60x,bottom,right,0.5/14,10,0,100,normal,once");
        let zoomed = Mark { zoom: "50".parse().ok(), ..Mark::default() };
        assert_eq!(zoomed.overlay(0, dpr).size, OverlaySize::OfItself(10_000));
    }

    #[test]
    fn a_tiling_is_read_as_it_is_written() {
        for tiling in [Tiling::Once, Tiling::Grid] {
            assert_eq!(tiling.to_string().parse(), Ok(tiling));
        }
        assert_eq!("Grid".parse::<Tiling>(), Err(UnknownTiling));
    }
}
