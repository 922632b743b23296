//! How much memory a transform may take, so that no more of them begin than there is memory for.

use plan::{Chroma, Format, Operation, Orientation, Plan, QualityWish, Size};

use crate::Header;
use crate::animation;
use crate::codec::{avif, halving, pdf, png, svg};
use crate::dimensions::dimensions;
use crate::faces;
use crate::judge;
use crate::limits::Limits;
use crate::making::Making;
use crate::other;
use crate::sample;
use crate::sniff::InputFormat;
use crate::text;

/// Buffers of codecs and resizers that hardly depend on the picture.
const BASE: u64 = 8 << 20;

/// Bytes of a pixel.
const PIXEL: u64 = 4;
/// Bytes for each pixel of the output that an operation may hold at once: a picture before and after, and the two
/// channels of a blur before and after, in sixteen bits.
const WORKED_ON: u64 = 2 * PIXEL + 8;

/// Bytes for each pixel of a row, where a picture is read row by row: four rows and the one above them, compressed no more
/// and unfiltered; and of each halving two.
const ROWS: u64 = 64;

/// Bytes for each pixel of a text: what is covered and the distances of a line around it, then pixels before and after
/// a turn, which may double them.
const WRITTEN: u64 = 4 * PIXEL;

/// Bytes of a pixel of an AVIF that moves: the decoder has the last picture and eight that others build on, each of three
/// channels in sixteen bits, and as many of alpha; then planes and pixels.
const REFERRED_TO: u64 = 9 * (6 + 2) + 16;

/// What libaom takes for pictures that follow each other, hardly depending on them; once more for alpha.
const MOVIE: u64 = 8 << 20;

/// What [`crate::transform`] may take at its peak, in bytes, the original's own included: rather too much than too little,
/// and a guess for what cannot be read (which ends soon). Reads some bytes of the header by safe code.
///
/// `originals` are those of [`crate::compose`].
pub fn memory_needed(originals: &[&[u8]], plan: &Plan, limits: &Limits) -> u64 {
    let Some((original, others)) = originals.split_first() else { return BASE };
    let others: u64 = others.iter().map(|other| other.len() as u64 + of_other(other, limits)).sum();
    let known = BASE + original.len() as u64 + others;
    let Some((format, size)) = dimensions(original) else { return known };
    if size.pixels() > limits.pixels {
        // It will be refused by its header.
        return known;
    }
    let Ok(geometry) = plan::geometry(plan, size, limits.output_side) else {
        // What a usual page does not have, this one may.
        let page =
            if format == InputFormat::Pdf { pdf::memory(size.pixels(), original.len() as u64) } else { 0 };
        return known + page;
    };
    let from = format.as_output();
    let moving = plan::moving_format(plan.format, from, plan.encoding.lossless)
        .filter(|_| plan.frame.is_none() && from.is_some_and(Format::moves));
    let known =
        known + moving.map_or(0, |to| encoded_frames(original, format, to, geometry.output, plan, limits));
    // A picture that is turned by less than a quarter may be as large as the original, before and after.
    let turned = if geometry.turned.is_some() { 2 * size.pixels() * PIXEL } else { 0 };
    let output = geometry.output.pixels();
    let written = plan.operations().into_iter().map(|operation| match operation {
        Operation::Text(lettering) => text::area(&lettering, geometry.output) * WRITTEN,
        _ => 0,
    });
    let judged = match plan.quality {
        Some(QualityWish::Reaching(_)) => output.min(sample::PIXELS_MAX) * judge::MEMORY,
        _ => 0,
    };
    // One text after the other.
    let written = written.max().unwrap_or(0);
    let looked_for = if plan.looks_for_faces() { faces::MEMORY } else { 0 };
    let before = match format {
        InputFormat::Svg | InputFormat::Pdf => {
            let drawn = geometry.placed.size().pixels();
            // At the size at which it is seen; where that has to be looked for, whole.
            let pixels = if plan.looks_for_faces() {
                drawn.max(size.pixels()).max(other::ENLARGED)
            } else if plan.trim.by.is_some() || geometry.turned.is_some() {
                drawn.max(size.pixels())
            } else {
                drawn
            };
            drawn_memory(format, pixels, original.len() as u64)
        }
        InputFormat::Avif if avif::moves(original) => size.pixels() * REFERRED_TO,
        InputFormat::Png if png::comes_in_rows(original) => {
            let left = halving::left(size, shrink_in_passing(plan, size, limits));
            left.pixels() * decoded(format) + u64::from(size.width) * ROWS
        }
        format => size.pixels() * decoded(format),
    };
    known
        + looked_for
        + before
        + turned
        + written
        + judged
        + output
            * (WORKED_ON
                + encoded(
                    plan,
                    plan::output_format(plan.format, format.as_output(), true, plan.encoding.lossless),
                ))
}

/// What moves, once it is encoded: unlike a still picture it may be much larger than its pixels are while they are worked on.
fn encoded_frames(
    original: &[u8],
    from: InputFormat,
    to: Format,
    output: Size,
    plan: &Plan,
    limits: &Limits,
) -> u64 {
    let frames = u64::from(animation::told(original, from));
    if frames < 2 {
        return 0;
    }
    // As a list of bytes that may double as it grows; what loses nothing takes what noise takes.
    let pixel = match to {
        _ if plan.encoding.lossless => 8,
        Format::Png | Format::Jpeg => 8,
        Format::Gif => 4,
        Format::Webp | Format::Avif => 2,
    };
    let encoder = if to == Format::Avif { 2 * MOVIE } else { 0 };
    // More of them are refused.
    encoder + output.pixels().saturating_mul(frames).min(limits.pixels) * pixel
}

