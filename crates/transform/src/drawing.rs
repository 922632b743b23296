//! Originals that are drawn: handed on as they are meant, or drawn at the size at which they are seen.

use plan::{FormatWish, OutputFormat, Plan, Size};

use crate::codec::Decoded;
use crate::codec::svg::{self, Drawing};
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::making::Making;
use crate::other::ENLARGED;
use crate::resample::Resampler;
use crate::sniff::{InputFormat, sniff};
use crate::{Derivative, Header, animation};

/// The larger side of what is looked at, to see where there is something to see.
const LOOKED_AT: f64 = 512.0;

/// Whether there are letters in an original that only fonts can draw.
pub fn needs_letters(original: &[u8]) -> bool {
    sniff(original) == Some(InputFormat::Svg) && svg::has_letters(original)
}

/// The drawing as a drawing, if that is what is wished for.
pub(crate) fn kept(
    original: &[u8],
    header: &Header,
    plan: &Plan,
) -> Result<Option<Derivative>, TransformError> {
    if !plan.keeps_drawing() {
        return Ok(None);
    }
    match (header.format, plan.format) {
        (InputFormat::Svg, _) => {
            let bytes = svg::sanitised(original)?;
            Ok(Some(Derivative { bytes, format: OutputFormat::Svg, size: header.upright }))
        }
        (found, FormatWish::Svg) => Err(TransformError::NotDrawn { found }),
        _ => Ok(None),
    }
}

/// Draws what is seen of it, as large as it is seen.
pub(crate) fn begin(
    original: &[u8],
    header: &Header,
    letters: &[&[u8]],
    plan: &Plan,
    limits: &Limits,
    deadline: &Deadline,
    resampler: &mut Resampler,
) -> Result<(Making, Decoded), TransformError> {
    let drawing = Drawing::of(original, header.size, letters, limits, deadline)?;
    if let Some(frame) = plan.frame {
        // There is but one.
        animation::frame(original, header, frame.size(), limits, deadline)?;
    }
    let mut making = if plan.trim.by.is_some() {
        let whole = drawing.draw_exactly(header.size, deadline)?;
        Making::trimmed(plan, header, &whole.picture, limits)?
    } else {
        Making::new(plan, header, limits)?
    };
    if making.looks() {
        let larger = f64::from(header.size.width.max(header.size.height));
        let seen = drawing.draw(drawing.whole(), scaled(header.size, LOOKED_AT / larger), deadline)?;
        making.look(&seen.picture, seen.view, deadline, resampler)?;
    }
    let all = || (drawing.whole(), enlarged(header.size, 1.0 / making.decoded_shrink()));
    let (part, size) = making.drawn().unwrap_or_else(all);
    let decoded = drawing.draw(part, size, deadline)?;
    Ok((making, decoded))
}

/// All of it, so many times smaller, or larger within bounds.
pub(crate) fn at_scale(
    original: &[u8],
    header: &Header,
    shrink: f64,
    letters: &[&[u8]],
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Decoded, TransformError> {
    let drawing = Drawing::of(original, header.size, letters, limits, deadline)?;
    drawing.draw(drawing.whole(), enlarged(header.size, 1.0 / shrink), deadline)
}

/// All of a drawing at a scale, enlarged no further than it may be.
fn enlarged(size: Size, scale: f64) -> Size {
    let largest = (ENLARGED as f64 / size.pixels() as f64).sqrt().max(1.0);
    scaled(size, scale.min(largest))
}

fn scaled(size: Size, scale: f64) -> Size {
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    Size { width: side(size.width), height: side(size.height) }
}
