//! How the strips and tiles of a TIFF are packed (TIFF 6.0 §9 to §11, §13; its Technical Note 2 for Deflate).

use fdeflate::Decompressor;
use hayro_ccitt::{DecodeSettings, DecoderContext, EncodingMode};
use weezl::BitOrder;
use weezl::decode::Configuration;

use super::directory::Directory;
use super::{corrupt, truncated, unsupported};
use crate::error::TransformError;

const COMPRESSION: u64 = 259;
const FILL_ORDER: u64 = 266;
const FAX_OPTIONS: u64 = 292;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Packing {
    Plain,
    PackBits,
    Lzw,
    Deflate,
    /// A JPEG each, with tables that they share.
    Jpeg,
    /// As a fax sends rows of black and white.
    Fax {
        mode: EncodingMode,
        aligned: bool,
    },
}

/// What is known of a strip or a tile before it is unpacked.
pub(super) struct Packed<'a> {
    pub data: &'a [u8],
    /// In pixels; of a strip at the end, as many rows as are left.
    pub width: usize,
    pub rows: usize,
    pub row_bytes: usize,
}

impl Packing {
    pub fn of(directory: &Directory<'_>) -> Result<Packing, TransformError> {
        Ok(match directory.number(COMPRESSION).unwrap_or(1) {
            1 => Packing::Plain,
            2 => Packing::Fax { mode: EncodingMode::Group3_1D, aligned: true },
            3 => {
                let options = directory.number(FAX_OPTIONS).unwrap_or(0);
                if options & 2 != 0 {
                    return Err(unsupported("a fax that is not compressed"));
                }
                let mode = if options & 1 != 0 { EncodingMode::Group3_2D } else { EncodingMode::Group3_1D };
                Packing::Fax { mode, aligned: false }
            }
            4 => Packing::Fax { mode: EncodingMode::Group4, aligned: false },
            5 => Packing::Lzw,
            7 => Packing::Jpeg,
            8 | 32946 => Packing::Deflate,
            32773 => Packing::PackBits,
            6 => return Err(unsupported("the compression JPEG of before 1995")),
            34887 => return Err(unsupported("the compression LERC")),
            34925 => return Err(unsupported("the compression LZMA")),
            50000 => return Err(unsupported("the compression Zstandard")),
            50001 => return Err(unsupported("the compression WebP")),
            50002 | 52546 => return Err(unsupported("the compression JPEG XL")),
            other => return Err(unsupported(format!("the compression {other}"))),
        })
    }

    /// Whether the first pixel of a byte is in its lowest bit (TIFF 6.0 §8: `FillOrder`).
    pub fn is_mirrored(self, directory: &Directory<'_>) -> bool {
        self != Packing::Jpeg && directory.number(FILL_ORDER) == Some(2)
    }

    /// Its rows; never asked of a JPEG.
    pub fn unpacked(self, packed: &Packed<'_>) -> Result<Vec<u8>, TransformError> {
        let length = packed.rows * packed.row_bytes;
        match self {
            Packing::Plain => packed.data.get(..length).map(<[u8]>::to_vec).ok_or(truncated()),
            Packing::PackBits => pack_bits(packed.data, length),
            Packing::Lzw => lzw(packed.data, length),
            Packing::Deflate => deflate(packed.data, length),
            Packing::Fax { mode, aligned } => fax(packed, mode, aligned),
            Packing::Jpeg => Err(corrupt("a JPEG is where none may be")),
        }
    }
}

/// A byte says how many follow as they are, or how often the next one is meant (TIFF 6.0 §9).
fn pack_bits(mut data: &[u8], length: usize) -> Result<Vec<u8>, TransformError> {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let [head, rest @ ..] = data else { return Err(truncated()) };
        data = rest;
        let room = length - bytes.len();
        match *head as i8 {
            -128 => {}
            run @ ..0 => {
                let [value, rest @ ..] = data else { return Err(truncated()) };
                bytes.resize(bytes.len() + (1 - isize::from(run)).unsigned_abs().min(room), *value);
                data = rest;
            }
            count => {
                let (plain, rest) =
                    data.split_at_checked(count.unsigned_abs() as usize + 1).ok_or(truncated())?;
                bytes.extend_from_slice(&plain[..plain.len().min(room)]);
                data = rest;
            }
        }
    }
    Ok(bytes)
}

fn lzw(mut data: &[u8], length: usize) -> Result<Vec<u8>, TransformError> {
    let configuration = match data {
        // Before TIFF 5.0 the lowest bit was the first, as in GIF; the first code is always 256.
        [0, second, ..] if second & 1 == 1 => Configuration::new(BitOrder::Lsb, 8),
        _ => Configuration::with_tiff_size_switch(BitOrder::Msb, 8),
    };
    let mut decoder = configuration.with_yield_on_full_buffer(true).build();
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        let step = decoder.decode_bytes(data, &mut bytes[filled..]);
        data = &data[step.consumed_in..];
        filled += step.consumed_out;
        match step.status {
            Ok(weezl::LzwStatus::Ok) if step.consumed_out > 0 || step.consumed_in > 0 => {}
            Ok(_) if filled < length => return Err(truncated()),
            Ok(_) => {}
            Err(error) => return Err(corrupt(error)),
        }
    }
    Ok(bytes)
}

fn deflate(mut data: &[u8], length: usize) -> Result<Vec<u8>, TransformError> {
    let mut decoder = Decompressor::new();
    // What is behind the last row is nobody's business.
    decoder.ignore_adler32();
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        let (consumed, produced) =
            decoder.read(data, &mut bytes, filled, true).map_err(|error| match error {
                fdeflate::DecompressionError::InsufficientInput => truncated(),
                error => corrupt(format!("{error:?}")),
            })?;
        data = &data[consumed..];
        filled += produced;
        if filled < length && (decoder.is_done() || (consumed, produced) == (0, 0)) {
            return Err(truncated());
        }
    }
    Ok(bytes)
}

/// Black is 1 (TIFF 6.0 §10). Rows that are missing stay white, as fax machines leave them.
fn fax(packed: &Packed<'_>, mode: EncodingMode, aligned: bool) -> Result<Vec<u8>, TransformError> {
    struct Rows {
        bytes: Vec<u8>,
        row_bytes: usize,
        width: usize,
        next: usize,
    }
    impl hayro_ccitt::Decoder for Rows {
        fn push_row(&mut self, changes: &[u32]) {
            let start = self.next * self.row_bytes;
            self.next += 1;
            let Some(row) = self.bytes.get_mut(start..start + self.row_bytes) else { return };
            for run in changes.chunks(2) {
                let end = run.get(1).map_or(self.width, |end| *end as usize);
                for x in run[0] as usize..end.min(self.width) {
                    row[x / 8] |= 0x80 >> (x % 8);
                }
            }
        }
    }
    let number = |side: usize| u32::try_from(side).map_err(|_| corrupt("it is too wide"));
    let settings = DecodeSettings {
        columns: number(packed.width)?,
        rows: number(packed.rows)?,
        end_of_block: true,
        end_of_line: false,
        rows_are_byte_aligned: aligned,
        encoding: mode,
        strict: false,
    };
    let bytes = vec![0; packed.rows * packed.row_bytes];
    let mut rows = Rows { bytes, row_bytes: packed.row_bytes, width: packed.width, next: 0 };
    let decoded = hayro_ccitt::decode(packed.data, &mut rows, &mut DecoderContext::new(settings));
    match decoded {
        Err(error) if rows.next == 0 => Err(corrupt(error)),
        _ => Ok(rows.bytes),
    }
}
