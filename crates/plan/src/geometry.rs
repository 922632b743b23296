//! From the size that was asked for to pixels: every rounding rule of the project lives here.
//!
//! Sides are integers and are computed with integers, half a pixel rounded up, so that every machine agrees.
//! Only the crop box is fractional: cutting whole pixels would shift and stretch the picture by up to one of them.

use serde::{Deserialize, Serialize};

use crate::Plan;
use crate::operation::crop::{Align, Crop, Side};
use crate::operation::cut::{Cut, Extent, Start};
use crate::operation::dpr::Dpr;
use crate::operation::resize::{Fit, Resize};
use crate::operation::rotation::{Rotation, RotationFrame};
use crate::order::Operation;
use crate::orientation::Orientation;
use crate::size::Size;

/// A rectangle in pixels and fractions of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CropBox {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl CropBox {
    /// All of a picture.
    pub fn whole(size: Size) -> CropBox {
        CropBox { x: 0.0, y: 0.0, width: f64::from(size.width), height: f64::from(size.height) }
    }

    /// The largest part of a picture with a canvas's proportions, in the middle.
    pub fn covering(size: Size, canvas: Size) -> CropBox {
        let (ow, oh) = (f64::from(size.width), f64::from(size.height));
        let (cw, ch) = (f64::from(canvas.width), f64::from(canvas.height));
        let (width, height) = if ow * ch > oh * cw { (oh * cw / ch, oh) } else { (ow, ow * ch / cw) };
        let (width, height) = (width.min(ow), height.min(oh));
        CropBox { x: (ow - width) / 2.0, y: (oh - height) / 2.0, width, height }
    }

    /// The same part of the same picture at another size.
    pub fn scaled(self, scale: f64) -> CropBox {
        CropBox {
            x: self.x * scale,
            y: self.y * scale,
            width: self.width * scale,
            height: self.height * scale,
        }
    }
}

/// A rectangle in whole pixels.
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

/// Which part of the upright original goes where on which canvas, and what is put around that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometry {
    /// What is used of the original as one sees it.
    pub cut: Rect,
    /// How that is turned and mirrored.
    pub orientation: Orientation,
    /// What becomes of it when it is then turned by less than a quarter.
    pub turned: Option<Turned>,
    /// The part of all that which is seen ...
    pub crop: CropBox,
    /// ... here ...
    pub placed: Rect,
    /// ... on a canvas of this size.
    pub canvas: Size,
    /// With border and padding.
    pub output: Size,
}

/// A frame around a picture that has been turned about its middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turned {
    /// Anticlockwise, less than a quarter turn.
    pub angle: Rotation,
    /// The size of the frame, in pixels of the original.
    pub frame: Size,
}

impl Geometry {
    /// Whether some of the canvas is not covered by the picture.
    pub fn is_padded(&self) -> bool {
        self.placed.size() != self.canvas
    }

    /// The size of what `crop` is a part of.
    pub fn seen(&self) -> Size {
        self.turned.map_or(self.oriented(), |turned| turned.frame)
    }

    /// The size of what is used of the original, after quarter turns.
    pub fn oriented(&self) -> Size {
        self.orientation.size(self.cut.size())
    }

