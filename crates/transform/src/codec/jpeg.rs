//! JPEG in and out, as planes wherever the file holds YCbCr: in by our own decoder where less than the full size will
//! do, else through libjpeg-turbo.

#![allow(unsafe_code)]

mod own_codes;
mod part;
mod prefix_code;
mod scaled;

use std::borrow::Cow;
use std::ffi::{CStr, c_int, c_void};
use std::ptr::{self, NonNull};
use std::slice;

use jpeg_scaled::Scale;
use plan::Size;
use turbojpeg_sys as tj;

use crate::codec::{Decoded, Picture, Shape, describes_rgb};
use crate::colour::Matrix;
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::metadata::Beside;
use crate::orientation;
use crate::pixels::Pixels;
use crate::planes::{Plane, Planes};
use crate::quality::JpegQuality;
use crate::sniff::InputFormat;

pub(crate) use self::part::{Colours as PartColours, part};

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

pub(crate) fn header(original: &[u8]) -> Result<Shape, TransformError> {
    let header = jpeg_scaled::header(original).map_err(scaled::refused)?;
    Ok(Shape {
        size: Size { width: header.width, height: header.height },
        alpha: false,
        orientation: orientation::of_exif(original, InputFormat::Jpeg),
    })
}

/// Decodes at full size, or at a half, a quarter or an eighth if that is still finer than needed.
///
/// `shrink` says how many pixels of the original there are for each of the output, in the direction that has fewer.
pub(crate) fn decode(
    original: &[u8],
    shrink: f64,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Decoded, TransformError> {
    let scale = scale(shrink);
    if let Some(scale) = scale
        && let Some(decoded) =
            scaled::decode(original, scale, scaled::precision(scale, shrink), limits, deadline)?
    {
        return Ok(decoded);
    }
    let decoder = Decoder::open(original)?;
    let size = decoder.size()?;
    let lossless = decoder.get(tj::TJPARAM_TJPARAM_LOSSLESS) == 1;
    if decoder.get(tj::TJPARAM_TJPARAM_PRECISION) != 8 {
        return Err(TransformError::unsupported(InputFormat::Jpeg, "more than eight bits a sample"));
    }
    // A lossless file holds no frequencies of which to leave out the high ones.
    let denominator = scale.filter(|_| !lossless).map_or(1, Scale::denominator);
    if denominator > 1 {
        decoder.scale_down(denominator as c_int)?;
    }
    let scaled = Size { width: size.width.div_ceil(denominator), height: size.height.div_ceil(denominator) };
    let colour_space = decoder.get(tj::TJPARAM_TJPARAM_COLORSPACE) as tj::TJCS;
    let subsampling = subsampling(decoder.get(tj::TJPARAM_TJPARAM_SUBSAMP));
    let picture = match (colour_space, subsampling) {
        (tj::TJCS_TJCS_YCbCr | tj::TJCS_TJCS_GRAY, Some(subsampling)) if !lossless => {
            Picture::Planes(decoder.planes(original, scaled, subsampling)?)
        }
        (tj::TJCS_TJCS_CMYK | tj::TJCS_TJCS_YCCK, _) => Picture::Pixels(decoder.cmyk(original, scaled)?),
        _ => Picture::Pixels(decoder.pixels(original, scaled, tj::TJPF_TJPF_RGBA)?),
    };
    // A profile of another kind (grey, CMYK) would describe colours that the output no longer has.
    let icc = decoder.icc().filter(|icc| describes_rgb(icc));
    Ok(Decoded { icc, ..Decoded::at_scale(1.0 / f64::from(denominator), picture) })
}

/// Frequencies are cut off block by block, without a look at the neighbours, so some of the way is left for the resizer, which
/// looks. Of photographs that are halved less does: from 2.4 on most score within 0.2 of what they do if nothing is cut off
/// (SSIMULACRA2; those full of leaves 1.2 less), but at 4.5 and 8.5 one to two points less.
fn scale(shrink: f64) -> Option<Scale> {
    let fits = |scale: &Scale| {
        let most = f64::from(scale.denominator());
        shrink >= if *scale == Scale::Half { most + 0.4 } else { most + 1.0 }
    };
    [Scale::Eighth, Scale::Quarter, Scale::Half].into_iter().find(fits)
}

/// How many luma samples share a chroma sample, for the layouts that can be decoded to planes.
fn subsampling(subsamp: c_int) -> Option<(u8, u8)> {
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

/// How a JPEG is written.
pub(crate) struct Settings<'a> {
    pub quality: JpegQuality,
    pub progressive: bool,
    pub beside: &'a Beside,
}

/// Which prefix codes (Huffman tables) the library writes with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Codes {
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
    Ok(match &settings.beside.exif {
        Some(exif) => with_exif(&jpeg, exif),
        None => jpeg,
    })
}

