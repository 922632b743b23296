//! libjpeg-turbo's decoder.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::ptr;

use plan::Size;
use turbojpeg_sys as tj;

use super::library::{Buffer, Handle, out_of_memory, plane_size};
use crate::colour::Matrix;
use crate::error::TransformError;
use crate::pixels::Pixels;
use crate::planes::{Plane, Planes};
use crate::sniff::InputFormat;

/// As in our own decoder: a progressive file may hold any number of passes over the whole picture, each costing nearly as much as a picture.
/// Encoders write about ten.
const SCAN_LIMIT: c_int = 100;

/// What is in the data stream but does not touch the picture; seen in files of many cameras.
const HARMLESS: [&str; 4] = [
    "extraneous bytes before marker",
    "Invalid SOS parameters for sequential",
    "unknown JFIF revision",
    "Unknown Adobe color transform code",
];

/// How many luma samples share a chroma sample, for the layouts that can be decoded to planes.
pub(super) fn subsampling(subsamp: c_int) -> Option<(u8, u8)> {
    match subsamp {
        tj::TJSAMP_TJSAMP_444 | tj::TJSAMP_TJSAMP_GRAY => Some((1, 1)),
        tj::TJSAMP_TJSAMP_422 => Some((2, 1)),
        tj::TJSAMP_TJSAMP_420 => Some((2, 2)),
        tj::TJSAMP_TJSAMP_440 => Some((1, 2)),
        tj::TJSAMP_TJSAMP_411 => Some((4, 1)),
        tj::TJSAMP_TJSAMP_441 => Some((1, 4)),
        _ => None,
    }
}

/// A handle that has read a header.
pub(super) struct Decoder {
    handle: Handle,
}

impl Decoder {
    pub fn open(original: &[u8]) -> Result<Decoder, TransformError> {
        let handle = Handle::new(tj::TJINIT_TJINIT_DECOMPRESS).ok_or_else(out_of_memory)?;
        handle.set(tj::TJPARAM_TJPARAM_SCANLIMIT, SCAN_LIMIT)?;
        // SAFETY: `original` is readable for its length.
        let code =
            unsafe { tj::tj3DecompressHeader(handle.raw(), original.as_ptr(), original.len() as tj::size_t) };
        let decoder = Decoder { handle };
        decoder.judge(code, original)?;
        Ok(decoder)
    }

    pub fn get(&self, parameter: tj::TJPARAM) -> c_int {
        self.handle.get(parameter)
    }

    pub fn size(&self) -> Result<Size, TransformError> {
        let side = |parameter| {
            u32::try_from(self.get(parameter))
                .map_err(|_| TransformError::corrupt(InputFormat::Jpeg, "it has no size"))
        };
        Ok(Size {
            width: side(tj::TJPARAM_TJPARAM_JPEGWIDTH)?,
            height: side(tj::TJPARAM_TJPARAM_JPEGHEIGHT)?,
        })
    }

    pub fn scale_down(&self, denominator: c_int) -> Result<(), TransformError> {
        let factor = tj::tjscalingfactor { num: 1, denom: denominator };
        // SAFETY: the handle is alive.
        match unsafe { tj::tj3SetScalingFactor(self.handle.raw(), factor) } {
            0 => Ok(()),
            _ => Err(TransformError::failed("setting up JPEG", self.handle.message())),
        }
    }

    pub fn planes(
        &self,
        original: &[u8],
        size: Size,
        subsampling: (u8, u8),
    ) -> Result<Planes, TransformError> {
        let layout = self.get(tj::TJPARAM_TJPARAM_SUBSAMP);
        let plane = |component| {
            let (width, height) = plane_size(component, size, layout);
            Plane::filled(width, height, 0)
        };
        let mut luma = plane(0);
        let mut chroma = (layout != tj::TJSAMP_TJSAMP_GRAY).then(|| [plane(1), plane(2)]);
        let [cb, cr] = match &mut chroma {
            Some([cb, cr]) => [cb.samples.as_mut_ptr(), cr.samples.as_mut_ptr()],
            None => [ptr::null_mut(); 2],
        };
        let mut pointers = [luma.samples.as_mut_ptr(), cb, cr];
        // SAFETY: the planes have the sizes that the library itself gives for this picture, scale and layout, without
        // gaps (null strides); it re-reads the same bytes, so the header cannot change in between.
        let code = unsafe {
            tj::tj3DecompressToYUVPlanes8(
                self.handle.raw(),
                original.as_ptr(),
                original.len() as tj::size_t,
                pointers.as_mut_ptr(),
                ptr::null_mut(),
            )
        };
        self.judge(code, original)?;
        // Beyond the picture, the library leaves whatever it has found in memory.
        luma.cut(size.width as usize, size.height as usize);
        Ok(Planes { luma, chroma, subsampling, matrix: Matrix::Bt601 })
    }

    pub fn pixels(&self, original: &[u8], size: Size, kind: tj::TJPF) -> Result<Pixels, TransformError> {
        let mut pixels = Pixels::filled(size, [0; 4]);
        // SAFETY: `rgba` holds `width * height` pixels of four bytes, which is what these pixel formats need.
        let code = unsafe {
            tj::tj3Decompress8(
                self.handle.raw(),
                original.as_ptr(),
                original.len() as tj::size_t,
                pixels.rgba.as_mut_ptr().cast(),
                (size.width * 4) as c_int,
                kind as c_int,
            )
        };
        self.judge(code, original)?;
        Ok(pixels)
    }

    /// By the plain formula; with a press profile colours would come out truer (for later, with ICC conversion).
    ///
    /// Every known writer of such files stores the inks inverted, as Adobe has done it: 255 is no ink.
    pub fn cmyk(&self, original: &[u8], size: Size) -> Result<Pixels, TransformError> {
        let mut pixels = self.pixels(original, size, tj::TJPF_TJPF_CMYK)?;
        for pixel in &mut pixels.rgba {
            let [c, m, y, k] = pixel.map(u32::from);
            let light = |ink: u32| ((ink * k + 127) / 255) as u8;
            *pixel = [light(c), light(m), light(y), 255];
        }
        Ok(pixels)
    }

    /// The profile that the markers just read hold.
    pub fn icc(&self) -> Option<Vec<u8>> {
        let mut icc = Buffer { start: ptr::null_mut(), length: 0 };
        // SAFETY: the library allocates the buffer (or leaves null), and `Buffer` frees it.
        let code = unsafe { tj::tj3GetICCProfile(self.handle.raw(), &mut icc.start, &mut icc.length) };
        (code == 0 && !icc.start.is_null()).then(|| icc.to_vec())
    }

    /// What the library's verdict means: its warnings range from "never mind" to "half the picture is missing".
    fn judge(&self, code: c_int, original: &[u8]) -> Result<(), TransformError> {
        if code == 0 {
            return Ok(());
        }
        let why = self.handle.message();
        // SAFETY: the handle is alive.
        let warning = unsafe { tj::tj3GetErrorCode(self.handle.raw()) } == tj::TJERR_TJERR_WARNING as c_int;
        // Only the first warning is told, so a harmless one could hide that the file ends too early.
        let harmless = warning && HARMLESS.iter().any(|harmless| why.contains(harmless));
        if harmless && original.windows(2).rev().any(|marker| marker == [0xff, 0xd9]) {
            Ok(())
        } else if harmless || why.contains("Premature end of") {
            Err(TransformError::Truncated { format: InputFormat::Jpeg })
        } else {
            Err(TransformError::corrupt(InputFormat::Jpeg, why))
        }
    }
}
