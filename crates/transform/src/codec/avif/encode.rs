//! AVIF out: AV1 by libaom, wrapped by avif-serialize.

#![allow(unsafe_code)]

use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;
use std::{ptr, slice};

use avif_serialize::Aviffy;
use avif_serialize::constants::MatrixCoefficients;
use libaom_sys as aom;
use plan::Size;

use super::writer::Sample;
use crate::colour;
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::metadata::Beside;
use crate::pixels::Pixels;
use crate::planes::{Plane, Planes};
use crate::quality::AvifQuantizer;

const OPTIONS: [(&CStr, &CStr); 2] = [(c"color-primaries", c"bt709"), (c"transfer-characteristics", c"srgb")];

/// The speed of a still picture.
const STILL: &CStr = c"8";
/// And of those that follow each other, in the library's mode for live pictures. Its slower modes take ten times as long; 7
/// here, half as long again for files 1 % smaller.
const MOVING: &CStr = c"9";

/// At speed 8 these win back part of what slower speeds would gain; 6 costs twice as much time for files 6 % smaller.
/// They are most of what later versions of the library call tune=iq: at the same score, files are some 4 % smaller with
/// errors weighed as the quantisation matrices weigh them (`dist-metric`) than without. Coefficients are chosen with care
/// (`disable-trellis-quant` 2) where they are written, not for each mode that is tried: 8 % less time, and files 1 % smaller.
/// Of the transforms, only the cosine is tried (`use-intra-dct-only`): 11 % less time, and files 1 to 2 % larger.
const LOSSY: [(&CStr, &CStr); 9] = [
    (c"tune", c"ssim"),
    (c"enable-qm", c"1"),
    (c"qm-min", c"2"),
    (c"qm-max", c"10"),
    (c"dist-metric", c"qm-psnr"),
    (c"sharpness", c"7"),
    (c"disable-trellis-quant", c"2"),
    (c"use-intra-dct-only", c"1"),
    (c"matrix-coefficients", c"bt601"),
];

/// Red, green and blue as they are (ITU-T H.273 §8.3, coefficients 0).
const LOSSLESS: [(&CStr, &CStr); 2] = [(c"lossless", c"1"), (c"matrix-coefficients", c"identity")];

/// Edges of alpha show more than those of colours: at least this fine.
const ALPHA_QUANTIZER: u8 = 13;

/// What one AV1 picture holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Luma and chroma, which so many pixels share across and down.
    Colour {
        shared: (u8, u8),
        quantizer: AvifQuantizer,
    },
    /// Alpha alone. The two other planes are not looked at.
    Alpha {
        quantizer: AvifQuantizer,
    },
    /// Green, blue and red.
    Lossless,
    LosslessAlpha,
}

impl Kind {
    /// Of colours that are kept so well.
    pub fn alpha_beside(quantizer: AvifQuantizer) -> Kind {
        Kind::Alpha { quantizer: quantizer.finer(AvifQuantizer::new(ALPHA_QUANTIZER)) }
    }

    pub fn is_alpha(self) -> bool {
        matches!(self, Kind::Alpha { .. } | Kind::LosslessAlpha)
    }

    pub fn shared(self) -> (u8, u8) {
        match self {
            Kind::Colour { shared, .. } => shared,
            Kind::Alpha { .. } | Kind::LosslessAlpha => (2, 2),
            Kind::Lossless => (1, 1),
        }
    }

    /// How RGB becomes its planes (ITU-T H.273 table 4).
    pub fn matrix(self) -> u16 {
        match self {
            Kind::Lossless => aom::AOM_CICP_MC_IDENTITY as u16,
            _ => aom::AOM_CICP_MC_BT_601 as u16,
        }
    }

    /// Which of AV1's profiles allows that (AV1 specification §6.4.1).
    pub fn profile(self) -> u8 {
        match self.shared() {
            (1, 1) => 1,
            (2, 1) => 2,
            _ => 0,
        }
    }
}

