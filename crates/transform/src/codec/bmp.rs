//! BMP in: every depth from one bit to thirty-two, plain and run-length encoded, as files and as the inside of icons.
//!
//! Ours, and safe: the format is a table of numbers and rows of pixels, and what a library would bring beside it is more.

use plan::Size;

use crate::codec::{Decoded, Picture, Shape};
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::orientation::Orientation;
use crate::pixels::Pixels;
use crate::sniff::InputFormat;

/// "BM", sizes, and where the pixels begin.
const FILE_HEADER: usize = 14;

pub(crate) fn header(original: &[u8]) -> Result<Shape, TransformError> {
    let bitmap = Bitmap::of_file(original)?;
    Ok(Shape { size: bitmap.size, alpha: bitmap.alpha(), orientation: Orientation::UPRIGHT })
}

pub(crate) fn decode(original: &[u8], deadline: &Deadline) -> Result<Decoded, TransformError> {
    let mut pixels = Bitmap::of_file(original)?.pixels(deadline)?;
    opaque_if_all_clear(&mut pixels);
    Ok(Decoded::full_size(Picture::Pixels(pixels)))
}

/// By the header alone.
pub(crate) fn size(original: &[u8]) -> Option<Size> {
    Bitmap::of_file(original).ok().map(|bitmap| bitmap.size)
}

/// Many writers leave zeroes where alpha would be.
fn opaque_if_all_clear(pixels: &mut Pixels) {
    if pixels.rgba.iter().all(|pixel| pixel[3] == 0) {
        for pixel in &mut pixels.rgba {
            pixel[3] = 255;
        }
    }
}

/// A device-independent bitmap: header, palette and rows.
pub(super) struct Bitmap<'a> {
    format: InputFormat,
    pub size: Size,
    top_down: bool,
    pub bits: u32,
    kind: Kind,
    palette: Vec<[u8; 3]>,
    rows: &'a [u8],
}

#[derive(Clone, Copy)]
enum Kind {
    Plain,
    /// Runs of bytes, or of half bytes.
    Runs,
    /// Where in a pixel each colour is, and alpha.
    Fields([Field; 4]),
}

