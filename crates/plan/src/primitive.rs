//! How a picture is drawn with a few shapes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, InvalidAmount};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Primitive {
    pub shape: PrimitiveShape,
    pub count: PrimitiveCount,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum PrimitiveShape {
    #[default]
    Triangle,
    Rectangle,
    Ellipse,
}

impl PrimitiveShape {
    pub const ALL: [PrimitiveShape; 3] =
        [PrimitiveShape::Triangle, PrimitiveShape::Rectangle, PrimitiveShape::Ellipse];

    pub const fn as_str(self) -> &'static str {
        match self {
            PrimitiveShape::Triangle => "triangle",
            PrimitiveShape::Rectangle => "rectangle",
            PrimitiveShape::Ellipse => "ellipse",
        }
    }
}

impl fmt::Display for PrimitiveShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the shape must be triangle, rectangle or ellipse")]
pub struct UnknownPrimitiveShape;

impl FromStr for PrimitiveShape {
    type Err = UnknownPrimitiveShape;

    fn from_str(word: &str) -> Result<PrimitiveShape, UnknownPrimitiveShape> {
        PrimitiveShape::ALL.into_iter().find(|shape| shape.as_str() == word).ok_or(UnknownPrimitiveShape)
    }
}

/// How many shapes: 1 to 200, 20 unless a wish says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PrimitiveCount(Amount<1, 200>);

impl PrimitiveCount {
    const DEFAULT: i16 = 20;

    pub const fn get(self) -> u32 {
        self.0.size()
    }
}

impl Default for PrimitiveCount {
    fn default() -> PrimitiveCount {
        PrimitiveCount(Amount::new(PrimitiveCount::DEFAULT).unwrap_or_default())
    }
}

impl fmt::Display for PrimitiveCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PrimitiveCount {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<PrimitiveCount, InvalidAmount> {
        text.parse().map(PrimitiveCount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        for shape in PrimitiveShape::ALL {
            assert_eq!(shape.to_string().parse(), Ok(shape));
            assert!(UnknownPrimitiveShape.to_string().contains(shape.as_str()), "{shape}");
        }
        assert_eq!(PrimitiveCount::default().get(), 20);
        for (text, expected) in [("1", Some(1)), ("200", Some(200)), ("0", None), ("201", None)] {
            assert_eq!(text.parse().ok().map(PrimitiveCount::get), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<PrimitiveShape>();
            let _ = text.parse::<PrimitiveCount>();
        }
    }
}
