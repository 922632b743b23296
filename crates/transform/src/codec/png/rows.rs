//! The rows of a PNG of the usual kind, four at a time: eight bits a channel, RGB or RGBA, not interlaced.
//!
//! The library reads whatever a PNG can be, row by row. Nearly all of its time goes into filters that keep the processor
//! waiting, which four rows together do not.

use std::ops::Range;

use fdeflate::Decompressor;

use super::filter::{self, Four};
use crate::error::TransformError;
use crate::sniff::InputFormat;

/// How far back compressed data may refer to (RFC 1951 §2).
const LOOKBACK: usize = 32 << 10;
/// How much is decompressed at once beside what is referred to, at least.
const AHEAD: usize = 96 << 10;
/// Before the first chunk.
const SIGNATURE: usize = 8;
/// Of a chunk: its length and type before its data, and a checksum behind them.
const CHUNK_HEAD: usize = 8;
const CHECKSUM: usize = 4;

pub(super) const TOGETHER: usize = 4;

/// Of pixels of `N` bytes.
pub(super) struct Rows<'a, const N: usize> {
    data: Data<'a>,
    inflate: Box<Decompressor>,
    /// Decompressed: what was read already, as far as it may be referred to, and then what was not.
    window: Vec<u8>,
    filled: usize,
    read: usize,
    width: usize,
    left: usize,
}

impl<'a, const N: usize> Rows<'a, N> {
    /// Of a file whose header says that it has so many pixels of this kind.
    pub fn of(original: &'a [u8], (width, height): (usize, usize)) -> Rows<'a, N> {
        let four = TOGETHER * (1 + width * N);
        let mut inflate = Box::new(Decompressor::new());
        // As the library does: what is wrong with the pixels, the checksums of chunks tell.
        inflate.ignore_adler32();
        Rows {
            data: Data { file: original, at: SIGNATURE, begun: false, chunk: &[] },
            inflate,
            window: vec![0; LOOKBACK + four + AHEAD],
            filled: 0,
            read: 0,
            width,
            left: height,
        }
    }

    /// Fills `rows` with the next four, or as many as are left, and says how many these are. `above` is the row before
    /// them, zeros before the first.
    pub fn next(&mut self, above: &[[u8; N]], rows: &mut [[u8; N]]) -> Result<usize, TransformError> {
        let count = self.left.min(TOGETHER);
        let stride = 1 + self.width * N;
        let filtered = self.decompressed(count * stride)?;
        self.left -= count;
        let filtered = &self.window[filtered];
        let filter = |at: usize| filtered[at * stride];
        let line = |at: usize| filtered[at * stride + 1..][..stride - 1].as_chunks::<N>().0;
        let (first, rest) = rows.split_at_mut(self.width);
        let (second, rest) = rest.split_at_mut(self.width);
        let (third, fourth) = rest.split_at_mut(self.width);
        if count == TOGETHER {
            let filters = [filter(0), filter(1), filter(2), filter(3)];
            if filter::belong_together(filters) {
                let four = Four { filters, filtered: [line(0), line(1), line(2), line(3)], above };
                filter::undo_four(&four, [first, second, third, fourth]);
                return Ok(count);
            }
        }
        let mut above = above;
        for (at, row) in [first, second, third, fourth].into_iter().enumerate().take(count) {
            filter::undo(filter(at), line(at), above, row)
                .map_err(|error| TransformError::corrupt(InputFormat::Png, error))?;
            above = row;
        }
        Ok(count)
    }

    /// Where in the window the next so many bytes are.
    fn decompressed(&mut self, length: usize) -> Result<Range<usize>, TransformError> {
        if self.read + length > self.window.len() {
            // Nothing is referred to any more from before this.
            let kept = self.read.min(self.filled.saturating_sub(LOOKBACK));
            self.window.copy_within(kept..self.filled, 0);
            self.read -= kept;
            self.filled -= kept;
        }
        while self.filled < self.read + length {
            let chunk = self.data.chunk()?;
            let (consumed, produced) = self
                .inflate
                .read(chunk, &mut self.window, self.filled, false)
                .map_err(|error| TransformError::corrupt(InputFormat::Png, format!("{error:?}")))?;
            self.data.chunk = &chunk[consumed..];
            self.filled += produced;
            let stuck = consumed == 0 && produced == 0;
            if self.filled < self.read + length && (self.inflate.is_done() || stuck) {
                return Err(TransformError::Truncated { format: InputFormat::Png });
            }
        }
        let start = self.read;
        self.read += length;
        Ok(start..self.read)
    }
}

/// The chunks that hold the pixels, one after the other.
struct Data<'a> {
    file: &'a [u8],
    at: usize,
    begun: bool,
    /// What is left of the present one.
    chunk: &'a [u8],
}