impl<'a> Bitmap<'a> {
    fn of_file(original: &'a [u8]) -> Result<Bitmap<'a>, TransformError> {
        let bytes = Bytes { bytes: original, format: InputFormat::Bmp };
        let pixels_at = bytes.u32(10)? as usize;
        Bitmap::parse(
            Bytes { bytes: bytes.from(FILE_HEADER)?, ..bytes },
            Some(pixels_at.saturating_sub(FILE_HEADER)),
        )
    }

    /// Of an icon: of twice its height, for below the rows is a mask.
    pub fn of_icon(bytes: &'a [u8]) -> Result<Bitmap<'a>, TransformError> {
        let mut bitmap = Bitmap::parse(Bytes { bytes, format: InputFormat::Ico }, None)?;
        bitmap.size.height /= 2;
        if bitmap.bits == 32 && matches!(bitmap.kind, Kind::Plain) {
            bitmap.kind =
                Kind::Fields([0x00ff_0000, 0x0000_ff00, 0x0000_00ff, 0xff00_0000].map(Field::of_byte));
        }
        Ok(bitmap)
    }

    /// From the header on. Rows are where the file says, or follow the palette.
    fn parse(bytes: Bytes<'a>, rows_at: Option<usize>) -> Result<Bitmap<'a>, TransformError> {
        let format = bytes.format;
        let header = bytes.u32(0)? as usize;
        // OS/2's first, then those that Windows has added to over the years.
        let old = header == 12;
        if !old && !matches!(header, 40 | 52 | 56 | 64 | 108 | 124) {
            return Err(TransformError::unsupported(format, "a header of another kind"));
        }
        let (width, height, bits) = if old {
            (i32::from(bytes.u16(4)?), i32::from(bytes.u16(6)?), bytes.u16(10)?)
        } else {
            (bytes.u32(4)? as i32, bytes.u32(8)? as i32, bytes.u16(14)?)
        };
        let bits = u32::from(bits);
        let compression = if old { 0 } else { bytes.u32(16)? };
        let size = Size {
            width: u32::try_from(width)
                .map_err(|_| TransformError::corrupt(format, "its width is negative"))?,
            height: height.unsigned_abs(),
        };
        // Without room in the header for the masks, they follow it.
        let masks = match (compression, header) {
            (3, 40) => 12,
            (6, 40) => 16,
            _ => 0,
        };
        let kind = match (compression, bits) {
            (0, 16) => Kind::Fields([
                Field::of(0x7c00, format)?,
                Field::of(0x03e0, format)?,
                Field::of(0x001f, format)?,
                Field::NONE,
            ]),
            (0, 1 | 2 | 4 | 8 | 24 | 32) => Kind::Plain,
            (1, 8) | (2, 4) => Kind::Runs,
            (3 | 6, 16 | 32) if header != 64 => {
                let with_alpha = header >= 56 || compression == 6;
                Kind::Fields([
                    Field::of(bytes.u32(40)?, format)?,
                    Field::of(bytes.u32(44)?, format)?,
                    Field::of(bytes.u32(48)?, format)?,
                    if with_alpha { Field::of(bytes.u32(52)?, format)? } else { Field::NONE },
                ])
            }
            _ => {
                let what = format!("compression {compression} at {bits} bits a pixel");
                return Err(TransformError::unsupported(format, what));
            }
        };
        let palette_at = header + masks;
        let entry = if old { 3 } else { 4 };
        let colours = match bits {
            1..=8 => {
                let all = 1usize << bits;
                let used = if old { 0 } else { bytes.u32(32)? as usize };
                if used == 0 { all } else { used.min(all) }
            }
            _ => 0,
        };
        let rows_at = rows_at.unwrap_or(palette_at + colours * entry);
        // Some palettes are shorter than they say, and the rows begin where they end.
        let there = rows_at.saturating_sub(palette_at) / entry;
        let palette = bytes.from(palette_at)?.chunks_exact(entry).take(colours.min(there));
        let palette = palette.map(|entry| [entry[2], entry[1], entry[0]]).collect();
        Ok(Bitmap { format, size, top_down: height < 0, bits, kind, palette, rows: bytes.from(rows_at)? })
    }

    pub fn alpha(&self) -> bool {
        matches!(self.kind, Kind::Fields([_, _, _, alpha]) if alpha.most > 0)
    }

    /// Of a row, which is filled up to whole groups of four bytes.
    fn stride(width: u32, bits: u32) -> usize {
        (width as usize * bits as usize).div_ceil(32) * 4
    }

    /// What follows the rows: in an icon, a mask of one bit a pixel.
    pub fn mask(&self) -> Option<impl Fn(u32, u32) -> bool> {
        let Size { width, height } = self.size;
        let stride = Self::stride(width, 1);
        let mask = self.rows.get(Self::stride(width, self.bits) * height as usize..)?;
        let mask = mask.get(..stride * height as usize)?;
        Some(move |x: u32, y: u32| {
            mask[(height - 1 - y) as usize * stride + x as usize / 8] >> (7 - x % 8) & 1 == 1
        })
    }

    pub fn pixels(&self, deadline: &Deadline) -> Result<Pixels, TransformError> {
        if matches!(self.kind, Kind::Runs) {
            return self.runs(deadline);
        }
        let Size { width, height } = self.size;
        let stride = Self::stride(width, self.bits);
        // Before there is memory for them.
        let rows = self
            .rows
            .get(..stride * height as usize)
            .ok_or(TransformError::Truncated { format: self.format })?;
        let mut pixels =
            Pixels { size: self.size, rgba: Vec::with_capacity(width as usize * height as usize) };
        for y in 0..height {
            deadline.check()?;
            let y = if self.top_down { y } else { height - 1 - y };
            let row = &rows[y as usize * stride..][..stride];
            let of_palette = |index: u8| self.colour(index);
            let bits = self.bits as usize;
            let wide = width as usize;
            match (self.kind, self.bits) {
                (Kind::Fields(fields), 16) => {
                    let row = row.as_chunks().0.iter().take(wide);
                    pixels
                        .rgba
                        .extend(row.map(|pixel| colour(u32::from(u16::from_le_bytes(*pixel)), fields)));
                }
                (Kind::Fields(fields), _) => {
                    let row = row.as_chunks().0.iter().take(wide);
                    pixels.rgba.extend(row.map(|pixel| colour(u32::from_le_bytes(*pixel), fields)));
                }
                (_, 24) => {
                    let row = row.as_chunks().0.iter().take(wide);
                    pixels.rgba.extend(row.map(|&[b, g, r]| [r, g, b, 255]));
                }
                (_, 32) => {
                    let row = row.as_chunks().0.iter().take(wide);
                    pixels.rgba.extend(row.map(|&[b, g, r, _]| [r, g, b, 255]));
                }
                (_, 8) => pixels.rgba.extend(row.iter().take(wide).copied().map(of_palette)),
                _ => pixels.rgba.extend((0..wide).map(|x| {
                    let (byte, place) = (row[x * bits / 8], x * bits % 8);
                    of_palette(byte >> (8 - bits - place) & ((1 << bits) - 1))
                })),
            }
        }
        Ok(pixels)
    }

    fn colour(&self, index: u8) -> [u8; 4] {
        let [r, g, b] = self.palette.get(usize::from(index)).copied().unwrap_or_default();
        [r, g, b, 255]
    }

    /// Pairs of bytes: how often and what, or zero and an order: end of row, end of picture, a step, bytes as they are.
    fn runs(&self, deadline: &Deadline) -> Result<Pixels, TransformError> {
        let truncated = || TransformError::Truncated { format: self.format };
        let Size { width, height } = self.size;
        let mut pixels = Pixels::filled(self.size, self.colour(0));
        let mut bytes = self.rows.iter().copied();
        let mut next = || bytes.next().ok_or_else(truncated);
        // From below, unless the header says otherwise.
        let (mut x, mut y) = (0u32, 0u32);
        let mut put = |x: u32, y: u32, index: u8| {
            let y = if self.top_down { y } else { height - 1 - y };
            pixels.rgba[y as usize * width as usize + x as usize] = self.colour(index);
        };
        let halves = self.bits == 4;
        while y < height {
            let (count, what) = (next()?, next()?);
            match (count, what) {
                (0, 0) => {
                    deadline.check()?;
                    (x, y) = (0, y + 1);
                }
                (0, 1) => break,
                (0, 2) => {
                    x = x.saturating_add(u32::from(next()?));
                    y = y.saturating_add(u32::from(next()?));
                }
                (0, count) => {
                    let mut byte = 0;
                    for at in 0..u32::from(count) {
                        if !halves || at % 2 == 0 {
                            byte = next()?;
                        }
                        let index = match (halves, at % 2) {
                            (false, _) => byte,
                            (true, 0) => byte >> 4,
                            (true, _) => byte & 15,
                        };
                        if x < width {
                            put(x, y, index);
                            x += 1;
                        }
                    }
                    let read = if halves { count.div_ceil(2) } else { count };
                    if read % 2 == 1 {
                        next()?;
                    }
                }
                (count, what) => {
                    for at in 0..u32::from(count) {
                        let index = match (halves, at % 2) {
                            (false, _) => what,
                            (true, 0) => what >> 4,
                            (true, _) => what & 15,
                        };
                        if x < width {
                            put(x, y, index);
                            x += 1;
                        }
                    }
                }
            }
        }
        Ok(pixels)
    }
}

/// The bits of one colour in a pixel.
#[derive(Clone, Copy)]
struct Field {
    shift: u32,
    /// The highest value; zero if there is no such colour.
    most: u32,
}

impl Field {
    const NONE: Field = Field { shift: 0, most: 0 };

    const fn of_byte(mask: u32) -> Field {
        Field { shift: mask.trailing_zeros(), most: 255 }
    }

    fn of(mask: u32, format: InputFormat) -> Result<Field, TransformError> {
        if mask == 0 {
            return Ok(Field::NONE);
        }
        let shift = mask.trailing_zeros();
        let most = mask >> shift;
        if most & most.wrapping_add(1) != 0 {
            return Err(TransformError::corrupt(format, "the bits of a colour are not side by side"));
        }
        Ok(Field { shift, most })
    }

    fn value(self, pixel: u32) -> Option<u8> {
        let value = u64::from(pixel >> self.shift & self.most);
        let most = u64::from(self.most);
        (value * 255 + most / 2).checked_div(most).map(|value| value as u8)
    }
}

fn colour(pixel: u32, [red, green, blue, alpha]: [Field; 4]) -> [u8; 4] {
    let of = |field: Field| field.value(pixel).unwrap_or(0);
    [of(red), of(green), of(blue), alpha.value(pixel).unwrap_or(255)]
}

/// Little-endian numbers.
#[derive(Clone, Copy)]
struct Bytes<'a> {
    bytes: &'a [u8],
    format: InputFormat,
}

impl<'a> Bytes<'a> {
    fn from(self, at: usize) -> Result<&'a [u8], TransformError> {
        self.bytes.get(at..).ok_or(TransformError::Truncated { format: self.format })
    }

    fn u16(self, at: usize) -> Result<u16, TransformError> {
        let bytes = self.from(at)?.first_chunk().ok_or(TransformError::Truncated { format: self.format })?;
        Ok(u16::from_le_bytes(*bytes))
    }

    fn u32(self, at: usize) -> Result<u32, TransformError> {
        let bytes = self.from(at)?.first_chunk().ok_or(TransformError::Truncated { format: self.format })?;
        Ok(u32::from_le_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    /// A file with Windows' first header, all colours of these bits in its palette: black, red, green, blue, and so on.
    fn file(width: i32, height: i32, bits: u16, compression: u32, masks: &[u32], rows: &[u8]) -> Vec<u8> {
        let colours = [[0u8; 4], [0, 0, 255, 0], [0, 255, 0, 0], [255, 0, 0, 0], [255, 255, 255, 0]];
        let count = if bits <= 8 { 1usize << bits } else { 0 };
        let palette: Vec<u8> = colours.into_iter().cycle().take(count).flatten().collect();
        let masks: Vec<u8> = masks.iter().flat_map(|mask| mask.to_le_bytes()).collect();
        let offset = 54 + masks.len() + palette.len();
        let mut file = b"BM".to_vec();
        for number in [(offset + rows.len()) as u32, 0, offset as u32, 40, width as u32, height as u32] {
            file.extend(number.to_le_bytes());
        }
        file.extend(1u16.to_le_bytes());
        file.extend(bits.to_le_bytes());
        for number in [compression, 0, 0, 0, 0, 0] {
            file.extend(number.to_le_bytes());
        }
        [file, masks, palette, rows.to_vec()].concat()
    }

    fn seen(file: &[u8]) -> String {
        let deadline = Deadline::after(Duration::from_secs(9));
        let Picture::Pixels(pixels) = decode(file, &deadline).unwrap().picture else { panic!("no pixels") };
        let letter = |pixel: &[u8; 4]| match pixel {
            [.., 0] => '.',
            [0, 0, 0, _] => 'k',
            [255, 0, 0, _] => 'r',
            [0, 255, 0, _] => 'g',
            [0, 0, 255, _] => 'b',
            [255, 255, 255, _] => 'w',
            _ => '?',
        };
        let rows = pixels.rgba.chunks(pixels.size.width as usize);
        rows.map(|row| row.iter().map(letter).collect::<String>()).collect::<Vec<_>>().join("/")
    }

    #[test]
    fn every_depth_is_read_from_below_and_from_above() {
        for (what, file, expected) in [
            ("1 bit", file(3, 2, 1, 0, &[], &[0b0100_0000, 0, 0, 0, 0b1010_0000, 0, 0, 0]), "rkr/krk"),
            ("2 bits", file(3, -1, 2, 0, &[], &[0b0110_1100, 0, 0, 0]), "rgb"),
            ("4 bits", file(3, -1, 4, 0, &[], &[0x12, 0x30, 0, 0]), "rgb"),
            ("8 bits", file(3, -2, 8, 0, &[], &[1, 2, 3, 0, 4, 0, 4, 0]), "rgb/wkw"),
            ("555", file(2, -1, 16, 0, &[], &[0x00, 0x7c, 0x1f, 0x00]), "rb"),
            ("565", file(2, -1, 16, 3, &[0xf800, 0x07e0, 0x1f], &[0x00, 0xf8, 0xe0, 0x07]), "rg"),
            ("24 bits", file(1, 2, 24, 0, &[], &[0, 0, 255, 0, 0, 255, 0, 0]), "g/r"),
            ("32 bits", file(2, -1, 32, 0, &[], &[255, 0, 0, 0, 255, 255, 255, 0]), "bw"),
            (
                "with alpha",
                file(2, -1, 32, 6, &[0xff, 0xff00, 0xff_0000, 0xff00_0000], &[255, 0, 0, 255, 1, 2, 3, 0]),
                "r.",
            ),
            (
                "with no alpha after all",
                file(2, -1, 32, 6, &[0xff, 0xff00, 0xff_0000, 0xff00_0000], &[255, 0, 0, 0, 0, 255, 0, 0]),
                "rg",
            ),
        ] {
            assert_eq!(seen(&file), expected, "{what}");
        }
    }

    #[test]
    fn runs_are_drawn_as_far_as_there_is_room() {
        // Two reds; the row ends. Three as they are, filled up to an even number. One to the right, a row up; nine blues.
        let bytes = [2, 1, 0, 0, 0, 3, 2, 3, 4, 0, 0, 0, 0, 2, 1, 0, 9, 3, 0, 1];
        assert_eq!(seen(&file(4, 3, 8, 1, &[], &bytes)), "kbbb/gbwk/rrkk");
        let halves = [4, 0x12, 0, 0, 0, 3, 0x34, 0x10, 0, 1];
        assert_eq!(seen(&file(4, 2, 4, 2, &[], &halves)), "bwrk/rgrg");
        let error = decode(&file(4, 2, 8, 1, &[], &[2, 1]), &Deadline::after(Duration::from_secs(9))).err();
        assert_eq!(error, Some(TransformError::Truncated { format: InputFormat::Bmp }));
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        let error = header(&file(4, 2, 24, 4, &[], &[])).err().map(|error| error.to_string());
        let expected = "the BMP original uses compression 4 at 24 bits a pixel, which is not supported";
        assert_eq!(error.as_deref(), Some(expected));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(
            width in 0..40i32, height in -20..20i32, bits in prop::sample::select(vec![1u16, 2, 4, 8, 16, 24, 32, 7]),
            compression in 0..7u32, masks in prop::collection::vec(any::<u32>(), 0..5),
            rows in prop::collection::vec(any::<u8>(), 0..400), changes in prop::collection::vec((14..70usize, any::<u8>()), 0..3)
        ) {
            let mut file = file(width, height, bits, compression, &masks, &rows);
            for (at, value) in changes {
                if let Some(byte) = file.get_mut(at) {
                    *byte = value;
                }
            }
            if header(&file).is_ok_and(|shape| shape.size.pixels() < 1 << 20 && !shape.size.is_empty()) {
                let _ = decode(&file, &Deadline::after(Duration::from_secs(9)));
            }
        }
    }
}
