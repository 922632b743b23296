//! From pixels to a file.

use std::time::Duration;

use plan::{Format, FormatWish, Plan, Quality, QualityWish};
use transform::{Limits, TransformError, transform};

use crate::canvas::Canvas;

/// As a camera would: the demo's derivatives shall not suffer from their original.
const QUALITY: u8 = 92;

#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    #[error("a painted picture cannot be written as PNG: {0}")]
    Png(#[from] png::EncodingError),
    #[error("a painted picture cannot be encoded: {0}")]
    Transform(#[from] TransformError),
}

pub(crate) fn encode(canvas: &Canvas, format: Format) -> Result<Vec<u8>, EncodeError> {
    if format == Format::Png {
        return Ok(as_png(canvas, png::Compression::Fast)?);
    }
    let quality = Quality::new(QUALITY).ok().map(QualityWish::Codec);
    let plan = Plan { format: FormatWish::Exactly(format), quality, ..Plan::default() };
    let limits = Limits { time: Duration::from_secs(120), ..Limits::default() };
    let through = as_png(canvas, png::Compression::NoCompression)?;
    Ok(transform(&through, &plan, &limits)?.bytes)
}

/// With an alpha channel only where something is not opaque.
fn as_png(canvas: &Canvas, compression: png::Compression) -> Result<Vec<u8>, png::EncodingError> {
    let opaque = canvas.pixels.iter().all(|[.., alpha]| *alpha == 255);
    let (colour, samples) = if opaque {
        (png::ColorType::Rgb, canvas.pixels.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect())
    } else {
        (png::ColorType::Rgba, canvas.pixels.as_flattened().to_vec())
    };
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, canvas.width as u32, canvas.height as u32);
    encoder.set_color(colour);
    encoder.set_compression(compression);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&samples)?;
    writer.finish()?;
    Ok(file)
}
