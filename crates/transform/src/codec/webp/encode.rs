//! WebP out through libwebp: lossy from planes or from pixels with alpha, lossless from pixels.

#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::{ptr, slice};

use libwebp_sys as webp;
use plan::Size;

use crate::colour;
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::pixels::Pixels;
use crate::planes::{Plane, Planes};
use crate::quality::WebpQuality;

/// Effort, 0 to 6. Against 4, the library's default, 2 takes less than half the time for files 3 to 4 % larger of the
/// same quality.
const METHOD: c_int = 2;
/// How much the edges of blocks are smoothed where it is decoded, 0 to 100, how unequally blocks of different detail are kept,
/// and how many kinds of those there are. Against 60, 50 and 4, the library's, of sixteen photographs of 800 pixels at quality
/// 80 files are 1.3 % smaller and score 0.4 more (SSIMULACRA2), the worst of them 1.6 more.
const SMOOTHED: c_int = 90;
const UNEQUALLY: c_int = 60;
const KINDS: c_int = 3;
/// How hard the lossless encoder tries, 0 to 100. The library's 75 takes three times as long for files 2 % smaller.
const LOSSLESS_EFFORT: f32 = 25.0;

/// How much of a picture is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fidelity {
    Lossy(WebpQuality),
    Lossless,
}

/// A lossy WebP of these planes (4:2:0 or grey).
pub(crate) fn encode_planes(
    planes: &Planes,
    quality: WebpQuality,
    deadline: &Deadline,
) -> Result<Vec<u8>, TransformError> {
    let limited = |plane: &Plane, table: &[u8; 256]| -> Vec<u8> {
        plane.samples.iter().map(|&sample| table[usize::from(sample)]).collect()
    };
    let mut y = limited(&planes.luma, &colour::luma_to_limited());
    let (chroma_width, chroma_height) = (planes.luma.width.div_ceil(2), planes.luma.height.div_ceil(2));
    let chroma = |index: usize| match &planes.chroma {
        Some(chroma) => limited(&chroma[index], &colour::chroma_to_limited()),
        None => vec![128; chroma_width * chroma_height],
    };
    let (mut u, mut v) = (chroma(0), chroma(1));
    if u.len() != chroma_width * chroma_height || v.len() != u.len() {
        return Err(TransformError::failed("encoding WebP", "chroma is not half the size of luma"));
    }
    let mut picture = EncoderPicture::new(planes.size())?;
    picture.0.y = y.as_mut_ptr();
    picture.0.u = u.as_mut_ptr();
    picture.0.v = v.as_mut_ptr();
    picture.0.y_stride = planes.luma.width as c_int;
    picture.0.uv_stride = chroma_width as c_int;
    picture.encode(Fidelity::Lossy(quality), deadline)
}

/// A WebP with an alpha channel that is always lossless.
pub(crate) fn encode_pixels(
    pixels: &Pixels,
    fidelity: Fidelity,
    deadline: &Deadline,
) -> Result<Vec<u8>, TransformError> {
    let mut picture = EncoderPicture::new(pixels.size)?;
    picture.0.use_argb = c_int::from(matches!(fidelity, Fidelity::Lossless));
    picture.import(pixels)?;
    picture.encode(fidelity, deadline)
}

fn config(fidelity: Fidelity) -> Result<webp::WebPConfig, TransformError> {
    let mut config = webp::WebPConfig::new()
        .map_err(|()| TransformError::failed("setting up WebP", "another version of libwebp"))?;
    match fidelity {
        Fidelity::Lossy(quality) => {
            config.quality = quality.get();
            config.filter_strength = SMOOTHED;
            config.sns_strength = UNEQUALLY;
            config.segments = KINDS;
        }
        Fidelity::Lossless => {
            config.lossless = 1;
            config.quality = LOSSLESS_EFFORT;
        }
    }
    config.method = METHOD;
    Ok(config)
}

/// What the encoder reads, freed when dropped (planes that are ours are not touched by that).
struct EncoderPicture(webp::WebPPicture);

impl EncoderPicture {
    fn new(size: Size) -> Result<EncoderPicture, TransformError> {
        let mut picture = webp::WebPPicture::new()
            .map_err(|()| TransformError::failed("setting up WebP", "another version of libwebp"))?;
        picture.width = size.width as c_int;
        picture.height = size.height as c_int;
        picture.use_argb = 0;
        picture.colorspace = webp::WebPEncCSP::WEBP_YUV420;
        Ok(EncoderPicture(picture))
    }

    /// Takes a copy of pixels of the picture's size.
    fn import(&mut self, pixels: &Pixels) -> Result<(), TransformError> {
        if (self.0.width as u32, self.0.height as u32) != (pixels.size.width, pixels.size.height) {
            return Err(TransformError::failed("encoding WebP", "the pixels have another size"));
        }
        let rgba = pixels.rgba.as_flattened();
        // SAFETY: `rgba` holds `height` rows of `width` pixels of four bytes; the library copies them into its own
        // memory, which is freed when this is dropped.
        let imported = unsafe {
            webp::WebPPictureImportRGBA(&mut self.0, rgba.as_ptr(), (pixels.size.width * 4) as c_int)
        };
        if imported == 0 { Err(self.error()) } else { Ok(()) }
    }

    fn encode(mut self, fidelity: Fidelity, deadline: &Deadline) -> Result<Vec<u8>, TransformError> {
        let config = config(fidelity)?;
        let mut writer = Writer::new();
        self.0.writer = Some(webp::WebPMemoryWrite);
        self.0.custom_ptr = ptr::from_mut(&mut writer.0).cast();
        self.0.progress_hook = Some(go_on);
        self.0.user_data = ptr::from_ref(deadline).cast_mut().cast::<c_void>();
        // SAFETY: configuration and picture are initialised; planes, writer and deadline outlive the call.
        if unsafe { webp::WebPEncode(&config, &mut self.0) } == 0 {
            if self.0.error_code == webp::WebPEncodingError::VP8_ENC_ERROR_USER_ABORT {
                return Err(deadline.error());
            }
            return Err(self.error());
        }
        Ok(writer.to_vec())
    }

    fn error(&self) -> TransformError {
        TransformError::failed("encoding WebP", format!("{:?}", self.0.error_code))
    }
}

impl Drop for EncoderPicture {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`; frees only what the library has allocated itself.
        unsafe { webp::WebPPictureFree(&mut self.0) };
    }
}

/// Called by the encoder now and then; 0 makes it give up.
extern "C" fn go_on(_percent: c_int, picture: *const webp::WebPPicture) -> c_int {
    // SAFETY: `user_data` is the deadline that `encode` has put there and that outlives the encoder's run.
    let deadline = unsafe { &*(*picture).user_data.cast::<Deadline>() };
    c_int::from(!deadline.has_passed())
}

/// The encoder's output, freed when dropped.
struct Writer(webp::WebPMemoryWriter);

impl Writer {
    fn new() -> Writer {
        let mut writer = MaybeUninit::zeroed();
        // SAFETY: writable; all fields are numbers and pointers, for which zero is a value.
        unsafe {
            webp::WebPMemoryWriterInit(writer.as_mut_ptr());
            Writer(writer.assume_init())
        }
    }

    fn to_vec(&self) -> Vec<u8> {
        if self.0.mem.is_null() {
            return Vec::new();
        }
        // SAFETY: the library has written `size` bytes there.
        unsafe { slice::from_raw_parts(self.0.mem, self.0.size) }.to_vec()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, cleared once.
        unsafe { webp::WebPMemoryWriterClear(&mut self.0) };
    }
}
