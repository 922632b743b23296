//! Bytes in, bytes out: codecs, the planar path, limits.
//!
//! The walk, top to bottom: the header is read and checked against the limits; the geometry is settled on the upright
//! size and translated to the stored one; the picture is decoded, as planes where its format holds planes; cut and
//! resized in one pass and turned upright (`making`); what else is wished is done to it (`operation`); encoded. RGB is
//! only made where alpha, PNG or an operation needs it.
//!
//! The only crate with C code, and all its `unsafe`, in `codec`; the decoder of JPEG at less than its full size is Rust
//! (`jpeg-scaled`). Used alone it decodes in the process that calls it; `render-worker` calls it in processes that may be lost.

mod animation;
mod calibration;
mod codec;
mod colour;
mod content;
mod description;
mod dimensions;
mod drawing;
mod encode;
mod error;
mod faces;
mod foreground;
mod judge;
mod limits;
mod making;
mod memory;
mod metadata;
mod operation;
mod orientation;
mod other;
mod palette;
mod pixels;
mod planes;
mod profile;
mod quality;
mod resample;
mod saliency;
mod sample;
mod search;
mod sniff;
mod text;
mod unmoved;

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

use plan::{FormatWish, OutputFormat, Page, Plan, Size};

pub use crate::codec::svg::DRAWING_BYTES_MAX;
pub use crate::drawing::needs_letters;
pub use crate::error::TransformError;
pub use crate::foreground::{ModelError, Network, Normalisation, UnknownNormalisation};
pub use crate::limits::Limits;
pub use crate::memory::memory_needed;
pub use crate::orientation::Orientation;
pub use crate::sniff::{InputFormat, sniff};
pub use crate::text::is_font;

use crate::animation::Mover;
use crate::codec::{Decoded, Picture, apng, avif, bmp, gif, heic, ico, jpeg, jxl, pdf, png, svg, tiff, webp};
use crate::encode::Target;
use crate::limits::Deadline;
use crate::making::Making;
use crate::metadata::Beside;
use crate::other::Named;
use crate::resample::Resampler;

/// Names this engine in the keys of derivatives: change it whenever the same original and plan may give other bytes.
pub const ENGINE: &str = "planar-22";

/// What can be known of an original without decoding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub format: InputFormat,
    /// As stored.
    pub size: Size,
    /// As seen, after `orientation`.
    pub upright: Size,
    pub orientation: Orientation,
    /// Whether the file has an alpha channel; it may still be opaque throughout.
    pub alpha: bool,
}

/// The encoded result of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivative {
    pub bytes: Vec<u8>,
    pub format: OutputFormat,
    /// Of the picture; of words about it, the size that it would have.
    pub size: Size,
}

/// Reads an original's header, of a document its first page's, and checks it against the limits.
pub fn header(original: &[u8], limits: &Limits) -> Result<Header, TransformError> {
    contained(|| read_header(original, Page::default(), limits))
}

/// Carries out a plan that needs no further original. The same original, plan and [`ENGINE`] always give the same bytes.
pub fn transform(original: &[u8], plan: &Plan, limits: &Limits) -> Result<Derivative, TransformError> {
    compose(&[original], plan, limits)
}

/// Carries out a plan: `inputs` are the original that it is for, those of [`Plan::originals`], the fonts of
/// [`Plan::fonts`], and any more fonts for the letters of drawings ([`needs_letters`]), in that order.
pub fn compose(inputs: &[&[u8]], plan: &Plan, limits: &Limits) -> Result<Derivative, TransformError> {
    compose_with(inputs, None, plan, limits)
}

/// As [`compose`], with what sees the foreground where a plan removes the background.
pub fn compose_with(
    inputs: &[&[u8]],
    network: Option<&Network>,
    plan: &Plan,
    limits: &Limits,
) -> Result<Derivative, TransformError> {
    contained(|| carry_out(inputs, network, plan, limits))
}

