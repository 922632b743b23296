//! TIFF in, through the crate `tiff`: the first page of a file; grey, RGB and CMYK in whole numbers, plain or packed without
//! loss.

use std::io::{Cursor, ErrorKind};

use plan::Size;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::{PlanarConfiguration, Tag};
use tiff::{ColorType, TiffError};

use crate::codec::{Decoded, Picture, Shape, describes_rgb};
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::orientation::Orientation;
use crate::pixels::{Pixels, divided};
use crate::sniff::InputFormat;

type File<'a> = Decoder<Cursor<&'a [u8]>>;

/// A sample takes two bytes at most, and a pixel five of them.
const MOST_PIXEL: usize = 10;

/// Of a value in the directory; the largest are profiles, and where each strip is.
const MOST_VALUE: usize = 4 << 20;

/// Alpha is multiplied into the colours (TIFF 6.0 §18: `ExtraSamples`).
const ASSOCIATED: u16 = 1;

pub(crate) fn header(original: &[u8]) -> Result<Shape, TransformError> {
    let mut file = Decoder::new(Cursor::new(original)).map_err(refused)?;
    let (width, height) = file.dimensions().map_err(refused)?;
    let orientation = file.find_tag_unsigned::<u32>(Tag::Orientation).ok().flatten().unwrap_or(1);
    Ok(Shape {
        size: Size { width, height },
        alpha: Layout::of(&mut file)?.alpha.is_some(),
        orientation: Orientation::from_exif(orientation),
    })
}

/// As it is stored, by the directory alone (TIFF 6.0 §2): for planning, and so without the library.
pub(crate) fn size(original: &[u8]) -> Option<Size> {
    let little = original.starts_with(b"II");
    let number = |at: usize, length: usize| {
        let bytes = original.get(at..at.checked_add(length)?)?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    };
    let big = number(2, 2)? == 43;
    let (directory, count, entry, value) = match big {
        true => (number(8, 8)?, 8, 20, 12),
        false => (number(4, 4)?, 2, 12, 8),
    };
    let directory = usize::try_from(directory).ok()?;
    let entries = number(directory, count)?.min(1000) as usize;
    let find = |wanted: u64| {
        (0..entries).find_map(|index| {
            let at = directory.checked_add(count + index * entry)?;
            if number(at, 2)? != wanted {
                return None;
            }
            // A number of two bytes or of four.
            let length = if number(at + 2, 2)? == 3 { 2 } else { 4 };
            u32::try_from(number(at + value, length)?).ok()
        })
    };
    Some(Size { width: find(256)?, height: find(257)? })
}

pub(crate) fn decode(original: &[u8], deadline: &Deadline) -> Result<Decoded, TransformError> {
    let mut file = Decoder::new(Cursor::new(original)).map_err(refused)?;
    let (width, height) = file.dimensions().map_err(refused)?;
    let size = Size { width, height };
    let layout = Layout::of(&mut file)?;
    // The size has been checked; what the library keeps beside the picture is no larger.
    let most = usize::try_from(size.pixels()).unwrap_or(usize::MAX).saturating_mul(MOST_PIXEL);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = most;
    limits.intermediate_buffer_size = most.max(1 << 20);
    limits.ifd_value_size = MOST_VALUE;
    let mut file = file.with_limits(limits);
    let samples = file.read_image().map_err(refused)?;
    deadline.check()?;
    let rgba = match samples {
        DecodingResult::U8(samples) if layout.bits < 8 => layout.unpacked(&samples, width as usize),
        DecodingResult::U8(samples) => layout.pixels(&samples, |sample| sample),
        // 257 is 65535 / 255.
        DecodingResult::U16(samples) => {
            layout.pixels(&samples, |sample| ((u32::from(sample) + 128) / 257) as u8)
        }
        _ => return Err(unsupported("samples that are not whole numbers of up to 16 bits")),
    };
    if rgba.len() as u64 != size.pixels() {
        return Err(TransformError::Truncated { format: InputFormat::Tiff });
    }
    let icc = file.get_tag_u8_vec(Tag::IccProfile).ok().filter(|icc| describes_rgb(icc));
    Ok(Decoded { icc, ..Decoded::full_size(Picture::Pixels(Pixels { size, rgba })) })
}

/// What the samples of a pixel are.
struct Layout {
    samples: usize,
    bits: u8,
    colours: Colours,
    alpha: Option<Alpha>,
}

