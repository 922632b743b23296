//! HEIC in: of any depth and number of tiles, brought to eight full-range bits and cut to what is seen.

use heic_rs::hevc::{self, ChromaFormat, Frame};
use plan::Size;

use super::configuration::Configuration;
use crate::codec::heif::boxes::Unreadable;
use crate::codec::heif::container::{self, Codec, Coded, Container, Tile};
use crate::codec::heif::look::Coding;
use crate::codec::heif::samples::{Samples, assembled};
use crate::codec::{Decoded, Shape};
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::planes::Plane;
use crate::resample::Resampler;
use crate::sniff::InputFormat;

const HEVC: Codec = Codec {
    item: b"hvc1",
    configuration: Some(b"hvcC"),
    others: ["a picture that is not HEVC", "a tile that is not HEVC"],
};

/// However an alpha channel says it is coded: its numbers are shares (ISO/IEC 23000-22 §7.3.5.2).
const SHARES: Coding = Coding { primaries: 2, transfer: 2, matrix: 2, full_range: true };

/// Pictures are coded in whole blocks, which have at most this side. What is decoded and not seen is less than one.
const BLOCK: u32 = 64;

pub(crate) fn header(original: &[u8], limits: &Limits) -> Result<Shape, TransformError> {
    open(original)?.shape(limits)
}

/// As it is decoded, by the container alone.
pub(crate) fn size(original: &[u8]) -> Option<Size> {
    container::size(original).ok()
}

/// As planes, unless there is alpha. Of a sequence, the picture that stands for it.
pub(crate) fn decode(
    original: &[u8],
    deadline: &Deadline,
    resampler: &mut Resampler,
) -> Result<Decoded, TransformError> {
    let Container { colour, alpha, premultiplied, look } = open(original)?;
    let samples = samples(&colour, look.coding, deadline)?;
    let icc = samples.profile(look.icc);
    let alpha = match alpha {
        Some(alpha) => {
            let alpha = self::samples(&alpha, Some(SHARES), deadline)?;
            Some(alpha.alpha(colour.size, resampler)?)
        }
        None => None,
    };
    let picture = assembled(samples, alpha, premultiplied, look.aperture, resampler)?;
    Ok(Decoded { icc, ..Decoded::full_size(picture) })
}

fn open(original: &[u8]) -> Result<Container<'_>, TransformError> {
    container::parse(original, &HEVC).map_err(refused)
}

fn refused(unreadable: Unreadable) -> TransformError {
    unreadable.of(InputFormat::Heic)
}

/// `coding`, if the container has one, overrides what the stream says.
fn samples(
    coded: &Coded<'_>,
    coding: Option<Coding>,
    deadline: &Deadline,
) -> Result<Samples, TransformError> {
    Samples::of(coded, false, |tile| {
        deadline.check()?;
        let configuration = Configuration::of(tile.configuration).map_err(refused)?;
        let frame = frame(&configuration, tile, coded.tile)?;
        Ok(samples_of(&frame, coding.unwrap_or(configuration.sequence.coding)))
    })
}

/// The decoder allocates what a stream says, so that is compared with what the header says, which is within the limits.
fn frame(
    configuration: &Configuration<'_>,
    tile: &Tile<'_>,
    expected: Size,
) -> Result<Frame, TransformError> {
    let Size { width, height } = configuration.sequence.coded;
    if configuration.sequence.seen != expected
        || width - expected.width >= BLOCK
        || height - expected.height >= BLOCK
    {
        return Err(refused(Unreadable::Corrupt("the picture has not the size that its header says")));
    }
    let slices = configuration.slices(&tile.data).map_err(refused)?;
    let frame = hevc::decode_still(&configuration.sets, &slices).and_then(|frame| {
        frame.validate()?;
        Ok(frame)
    });
    frame.map_err(|error| match error {
        heic_rs::Error::Unsupported(what) => TransformError::unsupported(InputFormat::Heic, what),
        heic_rs::Error::Malformed(why) => {
            TransformError::corrupt(InputFormat::Heic, format!("its HEVC data cannot be decoded: {why}"))
        }
        _ => TransformError::corrupt(InputFormat::Heic, "its HEVC data cannot be decoded"),
    })
}

fn samples_of(frame: &Frame, coding: Coding) -> Samples {
    let [of_luma, of_chroma] = coding.to_full(frame.bit_depth);
    let (width, height) = (frame.width as usize, frame.height as usize);
    // `Sequence` lets pass what has no chroma, or a sample of it for four pixels.
    let chroma = (frame.chroma != ChromaFormat::Monochrome).then(|| {
        let size = (width.div_ceil(2), height.div_ceil(2));
        [&frame.cb, &frame.cr].map(|samples| plane(samples, frame.c_stride as usize, size, &of_chroma))
    });
    Samples {
        format: InputFormat::Heic,
        luma: plane(&frame.y, frame.y_stride as usize, (width, height), &of_luma),
        subsampling: if chroma.is_some() { (2, 2) } else { (1, 1) },
        chroma,
        coding,
    }
}

/// Each stored value replaced by what the table has for it.
fn plane(stored: &[u16], stride: usize, (width, height): (usize, usize), table: &[u8]) -> Plane {
    let last = table.len() - 1;
    let mut samples = Vec::with_capacity(width * height);
    for row in stored.chunks(stride.max(1)).take(height) {
        samples.extend(row.iter().take(width).map(|&sample| table[usize::from(sample).min(last)]));
    }
    Plane { width, height, samples }
}