/// Runs code that reads hostile bytes so that a mistake in it costs one picture, not the process.
fn contained<T>(work: impl FnOnce() -> Result<T, TransformError>) -> Result<T, TransformError> {
    // Nothing that the work touches outlives it, so there is nothing that a panic could leave half done.
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(TransformError::Panicked { why: panic_message(panic.as_ref()).to_owned() })
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(message), _) => message,
        (_, Some(message)) => message,
        _ => "no reason given",
    }
}

fn read_header(original: &[u8], page: Page, limits: &Limits) -> Result<Header, TransformError> {
    if original.len() > limits.input_bytes {
        return Err(TransformError::TooManyBytes { found: original.len(), limit: limits.input_bytes });
    }
    let format =
        sniff(original).ok_or_else(|| sniff::unread(original).unwrap_or(TransformError::UnknownFormat))?;
    let page = page.size();
    if page > 1 && format != InputFormat::Pdf {
        return Err(TransformError::NoSuchPage { wished: page, found: 1 });
    }
    let shape = match format {
        InputFormat::Jpeg => jpeg::header(original),
        InputFormat::Png => apng::check_frames(original, limits).and_then(|()| png::header(original)),
        InputFormat::Webp => webp::header(original, limits),
        InputFormat::Avif => avif::header(original, limits),
        InputFormat::Heic => heic::header(original, limits),
        InputFormat::Gif => gif::header(original, limits),
        InputFormat::Tiff => tiff::header(original),
        InputFormat::Bmp => bmp::header(original),
        InputFormat::Ico => ico::header(original),
        InputFormat::Jxl => jxl::header(original),
        InputFormat::Svg => svg::header(original),
        InputFormat::Pdf => pdf::header(original, page, limits),
    }?;
    if shape.size.is_empty() {
        return Err(TransformError::corrupt(format, "it has no pixels"));
    }
    if shape.size.pixels() > limits.pixels {
        return Err(TransformError::TooManyPixels { found: shape.size.pixels(), limit: limits.pixels });
    }
    Ok(Header {
        format,
        size: shape.size,
        upright: shape.orientation.size(shape.size),
        orientation: shape.orientation,
        alpha: shape.alpha,
    })
}

