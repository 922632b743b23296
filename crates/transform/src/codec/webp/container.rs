//! What an animated WebP's container holds, through libwebp's demuxer: how many frames, and the first of them.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use libwebp_sys as webp;
use plan::Size;

use super::pixels;
use crate::codec::EdgeFilter;
use crate::error::TransformError;
use crate::limits::Limits;
use crate::pixels::Pixels;
use crate::sniff::InputFormat;

/// The container of an animation, freed when dropped.
pub(super) struct Container<'a> {
    demuxer: NonNull<webp::WebPDemuxer>,
    /// The demuxer points into it.
    original: &'a [u8],
}

impl Container<'_> {
    pub fn open(original: &[u8]) -> Result<Container<'_>, TransformError> {
        let data = webp::WebPData { bytes: original.as_ptr(), size: original.len() };
        // SAFETY: `data` outlives the call and its bytes the demuxer (by the lifetime); a null state is allowed.
        let demuxer = unsafe {
            webp::WebPDemuxInternal(&data, 0, ptr::null_mut(), webp::WEBP_DEMUX_ABI_VERSION as c_int)
        };
        let demuxer = NonNull::new(demuxer).ok_or_else(|| {
            TransformError::corrupt(InputFormat::Webp, "its container is broken or incomplete")
        })?;
        Ok(Container { demuxer, original })
    }

    pub fn check_frames(&self, limits: &Limits) -> Result<(), TransformError> {
        if self.frames() > limits.frames {
            return Err(TransformError::TooManyFrames { limit: limits.frames });
        }
        Ok(())
    }

    pub fn frames(&self) -> u32 {
        let feature = webp::WebPFormatFeature::WEBP_FF_FRAME_COUNT;
        // SAFETY: the demuxer is alive.
        unsafe { webp::WebPDemuxGetI(self.demuxer.as_ptr(), feature) }
    }

    /// On a transparent canvas: the background colour of the file is only a hint, which browsers ignore.
    pub fn first_frame(&self, canvas: Size) -> Result<Pixels, TransformError> {
        let corrupt = || TransformError::corrupt(InputFormat::Webp, "its first frame is broken");
        let mut frame = MaybeUninit::zeroed();
        // SAFETY: the demuxer is alive and `frame` is writable.
        let found = unsafe { webp::WebPDemuxGetFrame(self.demuxer.as_ptr(), 1, frame.as_mut_ptr()) };
        if found == 0 {
            return Err(corrupt());
        }
        // SAFETY: zero is a value for every field, and the library has filled them.
        let mut frame: webp::WebPIterator = unsafe { frame.assume_init() };
        let (offset, length) = (
            (frame.fragment.bytes as usize).wrapping_sub(self.original.as_ptr() as usize),
            frame.fragment.size,
        );
        let placed = (frame.x_offset, frame.y_offset, frame.width, frame.height);
        // SAFETY: filled by WebPDemuxGetFrame, released once.
        unsafe { webp::WebPDemuxReleaseIterator(&mut frame) };
        // The fragment lies in the original; found again there, it needs no pointer of the library's.
        let data = self.original.get(offset..).and_then(|rest| rest.get(..length)).ok_or_else(corrupt)?;
        let (Ok(x), Ok(y), Ok(width), Ok(height)) = (
            u32::try_from(placed.0),
            u32::try_from(placed.1),
            u32::try_from(placed.2),
            u32::try_from(placed.3),
        ) else {
            return Err(corrupt());
        };
        let inside =
            |start: u32, length: u32, whole: u32| start.checked_add(length).is_some_and(|end| end <= whole);
        if !inside(x, width, canvas.width) || !inside(y, height, canvas.height) || width == 0 {
            return Err(corrupt());
        }
        let pixels = pixels(data, Size { width, height }, EdgeFilter::Applied)?;
        Ok(pixels.padded(canvas, plan::Rect { x, y, width, height }, [0; 4]))
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        // SAFETY: made by WebPDemuxInternal, deleted once.
        unsafe { webp::WebPDemuxDelete(self.demuxer.as_ptr()) };
    }
}
