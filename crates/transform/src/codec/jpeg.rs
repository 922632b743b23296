//! JPEG in and out, as planes wherever the file holds YCbCr: in by our own decoder where less than the full size will
//! do, else through libjpeg-turbo.

mod bits;
mod decoder;
mod encode;
mod library;
mod own_codes;
mod part;
mod prefix_code;
mod requantised;
mod scaled;

use std::ffi::c_int;

use jpeg_scaled::Scale;
use plan::Size;
use turbojpeg_sys as tj;

use self::decoder::{Decoder, subsampling};
use crate::codec::{Decoded, Picture, Shape, describes_rgb};
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::orientation;
use crate::sniff::InputFormat;

pub(crate) use self::encode::{Settings, encode};
pub(crate) use self::part::{Colours as PartColours, part};
pub(crate) use self::requantised::requantised;

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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use jpeg_scaled::Precision;

    use super::*;
    use crate::colour::Matrix;
    use crate::metadata::Beside;
    use crate::planes::{Plane, Planes};
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
