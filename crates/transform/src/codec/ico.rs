//! Icons and cursors in: the largest of the pictures that the file holds, each a PNG or a BMP with a mask.

use plan::Size;

use crate::codec::bmp::Bitmap;
use crate::codec::{Decoded, Picture, Shape, png};
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::orientation::Orientation;
use crate::sniff::{InputFormat, sniff};

/// One in the list with which a file begins.
const ENTRY: usize = 16;
const LIST: usize = 6;

pub(crate) fn header(original: &[u8]) -> Result<Shape, TransformError> {
    let data = largest(original)?;
    if sniff(data) == Some(InputFormat::Png) {
        return png::header(data).map_err(inside);
    }
    Ok(Shape { size: Bitmap::of_icon(data)?.size, alpha: true, orientation: Orientation::UPRIGHT })
}

pub(crate) fn decode(original: &[u8], deadline: &Deadline) -> Result<Decoded, TransformError> {
    let data = largest(original)?;
    if sniff(data) == Some(InputFormat::Png) {
        return png::decode(data, 1.0, deadline).map_err(inside);
    }
    let bitmap = Bitmap::of_icon(data)?;
    let mut pixels = bitmap.pixels(deadline)?;
    // Where alpha is told, it counts; many writers leave zeroes there, and then the mask does.
    if !bitmap.alpha() || pixels.rgba.iter().all(|pixel| pixel[3] == 0) {
        let mask = bitmap.mask();
        let width = pixels.size.width;
        for (index, pixel) in (0..).zip(&mut pixels.rgba) {
            let hidden = mask.as_ref().is_some_and(|hides| hides(index % width, index / width));
            pixel[3] = if hidden { 0 } else { 255 };
        }
    }
    Ok(Decoded::full_size(Picture::Pixels(pixels)))
}

/// By headers alone.
pub(crate) fn size(original: &[u8]) -> Option<Size> {
    let data = largest(original).ok()?;
    match sniff(data) {
        // The first chunk is the header (PNG third edition §11.2.1).
        Some(InputFormat::Png) => {
            let side = |at: usize| Some(u32::from_be_bytes(*data.get(at..)?.first_chunk()?));
            Some(Size { width: side(16)?, height: side(20)? })
        }
        _ => Bitmap::of_icon(data).ok().map(|bitmap| bitmap.size),
    }
}

/// The data of the picture that the list calls the largest; of several, the one with most colours.
fn largest(original: &[u8]) -> Result<&[u8], TransformError> {
    let truncated = TransformError::Truncated { format: InputFormat::Ico };
    let count = original.get(4..LIST).ok_or(truncated.clone())?;
    let count = usize::from(u16::from_le_bytes([count[0], count[1]]));
    let list = original.get(LIST..).and_then(|rest| rest.get(..count * ENTRY)).ok_or(truncated.clone())?;
    // A side of 256 does not fit its byte, and is stored as 0.
    let side = |byte: u8| if byte == 0 { 256 } else { u32::from(byte) };
    let worth =
        |entry: &&[u8; ENTRY]| (side(entry[0]) * side(entry[1]), u16::from_le_bytes([entry[6], entry[7]]));
    let entry = list.as_chunks::<ENTRY>().0.iter().max_by_key(worth);
    let entry = entry.ok_or_else(|| TransformError::corrupt(InputFormat::Ico, "it holds no picture"))?;
    let number =
        |at: usize| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]) as usize;
    let (length, start) = (number(8), number(12));
    original.get(start..).and_then(|rest| rest.get(..length)).ok_or(truncated)
}

/// What is wrong with the PNG is wrong with the icon.
fn inside(error: TransformError) -> TransformError {
    let format = InputFormat::Ico;
    match error {
        TransformError::Truncated { .. } => TransformError::Truncated { format },
        TransformError::Corrupt { why, .. } => TransformError::Corrupt { format, why },
        TransformError::Unsupported { what, .. } => TransformError::Unsupported { format, what },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    /// A bitmap of two pixels side by side, and the mask that hides one of them.
    fn bitmap(bits: u16, row: &[u8], mask: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in [40u32, 2, 2] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend([1, 0]);
        bytes.extend(bits.to_le_bytes());
        bytes.extend([0; 24]);
        [bytes.as_slice(), row, &[mask, 0, 0, 0]].concat()
    }

    fn icon(pictures: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let mut file = vec![0, 0, 1, 0, pictures.len() as u8, 0];
        let mut at = LIST + pictures.len() * ENTRY;
        for (side, data) in pictures {
            file.extend([*side, *side, 0, 0, 1, 0, 32, 0]);
            file.extend((data.len() as u32).to_le_bytes());
            file.extend((at as u32).to_le_bytes());
            at += data.len();
        }
        file.extend(pictures.iter().flat_map(|(_, data)| data));
        file
    }

    fn seen(file: &[u8]) -> Vec<[u8; 4]> {
        let decoded = decode(file, &Deadline::after(Duration::from_secs(9))).unwrap();
        let Picture::Pixels(pixels) = decoded.picture else { panic!("no pixels") };
        pixels.rgba
    }

    #[test]
    fn alpha_counts_where_it_is_told_and_else_the_mask() {
        let (red, blue) = ([0, 0, 255], [255, 0, 0]);
        let row = [red.as_slice(), &blue, &[0, 0]].concat();
        assert_eq!(seen(&icon(&[(2, bitmap(24, &row, 0x40))])), [[255, 0, 0, 255], [0, 0, 255, 0]]);
        let row = [red.as_slice(), &[128], &blue, &[255]].concat();
        assert_eq!(seen(&icon(&[(2, bitmap(32, &row, 0x40))])), [[255, 0, 0, 128], [0, 0, 255, 255]]);
        let row = [red.as_slice(), &[0], &blue, &[0]].concat();
        assert_eq!(seen(&icon(&[(2, bitmap(32, &row, 0x80))])), [[255, 0, 0, 0], [0, 0, 255, 255]]);
    }

    #[test]
    fn the_largest_picture_stands_for_the_file() {
        let dull = |value: u8| bitmap(24, &[value; 8], 0);
        // 0 is 256.
        let file = icon(&[(16, dull(1)), (0, dull(2)), (64, dull(3))]);
        assert_eq!(seen(&file)[0], [2, 2, 2, 255]);
        assert_eq!(size(&file), Some(Size::new(2, 1)));
        let empty = header(&icon(&[])).err();
        assert_eq!(empty, Some(TransformError::corrupt(InputFormat::Ico, "it holds no picture")));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(
            bits in prop::sample::select(vec![1u16, 4, 8, 24, 32]),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)
        ) {
            let mut file = icon(&[(2, bitmap(bits, &[7; 40], 0x40))]);
            for (at, value) in changes {
                let at = at.index(file.len());
                file[at] = value;
            }
            size(&file);
            if header(&file).is_ok_and(|shape| shape.size.pixels() < 1 << 20 && !shape.size.is_empty()) {
                let _ = decode(&file, &Deadline::after(Duration::from_secs(9)));
            }
        }
    }
}