/// How many times smaller an original of this size may be read, where nothing has to be looked at first and it stands still.
fn shrink_in_passing(plan: &Plan, size: Size, limits: &Limits) -> f64 {
    let orientation = Orientation::UPRIGHT;
    let header = Header { format: InputFormat::Png, size, upright: size, orientation, alpha: true };
    let whole = plan.trim.by.is_some() || plan.frame.is_some();
    match Making::new(plan, &header, limits) {
        Ok(making) if !whole && !making.looks() => making.decoded_shrink(),
        _ => 1.0,
    }
}

/// A further original, or a font. The former is pixels, and those at the size at which it is seen, which is no more than the output.
fn of_other(original: &[u8], limits: &Limits) -> u64 {
    // A font is read from a copy.
    let Some((format, size)) = dimensions(original) else { return original.len() as u64 };
    let pixels = size.pixels();
    if pixels > limits.pixels {
        return 0;
    }
    match format {
        InputFormat::Svg | InputFormat::Pdf => {
            drawn_memory(format, pixels.max(other::ENLARGED), original.len() as u64)
        }
        InputFormat::Avif if avif::moves(original) => pixels * (REFERRED_TO + 2 * PIXEL),
        format => pixels * (decoded(format) + 2 * PIXEL),
    }
}

/// What drawing on so many pixels takes, of an original of so many bytes.
fn drawn_memory(format: InputFormat, pixels: u64, bytes: u64) -> u64 {
    match format {
        InputFormat::Pdf => pdf::memory(pixels, bytes),
        _ => svg::memory(pixels, bytes),
    }
}

/// Bytes for each pixel of the original, by the layout that takes most.
fn decoded(format: InputFormat) -> u64 {
    match format {
        // The planes, and of a progressive file all coefficients of two bytes.
        InputFormat::Jpeg => 9,
        // The pixels twice: of an interlaced file before and after they are brought to eight bits.
        InputFormat::Png => 12,
        InputFormat::Webp => 8,
        // The decoder's frame in sixteen bits, then planes, then pixels.
        InputFormat::Avif => 16,
        // Of one tile, which may be all: samples in sixteen bits before and after they are filtered or cut, and notes on blocks; then
        // planes, those of alpha, and pixels.
        InputFormat::Heic => 20,
        InputFormat::Gif => 8,
        // All samples of up to ten bytes, a strip of them that may be all, then pixels.
        InputFormat::Tiff => 24,
        InputFormat::Bmp => 4,
        // A PNG, perhaps.
        InputFormat::Ico => 12,
        // Numbers of four bytes for each of three colours and alpha, in two steps, and what frames borrow from; samples, pixels.
        InputFormat::Jxl => 56,
        // By its size it is not known; see `drawn_memory`.
        InputFormat::Svg | InputFormat::Pdf => 0,
    }
}

/// Bytes for each pixel of the output, before and in the encoder.
fn encoded(plan: &Plan, format: Format) -> u64 {
    match format {
        // Of a progressive file all coefficients, of two bytes.
        Format::Jpeg | Format::Png => 12 + if plan.encoding.progressive { 6 } else { 0 },
        // Pixels before and after, places in a palette twice.
        Format::Gif => 12,
        Format::Webp => 24 + if plan.encoding.lossless { 24 } else { 0 },
        // With chroma for each pixel, twice as many samples.
        Format::Avif if plan.encoding.lossless || plan.encoding.chroma != Chroma::Quarter => 160,
        Format::Avif => 80,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a PNG, which is all that is looked at.
    fn png(width: u32, height: u32, interlaced: bool) -> Vec<u8> {
        let mut header = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        header.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
        header.extend([8, 6, 0, 0, u8::from(interlaced)]);
        header
    }

    fn mebibytes(original: &[u8], query: &str) -> u64 {
        let request = dialect::Request { path: "/demo/a.png", query: Some(query), accept: None };
        let plan = dialect::native::parse(&request).unwrap().delivery.plan;
        memory_needed(&[original], &plan, &Limits::default()) >> 20
    }

    #[test]
    fn what_is_halved_while_it_is_read_takes_what_is_left_of_it() {
        let rows = png(8000, 6000, false);
        // 48 million pixels, a quarter and a sixteenth of them, twelve bytes each.
        for (query, before) in [("w=2001", 549), ("w=2000", 137), ("w=1000", 34), ("w=100", 34)] {
            let needed = mebibytes(&rows, query);
            // What is made of them, and what takes as much of every picture.
            let output = query[2..].parse::<u64>().unwrap().pow(2) * 3 / 4 * (WORKED_ON + 12);
            let beside = (BASE + output) >> 20;
            assert!(
                (before..before + 3).contains(&(needed - beside)),
                "{query}: {needed}, {beside} of them beside"
            );
        }
        for query in
            ["w=100&trim=color", "w=100&h=100&fit=crop&crop=entropy", "w=100&h=100&fit=crop&crop=faces"]
        {
            assert!(mebibytes(&rows, query) >= 549, "{query}");
        }
        assert!(mebibytes(&png(8000, 6000, true), "w=100") >= 549);
        let moving = [rows, b"\0\0\0\x08acTL".to_vec()].concat();
        assert!(mebibytes(&moving, "w=100") >= 549);
    }
}