/// From planes (4:2:0, 4:2:2, 4:4:4 or grey).
pub(crate) fn encode_planes(
    planes: &Planes,
    quantizer: AvifQuantizer,
    beside: &Beside,
) -> Result<Vec<u8>, TransformError> {
    let (colour, kind) = encode_colour(planes, quantizer)?;
    wrap(&colour, kind, None, planes.size(), beside)
}

/// From pixels with alpha, which becomes a second, monochrome picture.
pub(crate) fn encode_pixels(
    pixels: &Pixels,
    shared_chroma: (u8, u8),
    quantizer: AvifQuantizer,
    beside: &Beside,
    deadline: &Deadline,
) -> Result<Vec<u8>, TransformError> {
    let planes = colour::to_planes(pixels, shared_chroma);
    let (colour, kind) = encode_colour(&planes, quantizer)?;
    deadline.check()?;
    let alpha = encode_alpha(pixels, Kind::alpha_beside(quantizer))?;
    wrap(&colour, kind, Some(&alpha), pixels.size, beside)
}

/// Every pixel as it is.
pub(crate) fn encode_losslessly(
    pixels: &Pixels,
    beside: &Beside,
    deadline: &Deadline,
) -> Result<Vec<u8>, TransformError> {
    let [red, green, blue] = [0, 1, 2].map(|index| channel(pixels, index));
    let colour = encode_av1([&green, &blue, &red], Kind::Lossless)?;
    deadline.check()?;
    let alpha = match pixels.is_opaque() {
        true => None,
        false => Some(encode_alpha(pixels, Kind::LosslessAlpha)?),
    };
    wrap(&colour, Kind::Lossless, alpha.as_deref(), pixels.size, beside)
}

pub(super) fn channel(pixels: &Pixels, index: usize) -> Plane {
    let Size { width, height } = pixels.size;
    let samples = pixels.rgba.iter().map(|pixel| pixel[index]).collect();
    Plane { width: width as usize, height: height as usize, samples }
}

fn encode_alpha(pixels: &Pixels, kind: Kind) -> Result<Vec<u8>, TransformError> {
    let alpha = channel(pixels, 3);
    let grey = grey(&alpha);
    encode_av1([&alpha, &grey, &grey], kind)
}

pub(super) fn grey(luma: &Plane) -> Plane {
    Plane::filled(luma.width.div_ceil(2), luma.height.div_ceil(2), 128)
}

fn encode_colour(planes: &Planes, quantizer: AvifQuantizer) -> Result<(Vec<u8>, Kind), TransformError> {
    match &planes.chroma {
        Some([cb, cr]) => {
            let kind = Kind::Colour { shared: planes.subsampling, quantizer };
            Ok((encode_av1([&planes.luma, cb, cr], kind)?, kind))
        }
        None => {
            let kind = Kind::Colour { shared: (2, 2), quantizer };
            let grey = grey(&planes.luma);
            Ok((encode_av1([&planes.luma, &grey, &grey], kind)?, kind))
        }
    }
}

fn wrap(
    colour: &[u8],
    kind: Kind,
    alpha: Option<&[u8]>,
    size: Size,
    beside: &Beside,
) -> Result<Vec<u8>, TransformError> {
    let (across, down) = kind.shared();
    let matrix = match kind {
        Kind::Lossless => MatrixCoefficients::Rgb,
        _ => MatrixCoefficients::Bt601,
    };
    let mut file = Vec::new();
    let mut container = Aviffy::new();
    if let Some(exif) = &beside.exif {
        container.set_exif(exif.clone());
    }
    container
        .set_chroma_subsampling((across == 2, down == 2))
        .set_seq_profile(kind.profile())
        .set_matrix_coefficients(matrix)
        .set_full_color_range(true)
        .write(&mut file, colour, alpha, size.width, size.height, 8)
        .map_err(|error| TransformError::failed("encoding AVIF", error))?;
    Ok(file)
}

/// One still picture.
fn encode_av1(planes: [&Plane; 3], kind: Kind) -> Result<Vec<u8>, TransformError> {
    let size = Size { width: planes[0].width as u32, height: planes[0].height as u32 };
    let mut encoder = Encoder::new(size, kind, aom::AOM_USAGE_ALL_INTRA, STILL)?;
    let mut samples = Vec::new();
    encoder.add(planes, kind, &mut samples)?;
    encoder.end(&mut samples)?;
    Ok(samples.into_iter().flat_map(|sample| sample.data).collect())
}

