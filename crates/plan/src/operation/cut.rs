//! The operation that takes a rectangle out of the original, before anything else is done to it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::Fraction;
use crate::operation::crop::Side;

/// A rectangle of the original as one sees it. What of it lies outside is not cut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cut {
    pub x: Start,
    pub y: Start,
    pub width: Extent,
    pub height: Extent,
}

/// Where the rectangle begins in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Start {
    /// So many pixels of the original from its left or upper edge.
    Pixels(u32),
    /// That part of the original from there.
    Part(Fraction),
    /// At that edge, or in the middle.
    At(Side),
}

/// How long the rectangle is in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Extent {
    /// In pixels of the original.
    Pixels(u32),
    Part(Fraction),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a rectangle is x,y,width,height, each a number of pixels or a decimal from 0.0 to 1.0; x may also be left, center \
     or right, y top, middle or bottom"
)]
pub struct InvalidCut;

/// A decimal point tells a part from pixels, so that all of a side is `1.0`, and `1` is one pixel.
fn part(text: &str) -> Option<Fraction> {
    text.contains('.').then(|| text.parse().ok()).flatten()
}

fn pixels(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

fn start(text: &str, words: [&str; 3]) -> Option<Start> {
    let sides = [Side::Start, Side::Middle, Side::End];
    let word = words.into_iter().zip(sides).find(|(word, _)| *word == text);
    word.map(|(_, side)| Start::At(side))
        .or_else(|| part(text).map(Start::Part))
        .or_else(|| pixels(text).map(Start::Pixels))
}

fn extent(text: &str) -> Option<Extent> {
    part(text)
        .filter(|part| part.units() > 0)
        .map(Extent::Part)
        .or_else(|| pixels(text).filter(|pixels| *pixels > 0).map(Extent::Pixels))
}

const X_WORDS: [&str; 3] = ["left", "center", "right"];
const Y_WORDS: [&str; 3] = ["top", "middle", "bottom"];

impl FromStr for Cut {
    type Err = InvalidCut;

    fn from_str(text: &str) -> Result<Cut, InvalidCut> {
        let parts: Vec<&str> = text.splitn(5, ',').collect();
        let [x, y, width, height] = parts.as_slice() else { return Err(InvalidCut) };
        let read = || {
            Some(Cut {
                x: start(x, X_WORDS)?,
                y: start(y, Y_WORDS)?,
                width: extent(width)?,
                height: extent(height)?,
            })
        };
        read().ok_or(InvalidCut)
    }
}

/// As [`part`] reads it: with a decimal point, whatever its value.
fn shown_part(part: Fraction) -> String {
    let text = part.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

fn shown_start(start: Start, words: [&'static str; 3]) -> String {
    match start {
        Start::Pixels(pixels) => pixels.to_string(),
        Start::Part(part) => shown_part(part),
        Start::At(Side::Start) => words[0].to_owned(),
        Start::At(Side::Middle) => words[1].to_owned(),
        Start::At(Side::End) => words[2].to_owned(),
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Extent::Pixels(pixels) => pixels.fmt(f),
            Extent::Part(part) => f.write_str(&shown_part(*part)),
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (x, y) = (shown_start(self.x, X_WORDS), shown_start(self.y, Y_WORDS));
        write!(f, "{x},{y},{},{}", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_rectangle_is_in_pixels_or_in_parts_or_at_an_edge() {
        for (text, shown) in [
            ("10,20,300,200", "10,20,300,200"),
            ("0.1,0.20,0.5,1.0", "0.1,0.2,0.5,1.0"),
            ("left,bottom,0.5,100", "left,bottom,0.5,100"),
            ("center,middle,1,1", "center,middle,1,1"),
            ("0,0.0,1,1.0", "0,0.0,1,1.0"),
        ] {
            assert_eq!(text.parse::<Cut>().map(|cut| cut.to_string()).as_deref(), Ok(shown), "{text}");
        }
        for wrong in [
            "",
            "1,2,3",
            "1,2,3,4,5",
            "1,2,0,4",
            "1,2,0.0,4",
            "top,left,1,1",
            "-1,0,1,1",
            "0,0,1.1,1",
            "00,0,1,1",
            "0,0,4294967296,1",
        ] {
            assert_eq!(wrong.parse::<Cut>(), Err(InvalidCut), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(text in "(([0-9]{1,3}|0\\.[0-9]{1,4}|left|top|middle),?){4}") {
            if let Ok(cut) = text.parse::<Cut>() {
                prop_assert_eq!(cut.to_string().parse::<Cut>(), Ok(cut));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*|[0-9.,]{0,24}") {
            let _ = text.parse::<Cut>();
        }
    }
}
