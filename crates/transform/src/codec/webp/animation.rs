//! Animated WebP in and out, through libwebp's decoder and encoder of whole canvases.

#![allow(unsafe_code)]

use std::ffi::{CStr, c_int};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::slice;
use std::time::Duration;

use libwebp_sys as webp;
use plan::Size;

use super::encode::{EncoderPicture, Fidelity, config};
use crate::codec::Frame;
use crate::error::TransformError;
use crate::pixels::Pixels;
use crate::sniff::InputFormat;

/// A decoder of one picture after the other, deleted when dropped.
pub(crate) struct Frames<'a> {
    decoder: NonNull<webp::WebPAnimDecoder>,
    info: webp::WebPAnimInfo,
    /// When the last picture's time was over, in milliseconds.
    at: c_int,
    /// The decoder points into the original.
    original: PhantomData<&'a [u8]>,
}

impl<'a> Frames<'a> {
    /// `canvas` is what the header says, and what was checked.
    pub fn open(original: &'a [u8], canvas: Size) -> Result<Frames<'a>, TransformError> {
        let corrupt = || TransformError::corrupt(InputFormat::Webp, "its container is broken or incomplete");
        let mut options = MaybeUninit::zeroed();
        let mut info = MaybeUninit::zeroed();
        let data = webp::WebPData { bytes: original.as_ptr(), size: original.len() };
        let version = webp::WEBP_DEMUX_ABI_VERSION as c_int;
        // SAFETY: zero is a value for all fields of both structures, which the library fills; `data` outlives the call, and
        // its bytes the decoder (by the lifetime).
        let (decoder, info) = unsafe {
            if webp::WebPAnimDecoderOptionsInitInternal(options.as_mut_ptr(), version) == 0 {
                return Err(TransformError::failed("setting up WebP", "another version of libwebp"));
            }
            let decoder = webp::WebPAnimDecoderNewInternal(&data, options.as_ptr(), version);
            let decoder = NonNull::new(decoder).ok_or_else(corrupt)?;
            webp::WebPAnimDecoderGetInfo(decoder.as_ptr(), info.as_mut_ptr());
            (decoder, info.assume_init())
        };
        let frames = Frames { decoder, info, at: 0, original: PhantomData };
        if (frames.info.canvas_width, frames.info.canvas_height) != (canvas.width, canvas.height) {
            return Err(corrupt());
        }
        Ok(frames)
    }

    /// How often all of it is shown; 0 is without end.
    pub fn plays(&self) -> u32 {
        self.info.loop_count
    }

    pub fn next(&mut self) -> Result<Option<Frame>, TransformError> {
        // SAFETY: the decoder is alive.
        if unsafe { webp::WebPAnimDecoderHasMoreFrames(self.decoder.as_ptr()) } == 0 {
            return Ok(None);
        }
        let (mut canvas, mut end) = (ptr::null_mut(), 0);
        // SAFETY: the decoder is alive, and both pointers are writable.
        let found = unsafe { webp::WebPAnimDecoderGetNext(self.decoder.as_ptr(), &mut canvas, &mut end) };
        if found == 0 || canvas.is_null() {
            return Err(TransformError::corrupt(InputFormat::Webp, "one of its frames is broken"));
        }
        let size = Size { width: self.info.canvas_width, height: self.info.canvas_height };
        // SAFETY: the canvas belongs to the decoder and is whole until the next call: four bytes for each pixel.
        let rgba =
            unsafe { slice::from_raw_parts(canvas.cast::<[u8; 4]>(), size.pixels() as usize) }.to_vec();
        let shown = u64::try_from(end.saturating_sub(self.at)).unwrap_or(0);
        self.at = end;
        Ok(Some(Frame { pixels: Pixels { size, rgba }, shown: Duration::from_millis(shown) }))
    }
}

impl Drop for Frames<'_> {
    fn drop(&mut self) {
        // SAFETY: made by WebPAnimDecoderNewInternal, deleted once.
        unsafe { webp::WebPAnimDecoderDelete(self.decoder.as_ptr()) };
    }
}

