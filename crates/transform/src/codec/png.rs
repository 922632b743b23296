//! PNG in (every colour type and depth, brought to eight bits) and out.

use std::io::Cursor;

use plan::Size;

use crate::codec::{Decoded, Picture, Shape, describes_rgb};
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::orientation;
use crate::pixels::Pixels;
use crate::sniff::InputFormat;

pub(crate) fn header(original: &[u8]) -> Result<Shape, TransformError> {
    let reader = png::Decoder::new(Cursor::new(original)).read_info().map_err(refused)?;
    let info = reader.info();
    Ok(Shape {
        size: Size { width: info.width, height: info.height },
        alpha: info.trns.is_some()
            || matches!(info.color_type, png::ColorType::Rgba | png::ColorType::GrayscaleAlpha),
        orientation: orientation::of_exif(original, InputFormat::Png),
    })
}

/// The gamma and chromaticity chunks are ignored, as browsers do where there is no profile.
pub(crate) fn decode(original: &[u8], deadline: &Deadline) -> Result<Decoded, TransformError> {
    let mut decoder = png::Decoder::new(Cursor::new(original));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(refused)?;
    let size = Size { width: reader.info().width, height: reader.info().height };
    let icc = reader.info().icc_profile.as_ref().map(|icc| icc.to_vec()).filter(|icc| describes_rgb(icc));
    let (colour, _) = reader.output_color_type();
    let mut pixels = Pixels { size, rgba: Vec::new() };
    if reader.info().interlaced {
        let length = reader
            .output_buffer_size()
            .ok_or_else(|| TransformError::corrupt(InputFormat::Png, "its size overflows"))?;
        let mut samples = vec![0; length];
        reader.next_frame(&mut samples).map_err(refused)?;
        append(&mut pixels.rgba, &samples, colour);
    } else {
        pixels.rgba.reserve_exact(size.width as usize * size.height as usize);
        for _ in 0..size.height {
            deadline.check()?;
            let row = reader
                .next_row()
                .map_err(refused)?
                .ok_or(TransformError::Truncated { format: InputFormat::Png })?;
            append(&mut pixels.rgba, row.data(), colour);
        }
    }
    Ok(Decoded { icc, ..Decoded::full_size(Picture::Pixels(pixels)) })
}

pub(super) fn append(rgba: &mut Vec<[u8; 4]>, samples: &[u8], colour: png::ColorType) {
    match colour {
        png::ColorType::Rgba => rgba.extend_from_slice(samples.as_chunks().0),
        png::ColorType::Rgb => rgba.extend(samples.as_chunks().0.iter().map(|&[r, g, b]| [r, g, b, 255])),
        png::ColorType::GrayscaleAlpha => {
            rgba.extend(samples.as_chunks().0.iter().map(|&[grey, alpha]| [grey, grey, grey, alpha]));
        }
        // A palette has been expanded by now.
        png::ColorType::Grayscale | png::ColorType::Indexed => {
            rgba.extend(samples.iter().map(|&grey| [grey, grey, grey, 255]));
        }
    }
}

/// Without an alpha channel where nothing is transparent.
pub(crate) fn encode(pixels: &Pixels, icc: Option<&[u8]>) -> Result<Vec<u8>, TransformError> {
    let failed = |error: png::EncodingError| TransformError::failed("encoding PNG", error);
    let opaque = pixels.is_opaque();
    let mut info = png::Info::with_size(pixels.size.width, pixels.size.height);
    info.icc_profile = icc.map(Into::into);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::with_info(&mut bytes, info).map_err(failed)?;
    encoder.set_color(if opaque { png::ColorType::Rgb } else { png::ColorType::Rgba });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::Filter::Adaptive);
    let mut writer = encoder.write_header().map_err(failed)?;
    if opaque {
        let rgb: Vec<[u8; 3]> = pixels.rgba.iter().map(|&[r, g, b, _]| [r, g, b]).collect();
        writer.write_image_data(rgb.as_flattened()).map_err(failed)?;
    } else {
        writer.write_image_data(pixels.rgba.as_flattened()).map_err(failed)?;
    }
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

pub(super) fn refused(error: png::DecodingError) -> TransformError {
    match error {
        png::DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            TransformError::Truncated { format: InputFormat::Png }
        }
        error => TransformError::corrupt(InputFormat::Png, error),
    }
}
