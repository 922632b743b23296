//! AVIF in: AV1 by libaom, any depth and layout, brought to eight full-range bits.
//!
//! Not by rav1d 1.1, which is faster: it panics on many a broken stream, inside functions that cannot unwind, so that one
//! hostile picture would end the process. It can come back once decoders run in processes of their own.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::{ptr, slice};

use libaom_sys as aom;
use plan::{CropBox, Size};

use super::container::{self, Coding, Container, Unreadable};
use super::obu;
use crate::codec::{Decoded, Picture, Shape, describes_rgb};
use crate::colour::{self, Matrix, Range};
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::pixels::Pixels;
use crate::planes::{Plane, Planes};
use crate::resample::Resampler;
use crate::sniff::InputFormat;

pub(crate) fn header(original: &[u8]) -> Result<Shape, TransformError> {
    let container = open(original)?;
    Ok(Shape { size: container.size, alpha: container.alpha.is_some(), orientation: container.orientation })
}

/// As stored, by the container alone.
pub(crate) fn size(original: &[u8]) -> Option<Size> {
    container::parse(original).ok().map(|container| container.size)
}

/// As planes, unless there is alpha or the file holds RGB itself.
pub(crate) fn decode(
    original: &[u8],
    limits: &Limits,
    deadline: &Deadline,
    resampler: &mut Resampler,
) -> Result<Decoded, TransformError> {
    let container = open(original)?;
    let icc = container.icc.filter(|icc| describes_rgb(icc)).map(<[u8]>::to_vec);
    let stream = Stream::decode(&container.colour, limits)?;
    if stream.size() != container.size {
        return Err(TransformError::corrupt(
            InputFormat::Avif,
            "the picture has not the size that its header says",
        ));
    }
    let coding = container.coding.unwrap_or(stream.coding());
    let mut picture = match coding.matrix {
        IDENTITY => Picture::Pixels(stream.rgb(coding.range())?),
        matrix => Picture::Planes(stream.planes(matrix_of(matrix)?, coding.range())?),
    };
    drop(stream);
    if let Some(alpha) = &container.alpha {
        deadline.check()?;
        let mut pixels = match picture {
            Picture::Pixels(pixels) => pixels,
            Picture::Planes(planes) => {
                colour::to_pixels(&planes.resized_444(whole(container.size), container.size, resampler)?)
            }
        };
        let alpha = alpha_plane(alpha, container.size, limits, resampler)?;
        for (pixel, alpha) in pixels.rgba.iter_mut().zip(alpha.samples) {
            if container.premultiplied {
                *pixel = divided(*pixel, alpha);
            }
            pixel[3] = alpha;
        }
        picture = Picture::Pixels(pixels);
    }
    Ok(Decoded { icc, ..Decoded::full_size(picture) })
}

/// `MatrixCoefficients` of ITU-T H.273 table 4: no matrix, the planes are green, blue and red.
const IDENTITY: u16 = 0;

fn matrix_of(number: u16) -> Result<Matrix, TransformError> {
    match number {
        1 => Ok(Matrix::Bt709),
        // Unspecified is read as what most pictures are (ISO/IEC 23000-22 §7.3.6.4).
        2 | 5 | 6 => Ok(Matrix::Bt601),
        9 => Ok(Matrix::Bt2020),
        other => Err(TransformError::unsupported(InputFormat::Avif, format!("matrix coefficients {other}"))),
    }
}

fn open(original: &[u8]) -> Result<Container<'_>, TransformError> {
    container::parse(original).map_err(refused)
}

fn refused(unreadable: Unreadable) -> TransformError {
    match unreadable {
        Unreadable::Truncated => TransformError::Truncated { format: InputFormat::Avif },
        Unreadable::Corrupt(why) => TransformError::corrupt(InputFormat::Avif, why),
        Unreadable::Unsupported(what) => TransformError::unsupported(InputFormat::Avif, what),
    }
}

fn alpha_plane(
    data: &[u8],
    size: Size,
    limits: &Limits,
    resampler: &mut Resampler,
) -> Result<Plane, TransformError> {
    let stream = Stream::decode(data, limits)?;
    let alpha = stream.plane(0, &colour::luma_to_full(stream.bits()?, stream.coding().range()))?;
    if stream.size() == size {
        return Ok(alpha);
    }
    let crop = whole(stream.size());
    alpha.resized(crop, (size.width as usize, size.height as usize), resampler)
}