/// An initialised encoder, destroyed when dropped.
pub(super) struct Encoder {
    context: aom::aom_codec_ctx,
    /// How many pictures it has been given.
    given: i64,
}

impl Encoder {
    /// Of pictures that follow each other.
    pub fn of_movie(size: Size, kind: Kind) -> Result<Encoder, TransformError> {
        let mut encoder = Encoder::new(size, kind, aom::AOM_USAGE_REALTIME, MOVING)?;
        if let Kind::Colour { quantizer, .. } = kind {
            encoder.set_level(quantizer.of_movie())?;
        }
        Ok(encoder)
    }

    fn new(size: Size, kind: Kind, usage: u32, speed: &CStr) -> Result<Encoder, TransformError> {
        let failed = || TransformError::failed("setting up AVIF", "libaom refuses its configuration");
        // SAFETY: both structures hold numbers and pointers, for which zero is a value; the library fills the
        // configuration, and copies it when it initialises the context.
        let mut encoder = unsafe {
            let interface = aom::aom_codec_av1_cx();
            let mut config: aom::aom_codec_enc_cfg = MaybeUninit::zeroed().assume_init();
            if aom::aom_codec_enc_config_default(interface, &mut config, usage) != aom::AOM_CODEC_OK {
                return Err(failed());
            }
            config.g_w = size.width;
            config.g_h = size.height;
            config.g_threads = 1;
            config.g_limit = u32::from(usage == aom::AOM_USAGE_ALL_INTRA);
            // Each picture comes out as it goes in, so that only those are held that others build on.
            config.g_lag_in_frames = 0;
            config.g_profile = kind.profile().into();
            config.monochrome = u32::from(kind.is_alpha());
            config.rc_end_usage = aom::AOM_Q;
            config.rc_min_quantizer = 0;
            config.rc_max_quantizer = 63;
            let mut context: aom::aom_codec_ctx = MaybeUninit::zeroed().assume_init();
            let version = aom::AOM_ENCODER_ABI_VERSION as c_int;
            if aom::aom_codec_enc_init_ver(&mut context, interface, &config, 0, version) != aom::AOM_CODEC_OK
            {
                return Err(failed());
            }
            let mut encoder = Encoder { context, given: 0 };
            let full_range = aom::AOM_CR_FULL_RANGE as c_int;
            let control = aom::AV1E_SET_COLOR_RANGE as c_int;
            if aom::aom_codec_control(&mut encoder.context, control, full_range) != aom::AOM_CODEC_OK {
                return Err(failed());
            }
            encoder
        };
        encoder.set(c"cpu-used", speed)?;
        for (name, value) in OPTIONS {
            encoder.set(name, value)?;
        }
        match kind {
            Kind::Colour { quantizer, .. } | Kind::Alpha { quantizer } => {
                for (name, value) in LOSSY {
                    encoder.set(name, value)?;
                }
                if !kind.is_alpha() {
                    encoder.set(c"enable-chroma-deltaq", c"1")?;
                }
                encoder.set_level(quantizer)?;
            }
            Kind::Lossless => {
                for (name, value) in LOSSLESS {
                    encoder.set(name, value)?;
                }
            }
            Kind::LosslessAlpha => encoder.set(c"lossless", c"1")?,
        }
        Ok(encoder)
    }