fn compressed(planes: &Planes, settings: &Settings<'_>, codes: Codes) -> Result<Vec<u8>, TransformError> {
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

/// EXIF behind the first segment, which is JFIF's and wants to stay the first (ITU-T T.871 §10.1, Exif 3.0 §4.7.2).
fn with_exif(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
    let first =
        jpeg.get(4..6).map_or(0, |length| 2 + usize::from(u16::from_be_bytes([length[0], length[1]])));
    let (before, after) = jpeg.split_at_checked(2 + first).unwrap_or((jpeg, &[]));
    let payload = [b"Exif\0\0", exif].concat();
    // A block of ours is far smaller than a segment may be.
    let Ok(length) = u16::try_from(payload.len() + 2) else { return jpeg.to_vec() };
    [before, &[0xff, 0xe1], &length.to_be_bytes(), &payload, after].concat()
}

/// The size that the library expects of a plane: of luma too, it is that of all pixels that share a chroma sample.
fn plane_size(component: c_int, size: Size, layout: c_int) -> (usize, usize) {
    // SAFETY: both take numbers and return one, -1 for what makes no sense.
    let (width, height) = unsafe {
        (
            tj::tj3YUVPlaneWidth(component, size.width as c_int, layout),
            tj::tj3YUVPlaneHeight(component, size.height as c_int, layout),
        )
    };
    (usize::try_from(width).unwrap_or(0), usize::try_from(height).unwrap_or(0))
}

/// A handle of the library, freed when dropped.
struct Handle(NonNull<c_void>);

impl Handle {
    fn new(kind: tj::TJINIT) -> Option<Handle> {
        // SAFETY: takes a number and returns a handle or null.
        NonNull::new(unsafe { tj::tj3Init(kind as c_int) }).map(Handle)
    }

    fn raw(&self) -> tj::tjhandle {
        self.0.as_ptr()
    }

    fn set(&self, parameter: tj::TJPARAM, value: c_int) -> Result<(), TransformError> {
        // SAFETY: the handle is alive.
        match unsafe { tj::tj3Set(self.raw(), parameter as c_int, value) } {
            0 => Ok(()),
            _ => Err(TransformError::failed("setting up JPEG", self.message())),
        }
    }

    fn get(&self, parameter: tj::TJPARAM) -> c_int {
        // SAFETY: the handle is alive.
        unsafe { tj::tj3Get(self.raw(), parameter as c_int) }
    }

    fn message(&self) -> String {
        // SAFETY: the library returns a terminated string inside the handle, which is alive; it is copied at once.
        unsafe { CStr::from_ptr(tj::tj3GetErrorStr(self.raw())) }.to_string_lossy().into_owned()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: made by tj3Init, destroyed once.
        unsafe { tj::tj3Destroy(self.raw()) };
    }
}

/// Bytes that the library has allocated.
struct Buffer {
    start: *mut u8,
    length: tj::size_t,
}

impl Buffer {
    fn to_vec(&self) -> Vec<u8> {
        if self.start.is_null() {
            return Vec::new();
        }
        // SAFETY: the library has set both to a buffer that it has filled.
        unsafe { slice::from_raw_parts(self.start, self.length as usize) }.to_vec()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: null, or allocated by the library and freed once.
        unsafe { tj::tj3Free(self.start.cast()) };
    }
}

/// A handle that has read a header.
struct Decoder {
    handle: Handle,
}

impl Decoder {
    fn open(original: &[u8]) -> Result<Decoder, TransformError> {
        let handle = Handle::new(tj::TJINIT_TJINIT_DECOMPRESS).ok_or_else(out_of_memory)?;
        handle.set(tj::TJPARAM_TJPARAM_SCANLIMIT, SCAN_LIMIT)?;
        // SAFETY: `original` is readable for its length.
        let code =
            unsafe { tj::tj3DecompressHeader(handle.raw(), original.as_ptr(), original.len() as tj::size_t) };
        let decoder = Decoder { handle };
        decoder.judge(code, original)?;
        Ok(decoder)
    }

    fn get(&self, parameter: tj::TJPARAM) -> c_int {
        self.handle.get(parameter)
    }

    fn size(&self) -> Result<Size, TransformError> {
        let side = |parameter| {
            u32::try_from(self.get(parameter))
                .map_err(|_| TransformError::corrupt(InputFormat::Jpeg, "it has no size"))
        };
        Ok(Size {
            width: side(tj::TJPARAM_TJPARAM_JPEGWIDTH)?,
            height: side(tj::TJPARAM_TJPARAM_JPEGHEIGHT)?,
        })
    }

    fn scale_down(&self, denominator: c_int) -> Result<(), TransformError> {
        let factor = tj::tjscalingfactor { num: 1, denom: denominator };
        // SAFETY: the handle is alive.
        match unsafe { tj::tj3SetScalingFactor(self.handle.raw(), factor) } {
            0 => Ok(()),
            _ => Err(TransformError::failed("setting up JPEG", self.handle.message())),
        }
    }

    fn planes(&self, original: &[u8], size: Size, subsampling: (u8, u8)) -> Result<Planes, TransformError> {
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

    fn pixels(&self, original: &[u8], size: Size, kind: tj::TJPF) -> Result<Pixels, TransformError> {
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
    fn cmyk(&self, original: &[u8], size: Size) -> Result<Pixels, TransformError> {
        let mut pixels = self.pixels(original, size, tj::TJPF_TJPF_CMYK)?;
        for pixel in &mut pixels.rgba {
            let [c, m, y, k] = pixel.map(u32::from);
            let light = |ink: u32| ((ink * k + 127) / 255) as u8;
            *pixel = [light(c), light(m), light(y), 255];
        }
        Ok(pixels)
    }

    /// The profile that the markers just read hold.
    fn icc(&self) -> Option<Vec<u8>> {
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

fn out_of_memory() -> TransformError {
    TransformError::failed("setting up JPEG", "out of memory")
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use jpeg_scaled::Precision;

    use super::*;
    use crate::quality::{Level, number};

    #[test]
    fn the_decoder_leaves_room_for_the_resizer() {
        for (shrink, expected) in
            [(0.5, 1), (1.0, 1), (2.3, 1), (2.4, 2), (4.9, 2), (5.0, 4), (9.0, 8), (500.0, 8)]
        {
            assert_eq!(scale(shrink).map_or(1, Scale::denominator), expected, "at {shrink}");
        }
    }

    /// How far two planes are from each other: on the whole, and sample by sample.
    fn apart(one: &Plane, other: &Plane) -> (f64, f64) {
        // The library rounds chroma's size up once more.
        let (width, height) = (one.width.min(other.width), one.height.min(other.height));
        assert!(one.width.abs_diff(other.width) <= 1 && one.height.abs_diff(other.height) <= 1);
        let rows = (0..height).map(|y| (&one.samples[y * one.width..], &other.samples[y * other.width..]));
        let (mut shift, mut distance) = (0, 0);
        for (one, other) in rows {
            for (a, b) in one[..width].iter().zip(&other[..width]) {
                shift += i64::from(*a) - i64::from(*b);
                distance += i64::from(a.abs_diff(*b));
            }
        }
        let count = (width * height) as f64;
        (shift as f64 / count, distance as f64 / count)
    }

    #[track_caller]
    fn assert_agree(original: &[u8], tolerance: f64, what: &str) {
        for scale in Scale::ALL {
            let deadline = Deadline::after(Duration::from_secs(60));
            let ours = scaled::decode(original, scale, Precision::Exact, &Limits::default(), &deadline)
                .unwrap()
                .unwrap();
            let Picture::Planes(ours) = ours.picture else { panic!("{what}: no planes") };
            let decoder = Decoder::open(original).unwrap();
            let size = decoder.size().unwrap();
            let subsampling = subsampling(decoder.get(tj::TJPARAM_TJPARAM_SUBSAMP)).unwrap();
            let denominator = scale.denominator();
            decoder.scale_down(denominator as c_int).unwrap();
            let size =
                Size { width: size.width.div_ceil(denominator), height: size.height.div_ceil(denominator) };
            let theirs = decoder.planes(original, size, subsampling).unwrap();
            let mut pairs = vec![(&ours.luma, &theirs.luma)];
            // Where ours has finer chroma there is nothing to compare.
            if let (Some(ours), Some(theirs)) = (&ours.chroma, &theirs.chroma)
                && scale != Scale::Eighth
            {
                pairs.extend(ours.iter().zip(theirs));
            }
            for (index, (ours, theirs)) in pairs.into_iter().enumerate() {
                let (shift, distance) = apart(ours, theirs);
                assert!(
                    shift.abs() <= tolerance / 2.0,
                    "{what}, {scale:?}, plane {index}: brighter by {shift}"
                );
                assert!(distance <= tolerance, "{what}, {scale:?}, plane {index}: {distance} apart");
            }
        }
    }

    /// The library averages neighbouring samples where ours leaves out high frequencies, so they differ at edges.
    #[test]
    fn ours_agrees_with_the_library_on_every_layout() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        for name in ["444", "422", "420", "440", "411", "grey", "progressive", "restarts"] {
            let original = std::fs::read(fixtures.join(format!("{name}.jpg"))).unwrap();
            assert_agree(&original, 8.0, name);
        }
    }

    #[test]
    fn ours_agrees_with_the_library_on_what_has_no_edges() {
        for (width, height) in [(333usize, 250usize), (160, 160), (17, 9)] {
            let wave = |every: usize, across: f64, down: f64| {
                let (width, height) = (width.div_ceil(every), height.div_ceil(every));
                let at = |index: usize| {
                    let (x, y) = ((index % width * every) as f64, (index / width * every) as f64);
                    (128.0 + 90.0 * (x / across + y / down).sin()) as u8
                };
                Plane { width, height, samples: (0..width * height).map(at).collect() }
            };
            let planes = Planes {
                luma: wave(1, 31.0, 53.0),
                chroma: Some([wave(2, -47.0, 71.0), wave(2, 90.0, -37.0)]),
                subsampling: (2, 2),
                matrix: Matrix::Bt601,
            };
            let quality = Level::alike(number(95)).jpeg();
            let settings = Settings { quality, progressive: false, beside: &Beside::default() };
            assert_agree(&encode(&planes, &settings).unwrap(), 1.5, &format!("{width}x{height}"));
        }
    }

    #[test]
    fn ours_agrees_with_the_library_on_photographs() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/images");
        for name in ["p6.jpg", "Landscape_1.jpg", "flowers.jpeg", "p12n_prog.jpg"] {
            if let Ok(original) = std::fs::read(folder.join(name)) {
                assert_agree(&original, 3.0, name);
            }
        }
    }

    #[test]
    fn what_is_not_ours_is_left_to_the_library() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let deadline = Deadline::after(Duration::from_secs(60));
        for name in ["cmyk.jpg", "rgb.jpg"] {
            let original = std::fs::read(fixtures.join(name)).unwrap();
            let ours =
                scaled::decode(&original, Scale::Half, Precision::Exact, &Limits::default(), &deadline)
                    .unwrap();
            assert!(ours.is_none(), "{name}");
            assert!(decode(&original, 3.0, &Limits::default(), &deadline).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_deadline_stops_our_decoder() {
        let original = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/420.jpg"));
        let error =
            decode(&original.unwrap(), 3.0, &Limits::default(), &Deadline::after(Duration::ZERO)).err();
        assert!(matches!(error, Some(TransformError::OutOfTime { .. })), "{error:?}");
    }
}