fn carry_out(
    inputs: &[&[u8]],
    network: Option<&Network>,
    plan: &Plan,
    limits: &Limits,
) -> Result<Derivative, TransformError> {
    if plan.background_removed && network.is_none() {
        return Err(TransformError::NoModel);
    }
    let deadline = Deadline::after(limits.time);
    let mut resampler = Resampler::default();
    let Some((&original, others)) = inputs.split_first() else {
        return Err(TransformError::failed("composing", "there is no original"));
    };
    let header = read_header(original, plan.page, limits)?;
    let named = Named { network: network.cloned(), ..other::named(others, plan, &header, limits)? };
    deadline.check()?;
    if let Some(drawing) = drawing::kept(original, &header, plan)? {
        return Ok(drawing);
    }
    let told = description::carry_out(original, &header, &named, plan, limits, &deadline, &mut resampler)?;
    if let Some(told) = told {
        return Ok(told);
    }
    if let Some(unmoved) = unmoved::carry_out(original, &header, plan, limits, &deadline)? {
        return Ok(unmoved);
    }
    let (making, decoded) = begin(original, &header, &named, plan, limits, &deadline, &mut resampler)?;
    let mover = Mover { original, header: &header, icc: decoded.icc.as_deref(), plan, making: &making };
    if let Some(moving) = mover.carry_out(limits, &deadline, &mut resampler)? {
        return Ok(moving);
    }

    // An alpha channel that hides nothing is not worth a format that keeps it.
    // What a header says of alpha it says of the first frame.
    let may_have_alpha = header.alpha || plan.frame.is_some();
    let has_alpha =
        matches!(&decoded.picture, Picture::Pixels(pixels) if may_have_alpha && !pixels.is_opaque());
    let alpha = making.keeps_alpha(has_alpha);
    let from = header.format.as_output();
    let lossy = Target::new(plan, plan::output_format(plan.format, from, alpha, plan.encoding.lossless));
    // Of a graphic, what loses nothing may be the smaller, and does it no harm.
    let exact = lossy.without_loss(plan::output_format(plan.format, from, alpha, true));
    let tries_both = matches!(plan.format, FormatWish::Auto(_))
        && !lossy.is_lossless()
        && lossy.keeps_profile() == exact.keeps_profile()
        && decoded.is_graphic();
    let target = if tries_both { exact } else { lossy };
    let made = making.make(decoded.picture, decoded.view, &target, &deadline, &mut resampler)?;
    deadline.check()?;

    let (made, icc) = profile::settle(made, decoded.icc, &target, &mut resampler)?;
    let encoded = |target: &Target, made: &Picture| {
        let beside = Beside::new(&plan.metadata, original, header.format, target.format);
        target.encode(made, &Beside { icc: icc.clone(), ..beside }, &deadline)
    };
    let lossily = |made: &Picture| {
        let bytes = encoded(&lossy, made)?;
        if let Some(rival) = lossy.rival(plan.format, made, bytes.len()) {
            let other = encoded(&rival, made)?;
            if other.len() < bytes.len() {
                return Ok((other, rival.format));
            }
        }
        Ok((bytes, lossy.format))
    };
    let (bytes, format) = match made {
        Picture::Pixels(pixels) if tries_both => {
            let bytes = encoded(&exact, &Picture::Pixels(pixels.clone()))?;
            let fits = lossy.fits(&bytes);
            match lossily(&making::as_encoded(pixels, &lossy)) {
                Ok((other, format)) if !fits || other.len() < bytes.len() => (other, format),
                Err(error) if !fits => return Err(error),
                _ => (bytes, exact.format),
            }
        }
        made => lossily(&made)?,
    };
    deadline.check()?;
    Ok(Derivative { bytes, format: format.into(), size: making.size() })
}

/// The picture, as large as it has to be, and what is to be made of it.
fn begin(
    original: &[u8],
    header: &Header,
    named: &Named<'_>,
    plan: &Plan,
    limits: &Limits,
    deadline: &Deadline,
    resampler: &mut Resampler,
) -> Result<(Making, Decoded), TransformError> {
    let (mut making, picture) = match header.format {
        InputFormat::Svg | InputFormat::Pdf => {
            drawing::begin(original, header, &named.letters, plan, limits, deadline, resampler)?
        }
        _ => seen(original, header, plan, limits, deadline, resampler)?,
    };
    for (place, other) in named.originals.iter().enumerate() {
        let shrink = making.shrink_of(place, other.upright());
        let icc = picture.icc.as_deref();
        making.others.push(other.decode(shrink, &named.letters, icc, limits, deadline, resampler)?);
    }
    making.fonts = named.fonts.clone();
    making.network = named.network.clone();
    deadline.check()?;
    Ok((making, picture))
}

/// Of what has pixels: decodes it, and looks where that says which part of it is seen.
fn seen(
    original: &[u8],
    header: &Header,
    plan: &Plan,
    limits: &Limits,
    deadline: &Deadline,
    resampler: &mut Resampler,
) -> Result<(Making, Decoded), TransformError> {
    let decoded = |shrink: f64, resampler: &mut Resampler| {
        let frame = match plan.frame {
            Some(frame) => animation::frame(original, header, frame.size(), limits, deadline)?,
            None => None,
        };
        match frame {
            Some(frame) => Ok(frame),
            None => decode(original, header, shrink, limits, deadline, resampler),
        }
    };
    // Where an even border ends can only be told from all pixels.
    let (mut making, mut picture) = if plan.trim.by.is_some() {
        let whole = decoded(1.0, resampler)?;
        (Making::trimmed(plan, header, &whole.picture, limits)?, whole)
    } else {
        let making = Making::new(plan, header, limits)?;
        let picture = decoded(making.decoded_shrink(), resampler)?;
        (making, picture)
    };
    let shrink = making.decoded_shrink();
    making.look(&picture.picture, picture.view, deadline, resampler)?;
    if picture.view.is_smaller() && making.decoded_shrink() < shrink {
        // It goes closer than could be known.
        drop(picture);
        picture = decoded(making.decoded_shrink(), resampler)?;
    }
    Ok((making, picture))
}

