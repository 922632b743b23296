//! What is told of a picture instead of showing it: facts, colours, and what is seen from afar.

mod blurhash;
mod info;
mod palette;
mod placeholder;
mod primitive;

use plan::{CropBox, Description, Fit, Format, Operation, Plan, Resize, Size};

use crate::codec::Picture;
use crate::encode::Target;
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::other::Named;
use crate::pixels::Pixels;
use crate::resample::Resampler;
use crate::{Derivative, Header, colour};

/// The larger side of what is looked at: no words can say more of a picture.
const LOOKED_AT: u32 = 96;

/// Nothing where the wish is for a picture.
pub(crate) fn carry_out(
    original: &[u8],
    header: &Header,
    named: &Named<'_>,
    plan: &Plan,
    limits: &Limits,
    deadline: &Deadline,
    resampler: &mut Resampler,
) -> Result<Option<Derivative>, TransformError> {
    let Some(description) = plan.description() else { return Ok(None) };
    let small = smaller(plan);
    let (making, decoded) = crate::begin(original, header, named, &small, limits, deadline, resampler)?;
    // As it would be, whatever is looked at.
    let whole = match small.resize == plan.resize {
        true => None,
        false => Some(making.by(plan, header, limits)?),
    };
    let whole = whole.as_ref().unwrap_or(&making);
    let size = whole.size();
    let faces = if plan.faces {
        Some(whole.faces_in_output(&decoded.picture, decoded.view, deadline, resampler)?)
    } else {
        None
    };
    let facts = info::Facts::of(original, header, &decoded, limits, deadline)?;
    let target = Target::new(plan, Format::Png);
    let made = making.make(decoded.picture, decoded.view, &target, deadline, resampler)?;
    let (made, _) = crate::profile::settle(made, decoded.icc, &target, resampler)?;
    let pixels = match made {
        Picture::Pixels(pixels) => pixels,
        Picture::Planes(planes) => colour::to_pixels(&planes),
    };
    let pixels = within(pixels, LOOKED_AT, resampler)?;
    deadline.check()?;
    let words = match description {
        Description::Info => info::json(&facts, size, &pixels, faces, deadline)?,
        Description::Palette(form) => {
            palette::written(form, plan.palette.colours.get() as usize, &pixels, deadline)?
        }
        Description::BlurHash => blurhash::of(&pixels),
        Description::ThumbHash => placeholder::thumb_hash(&pixels),
        Description::Primitive => {
            let small = within(pixels.flattened([255; 4]), primitive::SIDE, resampler)?;
            primitive::svg(plan.primitive, size, &small, deadline)?
        }
        Description::Placeholder => placeholder::data_address(&pixels, deadline, resampler)?,
    };
    Ok(Some(Derivative { bytes: words.into_bytes(), format: description.into(), size }))
}

/// The same plan for a small picture, where nothing in it is measured in pixels.
fn smaller(plan: &Plan) -> Plan {
    let measured = |operation: &Operation| {
        matches!(
            operation,
            Operation::Unsharp { .. }
                | Operation::Pixelate { .. }
                | Operation::Halftone { .. }
                | Operation::Blur(_)
                | Operation::Border { .. }
                | Operation::Mark(_)
                | Operation::Text(_)
                | Operation::Mask(_)
                | Operation::Shadow { .. }
                | Operation::Pad(_)
                | Operation::Grid { .. }
        )
    };
    let Resize { width, height, aspect_ratio, .. } = plan.resize;
    if (width, height, aspect_ratio) != (None, None, None) || plan.operations().iter().any(measured) {
        return plan.clone();
    }
    let side = Some(LOOKED_AT);
    Plan { resize: Resize { width: side, height: side, fit: Fit::Max, ..Resize::default() }, ..plan.clone() }
}

/// The picture, no side of it larger than that.
fn within(pixels: Pixels, side: u32, resampler: &mut Resampler) -> Result<Pixels, TransformError> {
    let Size { width, height } = pixels.size;
    let larger = width.max(height);
    if larger <= side {
        return Ok(pixels);
    }
    let scaled = |length: u32| {
        let scaled = (u64::from(length) * u64::from(side) + u64::from(larger) / 2) / u64::from(larger);
        u32::try_from(scaled).unwrap_or(side).max(1)
    };
    pixels.resized(CropBox::whole(pixels.size), Size::new(scaled(width), scaled(height)), resampler)
}