    /// The part of the upright original that `part`, of [`Geometry::oriented`], shows.
    pub fn in_original(&self, part: CropBox) -> CropBox {
        let stored = self.orientation.stored_crop(part, self.oriented());
        CropBox { x: stored.x + f64::from(self.cut.x), y: stored.y + f64::from(self.cut.y), ..stored }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum GeometryError {
    #[error("the output would be {width}x{height} pixels; neither side may exceed {limit}")]
    OutputTooLarge { width: u64, height: u64, limit: u32 },
    #[error("the original has no pixels")]
    EmptyOriginal,
    #[error("the rectangle {cut} lies outside of the original, which has {original} pixels")]
    CutOutside { cut: Cut, original: Size },
}

/// The standard deviation of a blur, in tenths of a device pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sigma(u32);

impl Sigma {
    pub(crate) fn of(css_tenths: u32, dpr: Dpr) -> Sigma {
        Sigma(device_length(css_tenths, dpr))
    }

    pub const fn tenths(self) -> u32 {
        self.0
    }

    pub fn pixels(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

/// The wanted width and height in device pixels, never less than one; an aspect ratio gives the other side.
pub fn device_pixels(resize: &Resize) -> (Option<u64>, Option<u64>) {
    let scale =
        |side: Option<u32>| side.map(|side| scaled(u64::from(side), u64::from(resize.dpr.hundredths()), 100));
    let (width, height) = (scale(resize.width), scale(resize.height));
    match (width, height, resize.aspect_ratio) {
        (Some(w), None, Some(ratio)) => (width, Some(scaled(w, ratio.height().into(), ratio.width().into()))),
        (None, Some(h), Some(ratio)) => {
            (Some(scaled(h, ratio.width().into(), ratio.height().into())), height)
        }
        _ => (width, height),
    }
}

/// A length in device pixels; what is there at all has at least one.
pub(crate) fn device_length(css: u32, dpr: Dpr) -> u32 {
    let length = scaled(css.into(), dpr.hundredths().into(), 100);
    if css == 0 { 0 } else { u32::try_from(length).unwrap_or(u32::MAX) }
}

/// Where everything goes when `plan` is carried out on an original of this (upright) size.
pub fn geometry(plan: &Plan, upright: Size, max_side: u32) -> Result<Geometry, GeometryError> {
    geometry_within(plan, Rect { x: 0, y: 0, width: upright.width, height: upright.height }, max_side)
}

/// Where everything goes when trimming has left this rectangle of the (upright) original.
pub fn geometry_within(plan: &Plan, trimmed: Rect, max_side: u32) -> Result<Geometry, GeometryError> {
    let upright = trimmed.size();
    if upright.is_empty() {
        return Err(GeometryError::EmptyOriginal);
    }
    let mut geometry = Geometry {
        cut: trimmed,
        orientation: Orientation::UPRIGHT,
        turned: None,
        crop: CropBox::whole(upright),
        placed: Rect { x: 0, y: 0, width: upright.width, height: upright.height },
        canvas: upright,
        output: upright,
    };
    for operation in plan.operations() {
        match operation {
            Operation::Cut(cut) => {
                let cut = cut_out(cut, upright)?;
                geometry.cut = Rect { x: trimmed.x + cut.x, y: trimmed.y + cut.y, ..cut };
            }
            Operation::Orient(orientation) => geometry.orientation = orientation,
            Operation::Rotate { angle, frame } => {
                geometry.turned = Some(turned(geometry.oriented(), angle, frame));
            }
            Operation::Resize(resize) => {
                let resized = resized(&resize, plan.background.align, geometry.seen(), max_side)?;
                (geometry.crop, geometry.placed, geometry.canvas) = resized;
                geometry.output = geometry.canvas;
            }
            Operation::Border { width, .. } => {
                geometry.output = grown(geometry.output, [width; 4], max_side)?;
            }
            Operation::Shadow { margins, .. } => {
                geometry.output = grown(geometry.output, margins, max_side)?;
            }
            Operation::Pad(sides) => geometry.output = grown(geometry.output, sides, max_side)?,
            Operation::Trim { .. }
            | Operation::Adjust(_)
            | Operation::Monochrome(_)
            | Operation::Sepia(_)
            | Operation::Duotone { .. }
            | Operation::Blend { .. }
            | Operation::Unsharp { .. }
            | Operation::Pixelate { .. }
            | Operation::Halftone { .. }
            | Operation::Blur(_)
            | Operation::Place(_)
            | Operation::Mask(_)
            | Operation::Grid { .. }
            | Operation::Flatten(_) => {}
        }
    }
    Ok(geometry)
}

/// In whole pixels, at least one each way; what reaches beyond the original ends with it.
fn cut_out(cut: Cut, original: Size) -> Result<Rect, GeometryError> {
    let (x, width) = stretch(cut.x, cut.width, original.width);
    let (y, height) = stretch(cut.y, cut.height, original.height);
    if x >= original.width || y >= original.height {
        return Err(GeometryError::CutOutside { cut, original });
    }
    let width = width.min(original.width - x);
    Ok(Rect { x, y, width, height: height.min(original.height - y) })
}

fn stretch(start: Start, extent: Extent, available: u32) -> (u32, u32) {
    let part = |units: u16| scaled(available.into(), units.into(), 10_000) as u32;
    let length = match extent {
        Extent::Pixels(pixels) => pixels,
        Extent::Part(fraction) => part(fraction.units()),
    };
    let start = match start {
        Start::Pixels(pixels) => pixels,
        Start::Part(fraction) if fraction.units() == 0 => 0,
        Start::Part(fraction) => part(fraction.units()),
        Start::At(side) => aligned(side, available.saturating_sub(length)),
    };
    (start, length)
}

/// How much of the room is before what stands there; of an odd pixel, the half is rounded down.
fn aligned(side: Side, room: u32) -> u32 {
    match side {
        Side::Start => 0,
        Side::Middle => room / 2,
        Side::End => room,
    }
}

/// The frame of a picture that is turned about its middle.
///
/// The only sides that are not computed with integers. They are rounded to the nearest hundredth before they are
/// rounded to a pixel, so that the last bits of a sine cannot matter.
fn turned(size: Size, angle: Rotation, frame: RotationFrame) -> Turned {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let (sin, cos) = angle.radians().sin_cos();
    let (across, down) = (width * cos + height * sin, width * sin + height * cos);
    let (across, down) = match frame {
        RotationFrame::Pivot => (across, down),
        // The largest scale at which a box of these proportions, turned back, still lies inside.
        RotationFrame::Straighten => {
            let scale = (width / across).min(height / down);
            (width * scale, height * scale)
        }
    };
    let side = |side: f64| (((side * 100.0).round() / 100.0).round() as u32).max(1);
    Turned { angle, frame: Size { width: side(across), height: side(down) } }
}

/// Crop, place and canvas of a picture of size `seen`.
fn resized(
    resize: &Resize,
    align: Align,
    seen: Size,
    max_side: u32,
) -> Result<(CropBox, Rect, Size), GeometryError> {
    let original = (u64::from(seen.width), u64::from(seen.height));
    // What is left to be seen after going closer is all that there is to be enlarged.
    let available = match resize.crop {
        Crop::FocalPoint if resize.crops() => {
            // Rounded down: a pixel that is seen in part is not one more to make a whole one of.
            let zoom = u64::from(resize.focal_point.zoom.hundredths());
            let closer = |side: u64| (side * 100 / zoom).max(1);
            (closer(original.0), closer(original.1))
        }
        _ => original,
    };
    let limited = |size: (u64, u64), most: (u64, u64)| {
        if resize.enlarges() || (size.0 <= most.0 && size.1 <= most.1) { size } else { most }
    };
    let (canvas, placed, crops) = match (device_pixels(resize), resize.aspect_ratio) {
        ((None, None), None) => (original, original, false),
        ((Some(w), None), _) => {
            let size = limited((w, scaled(original.1, w, original.0)), original);
            (size, size, false)
        }
        ((None, Some(h)), _) => {
            let size = limited((scaled(original.0, h, original.1), h), original);
            (size, size, false)
        }
        ((None, None), Some(ratio)) => {
            let ratio = (u64::from(ratio.width()), u64::from(ratio.height()));
            match resize.fit {
                Fit::Fill | Fit::FillMax => (around(ratio, original), original, false),
                Fit::Scale => (inside(ratio, original), inside(ratio, original), false),
                Fit::Crop | Fit::Min | Fit::CropFit => {
                    (inside(ratio, available), inside(ratio, available), true)
                }
                Fit::Clip | Fit::Max | Fit::BoundMin => (original, original, false),
            }
        }
        ((Some(w), Some(h)), _) => {
            let (box_, within) = ((w, h), inside(original, (w, h)));
            let covered = available.0 >= w && available.1 >= h;
            match resize.fit {
                Fit::Clip | Fit::Max => {
                    let size = limited(within, original);
                    (size, size, false)
                }
                Fit::BoundMin => {
                    let size = limited(around(original, box_), original);
                    (size, size, false)
                }
                Fit::Fill | Fit::FillMax => (box_, limited(within, original), false),
                Fit::CropFit if !covered => (box_, limited(within, original), false),
                Fit::Crop | Fit::Min | Fit::CropFit => {
                    let fits = w <= available.0 && h <= available.1;
                    let size = if resize.enlarges() || fits || resize.fit == Fit::CropFit {
                        box_
                    } else {
                        inside(box_, available)
                    };
                    (size, size, true)
                }
                Fit::Scale if resize.enlarges() => (box_, box_, false),
                Fit::Scale => {
                    let size = (w.min(original.0), h.min(original.1));
                    (size, size, false)
                }
            }
        }
    };
    let canvas = checked(canvas, max_side)?;
    let placed = checked(placed, max_side)?;
    let crop = if crops { covering(resize, seen, canvas) } else { CropBox::whole(seen) };
    let placed = Rect {
        x: aligned(align.x, canvas.width.saturating_sub(placed.width)),
        y: aligned(align.y, canvas.height.saturating_sub(placed.height)),
        width: placed.width,
        height: placed.height,
    };
    Ok((crop, placed, canvas))
}

/// `side * numerator / denominator`, half rounded up, never less than one.
fn scaled(side: u64, numerator: u64, denominator: u64) -> u64 {
    // u128: two sides of 32 bits, doubled, and a ratio of device pixels do not always fit 64.
    let twice = 2 * u128::from(side) * u128::from(numerator) + u128::from(denominator);
    u64::try_from(twice / (2 * u128::from(denominator))).unwrap_or(u64::MAX).max(1)
}

/// Whether the first is at least as wide as the second, for its height.
fn is_flatter((w, h): (u64, u64), (ow, oh): (u64, u64)) -> bool {
    u128::from(w) * u128::from(oh) >= u128::from(h) * u128::from(ow)
}

/// The largest size with those proportions that fits the box.
fn inside(proportions: (u64, u64), (w, h): (u64, u64)) -> (u64, u64) {
    if is_flatter(proportions, (w, h)) {
        (w, scaled(proportions.1, w, proportions.0).min(h))
    } else {
        (scaled(proportions.0, h, proportions.1).min(w), h)
    }
}

/// The smallest size with those proportions that the box fits in.
fn around(proportions: (u64, u64), (w, h): (u64, u64)) -> (u64, u64) {
    if is_flatter(proportions, (w, h)) {
        (scaled(proportions.0, h, proportions.1).max(w), h)
    } else {
        (w, scaled(proportions.1, w, proportions.0).max(h))
    }
}

/// The part of the picture with the canvas's proportions that `resize` wants to see.
fn covering(resize: &Resize, seen: Size, canvas: Size) -> CropBox {
    let (ow, oh) = (f64::from(seen.width), f64::from(seen.height));
    let CropBox { width, height, .. } = CropBox::covering(seen, canvas);
    let point = &resize.focal_point;
    let zoom = match resize.crop {
        Crop::FocalPoint => f64::from(point.zoom.hundredths()) / 100.0,
        Crop::Align(_) | Crop::Entropy => 1.0,
    };
    let (width, height) = ((width / zoom).min(ow), (height / zoom).min(oh));
    let at = |side: Side, room: f64| match side {
        Side::Start => 0.0,
        Side::Middle => room / 2.0,
        Side::End => room,
    };
    let (x, y) = match resize.crop {
        Crop::Align(Align { x, y }) => (at(x, ow - width), at(y, oh - height)),
        // Until somebody has looked at the picture.
        Crop::Entropy => ((ow - width) / 2.0, (oh - height) / 2.0),
        Crop::FocalPoint => (
            (ow * point.x.get() - width / 2.0).clamp(0.0, ow - width),
            (oh * point.y.get() - height / 2.0).clamp(0.0, oh - height),
        ),
    };
    CropBox { x, y, width, height }
}

/// The size with that much more at the top, right, bottom and left.
fn grown(size: Size, [top, right, bottom, left]: [u32; 4], limit: u32) -> Result<Size, GeometryError> {
    let sum = |side: u32, more: u32, and_more: u32| u64::from(side) + u64::from(more) + u64::from(and_more);
    checked((sum(size.width, left, right), sum(size.height, top, bottom)), limit)
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
    use crate::amount::Length;
    use crate::operation::aspect_ratio::AspectRatio;
    use crate::operation::border::Border;
    use crate::operation::crop::FocalPoint;
    use crate::operation::flip::Flip;
    use crate::operation::pad::Pad;
    use proptest::prelude::*;

    fn of(resize: Resize) -> Plan {
        Plan { resize, ..Plan::default() }
    }

    fn resize(width: Option<u32>, height: Option<u32>, fit: Fit, dpr: &str) -> Plan {
        of(Resize { width, height, fit, dpr: dpr.parse().unwrap(), ..Resize::default() })
    }

    fn show(geometry: Geometry) -> String {
        let Geometry { crop: c, placed: p, canvas, .. } = geometry;
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
            (Some(8000), Some(8000), Max, "1", "0,0 4000x3000 -> 0,0 4000x3000 on 4000x3000"),
            (Some(5000), None, Max, "1", "0,0 4000x3000 -> 0,0 4000x3000 on 4000x3000"),
            (Some(300), Some(300), Max, "1", "0,0 4000x3000 -> 0,0 300x225 on 300x225"),
            (Some(300), Some(300), Crop, "1", "500,0 3000x3000 -> 0,0 300x300 on 300x300"),
            (Some(400), Some(200), Crop, "1", "0,500 4000x2000 -> 0,0 400x200 on 400x200"),
            (Some(5000), Some(5000), Crop, "1", "500,0 3000x3000 -> 0,0 5000x5000 on 5000x5000"),
            (Some(5000), Some(5000), Min, "1", "500,0 3000x3000 -> 0,0 3000x3000 on 3000x3000"),
            (Some(300), Some(300), Min, "1", "500,0 3000x3000 -> 0,0 300x300 on 300x300"),
            (Some(300), Some(300), Fill, "1", "0,0 4000x3000 -> 0,37 300x225 on 300x300"),
            (Some(5000), Some(5000), Fill, "1", "0,0 4000x3000 -> 0,625 5000x3750 on 5000x5000"),
            (Some(5000), Some(5000), FillMax, "1", "0,0 4000x3000 -> 500,1000 4000x3000 on 5000x5000"),
            (Some(300), Some(300), Scale, "1", "0,0 4000x3000 -> 0,0 300x300 on 300x300"),
            (Some(300), Some(300), BoundMin, "1", "0,0 4000x3000 -> 0,0 400x300 on 400x300"),
            (Some(400), Some(200), BoundMin, "1", "0,0 4000x3000 -> 0,0 400x300 on 400x300"),
            (Some(500), Some(350), CropFit, "1", "0,100 4000x2800 -> 0,0 500x350 on 500x350"),
            (Some(5000), Some(3500), CropFit, "1", "0,0 4000x3000 -> 500,250 4000x3000 on 5000x3500"),
            (Some(2000), Some(3500), CropFit, "1", "0,0 4000x3000 -> 0,1000 2000x1500 on 2000x3500"),
            // 333 x 1.5 = 499.5: half a pixel is rounded up.
            (Some(333), None, Clip, "1.5", "0,0 4000x3000 -> 0,0 500x375 on 500x375"),
            (Some(1), Some(1), Clip, "0.1", "0,0 4000x3000 -> 0,0 1x1 on 1x1"),
        ] {
            let geometry = geometry(&resize(w, h, fit, dpr), photo, 8192).unwrap();
            assert_eq!(show(geometry), expected, "w={w:?} h={h:?} fit={fit} dpr={dpr}");
        }
    }

    #[test]
    fn where_the_rest_of_a_wish_puts_everything() {
        let photo = Size::new(4000, 3000);
        let sized = |width, height, fit| Resize { width, height, fit, ..Resize::default() };
        let ratio = |text: &str, resize| Resize { aspect_ratio: text.parse().ok(), ..resize };
        let never = |resize| Resize { never_enlarge: true, ..resize };
        let kept = |text: &str, resize| Resize { crop: text.parse().unwrap(), ..resize };
        let around = |x: &str, y: &str, zoom: &str, resize| Resize {
            crop: Crop::FocalPoint,
            focal_point: FocalPoint {
                x: x.parse().unwrap(),
                y: y.parse().unwrap(),
                zoom: zoom.parse().unwrap(),
            },
            ..resize
        };
        let square = |fit| sized(Some(300), Some(300), fit);
        for (resize, expected) in [
            (ratio("1:1", sized(Some(300), None, Fit::Crop)), "500,0 3000x3000 -> 0,0 300x300 on 300x300"),
            (ratio("2:1", sized(None, Some(300), Fit::Fill)), "0,0 4000x3000 -> 100,0 400x300 on 600x300"),
            (ratio("2:1", sized(None, None, Fit::Crop)), "0,500 4000x2000 -> 0,0 4000x2000 on 4000x2000"),
            (ratio("2:1", sized(None, None, Fit::Fill)), "0,0 4000x3000 -> 1000,0 4000x3000 on 6000x3000"),
            (ratio("1:1", sized(None, None, Fit::Scale)), "0,0 4000x3000 -> 0,0 3000x3000 on 3000x3000"),
            (never(sized(Some(5000), None, Fit::Clip)), "0,0 4000x3000 -> 0,0 4000x3000 on 4000x3000"),
            (
                never(sized(Some(5000), Some(5000), Fit::Crop)),
                "500,0 3000x3000 -> 0,0 3000x3000 on 3000x3000",
            ),
            (never(sized(Some(5000), Some(2000), Fit::Scale)), "0,0 4000x3000 -> 0,0 4000x2000 on 4000x2000"),
            (
                never(sized(Some(5000), Some(10), Fit::BoundMin)),
                "0,0 4000x3000 -> 0,0 4000x3000 on 4000x3000",
            ),
            (kept("left", square(Fit::Crop)), "0,0 3000x3000 -> 0,0 300x300 on 300x300"),
            (kept("bottom,right", square(Fit::Crop)), "1000,0 3000x3000 -> 0,0 300x300 on 300x300"),
            (around("0.5", "0.5", "1", square(Fit::Crop)), "500,0 3000x3000 -> 0,0 300x300 on 300x300"),
            (around("0.4", "0.9", "1", square(Fit::Crop)), "100,0 3000x3000 -> 0,0 300x300 on 300x300"),
            (around("0", "0", "2", square(Fit::Crop)), "0,0 1500x1500 -> 0,0 300x300 on 300x300"),
            (around("0.5", "1", "10", square(Fit::Crop)), "1850,2700 300x300 -> 0,0 300x300 on 300x300"),
            // Ten times closer there are 300 pixels to be seen, and no more are made of them.
            (
                never(around("0.5", "0.5", "10", sized(Some(600), Some(600), Fit::Crop))),
                "1850,1350 300x300 -> 0,0 300x300 on 300x300",
            ),
        ] {
            let geometry = geometry(&of(resize), photo, 8192).unwrap();
            assert_eq!(show(geometry), expected, "{resize:?}");
        }
    }

    #[test]
    fn a_rectangle_is_cut_out_in_whole_pixels() {
        for (text, expected) in [
            ("10,20,300,200", Some((10, 20, 300, 200))),
            ("0.25,0.5,0.5,0.25", Some((250, 250, 500, 125))),
            ("center,middle,100,101", Some((450, 199, 100, 101))),
            ("right,bottom,0.5,0.5", Some((500, 250, 500, 250))),
            // What reaches beyond ends with the original, and a part of it has at least one pixel.
            ("900,400,300,200", Some((900, 400, 100, 100))),
            ("0.0,0,0.0001,2", Some((0, 0, 1, 2))),
            ("left,top,2000,2000", Some((0, 0, 1000, 500))),
            ("1000,0,10,10", None),
            ("0,0.9999,10,10", None),
        ] {
            let cut: Cut = text.parse().unwrap();
            let found = cut_out(cut, Size::new(1000, 500)).map(|r| (r.x, r.y, r.width, r.height));
            assert_eq!(found.ok(), expected, "{text}");
        }
        let error = cut_out("1000,0,10,10".parse().unwrap(), Size::new(1000, 500)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the rectangle 1000,0,10,10 lies outside of the original, which has 1000x500 pixels"
        );
    }

    #[test]
    fn what_is_cut_out_and_turned_is_found_again_in_the_original() {
        let plan = Plan {
            cut: "100,200,300,100".parse().ok(),
            flip: Flip { horizontal: true, vertical: false },
            rotation: "90".parse().unwrap(),
            resize: Resize { width: Some(50), height: Some(50), fit: Fit::Crop, ..Resize::default() },
            ..Plan::default()
        };
        let geometry = geometry(&plan, Size::new(1000, 500), 8192).unwrap();
        assert_eq!(geometry.oriented(), Size::new(100, 300));
        assert_eq!(geometry.crop, CropBox { x: 0.0, y: 100.0, width: 100.0, height: 100.0 });
        let found = geometry.in_original(geometry.crop);
        assert_eq!(found, CropBox { x: 200.0, y: 200.0, width: 100.0, height: 100.0 });
    }

    #[test]
    fn a_turned_picture_has_a_frame_that_holds_it_or_that_it_fills() {
        for (size, angle, frame, expected) in [
            (Size::new(100, 100), "45", RotationFrame::Pivot, Size::new(141, 141)),
            (Size::new(100, 100), "45", RotationFrame::Straighten, Size::new(71, 71)),
            (Size::new(400, 300), "10", RotationFrame::Pivot, Size::new(446, 365)),
            (Size::new(400, 300), "10", RotationFrame::Straighten, Size::new(329, 247)),
            (Size::new(1, 1), "30", RotationFrame::Straighten, Size::new(1, 1)),
        ] {
            assert_eq!(turned(size, angle.parse().unwrap(), frame).frame, expected, "{size} by {angle}");
        }
    }

    #[test]
    fn border_and_padding_are_added_in_device_pixels() {
        let length = |value| Length::new(value);
        let plan = Plan {
            border: Some(Border { size: "3".parse().unwrap(), colour: crate::Colour::BLACK }),
            pad: Pad { all: length(5).unwrap(), left: length(0), ..Pad::default() },
            ..resize(Some(100), Some(100), Fit::Scale, "1.5")
        };
        // 150, twice 4.5 rounded up, and 7.5 rounded up.
        let geometry = geometry(&plan, Size::new(10, 10), 8192).unwrap();
        assert_eq!(geometry.output, Size::new(150 + 10 + 8, 150 + 10 + 16));
        assert!(super::geometry(&plan, Size::new(10, 10), 160).is_err());
    }

    #[test]
    fn a_very_flat_picture_keeps_one_pixel_of_height() {
        let plan = resize(Some(10), None, Fit::Clip, "1");
        assert_eq!(geometry(&plan, Size::new(10_000, 2), 8192).unwrap().canvas, Size::new(10, 1));
    }

    #[test]
    fn an_output_beyond_the_limit_is_refused_and_the_limit_named() {
        let plan = resize(Some(5000), None, Fit::Clip, "2");
        let error = geometry(&plan, Size::new(100, 50), 8192).unwrap_err();
        assert_eq!(error.to_string(), "the output would be 10000x5000 pixels; neither side may exceed 8192");
        assert!(geometry(&Plan::default(), Size::new(9000, 10), 8192).is_err());
    }

    #[test]
    fn an_original_without_pixels_is_an_error() {
        assert_eq!(geometry(&Plan::default(), Size::new(0, 10), 8192), Err(GeometryError::EmptyOriginal));
    }

    fn any_fit() -> impl Strategy<Value = Fit> {
        proptest::sample::select(Fit::ALL.to_vec())
    }

    fn any_ratio() -> impl Strategy<Value = Option<AspectRatio>> {
        proptest::option::weighted(
            0.3,
            (1u32..=40, 1u32..=40).prop_map(|(w, h)| AspectRatio::new(w, h).unwrap()),
        )
    }

    fn any_crop() -> impl Strategy<Value = Crop> {
        let word =
            proptest::sample::select(vec!["center", "top,left", "right", "bottom", "focalpoint", "entropy"]);
        word.prop_map(|word| word.parse().unwrap())
    }

    prop_compose! {
        fn any_focal_point()(x in 0u16..=10_000, y in 0u16..=10_000, zoom in 100u16..=10_000) -> FocalPoint {
            FocalPoint {
                x: crate::Fraction::from_units(x).unwrap(),
                y: crate::Fraction::from_units(y).unwrap(),
                zoom: crate::Zoom::from_hundredths(zoom).unwrap(),
            }
        }
    }

    prop_compose! {
        fn any_resize()(
            width in proptest::option::of(1..=Resize::MAX_SIDE),
            height in proptest::option::of(1..=Resize::MAX_SIDE),
            fit in any_fit(),
            aspect_ratio in any_ratio(),
            crop in any_crop(),
            focal_point in any_focal_point(),
            never_enlarge: bool,
            dpr in 10u16..=500,
        ) -> Resize {
            let dpr = Dpr::from_hundredths(dpr).unwrap();
            Resize { width, height, fit, aspect_ratio, crop, focal_point, never_enlarge, dpr }
        }
    }

    prop_compose! {
        fn any_plan()(
            resize in any_resize(),
            cut in proptest::option::of(proptest::sample::select(vec![
                "0,0,1,1", "left,top,0.5,0.3", "right,middle,0.9,1.0", "0.1,0.1,0.1,9000",
            ])),
            horizontal: bool,
            vertical: bool,
            tenths in prop_oneof![Just(0u16), 0u16..3600],
            straighten: bool,
        ) -> Plan {
            Plan {
                resize,
                cut: cut.and_then(|text| text.parse().ok()),
                flip: Flip { horizontal, vertical },
                rotation: Rotation::from_tenths(tenths).unwrap(),
                rotation_frame: if straighten { RotationFrame::Straighten } else { RotationFrame::Pivot },
                ..Plan::default()
            }
        }
    }

    fn any_size() -> impl Strategy<Value = Size> {
        prop_oneof![(1u32..=40, 1u32..=40), (1u32..=20_000, 1u32..=20_000), (1u32.., 1u32..)]
            .prop_map(|(width, height)| Size { width, height })
    }

    proptest! {
        #[test]
        fn nothing_lies_outside(plan in any_plan(), original in any_size()) {
            let Ok(geometry) = geometry(&plan, original, 8192) else { return Ok(()) };
            let Geometry { cut, crop, placed, canvas, .. } = geometry;
            prop_assert!(!canvas.is_empty() && !placed.size().is_empty() && !cut.size().is_empty());
            prop_assert!(canvas.width <= 8192 && canvas.height <= 8192);
            prop_assert!(placed.x + placed.width <= canvas.width && placed.y + placed.height <= canvas.height);
            prop_assert!(cut.x + cut.width <= original.width && cut.y + cut.height <= original.height);
            let seen = geometry.seen();
            prop_assert!(crop.x >= 0.0 && crop.y >= 0.0 && crop.width > 0.0 && crop.height > 0.0);
            prop_assert!(crop.x + crop.width <= f64::from(seen.width) + 1e-6);
            prop_assert!(crop.y + crop.height <= f64::from(seen.height) + 1e-6);
            let part = geometry.in_original(CropBox::whole(geometry.oriented()));
            prop_assert_eq!((part.x, part.width), (f64::from(cut.x), f64::from(cut.width)));
            prop_assert_eq!((part.y, part.height), (f64::from(cut.y), f64::from(cut.height)));
        }

        #[test]
        fn proportions_are_kept_to_the_nearest_pixel(resize in any_resize(), original in any_size()) {
            prop_assume!(resize.fit != Fit::Scale);
            let Ok(geometry) = geometry(&of(resize), original, 8192) else { return Ok(()) };
            let Geometry { crop, placed, .. } = geometry;
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
        fn two_sides_make_exactly_that_box_in_the_fits_that_say_so(
            w in 1u32..=8192, h in 1u32..=8192, fit in any_fit(), original in any_size()
        ) {
            let resize = Resize { width: Some(w), height: Some(h), fit, ..Resize::default() };
            let Ok(Geometry { canvas, placed, .. }) = geometry(&of(resize), original, 8192) else { return Ok(()) };
            match fit {
                Fit::Clip | Fit::Max => prop_assert!(canvas.width <= w && canvas.height <= h),
                Fit::BoundMin => prop_assert!(canvas.width >= w && canvas.height >= h),
                Fit::Min => prop_assert!(canvas.width <= w && canvas.height <= h),
                _ => prop_assert_eq!(canvas, Size::new(w, h)),
            }
            if matches!(fit, Fit::Clip | Fit::BoundMin) {
                prop_assert!(canvas.width == w || canvas.height == h);
            }
            // Padding differs by at most one pixel between the two sides.
            prop_assert!(canvas.width - placed.width - 2 * placed.x <= 1);
            prop_assert!(canvas.height - placed.height - 2 * placed.y <= 1);
        }

        #[test]
        fn what_shall_not_be_enlarged_is_not(resize in any_resize(), original in any_size()) {
            let resize = Resize { never_enlarge: true, ..resize };
            let Ok(geometry) = geometry(&of(resize), original, 8192) else { return Ok(()) };
            // Rounding may go half a pixel beyond what is seen, closer than which it is nowhere near.
            prop_assert!(f64::from(geometry.placed.width) <= geometry.crop.width.max(0.5) + 0.5 + 1e-6);
            prop_assert!(f64::from(geometry.placed.height) <= geometry.crop.height.max(0.5) + 0.5 + 1e-6);
        }

        #[test]
        fn a_turned_original_gives_a_turned_result(resize in any_resize(), original in any_size()) {
            let turned = Resize {
                width: resize.height,
                height: resize.width,
                aspect_ratio: resize.aspect_ratio.map(|r| AspectRatio::new(r.height(), r.width()).unwrap()),
                ..resize
            };
            match (geometry(&of(resize), original, 8192), geometry(&of(turned), original.transposed(), 8192)) {
                (Ok(one), Ok(other)) => {
                    prop_assert_eq!(one.canvas, other.canvas.transposed());
                    prop_assert_eq!(one.placed.size(), other.placed.size().transposed());
                }
                (one, other) => prop_assert!(one.is_err() && other.is_err()),
            }
        }
    }
}
