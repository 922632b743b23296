//! WebP in through libwebp; out in `encode`, what moves in `frames` and `animation`.

#![allow(unsafe_code)]

mod animation;
mod container;
mod encode;
mod frames;
pub(crate) mod riff;

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;

use libwebp_sys as webp;
use plan::Size;

use crate::codec::{Decoded, EdgeFilter, Picture, Shape, describes_rgb};
use crate::colour::{self, Matrix, Range};
use crate::error::TransformError;
use crate::limits::Limits;
use crate::orientation;
use crate::pixels::Pixels;
use crate::planes::{Plane, Planes};
use crate::sniff::InputFormat;

use container::Container;

pub(crate) use animation::AnimationEncoder;
pub(crate) use encode::{Fidelity, encode_pixels, encode_planes};
pub(crate) use frames::Frames;

pub(crate) fn header(original: &[u8], limits: &Limits) -> Result<Shape, TransformError> {
    let features = features(original)?;
    if features.has_animation != 0 {
        Container::open(original)?.check_frames(limits)?;
    }
    Ok(Shape {
        size: size(&features)?,
        // The first frame of an animation may leave some of the canvas uncovered.
        alpha: features.has_alpha != 0 || features.has_animation != 0,
        orientation: orientation::of_exif(original, InputFormat::Webp),
    })
}

/// How many pictures an animation has; of a still one, one.
pub(crate) fn frames(original: &[u8]) -> Result<u32, TransformError> {
    match features(original)?.has_animation {
        0 => Ok(1),
        _ => Ok(Container::open(original)?.frames()),
    }
}

/// A lossy picture as the planes that it holds; the first frame of an animation; else pixels.
pub(crate) fn decode(original: &[u8], shrink: f64) -> Result<Decoded, TransformError> {
    let features = features(original)?;
    let size = size(&features)?;
    let picture = if features.has_animation != 0 {
        Picture::Pixels(Container::open(original)?.first_frame(size)?)
    } else if features.has_alpha == 0 && features.format == LOSSY {
        Picture::Planes(planes(original, size, EdgeFilter::where_seen(shrink))?)
    } else {
        Picture::Pixels(pixels(original, size, EdgeFilter::where_seen(shrink))?)
    };
    Ok(Decoded { icc: profile(original), ..Decoded::full_size(picture) })
}

/// The embedded colour profile.
pub(crate) fn profile(original: &[u8]) -> Option<Vec<u8>> {
    riff::find(original, b"ICCP").filter(|icc| describes_rgb(icc)).map(<[u8]>::to_vec)
}

/// `WebPBitstreamFeatures::format` of a VP8 stream.
const LOSSY: c_int = 1;

fn features(original: &[u8]) -> Result<webp::WebPBitstreamFeatures, TransformError> {
    let mut features = MaybeUninit::zeroed();
    // SAFETY: `original` is readable for its length, and `features` is writable.
    let status = unsafe { webp::WebPGetFeatures(original.as_ptr(), original.len(), features.as_mut_ptr()) };
    judge(status)?;
    // SAFETY: all fields are numbers, for which zero is a value, and the library has filled them.
    Ok(unsafe { features.assume_init() })
}

fn size(features: &webp::WebPBitstreamFeatures) -> Result<Size, TransformError> {
    match (u32::try_from(features.width), u32::try_from(features.height)) {
        (Ok(width), Ok(height)) => Ok(Size { width, height }),
        _ => Err(TransformError::corrupt(InputFormat::Webp, "it has no size")),
    }
}

fn judge(status: webp::VP8StatusCode) -> Result<(), TransformError> {
    use webp::VP8StatusCode as Status;
    match status {
        Status::VP8_STATUS_OK => Ok(()),
        Status::VP8_STATUS_NOT_ENOUGH_DATA | Status::VP8_STATUS_SUSPENDED => {
            Err(TransformError::Truncated { format: InputFormat::Webp })
        }
        Status::VP8_STATUS_BITSTREAM_ERROR => {
            Err(TransformError::corrupt(InputFormat::Webp, "its data stream is broken"))
        }
        Status::VP8_STATUS_UNSUPPORTED_FEATURE => {
            Err(TransformError::unsupported(InputFormat::Webp, "a feature that libwebp does not know"))
        }
        // Also what it says of alpha that it cannot make sense of.
        Status::VP8_STATUS_OUT_OF_MEMORY => {
            let why = "its alpha is broken, or it asks for more memory than there is";
            Err(TransformError::corrupt(InputFormat::Webp, why))
        }
        other => Err(TransformError::failed("decoding WebP", format!("{other:?}"))),
    }
}

/// Decodes into memory of ours that `describe` tells the library of.
fn decode_into(
    data: &[u8],
    filter: EdgeFilter,
    describe: impl FnOnce(&mut webp::WebPDecBuffer),
) -> Result<(), TransformError> {
    let mut config = webp::WebPDecoderConfig::new()
        .map_err(|()| TransformError::failed("setting up WebP", "another version of libwebp"))?;
    config.options.bypass_filtering = c_int::from(filter == EdgeFilter::LeftOut);
    config.output.is_external_memory = 1;
    describe(&mut config.output);
    // SAFETY: `data` is readable for its length. The output buffers are those of `describe`, with sizes that the
    // library checks against the picture; being external, there is nothing to free.
    judge(unsafe { webp::WebPDecode(data.as_ptr(), data.len(), &mut config) })
}

