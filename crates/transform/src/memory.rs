//! How much memory a transform may take, so that no more of them begin than there is memory for.

use plan::{Chroma, Format, Operation, Plan, QualityWish};

use crate::codec::{avif, pdf, svg};
use crate::dimensions::dimensions;
use crate::faces;
use crate::judge;
use crate::limits::Limits;
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
    let moves_as_avif = plan.frame.is_none()
        && from.is_some_and(Format::moves)
        && plan::moving_format(plan.format, from, plan.encoding.lossless) == Some(Format::Avif);
    let known = if moves_as_avif { known + 2 * MOVIE } else { known };
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