impl<'a> Data<'a> {
    /// What comes next of the compressed data. Empty only at their end.
    fn chunk(&mut self) -> Result<&'a [u8], TransformError> {
        while self.chunk.is_empty() {
            let Some(head) = self.file.get(self.at..).and_then(|rest| rest.first_chunk::<CHUNK_HEAD>())
            else {
                break;
            };
            let [a, b, c, d, kind @ ..] = *head;
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            let start = self.at + CHUNK_HEAD;
            let is_data = kind == *b"IDAT";
            if self.begun && !is_data {
                break;
            }
            self.at = start.saturating_add(length).saturating_add(CHECKSUM);
            if !is_data {
                continue;
            }
            self.begun = true;
            // Of a file that has been cut off, what is there.
            let rest = &self.file[start..];
            self.chunk = &rest[..length.min(rest.len())];
            if let Some(&told) = rest.get(length..).and_then(|rest| rest.first_chunk::<CHECKSUM>()) {
                let mut sum = crc32fast::Hasher::new();
                sum.update(&kind);
                sum.update(self.chunk);
                if sum.finalize() != u32::from_be_bytes(told) {
                    return Err(TransformError::corrupt(
                        InputFormat::Png,
                        "a checksum of its pixels is wrong",
                    ));
                }
            }
        }
        Ok(self.chunk)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    /// As the library writes them.
    fn written<const N: usize>(width: usize, pixels: &[[u8; N]], filter: png::Filter) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width as u32, (pixels.len() / width) as u32);
        encoder.set_color(if N == 4 { png::ColorType::Rgba } else { png::ColorType::Rgb });
        encoder.set_filter(filter);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(pixels.as_flattened()).unwrap();
        writer.finish().unwrap();
        file
    }

    fn read<const N: usize>(
        file: &[u8],
        width: usize,
        height: usize,
    ) -> Result<Vec<[u8; N]>, TransformError> {
        let mut rows = Rows::<N>::of(file, (width, height));
        let mut above = vec![[0; N]; width];
        let mut four = vec![[0; N]; width * TOGETHER];
        let mut pixels = Vec::new();
        while pixels.len() < width * height {
            let count = rows.next(&above, &mut four)?;
            pixels.extend_from_slice(&four[..count * width]);
            above.copy_from_slice(&four[(TOGETHER - 1) * width..]);
        }
        Ok(pixels)
    }

    /// Noise over a gradient: no filter makes all of it zeros.
    fn pixels<const N: usize>(width: usize, height: usize) -> Vec<[u8; N]> {
        let sample =
            |at: usize, channel: usize| (at % width * 3 + at / width * 5 + at * at % 11 * channel) as u8;
        (0..width * height).map(|at| std::array::from_fn(|channel| sample(at, channel))).collect()
    }

    const FILTERS: [png::Filter; 6] = [
        png::Filter::NoFilter,
        png::Filter::Sub,
        png::Filter::Up,
        png::Filter::Avg,
        png::Filter::Paeth,
        png::Filter::Adaptive,
    ];

    fn comes_back<const N: usize>(width: usize, height: usize, filter: png::Filter) {
        let pixels = pixels::<N>(width, height);
        let file = written(width, &pixels, filter);
        assert_eq!(read::<N>(&file, width, height).unwrap(), pixels, "{N} {width}x{height} {filter:?}");
    }

    #[test]
    fn every_filter_and_size_comes_back() {
        for filter in FILTERS {
            for (width, height) in [(1, 1), (2, 3), (3, 4), (4, 5), (7, 9), (64, 63)] {
                comes_back::<3>(width, height, filter);
                comes_back::<4>(width, height, filter);
            }
        }
        // Longer than all that is decompressed at once.
        comes_back::<4>(400, 301, png::Filter::Paeth);
        comes_back::<3>(50_000, 5, png::Filter::Adaptive);
    }

    /// A file whose pixels are in many chunks, with this many bytes in each.
    fn split(file: &[u8], bytes: usize) -> Vec<u8> {
        let mut made = file[..SIGNATURE].to_vec();
        let mut at = SIGNATURE;
        let mut put = |kind: &[u8], data: &[u8]| {
            made.extend((data.len() as u32).to_be_bytes());
            let start = made.len();
            made.extend(kind);
            made.extend(data);
            let sum = crc32fast::hash(&made[start..]);
            made.extend(sum.to_be_bytes());
        };
        while at < file.len() {
            let length = u32::from_be_bytes(*file[at..].first_chunk().unwrap()) as usize;
            let (kind, data) = file[at + 4..at + 8 + length].split_at(4);
            if kind == b"IDAT" {
                // An empty one is allowed.
                put(kind, &[]);
                data.chunks(bytes).for_each(|data| put(kind, data));
            } else {
                put(kind, data);
            }
            at += CHUNK_HEAD + length + CHECKSUM;
        }
        made
    }

    #[test]
    fn it_does_not_matter_how_the_pixels_are_cut_into_chunks() {
        let pixels = pixels::<4>(90, 40);
        let file = written(90, &pixels, png::Filter::Adaptive);
        for bytes in [1, 7, 1000] {
            assert_eq!(read::<4>(&split(&file, bytes), 90, 40).unwrap(), pixels, "{bytes}");
        }
    }

    #[test]
    fn what_is_cut_off_is_truncated_and_what_is_changed_is_corrupt() {
        let file = written(90, &pixels::<4>(90, 40), png::Filter::Adaptive);
        for keep in [0, 8, 20, 60, file.len() / 2, file.len() - 40] {
            let truncated = Err(TransformError::Truncated { format: InputFormat::Png });
            assert_eq!(read::<4>(&file[..keep], 90, 40), truncated, "{keep}");
        }
        let mut changed = file.clone();
        changed[200] ^= 1;
        let error = read::<4>(&changed, 90, 40).unwrap_err().to_string();
        assert!(error.contains("a checksum of its pixels is wrong"), "{error}");
        // More rows than there are.
        assert_eq!(read::<4>(&file, 90, 41), Err(TransformError::Truncated { format: InputFormat::Png }));
    }

    proptest! {
        #[test]
        fn what_is_broken_is_an_error_or_what_the_library_reads(
            at in 33..2000usize, value in any::<u8>(), filter in 0..6usize,
        ) {
            let mut file = written(30, &pixels::<4>(30, 20), FILTERS[filter]);
            if let Some(byte) = file.get_mut(at) {
                *byte = value;
            }
            let theirs = png::Decoder::new(Cursor::new(&file)).read_info().and_then(|mut reader| {
                let mut samples = vec![0; 30 * 20 * 4];
                reader.next_frame(&mut samples).map(|_| samples)
            });
            if let Ok(ours) = read::<4>(&file, 30, 20) {
                match theirs {
                    Ok(theirs) => prop_assert_eq!(ours.as_flattened().to_vec(), theirs),
                    // All pixels are there, in a chunk that says it is longer than the file.
                    Err(error) => {
                        prop_assert_eq!(
                            super::super::refused(error),
                            TransformError::Truncated { format: InputFormat::Png }
                        );
                    }
                }
            }
        }
    }
}