    /// Takes a picture, and appends what has come out.
    pub fn add(
        &mut self,
        planes: [&Plane; 3],
        kind: Kind,
        samples: &mut Vec<Sample>,
    ) -> Result<(), TransformError> {
        let [luma, cb, cr] = planes;
        let (across, down) = kind.shared();
        let expected = (luma.width.div_ceil(across.into()), luma.height.div_ceil(down.into()));
        if (cb.width, cb.height) != expected || (cr.width, cr.height) != expected {
            return Err(TransformError::failed(
                "encoding AVIF",
                "chroma has not the size that it should have",
            ));
        }
        // SAFETY: all fields are numbers and pointers, for which zero is a value.
        let mut image: aom::aom_image = unsafe { MaybeUninit::zeroed().assume_init() };
        (image.fmt, image.bps) = match (across, down) {
            (1, 1) => (aom::AOM_IMG_FMT_I444, 24),
            (2, 1) => (aom::AOM_IMG_FMT_I422, 16),
            _ => (aom::AOM_IMG_FMT_I420, 12),
        };
        image.w = luma.width as u32;
        image.h = luma.height as u32;
        image.d_w = image.w;
        image.d_h = image.h;
        image.bit_depth = 8;
        image.x_chroma_shift = u32::from(across == 2);
        image.y_chroma_shift = u32::from(down == 2);
        image.monochrome = c_int::from(kind.is_alpha());
        image.range = aom::AOM_CR_FULL_RANGE;
        image.cp = aom::AOM_CICP_CP_BT_709;
        image.tc = aom::AOM_CICP_TC_SRGB;
        image.mc = u32::from(kind.matrix());
        for (index, plane) in planes.into_iter().enumerate() {
            // The encoder writes to its input only when it removes noise, which is off.
            image.planes[index] = plane.samples.as_ptr().cast_mut();
            image.stride[index] = plane.width as c_int;
        }
        self.encode(Some(&image), samples)?;
        self.given += 1;
        Ok(())
    }

    /// Appends what is still to come out.
    pub fn end(&mut self, samples: &mut Vec<Sample>) -> Result<(), TransformError> {
        self.encode(None, samples)
    }

    fn set(&mut self, name: &CStr, value: &CStr) -> Result<(), TransformError> {
        // SAFETY: the context is initialised, and both strings are terminated.
        match unsafe { aom::aom_codec_set_option(&mut self.context, name.as_ptr(), value.as_ptr()) } {
            aom::AOM_CODEC_OK => Ok(()),
            _ => Err(TransformError::failed("setting up AVIF", format!("libaom refuses {name:?}"))),
        }
    }

    fn set_level(&mut self, quantizer: AvifQuantizer) -> Result<(), TransformError> {
        let mut digits = quantizer.get().to_string().into_bytes();
        digits.push(0);
        let level = CStr::from_bytes_with_nul(&digits)
            .map_err(|error| TransformError::failed("setting up AVIF", error))?;
        self.set(c"cq-level", level)
    }

    /// Takes a picture, or none at the end, and appends what has come out.
    fn encode(
        &mut self,
        image: Option<&aom::aom_image>,
        samples: &mut Vec<Sample>,
    ) -> Result<(), TransformError> {
        let image = image.map_or(ptr::null(), ptr::from_ref);
        // SAFETY: the context is initialised; the image's planes hold the samples that its sizes imply.
        let encoded = unsafe { aom::aom_codec_encode(&mut self.context, image, self.given, 1, 0) };
        if encoded != aom::AOM_CODEC_OK {
            return Err(TransformError::failed("encoding AVIF", self.message()));
        }
        let mut iterator = ptr::null();
        loop {
            // SAFETY: the context is initialised, and the iterator is this loop's.
            let packet = unsafe { aom::aom_codec_get_cx_data(&mut self.context, &mut iterator) };
            // SAFETY: null, or a packet that is valid until the next call on the context.
            let Some(packet) = (unsafe { packet.as_ref() }) else { return Ok(()) };
            if packet.kind == aom::AOM_CODEC_CX_FRAME_PKT {
                // SAFETY: of this kind, `frame` is the member that is set; its buffer holds `sz` bytes.
                let (data, flags) = unsafe {
                    let frame = &packet.data.frame;
                    (slice::from_raw_parts(frame.buf.cast::<u8>(), frame.sz).to_vec(), frame.flags)
                };
                samples.push(Sample { data, key: flags & aom::AOM_FRAME_IS_KEY != 0 });
            }
        }
    }

    fn message(&self) -> String {
        // SAFETY: the context is initialised; the library returns a terminated string, which is copied at once.
        unsafe { CStr::from_ptr(aom::aom_codec_error(&self.context)) }.to_string_lossy().into_owned()
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, destroyed once.
        unsafe { aom::aom_codec_destroy(&mut self.context) };
    }
}
