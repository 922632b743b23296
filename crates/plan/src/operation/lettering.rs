//! A text as it is carried out: in device pixels.

use std::fmt;

use crate::amount::Opacity;
use crate::colour::Colour;
use crate::geometry::device_length;
use crate::measure::Measure;
use crate::operation::clip::Clip;
use crate::operation::crop::Align;
use crate::operation::dpr::Dpr;
use crate::operation::mark::{in_device_pixels, shown};
use crate::operation::rotation::Rotation;
use crate::operation::text::{Text, TextFit};

/// What is written is told by its place in [`Plan::texts`](crate::Plan::texts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lettering {
    pub text: usize,
    /// Its place in [`Plan::fonts`](crate::Plan::fonts).
    pub font: usize,
    pub size: u32,
    pub fit: TextFit,
    pub clip: Option<Clip>,
    pub width: Option<Measure<1>>,
    pub colour: Colour,
    pub align: Align,
    pub x: Option<Measure<0>>,
    pub y: Option<Measure<0>>,
    pub pad: u32,
    /// In percent of the size.
    pub leading: u32,
    pub tracking: i32,
    pub outline: u32,
    pub outline_colour: Colour,
    /// How far the shadow lies to the right and below.
    pub shadow: u32,
    pub rotation: Rotation,
    pub opacity: Opacity,
}

impl Text {
    pub(crate) fn lettering(&self, text: usize, font: usize, dpr: Dpr) -> Lettering {
        let length = |css: u32| device_length(css, dpr);
        Lettering {
            text,
            font,
            size: length(self.size.size()),
            fit: self.fit,
            clip: self.clip,
            width: self.width.map(|width| in_device_pixels(width, dpr)),
            colour: self.colour,
            align: self.align,
            x: self.x.map(|x| in_device_pixels(x, dpr)),
            y: self.y.map(|y| in_device_pixels(y, dpr)),
            pad: length(self.pad.size()),
            leading: self.leading.size(),
            tracking: length(self.tracking.size()) as i32 * i32::from(self.tracking.get().signum()),
            outline: length(self.outline.size()),
            outline_colour: self.outline_colour,
            shadow: length(self.shadow.size()),
            rotation: self.rotation,
            opacity: self.opacity,
        }
    }
}

/// For the fingerprint: everything but what is written.
impl fmt::Display for Lettering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lettering { text: _, font, size, fit, clip, width, colour, align, x, y, pad, .. } = self;
        let Lettering { leading, tracking, outline, outline_colour, shadow, rotation, opacity, .. } = self;
        write!(f, "{font},{size},")?;
        match clip {
            Some(clip) => write!(f, "{clip}")?,
            None => write!(f, "{fit}")?,
        }
        write!(f, ",{},{colour},{align},{}/{},{pad}", shown(*width), shown(*x), shown(*y))?;
        write!(f, ",{leading},{tracking},{outline} {outline_colour},{shadow},{rotation},{opacity}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_multiplied_by_the_ratio() {
        let text = Text {
            tracking: "-3".parse().unwrap(),
            outline: "2".parse().unwrap(),
            shadow: "1".parse().unwrap(),
            ..Text::default()
        };
        let lettering = text.lettering(0, 0, "2".parse().unwrap());
        assert_eq!(lettering.to_string(), "0,24,wrap,,000000,bottom,right,/,20,120,-6,4 ffffff,2,0,100");
    }

    #[test]
    fn what_is_cut_off_need_not_fit_otherwise() {
        let text = Text { clip: "ellipsis".parse().ok(), ..Text::default() };
        let lettering = text.lettering(0, 0, Dpr::default());
        assert!(lettering.to_string().starts_with("0,12,end,ellipsis,,"), "{lettering}");
    }
}
