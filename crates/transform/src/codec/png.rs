//! PNG in (every colour type and depth, brought to eight bits) and out.

use std::io::Cursor;

use plan::Size;

use crate::codec::{Decoded, Picture, Shape, describes_rgb};
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::metadata::Beside;
use crate::orientation;
use crate::palette::Palette;
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
    let icc = profile(reader.info());
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

pub(super) fn profile(info: &png::Info<'_>) -> Option<Vec<u8>> {
    info.icc_profile.as_ref().filter(|icc| describes_rgb(icc)).map(|icc| icc.to_vec())
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

/// All colours, without an alpha channel where nothing is transparent.
pub(crate) fn encode(pixels: &Pixels, beside: &Beside) -> Result<Vec<u8>, TransformError> {
    encode_as(pixels, pixels.is_opaque(), beside)
}

pub(super) fn encode_with_alpha(pixels: &Pixels, beside: &Beside) -> Result<Vec<u8>, TransformError> {
    encode_as(pixels, false, beside)
}

fn encode_as(pixels: &Pixels, opaque: bool, beside: &Beside) -> Result<Vec<u8>, TransformError> {
    let failed = |error: png::EncodingError| TransformError::failed("encoding PNG", error);
    let info = info(pixels.size, beside);
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

fn info<'a>(size: Size, beside: &'a Beside) -> png::Info<'a> {
    let mut info = png::Info::with_size(size.width, size.height);
    info.icc_profile = beside.icc.as_deref().map(Into::into);
    info.exif_metadata = beside.exif.as_deref().map(Into::into);
    info.pixel_dims = beside.dots_per_inch.map(|dots| {
        // An inch has 0.0254 metres.
        let per_metre = (dots * 10_000 + 127) / 254;
        png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }
    });
    info
}

/// A palette, and for each pixel a place in it; in as few bits as that takes.
pub(crate) fn encode_indexed(
    size: Size,
    palette: &Palette,
    indices: &[u8],
    beside: &Beside,
) -> Result<Vec<u8>, TransformError> {
    let failed = |error: png::EncodingError| TransformError::failed("encoding PNG", error);
    let colours = &palette.colours;
    let (depth, bits) = match colours.len() {
        0..=2 => (png::BitDepth::One, 1),
        3..=4 => (png::BitDepth::Two, 2),
        5..=16 => (png::BitDepth::Four, 4),
        _ => (png::BitDepth::Eight, 8),
    };
    let info = info(size, beside);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::with_info(&mut bytes, info).map_err(failed)?;
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(depth);
    encoder.set_palette(colours.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect::<Vec<_>>());
    // What is left out at the end is opaque.
    let seen_through: Vec<u8> =
        colours.iter().map(|colour| colour[3]).take_while(|&alpha| alpha < 255).collect();
    if !seen_through.is_empty() {
        encoder.set_trns(seen_through);
    }
    // Neighbouring places in a palette are not neighbouring colours, so there is nothing to filter.
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header().map_err(failed)?;
    let rows = indices.chunks_exact((size.width as usize).max(1));
    let packed: Vec<u8> =
        rows.flat_map(|row| row.chunks(8 / bits).map(|places| pack(places, bits))).collect();
    writer.write_image_data(&packed).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

/// The places of neighbouring pixels in one byte, the first in its highest bits.
fn pack(places: &[u8], bits: usize) -> u8 {
    let slots = 8 / bits;
    places.iter().enumerate().fold(0, |byte, (slot, place)| byte | place << ((slots - 1 - slot) * bits))
}

pub(super) fn refused(error: png::DecodingError) -> TransformError {
    match error {
        png::DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            TransformError::Truncated { format: InputFormat::Png }
        }
        error => TransformError::corrupt(InputFormat::Png, error),
    }
}