/// Takes pictures of one size, and finds out what changes from one to the next; deleted when dropped.
pub(crate) struct AnimationEncoder {
    encoder: NonNull<webp::WebPAnimEncoder>,
    config: webp::WebPConfig,
    size: Size,
    /// When the next picture begins.
    at: Duration,
}

impl AnimationEncoder {
    /// `plays` is how often all of it is shown; 0 is without end.
    pub fn new(size: Size, plays: u32, fidelity: Fidelity) -> Result<AnimationEncoder, TransformError> {
        let config = config(fidelity)?;
        let mut options = MaybeUninit::<webp::WebPAnimEncoderOptions>::zeroed();
        let version = webp::WEBP_MUX_ABI_VERSION as c_int;
        // SAFETY: zero is a value for all fields, which the library fills; it copies them in the second call.
        let encoder = unsafe {
            if webp::WebPAnimEncoderOptionsInitInternal(options.as_mut_ptr(), version) == 0 {
                return Err(TransformError::failed("setting up WebP", "another version of libwebp"));
            }
            let mut options = options.assume_init();
            options.anim_params.loop_count = c_int::try_from(plays).unwrap_or(0);
            webp::WebPAnimEncoderNewInternal(size.width as c_int, size.height as c_int, &options, version)
        };
        let encoder = NonNull::new(encoder)
            .ok_or_else(|| TransformError::failed("setting up WebP", "no encoder of animations"))?;
        Ok(AnimationEncoder { encoder, config, size, at: Duration::ZERO })
    }

    pub fn add(&mut self, pixels: &Pixels, shown: Duration) -> Result<(), TransformError> {
        let mut picture = EncoderPicture::new(self.size)?;
        picture.0.use_argb = 1;
        picture.import(pixels)?;
        // SAFETY: encoder, picture and configuration are initialised and outlive the call, which copies what it keeps.
        let added = unsafe {
            webp::WebPAnimEncoderAdd(self.encoder.as_ptr(), &mut picture.0, self.millis(), &self.config)
        };
        if added == 0 {
            return Err(self.error());
        }
        self.at = self.at.saturating_add(shown);
        Ok(())
    }

    pub fn finish(self) -> Result<Vec<u8>, TransformError> {
        let mut data = Data(webp::WebPData { bytes: ptr::null(), size: 0 });
        // SAFETY: the encoder is alive; no picture at all says when the last one ends. `Data` frees what comes out.
        let assembled = unsafe {
            webp::WebPAnimEncoderAdd(self.encoder.as_ptr(), ptr::null_mut(), self.millis(), ptr::null()) != 0
                && webp::WebPAnimEncoderAssemble(self.encoder.as_ptr(), &mut data.0) != 0
        };
        if assembled { Ok(data.to_vec()) } else { Err(self.error()) }
    }

    fn millis(&self) -> c_int {
        c_int::try_from(self.at.as_millis()).unwrap_or(c_int::MAX)
    }

    fn error(&self) -> TransformError {
        // SAFETY: the encoder is alive; the library returns a terminated string inside of it, which is copied at once.
        let why = unsafe { CStr::from_ptr(webp::WebPAnimEncoderGetError(self.encoder.as_ptr())) };
        TransformError::failed("encoding WebP", why.to_string_lossy())
    }
}

impl Drop for AnimationEncoder {
    fn drop(&mut self) {
        // SAFETY: made by WebPAnimEncoderNewInternal, deleted once.
        unsafe { webp::WebPAnimEncoderDelete(self.encoder.as_ptr()) };
    }
}

/// Bytes that the library has allocated.
struct Data(webp::WebPData);

impl Data {
    fn to_vec(&self) -> Vec<u8> {
        if self.0.bytes.is_null() {
            return Vec::new();
        }
        // SAFETY: the library has set both to a buffer that it has filled.
        unsafe { slice::from_raw_parts(self.0.bytes, self.0.size) }.to_vec()
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        // SAFETY: null, or allocated by the library and freed once.
        unsafe { webp::WebPFree(self.0.bytes.cast_mut().cast()) };
    }
}
