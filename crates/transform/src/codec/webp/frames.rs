//! Animated WebP in, through libwebp's decoder of whole canvases.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::slice;
use std::time::Duration;

use libwebp_sys as webp;
use plan::Size;

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
