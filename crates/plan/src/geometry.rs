//! From the size that was asked for to pixels: every rounding rule of the project lives here.
//!
//! Sides are integers and are computed with integers, half a pixel rounded up, so that every machine agrees.
//! Only the crop box is fractional: cutting whole pixels would shift and stretch the picture by up to one of them.

use serde::{Deserialize, Serialize};

use crate::operation::resize::{Fit, Resize};
use crate::size::Size;

/// A rectangle of the upright original, in its pixels and fractions of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CropBox {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// A rectangle of the canvas, in whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rect {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl Rect {
    pub const fn size(self) -> Size {
        Size { width: self.width, height: self.height }
    }
}

/// Which part of the upright original goes where on which canvas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometry {
    pub crop: CropBox,
    pub placed: Rect,
    pub canvas: Size,
}

impl Geometry {
    /// Whether some of the canvas is not covered by the picture.
    pub fn is_padded(&self) -> bool {
        self.placed.size() != self.canvas
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum GeometryError {
    #[error("the output would be {width}x{height} pixels; neither side may exceed {limit}")]
    OutputTooLarge { width: u64, height: u64, limit: u32 },
    #[error("the original has no pixels")]
    EmptyOriginal,
}

/// The wanted width and height in device pixels, never less than one.
pub fn device_pixels(resize: &Resize) -> (Option<u64>, Option<u64>) {
    let scale =
        |side: Option<u32>| side.map(|side| scaled(u64::from(side), u64::from(resize.dpr.hundredths()), 100));
    (scale(resize.width), scale(resize.height))
}

/// Where everything goes when `resize` is applied to an original of this (upright) size.
pub fn geometry(resize: &Resize, upright_original: Size, max_side: u32) -> Result<Geometry, GeometryError> {
    if upright_original.is_empty() {
        return Err(GeometryError::EmptyOriginal);
    }
    let (ow, oh) = (u64::from(upright_original.width), u64::from(upright_original.height));
    let fit = resize.fit;
    let (canvas, placed) = match device_pixels(resize) {
        (None, None) => ((ow, oh), (ow, oh)),
        (Some(w), None) => {
            let size = (w, scaled(oh, w, ow));
            (size, size)
        }
        (None, Some(h)) => {
            let size = (scaled(ow, h, oh), h);
            (size, size)
        }
        (Some(w), Some(h)) => match fit {
            Fit::Clip => (inside((ow, oh), (w, h)), inside((ow, oh), (w, h))),
            Fit::Fill => ((w, h), inside((ow, oh), (w, h))),
            Fit::Crop | Fit::Scale => ((w, h), (w, h)),
        },
    };
    let canvas = checked(canvas, max_side)?;
    let placed = checked(placed, max_side)?;
    let crop = match (fit, resize.width, resize.height) {
        (Fit::Crop, Some(_), Some(_)) => covering(upright_original, canvas),
        _ => CropBox {
            x: 0.0,
            y: 0.0,
            width: f64::from(upright_original.width),
            height: f64::from(upright_original.height),
        },
    };
    let placed = Rect {
        x: (canvas.width - placed.width) / 2,
        y: (canvas.height - placed.height) / 2,
        width: placed.width,
        height: placed.height,
    };
    Ok(Geometry { crop, placed, canvas })
}

/// `side * numerator / denominator`, half rounded up, never less than one.
fn scaled(side: u64, numerator: u64, denominator: u64) -> u64 {
    // u128: two sides of 32 bits, doubled, and a ratio of device pixels do not always fit 64.
    let twice = 2 * u128::from(side) * u128::from(numerator) + u128::from(denominator);
    u64::try_from(twice / (2 * u128::from(denominator))).unwrap_or(u64::MAX).max(1)
}

/// The largest size with the original's proportions that fits the box.
fn inside((ow, oh): (u64, u64), (w, h): (u64, u64)) -> (u64, u64) {
    if u128::from(w) * u128::from(oh) <= u128::from(h) * u128::from(ow) {
        (w, scaled(oh, w, ow))
    } else {
        (scaled(ow, h, oh), h)
    }
}

/// The largest centred part of the original with the canvas's proportions.
fn covering(original: Size, canvas: Size) -> CropBox {
    let (ow, oh) = (f64::from(original.width), f64::from(original.height));
    let (cw, ch) = (f64::from(canvas.width), f64::from(canvas.height));
    let (width, height) = if ow * ch > oh * cw { (oh * cw / ch, oh) } else { (ow, ow * ch / cw) };
    let (width, height) = (width.min(ow), height.min(oh));
    CropBox { x: (ow - width) / 2.0, y: (oh - height) / 2.0, width, height }
}

fn checked((width, height): (u64, u64), limit: u32) -> Result<Size, GeometryError> {
    let side = |side: u64| u32::try_from(side).ok().filter(|side| *side <= limit);
    match (side(width), side(height)) {
        (Some(width), Some(height)) => Ok(Size { width, height }),
        _ => Err(GeometryError::OutputTooLarge { width, height, limit }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::resize::Dpr;
    use proptest::prelude::*;

    fn resize(width: Option<u32>, height: Option<u32>, fit: Fit, dpr: &str) -> Resize {
        Resize { width, height, fit, dpr: dpr.parse().unwrap() }
    }

    fn show(geometry: Geometry) -> String {
        let Geometry { crop: c, placed: p, canvas } = geometry;
        format!("{},{} {}x{} -> {},{} {} on {canvas}", c.x, c.y, c.width, c.height, p.x, p.y, p.size())
    }

    #[test]
    fn where_everything_goes() {
        let photo = Size::new(4000, 3000);
        use Fit::*;
        for (w, h, fit, dpr, expected) in [
            (None, None, Clip, "1", "0,0 4000x3000 -> 0,0 4000x3000 on 4000x3000"),
            // The ratio has nothing to multiply.
            (None, None, Crop, "2", "0,0 4000x3000 -> 0,0 4000x3000 on 4000x3000"),
            (Some(800), None, Clip, "1", "0,0 4000x3000 -> 0,0 800x600 on 800x600"),
            (Some(800), None, Crop, "1", "0,0 4000x3000 -> 0,0 800x600 on 800x600"),
            (Some(800), None, Fill, "1", "0,0 4000x3000 -> 0,0 800x600 on 800x600"),
            (None, Some(600), Scale, "1", "0,0 4000x3000 -> 0,0 800x600 on 800x600"),
            (Some(800), None, Clip, "2", "0,0 4000x3000 -> 0,0 1600x1200 on 1600x1200"),
            (Some(300), Some(300), Clip, "1", "0,0 4000x3000 -> 0,0 300x225 on 300x225"),
            (Some(300), Some(200), Clip, "1", "0,0 4000x3000 -> 0,0 267x200 on 267x200"),
            (Some(8000), Some(8000), Clip, "1", "0,0 4000x3000 -> 0,0 8000x6000 on 8000x6000"),
            (Some(300), Some(300), Crop, "1", "500,0 3000x3000 -> 0,0 300x300 on 300x300"),
            (Some(400), Some(200), Crop, "1", "0,500 4000x2000 -> 0,0 400x200 on 400x200"),
            (Some(300), Some(300), Fill, "1", "0,0 4000x3000 -> 0,37 300x225 on 300x300"),
            (Some(300), Some(300), Scale, "1", "0,0 4000x3000 -> 0,0 300x300 on 300x300"),
            // 333 x 1.5 = 499.5: half a pixel is rounded up.
            (Some(333), None, Clip, "1.5", "0,0 4000x3000 -> 0,0 500x375 on 500x375"),
            (Some(1), Some(1), Clip, "0.1", "0,0 4000x3000 -> 0,0 1x1 on 1x1"),
        ] {
            let geometry = geometry(&resize(w, h, fit, dpr), photo, 8192).unwrap();
            assert_eq!(show(geometry), expected, "w={w:?} h={h:?} fit={fit} dpr={dpr}");
        }
    }

    #[test]
    fn a_very_flat_picture_keeps_one_pixel_of_height() {
        let geometry = geometry(&resize(Some(10), None, Fit::Clip, "1"), Size::new(10_000, 2), 8192).unwrap();
        assert_eq!(geometry.canvas, Size::new(10, 1));
    }

    #[test]
    fn an_output_beyond_the_limit_is_refused_and_the_limit_named() {
        let error =
            geometry(&resize(Some(5000), None, Fit::Clip, "2"), Size::new(100, 50), 8192).unwrap_err();
        assert_eq!(error.to_string(), "the output would be 10000x5000 pixels; neither side may exceed 8192");
        assert!(geometry(&Resize::default(), Size::new(9000, 10), 8192).is_err());
    }

    #[test]
    fn an_original_without_pixels_is_an_error() {
        assert_eq!(geometry(&Resize::default(), Size::new(0, 10), 8192), Err(GeometryError::EmptyOriginal));
    }

    fn any_fit() -> impl Strategy<Value = Fit> {
        proptest::sample::select(Fit::ALL.to_vec())
    }

    fn any_resize() -> impl Strategy<Value = Resize> {
        let side = || proptest::option::of(1..=Resize::MAX_SIDE);
        (side(), side(), any_fit(), 10u16..=500).prop_map(|(width, height, fit, dpr)| Resize {
            width,
            height,
            fit,
            dpr: Dpr::from_hundredths(dpr).unwrap(),
        })
    }

    fn any_size() -> impl Strategy<Value = Size> {
        prop_oneof![(1u32..=40, 1u32..=40), (1u32..=20_000, 1u32..=20_000), (1u32.., 1u32..)]
            .prop_map(|(width, height)| Size { width, height })
    }

    proptest! {
        #[test]
        fn nothing_lies_outside(resize in any_resize(), original in any_size()) {
            let Ok(Geometry { crop, placed, canvas }) = geometry(&resize, original, 8192) else { return Ok(()) };
            prop_assert!(!canvas.is_empty() && !placed.size().is_empty());
            prop_assert!(canvas.width <= 8192 && canvas.height <= 8192);
            prop_assert!(placed.x + placed.width <= canvas.width && placed.y + placed.height <= canvas.height);
            prop_assert!(crop.x >= 0.0 && crop.y >= 0.0 && crop.width > 0.0 && crop.height > 0.0);
            prop_assert!(crop.x + crop.width <= f64::from(original.width) + 1e-6);
            prop_assert!(crop.y + crop.height <= f64::from(original.height) + 1e-6);
        }

        #[test]
        fn proportions_are_kept_to_the_nearest_pixel(resize in any_resize(), original in any_size()) {
            prop_assume!(resize.fit != Fit::Scale || resize.width.is_none() || resize.height.is_none());
            let Ok(Geometry { crop, placed, .. }) = geometry(&resize, original, 8192) else { return Ok(()) };
            let (w, h) = (f64::from(placed.width), f64::from(placed.height));
            // One of the two sides is exact; the other is within half a pixel of what it should be, or is one pixel.
            let width_off = (w - h * crop.width / crop.height).abs();
            let height_off = (h - w * crop.height / crop.width).abs();
            prop_assert!(
                width_off <= 0.5 + 1e-6 || height_off <= 0.5 + 1e-6 || w == 1.0 || h == 1.0,
                "{resize:?} {original} -> {placed:?}"
            );
        }

        #[test]
        fn two_sides_make_exactly_that_box_unless_clipped(
            w in 1u32..=8192, h in 1u32..=8192, fit in any_fit(), original in any_size()
        ) {
            let resize = Resize { width: Some(w), height: Some(h), fit, dpr: Dpr::ONE };
            let Geometry { canvas, placed, .. } = geometry(&resize, original, 8192).unwrap();
            if fit == Fit::Clip {
                prop_assert!(canvas.width <= w && canvas.height <= h);
                prop_assert!(canvas.width == w || canvas.height == h);
            } else {
                prop_assert_eq!(canvas, Size::new(w, h));
            }
            // Padding differs by at most one pixel between the two sides.
            prop_assert!(canvas.width - placed.width - 2 * placed.x <= 1);
            prop_assert!(canvas.height - placed.height - 2 * placed.y <= 1);
        }

        #[test]
        fn a_turned_original_gives_a_turned_result(resize in any_resize(), original in any_size()) {
            let turned = Resize { width: resize.height, height: resize.width, ..resize };
            match (geometry(&resize, original, 8192), geometry(&turned, original.transposed(), 8192)) {
                (Ok(one), Ok(other)) => {
                    prop_assert_eq!(one.canvas, other.canvas.transposed());
                    prop_assert_eq!(one.placed.size(), other.placed.size().transposed());
                }
                (one, other) => prop_assert!(one.is_err() && other.is_err()),
            }
        }
    }
}