fn whole(size: Size) -> CropBox {
    CropBox { x: 0.0, y: 0.0, width: f64::from(size.width), height: f64::from(size.height) }
}

fn divided([r, g, b, _]: [u8; 4], alpha: u8) -> [u8; 4] {
    let alpha = u32::from(alpha).max(1);
    let divided = |value: u8| ((u32::from(value) * 255 + alpha / 2) / alpha).min(255) as u8;
    [divided(r), divided(g), divided(b), 255]
}

impl Coding {
    fn range(self) -> Range {
        if self.full_range { Range::Full } else { Range::Limited }
    }
}

/// A decoder that has decoded a picture, destroyed when dropped.
struct Stream {
    context: aom::aom_codec_ctx,
    /// Points into the context's memory, alive as long as the context and unchanged while nothing more is decoded.
    picture: *const aom::aom_image,
}

impl Stream {
    fn decode(data: &[u8], limits: &Limits) -> Result<Stream, TransformError> {
        obu::check(data).map_err(refused)?;
        check_size(data, limits)?;
        // One thread: requests are what runs in parallel here.
        let config = aom::aom_codec_dec_cfg { threads: 1, w: 0, h: 0, allow_lowbitdepth: 1 };
        // SAFETY: all fields are numbers and pointers, for which zero is a value.
        let mut context = unsafe { MaybeUninit::<aom::aom_codec_ctx>::zeroed().assume_init() };
        // SAFETY: context and configuration are valid for the call, which copies the latter.
        let opened = unsafe {
            let version = aom::AOM_DECODER_ABI_VERSION as c_int;
            aom::aom_codec_dec_init_ver(&mut context, aom::aom_codec_av1_dx(), &config, 0, version)
        };
        if opened != aom::AOM_CODEC_OK {
            return Err(TransformError::failed("setting up AVIF", "libaom refuses its configuration"));
        }
        // From here on the context is destroyed on every path.
        let mut stream = Stream { context, picture: ptr::null() };
        // SAFETY: the context is open, and `data` is readable for its length.
        let decoded =
            unsafe { aom::aom_codec_decode(&mut stream.context, data.as_ptr(), data.len(), ptr::null_mut()) };
        if decoded == aom::AOM_CODEC_OK {
            let mut iterator = ptr::null();
            // SAFETY: the context is open, and the iterator is this call's.
            stream.picture = unsafe { aom::aom_codec_get_frame(&mut stream.context, &mut iterator) };
        }
        if stream.picture.is_null() {
            // The library's codes do not tell a broken stream from one that ends too early.
            return Err(TransformError::corrupt(InputFormat::Avif, "its AV1 data cannot be decoded"));
        }
        Ok(stream)
    }

    fn picture(&self) -> &aom::aom_image {
        // SAFETY: not null after `decode`, and alive as long as the context, which is as long as `self`.
        unsafe { &*self.picture }
    }

    fn size(&self) -> Size {
        Size { width: self.picture().d_w, height: self.picture().d_h }
    }

    /// What the stream's own header says.
    fn coding(&self) -> Coding {
        let picture = self.picture();
        Coding { matrix: picture.mc as u16, full_range: picture.range == aom::AOM_CR_FULL_RANGE }
    }

    fn bits(&self) -> Result<u8, TransformError> {
        match self.picture().bit_depth {
            bits @ (8 | 10 | 12) => Ok(bits as u8),
            bits => Err(TransformError::unsupported(InputFormat::Avif, format!("{bits} bits a sample"))),
        }
    }

    /// How many luma samples share a chroma sample; nothing for a grey picture.
    fn subsampling(&self) -> Result<Option<(u8, u8)>, TransformError> {
        let picture = self.picture();
        if picture.monochrome != 0 {
            return Ok(None);
        }
        match picture.fmt & !aom::AOM_IMG_FMT_HIGHBITDEPTH {
            aom::AOM_IMG_FMT_I420 => Ok(Some((2, 2))),
            aom::AOM_IMG_FMT_I422 => Ok(Some((2, 1))),
            aom::AOM_IMG_FMT_I444 => Ok(Some((1, 1))),
            _ => Err(TransformError::unsupported(InputFormat::Avif, "an unknown layout of planes")),
        }
    }

