//! TIFF in: the first page of a file, in strips or tiles; what each tag says is in `directory`, how pixels are packed in `packing`, what
//! they mean in `samples`.
//!
//! Ours, and safe but for the JPEGs inside, which libjpeg-turbo reads.

mod directory;
mod packing;
mod samples;

use plan::Size;

use self::directory::Directory;
use self::packing::{Packed, Packing};
use self::samples::Samples;
use crate::codec::{Decoded, Picture, Shape, describes_rgb, jpeg};
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::orientation::Orientation;
use crate::pixels::Pixels;
use crate::sniff::InputFormat;

const WIDTH: u64 = 256;
const HEIGHT: u64 = 257;
const STRIPS: u64 = 273;
const ORIENTATION: u64 = 274;
const ROWS_OF_STRIP: u64 = 278;
const STRIP_LENGTHS: u64 = 279;
const TILE_WIDTH: u64 = 322;
const TILE_HEIGHT: u64 = 323;
const TILES: u64 = 324;
const TILE_LENGTHS: u64 = 325;
const JPEG_TABLES: u64 = 347;
const PROFILE: u64 = 34675;

/// Of a strip or a tile, in bytes: of a small picture, and for each pixel of a large one (eight samples of two).
const CHUNK_MOST: usize = 4 << 20;
const CHUNK_PIXEL: usize = 16;

pub(crate) fn header(original: &[u8]) -> Result<Shape, TransformError> {
    let directory = Directory::of(original)?;
    let size = stored_size(&directory).ok_or_else(|| corrupt("it has no size"))?;
    let orientation = directory.number(ORIENTATION).and_then(|value| u32::try_from(value).ok());
    Ok(Shape {
        size,
        alpha: Samples::of(&directory)?.has_alpha(),
        orientation: Orientation::from_exif(orientation.unwrap_or(1)),
    })
}

/// As it is stored, by the directory alone.
pub(crate) fn size(original: &[u8]) -> Option<Size> {
    stored_size(&Directory::of(original).ok()?)
}

fn stored_size(directory: &Directory<'_>) -> Option<Size> {
    let side = |tag| u32::try_from(directory.number(tag)?).ok();
    Some(Size { width: side(WIDTH)?, height: side(HEIGHT)? })
}

pub(crate) fn decode(original: &[u8], deadline: &Deadline) -> Result<Decoded, TransformError> {
    let directory = Directory::of(original)?;
    let size = stored_size(&directory).ok_or_else(|| corrupt("it has no size"))?;
    let samples = Samples::of(&directory)?;
    let chunks = Chunks::of(&directory, size, &samples)?;
    let mut pixels = Pixels::filled(size, [0; 4]);
    match chunks.packing {
        Packing::Jpeg => chunks.jpegs(&directory, &samples, &mut pixels, deadline)?,
        _ if samples.are_of_jpeg() => return Err(unsupported("the colours YCbCr without JPEG")),
        _ => chunks.rows(&samples, &mut pixels, deadline)?,
    }
    let icc = directory.bytes(PROFILE).filter(|icc| describes_rgb(icc)).map(<[u8]>::to_vec);
    Ok(Decoded { icc, ..Decoded::full_size(Picture::Pixels(pixels)) })
}

/// The strips or tiles that a picture is stored in.
struct Chunks<'a> {
    file: &'a [u8],
    packing: Packing,
    mirrored: bool,
    starts: Vec<u64>,
    /// In bytes; there are files without.
    lengths: Vec<u64>,
    size: (usize, usize),
    /// In pixels: of each, and how many stand beside and below each other.
    width: usize,
    height: usize,
    across: usize,
    down: usize,
    /// A strip at the end has as many rows as are left; a tile is always whole.
    tiles: bool,
    row_bytes: usize,
}