fn pixels(data: &[u8], size: Size, filter: EdgeFilter) -> Result<Pixels, TransformError> {
    let mut pixels = Pixels::filled(size, [0; 4]);
    let rgba = pixels.rgba.as_flattened_mut();
    decode_into(data, filter, |output| {
        output.colorspace = webp::WEBP_CSP_MODE::MODE_RGBA;
        output.u.RGBA = webp::WebPRGBABuffer {
            rgba: rgba.as_mut_ptr(),
            stride: (size.width * 4) as c_int,
            size: rgba.len(),
        };
    })?;
    Ok(pixels)
}

fn planes(data: &[u8], size: Size, filter: EdgeFilter) -> Result<Planes, TransformError> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut luma = Plane::filled(width, height, 0);
    let mut cb = Plane::filled(width.div_ceil(2), height.div_ceil(2), 0);
    let mut cr = cb.clone();
    decode_into(data, filter, |output| {
        output.colorspace = webp::WEBP_CSP_MODE::MODE_YUV;
        output.u.YUVA = webp::WebPYUVABuffer {
            y: luma.samples.as_mut_ptr(),
            u: cb.samples.as_mut_ptr(),
            v: cr.samples.as_mut_ptr(),
            a: ptr::null_mut(),
            y_stride: luma.width as c_int,
            u_stride: cb.width as c_int,
            v_stride: cr.width as c_int,
            a_stride: 0,
            y_size: luma.samples.len(),
            u_size: cb.samples.len(),
            v_size: cr.samples.len(),
            a_size: 0,
        };
    })?;
    // WebP's YCbCr is limited-range BT.601 (RFC 6386 §9.2).
    map(&mut luma, &colour::luma_to_full(8, Range::Limited));
    let chroma_to_full = colour::chroma_to_full(8, Range::Limited);
    map(&mut cb, &chroma_to_full);
    map(&mut cr, &chroma_to_full);
    Ok(Planes { luma, chroma: Some([cb, cr]), subsampling: (2, 2), matrix: Matrix::Bt601 })
}

fn map(plane: &mut Plane, table: &[u8]) {
    for sample in &mut plane.samples {
        *sample = table[usize::from(*sample)];
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::Deadline;
    use crate::quality::{Level, number};

    fn wave(at: usize) -> u8 {
        (128.0 + 90.0 * ((at % 96) as f64 / 7.0).sin() * ((at / 96) as f64 / 5.0).cos()) as u8
    }

    /// The light in it, as it is decoded to be seen so many times smaller.
    fn luma(original: &[u8], shrink: f64) -> Vec<u8> {
        match decode(original, shrink).unwrap().picture {
            Picture::Planes(planes) => planes.luma.samples,
            Picture::Pixels(pixels) => pixels.rgba.iter().map(|pixel| pixel[1]).collect(),
        }
    }

    #[test]
    fn the_encoder_stops_when_its_time_is_over() {
        let limit = Duration::ZERO;
        let late = Deadline::after(limit);
        let pixels = Pixels::filled(Size::new(96, 64), [9, 90, 200, 120]);
        for fidelity in [Fidelity::Lossy(Level::of_codec(number(80)).webp()), Fidelity::Lossless] {
            let made = encode_pixels(&pixels, fidelity, &late);
            assert_eq!(made, Err(TransformError::OutOfTime { limit }), "{fidelity:?}");
        }
    }

    #[test]
    fn the_filter_of_edges_is_left_out_of_what_is_seen_at_half_its_size_and_hardly_seen() {
        let deadline = Deadline::after(Duration::from_secs(60));
        let coarse = Level::of_codec(number(5)).webp();
        let samples: Vec<u8> = (0..96 * 64).map(wave).collect();
        let rgba = samples.iter().map(|&grey| [grey, grey, grey, 200]).collect();
        let seen_through = Pixels { size: Size::new(96, 64), rgba };
        let luma_plane = Plane { width: 96, height: 64, samples };
        let grey = Planes { luma: luma_plane, chroma: None, subsampling: (1, 1), matrix: Matrix::Bt601 };
        for original in [
            encode_planes(&grey, coarse, &deadline).unwrap(),
            encode_pixels(&seen_through, Fidelity::Lossy(coarse), &deadline).unwrap(),
        ] {
            let filtered = luma(&original, 1.0);
            assert_eq!(luma(&original, 1.9), filtered);
            let unfiltered = luma(&original, 2.0);
            assert_ne!(unfiltered, filtered);
            let off: u32 = unfiltered.iter().zip(&filtered).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
            assert!(off < 8 * filtered.len() as u32, "{off} in {} samples", filtered.len());
        }
    }
}
