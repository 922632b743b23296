//! From the size that was asked for to pixels: every rounding rule of the project lives here.
//!
//! Sides are integers and are computed with integers, half a pixel rounded up, so that every machine agrees.
//! Only the crop box is fractional: cutting whole pixels would shift and stretch the picture by up to one of them.

mod bounds;
mod faces;
mod placement;

use serde::{Deserialize, Serialize};

use crate::Plan;
use crate::operation::crop::{Align, Crop, Side};
use crate::operation::cut::{Cut, Extent, Start};
use crate::operation::dpr::Dpr;
use crate::operation::resize::{Fit, Resize};
use crate::operation::rotation::{Rotation, RotationFrame};
use crate::order::Operation;
use crate::orientation::Orientation;
use crate::rectangle::{CropBox, Rect};
use crate::size::Size;

pub use faces::{face_area, moved_to_faces};
pub use placement::{Placement, placement, sheet_placement, text_placement, text_room, turned_frame};

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
    /// Where that begins ...
    pub canvas_begins: (u32, u32),
    /// ... in what it is with border and padding.
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

    /// By that much at the top, right, bottom and left.
    fn grow(&mut self, [top, right, bottom, left]: [u32; 4], limit: u32) -> Result<(), GeometryError> {
        let sum =
            |side: u32, more: u32, and_more: u32| u64::from(side) + u64::from(more) + u64::from(and_more);
        let (width, height) = (self.output.width, self.output.height);
        self.output = checked((sum(width, left, right), sum(height, top, bottom)), limit)?;
        self.canvas_begins = (self.canvas_begins.0 + left, self.canvas_begins.1 + top);
        Ok(())
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
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
        canvas_begins: (0, 0),
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
            Operation::Border { width, .. } => geometry.grow([width; 4], max_side)?,
            Operation::Shadow { margins, .. } => geometry.grow(margins, max_side)?,
            Operation::Pad(sides) => geometry.grow(sides, max_side)?,
            Operation::Trim { .. }
            | Operation::CutOut
            | Operation::ShowAlpha
            | Operation::Adjust(_)
            | Operation::Monochrome(_)
            | Operation::Sepia(_)
            | Operation::Duotone { .. }
            | Operation::Blend { .. }
            | Operation::BlendSheet { .. }
            | Operation::Unsharp { .. }
            | Operation::Pixelate { .. }
            | Operation::Halftone { .. }
            | Operation::Blur(_)
            | Operation::Veil(_)
            | Operation::Place(_)
            | Operation::Mask(_)
            | Operation::MaskSheet { .. }
            | Operation::Fade(_)
            | Operation::Mark(_)
            | Operation::Text(_)
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
    let wished = bounds::bounded(resize, original).unwrap_or_else(|| device_pixels(resize));
    let (canvas, placed, crops) = match (wished, resize.aspect_ratio) {
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
                Fit::Crop | Fit::Min | Fit::CropFit | Fit::FaceArea => {
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
                Fit::Crop | Fit::Min | Fit::CropFit | Fit::FaceArea => {
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
        Crop::Align(_) | Crop::Entropy | Crop::Faces(_) => 1.0,
    };
    let (width, height) = ((width / zoom).min(ow), (height / zoom).min(oh));
    let at = |side: Side, room: f64| match side {
        Side::Start => 0.0,
        Side::Middle => room / 2.0,
        Side::End => room,
    };
    // Until somebody has looked at the picture.
    let (x, y) = match resize.crop.without_faces() {
        Crop::Align(Align { x, y }) => (at(x, ow - width), at(y, oh - height)),
        Crop::Entropy | Crop::Faces(_) => ((ow - width) / 2.0, (oh - height) / 2.0),
        Crop::FocalPoint => (
            (ow * point.x.get() - width / 2.0).clamp(0.0, ow - width),
            (oh * point.y.get() - height / 2.0).clamp(0.0, oh - height),
        ),
    };
    CropBox { x, y, width, height }
}

fn checked((width, height): (u64, u64), limit: u32) -> Result<Size, GeometryError> {
    let side = |side: u64| u32::try_from(side).ok().filter(|side| *side <= limit);
    match (side(width), side(height)) {
        (Some(width), Some(height)) => Ok(Size { width, height }),
        _ => Err(GeometryError::OutputTooLarge { width, height, limit }),
    }
}

#[cfg(test)]
mod tests;
