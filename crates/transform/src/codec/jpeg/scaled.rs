//! JPEG in at a half, a quarter or an eighth, by our own decoder: no C, and no sample more than needed.

use jpeg_scaled::{Budget, DecodeError, Precision, Scale, Scales, icc_profile};

use crate::codec::{Decoded, Picture, describes_rgb};
use crate::colour::Matrix;
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::planes::{Plane, Planes};
use crate::sniff::InputFormat;

/// The picture at this scale, or nothing if it is of a kind that only libjpeg-turbo knows.
pub(super) fn decode(
    original: &[u8],
    luma: Scale,
    precision: Precision,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Option<Decoded>, TransformError> {
    let header = jpeg_scaled::header(original).map_err(refused)?;
    let Ok((across, down)) = header.subsampling else { return Ok(None) };
    let (chroma, subsampling) = of_chroma(luma, (across, down));
    let scales = Scales { luma, chroma, precision };
    let budget = Budget { pixels: limits.pixels, ..Budget::default() };
    let planes = match jpeg_scaled::decode(original, scales, budget, || !deadline.has_passed()) {
        Err(DecodeError::NotOurs { .. }) => return Ok(None),
        Err(DecodeError::Stopped) => return Err(deadline.error()),
        decoded => decoded.map_err(refused)?,
    };
    let picture = Picture::Planes(Planes {
        luma: plane(planes.luma),
        chroma: planes.chroma.map(|chroma| chroma.map(plane)),
        subsampling,
        matrix: Matrix::Bt601,
    });
    let icc = icc_profile(original).filter(|icc| describes_rgb(icc));
    Ok(Some(Decoded { icc, ..Decoded::at_scale(1.0 / f64::from(luma.denominator()), picture) }))
}

/// In small pictures the colours of small things get lost, so chroma that was halved before is not made an eighth of
/// that. What is given is its scale, and how many samples of luma share one of it then.
fn of_chroma(luma: Scale, (across, down): (u8, u8)) -> (Scale, (u8, u8)) {
    if luma == Scale::Eighth && across.is_multiple_of(2) && down.is_multiple_of(2) {
        (Scale::Quarter, (across / 2, down / 2))
    } else {
        (luma, (across, down))
    }
}

/// Of a picture that is seen so small, the low bits of its frequencies are lost among the pixels that become one: two of them
/// are a tenth to half a point of SSIMULACRA2, and most of the time.
pub(super) fn precision(luma: Scale, shrink: f64) -> Precision {
    match luma {
        Scale::Half => Precision::Exact,
        Scale::Quarter if shrink < 6.0 => Precision::OneBitLess,
        Scale::Quarter | Scale::Eighth => Precision::TwoBitsLess,
    }
}

fn plane(plane: jpeg_scaled::Plane) -> Plane {
    Plane { width: plane.width, height: plane.height, samples: plane.samples }
}

/// What our decoder's verdict means here.
pub(super) fn refused(error: DecodeError) -> TransformError {
    match error {
        DecodeError::Truncated => TransformError::Truncated { format: InputFormat::Jpeg },
        DecodeError::TooManyPixels { found, limit } => TransformError::TooManyPixels { found, limit },
        DecodeError::Stopped => TransformError::failed("decoding JPEG", error),
        DecodeError::NotOurs { what } => TransformError::unsupported(InputFormat::Jpeg, what),
        DecodeError::Corrupt { .. }
        | DecodeError::TooMuchMemory { .. }
        | DecodeError::TooManyScans { .. }
        | DecodeError::TooManyBlocks { .. } => TransformError::corrupt(InputFormat::Jpeg, error),
    }
}
