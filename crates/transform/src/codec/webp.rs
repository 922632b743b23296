//! WebP in and out through libwebp.

#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::slice;

use libwebp_sys as webp;
use plan::{Quality, Size};

use crate::codec::{Decoded, Picture, Shape};
use crate::colour::{self, Matrix, Range};
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::orientation;
use crate::pixels::Pixels;
use crate::planes::{Plane, Planes};
use crate::sniff::InputFormat;

/// Effort, 0 to 6. Against 4, the library's default, 2 takes less than half the time for files 3 to 4 % larger of the
/// same quality.
const METHOD: c_int = 2;

pub(crate) fn header(original: &[u8], limits: &Limits) -> Result<Shape, TransformError> {
    let features = features(original)?;
    if features.has_animation != 0 {
        Animation::open(original)?.check_frames(limits)?;
    }
    Ok(Shape {
        size: size(&features)?,
        // The first frame of an animation may leave some of the canvas uncovered.
        alpha: features.has_alpha != 0 || features.has_animation != 0,
        orientation: orientation::of_exif(original, InputFormat::Webp),
    })
}

/// A lossy picture as the planes that it holds; the first frame of an animation; else pixels.
pub(crate) fn decode(original: &[u8]) -> Result<Decoded, TransformError> {
    let features = features(original)?;
    let size = size(&features)?;
    let picture = if features.has_animation != 0 {
        Picture::Pixels(Animation::open(original)?.first_frame(size)?)
    } else if features.has_alpha == 0 && features.format == LOSSY {
        Picture::Planes(planes(original, size)?)
    } else {
        Picture::Pixels(pixels(original, size)?)
    };
    Ok(Decoded::full_size(picture))
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
        other => Err(TransformError::failed("decoding WebP", format!("{other:?}"))),
    }
}

/// Decodes into memory of ours that `describe` tells the library of.
fn decode_into(data: &[u8], describe: impl FnOnce(&mut webp::WebPDecBuffer)) -> Result<(), TransformError> {
    let mut config = webp::WebPDecoderConfig::new()
        .map_err(|()| TransformError::failed("setting up WebP", "another version of libwebp"))?;
    config.output.is_external_memory = 1;
    describe(&mut config.output);
    // SAFETY: `data` is readable for its length. The output buffers are those of `describe`, with sizes that the
    // library checks against the picture; being external, there is nothing to free.
    judge(unsafe { webp::WebPDecode(data.as_ptr(), data.len(), &mut config) })
}

fn pixels(data: &[u8], size: Size) -> Result<Pixels, TransformError> {
    let mut pixels = Pixels::filled(size, [0; 4]);
    let rgba = pixels.rgba.as_flattened_mut();
    decode_into(data, |output| {
        output.colorspace = webp::WEBP_CSP_MODE::MODE_RGBA;
        output.u.RGBA = webp::WebPRGBABuffer {
            rgba: rgba.as_mut_ptr(),
            stride: (size.width * 4) as c_int,
            size: rgba.len(),
        };
    })?;
    Ok(pixels)
}

fn planes(data: &[u8], size: Size) -> Result<Planes, TransformError> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut luma = Plane::filled(width, height, 0);
    let mut cb = Plane::filled(width.div_ceil(2), height.div_ceil(2), 0);
    let mut cr = cb.clone();
    decode_into(data, |output| {
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

/// The container of an animation, freed when dropped.
struct Animation<'a> {
    demuxer: NonNull<webp::WebPDemuxer>,
    /// The demuxer points into it.
    original: &'a [u8],
}

impl Animation<'_> {
    fn open(original: &[u8]) -> Result<Animation<'_>, TransformError> {
        let data = webp::WebPData { bytes: original.as_ptr(), size: original.len() };
        // SAFETY: `data` outlives the call and its bytes the demuxer (by the lifetime); a null state is allowed.
        let demuxer = unsafe {
            webp::WebPDemuxInternal(&data, 0, ptr::null_mut(), webp::WEBP_DEMUX_ABI_VERSION as c_int)
        };
        let demuxer = NonNull::new(demuxer).ok_or_else(|| {
            TransformError::corrupt(InputFormat::Webp, "its container is broken or incomplete")
        })?;
        Ok(Animation { demuxer, original })
    }

    fn check_frames(&self, limits: &Limits) -> Result<(), TransformError> {
        let feature = webp::WebPFormatFeature::WEBP_FF_FRAME_COUNT;
        // SAFETY: the demuxer is alive.
        let frames = unsafe { webp::WebPDemuxGetI(self.demuxer.as_ptr(), feature) };
        if frames > limits.frames {
            return Err(TransformError::TooManyFrames { limit: limits.frames });
        }
        Ok(())
    }

    /// On a transparent canvas: the background colour of the file is only a hint, which browsers ignore.
    fn first_frame(&self, canvas: Size) -> Result<Pixels, TransformError> {
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
        let pixels = pixels(data, Size { width, height })?;
        Ok(pixels.padded(canvas, plan::Rect { x, y, width, height }, [0; 4]))
    }
}

impl Drop for Animation<'_> {
    fn drop(&mut self) {
        // SAFETY: made by WebPDemuxInternal, deleted once.
        unsafe { webp::WebPDemuxDelete(self.demuxer.as_ptr()) };
    }
}

/// A lossy WebP of these planes (4:2:0 or grey).
pub(crate) fn encode_planes(
    planes: &Planes,
    quality: Quality,
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
    picture.encode(quality, deadline)
}

/// A lossy WebP with a lossless alpha channel.
pub(crate) fn encode_pixels(
    pixels: &Pixels,
    quality: Quality,
    deadline: &Deadline,
) -> Result<Vec<u8>, TransformError> {
    let mut picture = EncoderPicture::new(pixels.size)?;
    let rgba = pixels.rgba.as_flattened();
    // SAFETY: `rgba` holds `height` rows of `width` pixels of four bytes; the library copies them into its own memory,
    // which `EncoderPicture` frees.
    let imported = unsafe {
        webp::WebPPictureImportRGBA(&mut picture.0, rgba.as_ptr(), (pixels.size.width * 4) as c_int)
    };
    if imported == 0 {
        return Err(picture.error());
    }
    picture.encode(quality, deadline)
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

    fn encode(mut self, quality: Quality, deadline: &Deadline) -> Result<Vec<u8>, TransformError> {
        let mut config = webp::WebPConfig::new()
            .map_err(|()| TransformError::failed("setting up WebP", "another version of libwebp"))?;
        config.quality = f32::from(quality.get());
        config.method = METHOD;
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