#[derive(Clone, Copy)]
enum Colours {
    Grey,
    Rgb,
    Cmyk,
}

#[derive(Clone, Copy, PartialEq)]
enum Alpha {
    Associated,
    Apart,
}

impl Layout {
    fn of(file: &mut File<'_>) -> Result<Layout, TransformError> {
        let planar = file.find_tag_unsigned::<u16>(Tag::PlanarConfiguration).map_err(refused)?;
        let extra =
            file.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples).map_err(refused)?.unwrap_or_default();
        let kind = file.colortype().map_err(refused)?;
        let alpha = match (extra.first(), kind) {
            (Some(&ASSOCIATED), _) => Some(Alpha::Associated),
            // Some writers do not say what the fourth of three colours is.
            (Some(2), _) | (None, ColorType::RGBA(_)) => Some(Alpha::Apart),
            _ => None,
        };
        let (colours, bits, samples) = match kind {
            ColorType::Gray(bits) => (Colours::Grey, bits, 1),
            // As the library calls whatever is grey with something beside it.
            ColorType::Multiband { bit_depth, num_samples } => (Colours::Grey, bit_depth, num_samples),
            ColorType::GrayA(bits) => (Colours::Grey, bits, 2),
            ColorType::RGB(bits) => (Colours::Rgb, bits, 3),
            ColorType::RGBA(bits) => (Colours::Rgb, bits, 4),
            ColorType::CMYK(bits) => (Colours::Cmyk, bits, 4),
            other => return Err(unsupported(format!("colours of the kind {other:?}"))),
        };
        if planar == Some(PlanarConfiguration::Planar.to_u16()) && samples > 1 {
            return Err(unsupported("colours in separate planes"));
        }
        let packed = matches!(bits, 1 | 2 | 4) && samples == 1;
        if !packed && !matches!(bits, 8 | 16) {
            return Err(unsupported(format!("{bits} bits a sample")));
        }
        let own = match colours {
            Colours::Grey => 1,
            Colours::Rgb => 3,
            Colours::Cmyk => 4,
        };
        let samples = usize::from(samples);
        Ok(Layout { samples, bits, colours, alpha: alpha.filter(|_| samples > own) })
    }

    fn pixels<T: Copy>(&self, samples: &[T], byte: impl Fn(T) -> u8) -> Vec<[u8; 4]> {
        let pixel = |samples: &[T]| {
            let at = |index: usize| byte(samples[index]);
            let (colour, next) = match self.colours {
                Colours::Grey => ([at(0); 3], 1),
                Colours::Rgb => ([at(0), at(1), at(2)], 3),
                // By the plain formula, as of JPEG; here 255 is all ink.
                Colours::Cmyk => {
                    let white = 255 - u32::from(at(3));
                    let light = |ink: u8| (((255 - u32::from(ink)) * white + 127) / 255) as u8;
                    ([light(at(0)), light(at(1)), light(at(2))], 4)
                }
            };
            let [r, g, b] = colour;
            match self.alpha {
                None => [r, g, b, 255],
                Some(Alpha::Apart) => [r, g, b, at(next)],
                Some(Alpha::Associated) => {
                    let [r, g, b, _] = divided([r, g, b, 255], at(next));
                    [r, g, b, at(next)]
                }
            }
        };
        samples.chunks_exact(self.samples).map(pixel).collect()
    }

    /// Several grey pixels in a byte, the first in its highest bits; each row begins with a new one.
    fn unpacked(&self, packed: &[u8], width: usize) -> Vec<[u8; 4]> {
        let bits = usize::from(self.bits);
        let most = (1u32 << bits) - 1;
        let rows = packed.chunks_exact((width * bits).div_ceil(8).max(1));
        let row = |row: &[u8]| -> Vec<[u8; 4]> {
            let grey = |x: usize| {
                let value = u32::from(row[x * bits / 8] >> (8 - bits - x * bits % 8)) & most;
                (value * 255 / most) as u8
            };
            (0..width).map(|x| [grey(x), grey(x), grey(x), 255]).collect()
        };
        rows.flat_map(row).collect()
    }
}

fn unsupported(what: impl ToString) -> TransformError {
    TransformError::unsupported(InputFormat::Tiff, what)
}

fn refused(error: TiffError) -> TransformError {
    match error {
        TiffError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            TransformError::Truncated { format: InputFormat::Tiff }
        }
        TiffError::UnsupportedError(what) => unsupported(what),
        error => TransformError::corrupt(InputFormat::Tiff, error),
    }
}
