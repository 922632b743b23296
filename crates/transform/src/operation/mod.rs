//! The operations on pixels, one file each. Their order is `plan`'s; which of them can do without RGB is told here.

mod adjust;
mod alpha;
mod blend;
mod blur;
mod border;
mod cutout;
mod duotone;
mod gradient;
mod grid;
mod halftone;
mod mark;
mod mask;
mod monochrome;
mod pixelate;
mod place;
mod rotate;
mod sepia;
mod shadow;
mod sheet;
mod text;
mod trim;
mod unsharp;
mod veil;

use plan::{CropBox, Geometry, Operation, Rect, Text};

use crate::codec::Picture;
use crate::error::TransformError;
use crate::foreground::Matte;
use crate::limits::Deadline;
use crate::other::Other;
use crate::pixels::Pixels;
use crate::planes::Planes;
use crate::resample::Resampler;
use crate::text::Font;

pub(crate) use self::blur::blurred;
pub(crate) use self::rotate::rotated;
pub(crate) use self::trim::trimmed;

/// What an operation may need beside the picture.
pub(crate) struct Bench<'a> {
    pub geometry: &'a Geometry,
    /// The faces in the picture, on it as it is once it has its size; perhaps beyond its edges.
    pub faces: &'a [CropBox],
    /// What of the picture is foreground, if that is asked for.
    pub matte: Option<&'a Matte>,
    /// The further originals, in the order of the plan.
    pub others: &'a [Other],
    pub texts: &'a [Text],
    /// Those of [`plan::Plan::fonts`].
    pub fonts: &'a [Font],
    pub deadline: &'a Deadline,
    pub resampler: &'a mut Resampler,
}

/// Whether the operation can be carried out on luma and chroma as they are. All others, padding, and formats that hold
/// RGB, need pixels.
pub(crate) fn keeps_planes(operation: &Operation, geometry: &Geometry) -> bool {
    match operation {
        Operation::Trim { .. }
        | Operation::Cut(_)
        | Operation::Orient(_)
        | Operation::Resize(_)
        | Operation::Adjust(_)
        | Operation::Unsharp { .. }
        | Operation::Blur(_)
        // Planes have nothing transparent.
        | Operation::Grid { .. }
        | Operation::Flatten(_) => true,
        Operation::Place(_) => !geometry.is_padded(),
        Operation::Rotate { .. }
        | Operation::Monochrome(_)
        | Operation::Sepia(_)
        | Operation::Duotone { .. }
        | Operation::Blend { .. }
        | Operation::BlendSheet { .. }
        | Operation::Pixelate { .. }
        | Operation::Veil(_)
        | Operation::CutOut
        | Operation::ShowAlpha
        | Operation::Fade(_)
        | Operation::Halftone { .. }
        | Operation::Border { .. }
        | Operation::Mask(_)
        | Operation::MaskSheet { .. }
        | Operation::Shadow { .. }
        | Operation::Pad(_)
        | Operation::Mark(_)
        | Operation::Text(_) => false,
    }
}

/// Carries out one operation on a picture that has its size.
pub(crate) fn carry_out(
    operation: &Operation,
    picture: Picture,
    bench: &mut Bench<'_>,
) -> Result<Picture, TransformError> {
    bench.deadline.check()?;
    Ok(match picture {
        Picture::Planes(planes) => Picture::Planes(on_planes(operation, planes, bench.deadline)?),
        Picture::Pixels(pixels) => Picture::Pixels(on_pixels(operation, pixels, bench)?),
    })
}

fn on_planes(operation: &Operation, planes: Planes, deadline: &Deadline) -> Result<Planes, TransformError> {
    Ok(match operation {
        Operation::Adjust(adjustments) => adjust::planes(adjustments, planes),
        Operation::Unsharp { hundredths, sigma } => unsharp::planes(*hundredths, *sigma, planes),
        Operation::Blur(sigma) => blur::planes(*sigma, planes, deadline)?,
        // Carried out with the resize, or with nothing to do; see `keeps_planes`.
        _ => planes,
    })
}

fn on_pixels(operation: &Operation, pixels: Pixels, bench: &mut Bench<'_>) -> Result<Pixels, TransformError> {
    Ok(match *operation {
        Operation::CutOut => {
            let matte = bench.matte.ok_or(TransformError::NoModel)?;
            cutout::pixels(matte, pixels, bench.deadline, bench.resampler)?
        }
        Operation::ShowAlpha => alpha::shown(pixels),
        Operation::Fade(opacity) => mark::faded(pixels, opacity.percent()),
        Operation::Adjust(ref adjustments) => adjust::pixels(adjustments, pixels),
        Operation::Monochrome(colour) => monochrome::pixels(colour, pixels),
        Operation::Sepia(amount) => sepia::pixels(amount, pixels),
        Operation::Duotone { duotone, opacity } => duotone::pixels(duotone, opacity, pixels),
        Operation::Blend { colour, mode, opacity } => blend::pixels(colour, mode, opacity, pixels),
        Operation::BlendSheet { ref sheet, mode, opacity } => {
            let (covered, with) = sheet::spread(sheet, pixels.size, bench)?;
            blend::picture(&with, covered, mode, opacity, pixels)
        }
        Operation::Unsharp { hundredths, sigma } => unsharp::pixels(hundredths, sigma, pixels),
        Operation::Pixelate { side } => pixelate::pixels(side, pixels),
        Operation::Halftone { distance } => halftone::pixels(distance, pixels, bench.deadline)?,
        Operation::Blur(sigma) => blur::pixels(sigma.pixels(), pixels, bench.deadline)?,
        Operation::Veil(veil) => veil::pixels(veil, bench.faces, pixels, bench.deadline)?,
        Operation::Place(covering) => place::pixels(&covering.behind, pixels, bench)?,
        Operation::Border { width, colour, inner } => border::pixels(width, colour, inner, pixels),
        Operation::Mask(mask) => mask::pixels(mask, pixels),
        Operation::MaskSheet { ref sheet, mode } => {
            let (covered, by) = sheet::spread(sheet, pixels.size, bench)?;
            mask::by_picture(&by, covered, mode, pixels)
        }
        Operation::Shadow { sigma, offset, colour, margins } => {
            shadow::pixels(sigma, offset, colour, margins, pixels)
        }
        Operation::Mark(ref overlay) => mark::pixels(overlay, pixels, bench)?,
        Operation::Text(ref lettering) => text::pixels(lettering, pixels, bench)?,
        Operation::Grid { side, colours } => grid::pixels(side, colours, pixels),
        Operation::Pad(sides) => {
            // What stays transparent here is closed by `Flatten`, with the background's colour.
            surrounded(pixels, sides, [0; 4])
        }
        Operation::Flatten(colour) => pixels.flattened(colour.rgba()),
        Operation::Trim { .. }
        | Operation::Cut(_)
        | Operation::Orient(_)
        | Operation::Rotate { .. }
        | Operation::Resize(_) => pixels,
    })
}

/// The picture with that much colour at its top, right, bottom and left.
fn surrounded(pixels: Pixels, [top, right, bottom, left]: [u32; 4], colour: [u8; 4]) -> Pixels {
    let placed = Rect { x: left, y: top, width: pixels.size.width, height: pixels.size.height };
    let canvas = plan::Size::new(left + placed.width + right, top + placed.height + bottom);
    pixels.padded(canvas, placed, colour)
}