    fn planes(&self, matrix: Matrix, range: Range) -> Result<Planes, TransformError> {
        let luma = self.plane(0, &colour::luma_to_full(self.bits()?, range))?;
        let Some(subsampling) = self.subsampling()? else {
            return Ok(Planes { luma, chroma: None, subsampling: (1, 1), matrix });
        };
        let table = colour::chroma_to_full(self.bits()?, range);
        let chroma = Some([self.plane(1, &table)?, self.plane(2, &table)?]);
        Ok(Planes { luma, chroma, subsampling, matrix })
    }

    /// Planes that are green, blue and red.
    fn rgb(&self, range: Range) -> Result<Pixels, TransformError> {
        if self.subsampling()? != Some((1, 1)) {
            return Err(TransformError::corrupt(InputFormat::Avif, "RGB planes are not of one size"));
        }
        let table = colour::luma_to_full(self.bits()?, range);
        let [green, blue, red] = [self.plane(0, &table)?, self.plane(1, &table)?, self.plane(2, &table)?];
        let rgba = (red.samples.iter().zip(&green.samples).zip(&blue.samples))
            .map(|((&r, &g), &b)| [r, g, b, 255])
            .collect();
        Ok(Pixels { size: self.size(), rgba })
    }

    /// A plane, each stored value replaced by what the table has for it.
    fn plane(&self, index: usize, table: &[u8]) -> Result<Plane, TransformError> {
        let missing = || TransformError::corrupt(InputFormat::Avif, "a plane is missing");
        let picture = self.picture();
        let (across, down) = match index {
            0 => (1, 1),
            _ => self.subsampling()?.ok_or_else(missing)?,
        };
        let width = (picture.d_w as usize).div_ceil(usize::from(across));
        let height = (picture.d_h as usize).div_ceil(usize::from(down));
        let (start, stride) = (picture.planes[index].cast_const(), picture.stride[index] as isize);
        if start.is_null() {
            return Err(missing());
        }
        let wide = picture.fmt & aom::AOM_IMG_FMT_HIGHBITDEPTH != 0;
        let last = table.len() - 1;
        let mut samples = Vec::with_capacity(width * height);
        for y in 0..height {
            // SAFETY: the plane has `height` rows of at least `width` samples, `stride` bytes apart, as the library
            // documents; the picture is alive, and nothing writes to it any more.
            let row = unsafe { start.offset(stride * y as isize) };
            if wide {
                // SAFETY: as above; in this format samples are 16-bit numbers, and rows are aligned for them.
                let row = unsafe { slice::from_raw_parts(row.cast::<u16>(), width) };
                samples.extend(row.iter().map(|&sample| table[usize::from(sample).min(last)]));
            } else {
                // SAFETY: as above.
                let row = unsafe { slice::from_raw_parts(row, width) };
                samples.extend(row.iter().map(|&sample| table[usize::from(sample).min(last)]));
            }
        }
        Ok(Plane { width, height, samples })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: opened in `decode`, destroyed once.
        unsafe { aom::aom_codec_destroy(&mut self.context) };
    }
}

/// Frames cannot be larger than the sequence header says, and there is only one of those (`obu::check`).
fn check_size(data: &[u8], limits: &Limits) -> Result<(), TransformError> {
    let mut info = aom::aom_codec_stream_info {
        w: 0,
        h: 0,
        is_kf: 0,
        number_spatial_layers: 0,
        number_temporal_layers: 0,
        is_annexb: 0,
    };
    // SAFETY: `data` is readable for its length, and `info` is writable.
    let peeked = unsafe {
        aom::aom_codec_peek_stream_info(aom::aom_codec_av1_dx(), data.as_ptr(), data.len(), &mut info)
    };
    if peeked != aom::AOM_CODEC_OK {
        return Err(TransformError::corrupt(InputFormat::Avif, "its AV1 data has no readable header"));
    }
    let found = Size { width: info.w, height: info.h }.pixels();
    if found > limits.pixels {
        return Err(TransformError::TooManyPixels { found, limit: limits.pixels });
    }
    Ok(())
}
