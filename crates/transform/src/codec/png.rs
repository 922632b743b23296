//! PNG in (every colour type and depth, brought to eight bits) and out.

mod filter;
#[cfg(target_arch = "x86_64")]
mod four_sse2;
mod rows;

use std::io::Cursor;

use plan::Size;

use self::rows::{Rows, TOGETHER};
use crate::codec::halving::Halving;
use crate::codec::{Decoded, Picture, Shape, describes_rgb};
use crate::content::Evenness;
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

/// Whether its rows come one after the other, from top to bottom, and make one picture: neither interlaced (PNG third edition
/// §11.2.1), nor one of those that move. For planning only.
pub(crate) fn comes_in_rows(original: &[u8]) -> bool {
    const INTERLACE: usize = 28;
    original.get(INTERLACE) == Some(&0) && memchr::memmem::find(original, b"acTL").is_none()
}

/// Larger than it has to be to be seen `shrink` times smaller. The gamma and chromaticity chunks are ignored, as browsers
/// do where there is no profile.
pub(crate) fn decode(original: &[u8], shrink: f64, deadline: &Deadline) -> Result<Decoded, TransformError> {
    let mut decoder = png::Decoder::new(Cursor::new(original));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(refused)?;
    let info = reader.info();
    let size = Size { width: info.width, height: info.height };
    let icc = profile(info);
    let plain = info.bit_depth == png::BitDepth::Eight && info.trns.is_none() && !info.interlaced;
    let mut canvas = Canvas::of(size, shrink);
    match (info.color_type, plain) {
        (png::ColorType::Rgba, true) => {
            by_fours::<4>(original, size, png::ColorType::Rgba, &mut canvas, deadline)?
        }
        (png::ColorType::Rgb, true) => {
            by_fours::<3>(original, size, png::ColorType::Rgb, &mut canvas, deadline)?
        }
        _ => by_library(&mut reader, size, &mut canvas, deadline)?,
    }
    Ok(Decoded { icc, ..canvas.decoded() })
}

/// What rows become.
struct Canvas {
    evenness: Evenness,
    halving: Halving,
    row: Vec<[u8; 4]>,
}

impl Canvas {
    fn of(size: Size, shrink: f64) -> Canvas {
        Canvas { evenness: Evenness::of(size), halving: Halving::of(size, shrink), row: Vec::new() }
    }

    fn row(&mut self, samples: &[u8], colour: png::ColorType) {
        let row = match colour {
            png::ColorType::Rgba => samples.as_chunks().0,
            _ => {
                self.row.clear();
                append(&mut self.row, samples, colour);
                &self.row
            }
        };
        self.evenness.row(row);
        self.halving.row(row);
    }

    fn decoded(self) -> Decoded {
        let scale = self.halving.scale();
        let graphic = Some(self.evenness.is_graphic());
        Decoded { graphic, ..Decoded::at_scale(scale, Picture::Pixels(self.halving.end())) }
    }
}

/// What has pixels of `N` bytes and nothing unusual.
fn by_fours<const N: usize>(
    original: &[u8],
    size: Size,
    colour: png::ColorType,
    canvas: &mut Canvas,
    deadline: &Deadline,
) -> Result<(), TransformError> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut rows = Rows::<N>::of(original, (width, height));
    // The last row of those before, and then four.
    let mut lines = vec![[0; N]; width * (1 + TOGETHER)];
    for _ in 0..height.div_ceil(TOGETHER) {
        deadline.check()?;
        let (above, four) = lines.split_at_mut(width);
        let count = rows.next(above, four)?;
        four.chunks_exact(width).take(count).for_each(|row| canvas.row(row.as_flattened(), colour));
        above.copy_from_slice(&four[(TOGETHER - 1) * width..]);
    }
    Ok(())
}

fn by_library(
    reader: &mut png::Reader<Cursor<&[u8]>>,
    size: Size,
    canvas: &mut Canvas,
    deadline: &Deadline,
) -> Result<(), TransformError> {
    let (colour, _) = reader.output_color_type();
    if reader.info().interlaced {
        let length = reader
            .output_buffer_size()
            .ok_or_else(|| TransformError::corrupt(InputFormat::Png, "its size overflows"))?;
        let mut samples = vec![0; length];
        let info = reader.next_frame(&mut samples).map_err(refused)?;
        for row in samples.chunks_exact(info.line_size.max(1)) {
            deadline.check()?;
            canvas.row(row, colour);
        }
        return Ok(());
    }
    for _ in 0..size.height {
        deadline.check()?;
        let row = reader
            .next_row()
            .map_err(refused)?
            .ok_or(TransformError::Truncated { format: InputFormat::Png })?;
        canvas.row(row.data(), colour);
    }
    Ok(())
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