/// Of what moves, the first picture.
fn decode(
    original: &[u8],
    header: &Header,
    shrink: f64,
    limits: &Limits,
    deadline: &Deadline,
    resampler: &mut Resampler,
) -> Result<Decoded, TransformError> {
    match header.format {
        InputFormat::Jpeg => jpeg::decode(original, shrink, limits, deadline),
        InputFormat::Png => png::decode(original, shrink, deadline),
        InputFormat::Webp => webp::decode(original, shrink),
        InputFormat::Avif => avif::decode(original, shrink, deadline, resampler),
        InputFormat::Heic => heic::decode(original, deadline, resampler),
        InputFormat::Gif => gif::decode(original),
        InputFormat::Tiff => tiff::decode(original, deadline),
        InputFormat::Bmp => bmp::decode(original, deadline),
        InputFormat::Ico => ico::decode(original, deadline),
        InputFormat::Jxl => jxl::decode(original, deadline),
        InputFormat::Svg | InputFormat::Pdf => {
            drawing::at_scale(original, header, shrink, &[], limits, deadline)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A PNG of so many channels of eight bits or sixteen, all zero.
    fn png_of(colour: ::png::ColorType, depth: ::png::BitDepth, bytes: usize) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = ::png::Encoder::new(&mut file, 8, 8);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        encoder.write_header().unwrap().write_image_data(&vec![0; 64 * bytes]).unwrap();
        file
    }

    /// The C decoders of WebP and of whole JPEGs, which cannot be asked to stop, are killed with their process.
    #[test]
    fn every_decoder_that_can_be_asked_to_stop_does_when_its_time_is_over() {
        use ::png::{BitDepth, ColorType};
        let limits = Limits { time: Duration::ZERO, ..Limits::default() };
        let pngs = [
            png_of(ColorType::Rgba, BitDepth::Eight, 4),
            png_of(ColorType::Rgb, BitDepth::Eight, 3),
            png_of(ColorType::Grayscale, BitDepth::Sixteen, 2),
        ];
        let names = [
            "progressive.jpg",
            "420.jpg",
            "alpha.avif",
            "grid-alpha.avif",
            "lzw-predictor.tif",
            "deflate-tiles.tif",
            "8-runs.bmp",
            "bitmap.ico",
            "lossy.jxl",
            "from-jpeg.jxl",
            "everything.svg",
        ];
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/");
        let files = names.map(|name| std::fs::read(format!("{folder}{name}")).unwrap());
        for (at, original) in pngs.iter().chain(&files).enumerate() {
            let header = read_header(original, Page::default(), &limits).unwrap();
            let late = Deadline::after(limits.time);
            let decoded = decode(original, &header, 8.0, &limits, &late, &mut Resampler::default());
            let error = decoded.map(|_| ()).unwrap_err();
            assert_eq!(error, TransformError::OutOfTime { limit: limits.time }, "{at}: {}", header.format);
        }
    }

    #[test]
    fn a_mistake_in_a_codec_costs_one_picture_and_says_what_it_was() {
        let row: &[u8] = &[];
        let panicked = |work: fn(&[u8]) -> u8| contained(|| Ok(work(row))).unwrap_err().to_string();
        let gave_up =
            |why: &str| format!("the picture could not be made: a codec gave up unexpectedly ({why})");
        assert_eq!(panicked(|_| panic!("over a picture")), gave_up("over a picture"));
        assert_eq!(panicked(|_| std::panic::panic_any(7)), gave_up("no reason given"));
        let beyond = "index out of bounds: the len is 0 but the index is 0";
        assert_eq!(panicked(|row| row[0]), gave_up(beyond));
    }
}
