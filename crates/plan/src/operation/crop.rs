//! Which part of a picture stays when a box cuts some of it off, and where one stands that does not fill its canvas.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::Fraction;
use crate::decimal;

/// A side, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Side {
    /// Left, or top.
    Start,
    #[default]
    Middle,
    /// Right, or bottom.
    End,
}

/// A place in a box: one of its corners, edges, or the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Align {
    pub x: Side,
    pub y: Side,
}

impl Align {
    pub const MIDDLE: Align = Align { x: Side::Middle, y: Side::Middle };
}

impl fmt::Display for Align {
    /// The vertical word first; what lies in the middle of a direction is not said, unless both do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let y = match self.y {
            Side::Start => Some("top"),
            Side::Middle => None,
            Side::End => Some("bottom"),
        };
        let x = match self.x {
            Side::Start => Some("left"),
            Side::Middle => None,
            Side::End => Some("right"),
        };
        match (y, x) {
            (Some(y), Some(x)) => write!(f, "{y},{x}"),
            (Some(word), None) | (None, Some(word)) => f.write_str(word),
            (None, None) => f.write_str("center"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a place is top, middle or bottom, left, center or right, or one of each with a comma")]
pub struct InvalidAlign;

impl FromStr for Align {
    type Err = InvalidAlign;

    fn from_str(text: &str) -> Result<Align, InvalidAlign> {
        let (mut x, mut y) = (None, None);
        for word in text.split(',') {
            let (slot, side) = match word {
                "left" => (&mut x, Side::Start),
                "center" => (&mut x, Side::Middle),
                "right" => (&mut x, Side::End),
                "top" => (&mut y, Side::Start),
                "middle" => (&mut y, Side::Middle),
                "bottom" => (&mut y, Side::End),
                _ => return Err(InvalidAlign),
            };
            if slot.replace(side).is_some() {
                return Err(InvalidAlign);
            }
        }
        Ok(Align { x: x.unwrap_or_default(), y: y.unwrap_or_default() })
    }
}

/// What must stay in the picture when some of it is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Crop {
    Align(Align),
    /// Whatever lies around [`FocalPoint`].
    FocalPoint,
    /// Whatever has most detail.
    Entropy,
    /// Faces.
    Faces(WithoutFaces),
}

/// What must stay of a picture in which there are no faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WithoutFaces {
    Align(Align),
    Entropy,
}

impl Crop {
    const FOCAL_POINT: &str = "focalpoint";
    const ENTROPY: &str = "entropy";
    const FACES: &str = "faces";

    /// What stays as long as nothing is known of faces.
    pub const fn without_faces(self) -> Crop {
        match self {
            Crop::Faces(WithoutFaces::Align(align)) => Crop::Align(align),
            Crop::Faces(WithoutFaces::Entropy) => Crop::Entropy,
            Crop::Align(_) | Crop::FocalPoint | Crop::Entropy => self,
        }
    }
}

impl Default for Crop {
    fn default() -> Crop {
        Crop::Align(Align::MIDDLE)
    }
}

impl fmt::Display for Crop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Crop::Align(align) => align.fmt(f),
            Crop::FocalPoint => f.write_str(Crop::FOCAL_POINT),
            Crop::Entropy => f.write_str(Crop::ENTROPY),
            Crop::Faces(WithoutFaces::Align(Align::MIDDLE)) => f.write_str(Crop::FACES),
            Crop::Faces(WithoutFaces::Align(align)) => write!(f, "{},{align}", Crop::FACES),
            Crop::Faces(WithoutFaces::Entropy) => write!(f, "{},{}", Crop::FACES, Crop::ENTROPY),
        }
    }
}

impl FromStr for Crop {
    type Err = InvalidAlign;

    fn from_str(text: &str) -> Result<Crop, InvalidAlign> {
        if let Some(rest) = text.strip_prefix(Crop::FACES) {
            let without = match rest.strip_prefix(',') {
                None if rest.is_empty() => WithoutFaces::Align(Align::MIDDLE),
                None => return Err(InvalidAlign),
                Some(Crop::ENTROPY) => WithoutFaces::Entropy,
                Some(place) => WithoutFaces::Align(place.parse()?),
            };
            return Ok(Crop::Faces(without));
        }
        match text {
            Crop::FOCAL_POINT => Ok(Crop::FocalPoint),
            Crop::ENTROPY => Ok(Crop::Entropy),
            _ => text.parse().map(Crop::Align),
        }
    }
}

/// The point of a picture that matters, in parts of its width and height, and how close to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FocalPoint {
    pub x: Fraction,
    pub y: Fraction,
    pub zoom: Zoom,
}

impl Default for FocalPoint {
    fn default() -> FocalPoint {
        FocalPoint { x: Fraction::HALF, y: Fraction::HALF, zoom: Zoom::default() }
    }
}

/// How many times smaller the part is that stays: 1 to 100, in steps of one hundredth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Zoom {
    hundredths: u16,
}

impl Zoom {
    pub const fn from_hundredths(hundredths: u16) -> Option<Zoom> {
        if 100 <= hundredths && hundredths <= 10_000 { Some(Zoom { hundredths }) } else { None }
    }

    pub const fn hundredths(self) -> u16 {
        self.hundredths
    }
}

impl Default for Zoom {
    fn default() -> Zoom {
        Zoom { hundredths: 100 }
    }
}

impl fmt::Display for Zoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, u32::from(self.hundredths), 2)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the zoom must be a number from 1 to 100 with at most two decimals")]
pub struct InvalidZoom;

impl FromStr for Zoom {
    type Err = InvalidZoom;

    fn from_str(text: &str) -> Result<Zoom, InvalidZoom> {
        let hundredths = decimal::read(text, 2).and_then(|value| u16::try_from(value).ok());
        hundredths.and_then(Zoom::from_hundredths).ok_or(InvalidZoom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_place_is_named_by_its_sides() {
        for (text, shown) in [
            ("top", "top"),
            ("left,top", "top,left"),
            ("top,left", "top,left"),
            ("bottom,center", "bottom"),
            ("middle,right", "right"),
            ("center", "center"),
            ("middle", "center"),
            ("focalpoint", "focalpoint"),
            ("entropy", "entropy"),
            ("faces", "faces"),
            ("faces,center", "faces"),
            ("faces,left,top", "faces,top,left"),
            ("faces,entropy", "faces,entropy"),
        ] {
            assert_eq!(text.parse::<Crop>().map(|crop| crop.to_string()).as_deref(), Ok(shown), "{text}");
        }
        for wrong in [
            "",
            "top,top",
            "top,bottom",
            "left,right",
            "north",
            "top,",
            "top,left,middle",
            "Top",
            "facestop",
            "faces,",
            "faces,faces",
            "faces,focalpoint",
            "top,faces",
        ] {
            assert_eq!(wrong.parse::<Crop>(), Err(InvalidAlign), "{wrong:?}");
        }
    }

    #[test]
    fn a_zoom_only_goes_nearer() {
        assert_eq!("1.50".parse::<Zoom>().map(|zoom| zoom.to_string()).as_deref(), Ok("1.5"));
        for wrong in ["0.99", "100.01", "0", "1.125", "-2"] {
            assert_eq!(wrong.parse::<Zoom>(), Err(InvalidZoom), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*|[a-z,]{0,24}") {
            let _ = text.parse::<Crop>();
            let _ = text.parse::<Zoom>();
        }
    }
}
