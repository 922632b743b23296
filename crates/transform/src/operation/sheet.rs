//! Another original in the frame of the picture.

use plan::{CropBox, Rect, Sheet, Size};

use crate::error::TransformError;
use crate::operation::Bench;
use crate::pixels::Pixels;

/// What of the frame it covers, and with which pixels.
pub(super) fn spread(
    sheet: &Sheet,
    frame: Size,
    bench: &mut Bench<'_>,
) -> Result<(Rect, Pixels), TransformError> {
    let Some(other) = bench.others.get(sheet.picture) else {
        return Err(TransformError::failed("composing", "the plan's further originals are not there"));
    };
    let (part, covered) = plan::sheet_placement(sheet, other.size, frame);
    // It may have been decoded smaller than it is.
    let Size { width, height } = other.pixels.size;
    let across = f64::from(width) / f64::from(other.size.width.max(1));
    let down = f64::from(height) / f64::from(other.size.height.max(1));
    let part = CropBox {
        x: part.x * across,
        y: part.y * down,
        width: (part.width * across).min(f64::from(width)),
        height: (part.height * down).min(f64::from(height)),
    };
    Ok((covered, other.pixels.resized(part, covered.size(), bench.resampler)?))
}
