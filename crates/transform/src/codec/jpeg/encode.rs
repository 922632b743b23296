//! JPEG out, from planes, through libjpeg-turbo.

#![allow(unsafe_code)]

use std::borrow::Cow;
use std::ffi::c_int;
use std::ptr;

use turbojpeg_sys as tj;

use super::library::{Buffer, Handle, out_of_memory, plane_size};
use super::own_codes;
use crate::error::TransformError;
use crate::metadata::Beside;
use crate::planes::Planes;
use crate::quality::JpegQuality;

/// How a JPEG is written.
pub(crate) struct Settings<'a> {
    pub quality: JpegQuality,
    pub progressive: bool,
    pub beside: &'a Beside,
}

/// Which prefix codes (Huffman tables) the library writes with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Codes {
    Standard,
    /// Those that suit the picture.
    Own,
}

/// A JPEG of these planes, with prefix codes of its own.
pub(crate) fn encode(planes: &Planes, settings: &Settings<'_>) -> Result<Vec<u8>, TransformError> {
    let jpeg = if settings.progressive {
        compressed(planes, settings, Codes::Own)?
    } else {
        own_codes::with_own_codes(&compressed(planes, settings, Codes::Standard)?)
            .ok_or_else(|| TransformError::failed("encoding JPEG", "its codes cannot be read again"))?
    };
    Ok(with_exif(jpeg, settings))
}

pub(super) fn compressed(
    planes: &Planes,
    settings: &Settings<'_>,
    codes: Codes,
) -> Result<Vec<u8>, TransformError> {
    let &Settings { quality, progressive, beside } = settings;
    let encoder = Handle::new(tj::TJINIT_TJINIT_COMPRESS).ok_or_else(out_of_memory)?;
    let failed = |encoder: &Handle| TransformError::failed("encoding JPEG", encoder.message());
    let layout = match planes.subsampling {
        _ if planes.chroma.is_none() => tj::TJSAMP_TJSAMP_GRAY,
        (1, 1) => tj::TJSAMP_TJSAMP_444,
        (2, 1) => tj::TJSAMP_TJSAMP_422,
        _ => tj::TJSAMP_TJSAMP_420,
    };
    encoder.set(tj::TJPARAM_TJPARAM_QUALITY, c_int::from(quality.get()))?;
    encoder.set(tj::TJPARAM_TJPARAM_SUBSAMP, layout)?;
    encoder.set(tj::TJPARAM_TJPARAM_OPTIMIZE, c_int::from(codes == Codes::Own))?;
    encoder.set(tj::TJPARAM_TJPARAM_PROGRESSIVE, c_int::from(progressive))?;
    if let Some(dots) = beside.dots_per_inch {
        // Of what the unit counts, 1 is an inch (ITU-T T.871 §10.1).
        encoder.set(tj::TJPARAM_TJPARAM_DENSITYUNITS, 1)?;
        encoder.set(tj::TJPARAM_TJPARAM_XDENSITY, dots as c_int)?;
        encoder.set(tj::TJPARAM_TJPARAM_YDENSITY, dots as c_int)?;
    }
    if let Some(icc) = &beside.icc {
        // SAFETY: `icc` is readable for its length; the library copies it and does not write despite the type.
        if unsafe { tj::tj3SetICCProfile(encoder.raw(), icc.as_ptr().cast_mut(), icc.len() as tj::size_t) }
            != 0
        {
            return Err(failed(&encoder));
        }
    }
    let size = planes.size();
    // The library wants as much luma as chroma covers, which in odd sizes is a line more than there is.
    let missing = |side: usize, shared: u8| side.next_multiple_of(usize::from(shared)) - side;
    let right = missing(planes.luma.width, planes.subsampling.0);
    let bottom = missing(planes.luma.height, planes.subsampling.1);
    let luma = match &planes.chroma {
        Some(_) if (right, bottom) != (0, 0) => Cow::Owned(planes.luma.extended(0, 0, right, bottom)),
        _ => Cow::Borrowed(&planes.luma),
    };
    let [cb, cr] = planes.chroma.as_ref().map_or([&*luma; 2], |[cb, cr]| [cb, cr]);
    let components = if planes.chroma.is_some() { 3 } else { 1 };
    for (component, plane) in (0..components).zip([&*luma, cb, cr]) {
        if (plane.width, plane.height) != plane_size(component, size, layout) {
            return Err(TransformError::failed(
                "encoding JPEG",
                "a plane has not the size that it should have",
            ));
        }
    }
    let pointers = [luma.samples.as_ptr(), cb.samples.as_ptr(), cr.samples.as_ptr()];
    let strides = [luma.width as c_int, cb.width as c_int, cr.width as c_int];
    let mut jpeg = Buffer { start: ptr::null_mut(), length: 0 };
    // SAFETY: each plane has the size that the library gives for it (just checked), strides are their widths, and
    // with a null buffer the library allocates one, which `Buffer` frees.
    let code = unsafe {
        tj::tj3CompressFromYUVPlanes8(
            encoder.raw(),
            pointers.as_ptr(),
            size.width as c_int,
            strides.as_ptr(),
            size.height as c_int,
            &mut jpeg.start,
            &mut jpeg.length,
        )
    };
    if code != 0 {
        return Err(failed(&encoder));
    }
    Ok(jpeg.to_vec())
}

/// EXIF, if there is some, behind the first segment, which is JFIF's and wants to stay the first (ITU-T T.871 §10.1, Exif 3.0 §4.7.2).
pub(super) fn with_exif(jpeg: Vec<u8>, settings: &Settings<'_>) -> Vec<u8> {
    let Some(exif) = &settings.beside.exif else { return jpeg };
    let first =
        jpeg.get(4..6).map_or(0, |length| 2 + usize::from(u16::from_be_bytes([length[0], length[1]])));
    let (before, after) = jpeg.split_at_checked(2 + first).unwrap_or((&jpeg, &[]));
    let payload = [b"Exif\0\0", exif.as_slice()].concat();
    // A block of ours is far smaller than a segment may be.
    let Ok(length) = u16::try_from(payload.len() + 2) else { return jpeg };
    [before, &[0xff, 0xe1], &length.to_be_bytes(), &payload, after].concat()
}