/// Where a strip or a tile lies in the picture, as far as it does.
struct Place {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl<'a> Chunks<'a> {
    fn of(directory: &Directory<'a>, size: Size, samples: &Samples) -> Result<Chunks<'a>, TransformError> {
        let (wide, high) = (size.width as usize, size.height as usize);
        let side = |tag| directory.number(tag).and_then(|side| usize::try_from(side).ok());
        let tiles = directory.number(TILES).is_some();
        let (width, height) = match tiles {
            true => (side(TILE_WIDTH).unwrap_or(0), side(TILE_HEIGHT).unwrap_or(0)),
            false => (wide, side(ROWS_OF_STRIP).unwrap_or(high).min(high)),
        };
        if width == 0 || height == 0 {
            return Err(corrupt("its strips or tiles have no size"));
        }
        let row_bytes =
            |width: usize| Some(samples.in_row(width).checked_mul(usize::from(samples.bits))?.div_ceil(8));
        let most = wide.saturating_mul(high).saturating_mul(CHUNK_PIXEL).max(CHUNK_MOST);
        let bytes = row_bytes(width).and_then(|bytes| bytes.checked_mul(height));
        let bytes = bytes.filter(|bytes| *bytes <= most);
        bytes.ok_or_else(|| unsupported("tiles that are much larger than the picture"))?;
        let (starts, lengths) = if tiles { (TILES, TILE_LENGTHS) } else { (STRIPS, STRIP_LENGTHS) };
        let packing = Packing::of(directory)?;
        Ok(Chunks {
            file: directory.file(),
            packing,
            mirrored: packing.is_mirrored(directory),
            starts: directory
                .numbers(starts)
                .ok_or_else(|| corrupt("it does not say where its pixels are"))?,
            lengths: directory.numbers(lengths).unwrap_or_default(),
            size: (wide, high),
            width,
            height,
            across: wide.div_ceil(width),
            down: high.div_ceil(height),
            tiles,
            row_bytes: row_bytes(width).unwrap_or(0),
        })
    }

    /// In the order in which they are stored.
    fn places(&self) -> impl Iterator<Item = (usize, Place)> {
        (0..self.across * self.down).map(|index| {
            let (x, y) = (index % self.across * self.width, index / self.across * self.height);
            let (width, height) = (self.width.min(self.size.0 - x), self.height.min(self.size.1 - y));
            (index, Place { x, y, width, height })
        })
    }

    /// What is stored of one of them; where lengths are wrong, up to the end of the file.
    fn data(&self, index: usize) -> Result<&'a [u8], TransformError> {
        let start =
            self.starts.get(index).and_then(|start| usize::try_from(*start).ok()).ok_or(truncated())?;
        let data = self.file.get(start..).ok_or(truncated())?;
        let length = self.lengths.get(index).filter(|length| **length > 0);
        let length = length.map_or(data.len(), |length| usize::try_from(*length).unwrap_or(usize::MAX));
        Ok(&data[..length.min(data.len())])
    }

    fn unpacked(&self, index: usize, place: &Place) -> Result<Vec<u8>, TransformError> {
        let rows = if self.tiles { self.height } else { place.height };
        let data = self.data(index)?;
        let turned: Vec<u8>;
        let data = match self.mirrored {
            true => {
                turned = data.iter().map(|byte| byte.reverse_bits()).collect();
                &turned
            }
            false => data,
        };
        self.packing.unpacked(&Packed { data, width: self.width, rows, row_bytes: self.row_bytes })
    }

    fn rows(
        &self,
        samples: &Samples,
        pixels: &mut Pixels,
        deadline: &Deadline,
    ) -> Result<(), TransformError> {
        let planes = if samples.apart { samples.used() } else { 1 };
        let mut lines = vec![Vec::new(); planes];
        for (index, place) in self.places() {
            deadline.check()?;
            // Those of the second plane follow all of the first.
            let plane = |plane| self.unpacked(plane * self.across * self.down + index, &place);
            let unpacked = (0..planes).map(plane).collect::<Result<Vec<_>, _>>()?;
            for y in 0..place.height {
                for (line, plane) in lines.iter_mut().zip(&unpacked) {
                    samples.read(&plane[y * self.row_bytes..][..self.row_bytes], line);
                }
                let start = (place.y + y) * self.size.0 + place.x;
                for (x, pixel) in pixels.rgba[start..][..place.width].iter_mut().enumerate() {
                    *pixel = samples.pixel(&lines, x);
                }
            }
        }
        Ok(())
    }

    /// Each a JPEG of its own, but for the tables that they share (TIFF Technical Note 2).
    fn jpegs(
        &self,
        directory: &Directory<'_>,
        samples: &Samples,
        pixels: &mut Pixels,
        deadline: &Deadline,
    ) -> Result<(), TransformError> {
        let what = "JPEG that is neither grey, RGB, YCbCr nor CMYK, of eight bits a sample";
        let colours = samples.in_jpeg().ok_or_else(|| unsupported(what))?;
        let tables = directory.bytes(JPEG_TABLES);
        for (index, place) in self.places() {
            deadline.check()?;
            let most = Size { width: self.width as u32, height: self.height as u32 };
            let part = jpeg::part(tables, self.data(index)?, colours, most).map_err(inside)?;
            let wide = part.size.width as usize;
            if wide < place.width || (part.size.height as usize) < place.height {
                return Err(corrupt("a JPEG inside is smaller than its strip or tile"));
            }
            for y in 0..place.height {
                let start = (place.y + y) * self.size.0 + place.x;
                let from = &part.rgba[y * wide..][..place.width];
                for (to, from) in pixels.rgba[start..].iter_mut().zip(from) {
                    *to = samples.of_jpeg(*from);
                }
            }
        }
        Ok(())
    }
}

/// What is wrong with the JPEG is wrong with the TIFF.
fn inside(error: TransformError) -> TransformError {
    let format = InputFormat::Tiff;
    match error {
        TransformError::Truncated { .. } => TransformError::Truncated { format },
        TransformError::Corrupt { why, .. } => TransformError::Corrupt { format, why },
        TransformError::Unsupported { what, .. } => TransformError::Unsupported { format, what },
        other => other,
    }
}

fn corrupt(why: impl ToString) -> TransformError {
    TransformError::corrupt(InputFormat::Tiff, why)
}

fn unsupported(what: impl ToString) -> TransformError {
    TransformError::unsupported(InputFormat::Tiff, what)
}

fn truncated() -> TransformError {
    TransformError::Truncated { format: InputFormat::Tiff }
}

#[cfg(test)]
mod tests;
