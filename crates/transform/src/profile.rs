//! Colour profiles: colours become sRGB unless the profile is to stay beside them.

use std::sync::Arc;

use moxcms::{ColorProfile, Layout, ProfileText, Transform8BitExecutor, TransformOptions};
use plan::CropBox;

use crate::codec::Picture;
use crate::colour;
use crate::encode::Target;
use crate::error::TransformError;
use crate::pixels::Pixels;
use crate::resample::Resampler;

/// How far a colour may move before a conversion is worth what it costs.
const UNNOTICED: u8 = 2;

/// The picture and the profile to put beside it.
///
/// A profile is often larger than a small picture, and sRGB is what everybody takes a picture without one for. So is one
/// whose profile is broken; and a profile that says sRGB in its own words says nothing.
pub(crate) fn settle(
    picture: Picture,
    icc: Option<Vec<u8>>,
    target: &Target,
    resampler: &mut Resampler,
) -> Result<(Picture, Option<Vec<u8>>), TransformError> {
    let Some(icc) = icc else { return Ok((picture, None)) };
    let Some(conversion) = Conversion::to_srgb(&icc) else { return Ok((picture, None)) };
    if target.keeps_profile() {
        return Ok((picture, Some(icc)));
    }
    let converted = match picture {
        Picture::Planes(planes) => {
            let size = planes.size();
            let whole =
                CropBox { x: 0.0, y: 0.0, width: f64::from(size.width), height: f64::from(size.height) };
            let pixels = colour::to_pixels(&planes.resized_444(whole, size, resampler)?);
            Picture::Planes(colour::to_planes(&conversion.apply(pixels), target.shared_chroma()))
        }
        Picture::Pixels(pixels) => Picture::Pixels(conversion.apply(pixels)),
    };
    Ok((converted, None))
}

/// What is put beside colours that stay as they are: nothing, if the profile says nothing. None where they do not stay.
pub(crate) fn beside(icc: Option<Vec<u8>>, target: &Target) -> Option<Option<Vec<u8>>> {
    match icc.filter(|icc| Conversion::to_srgb(icc).is_some()) {
        None => Some(None),
        icc => target.keeps_profile().then_some(icc),
    }
}

/// The profile of a picture that names its colours by numbers of ITU-T H.273 instead; none where they are sRGB's, or
/// nothing that a profile of eight bits tells well (HDR, which is shown as it is).
pub(crate) fn of_code_points(primaries: u16, transfer: u16) -> Option<Vec<u8>> {
    // BT.709's and BT.2020's curves of cameras are those of the displays for which sRGB is made.
    let ordinary = matches!(transfer, 1 | 2 | 6 | 13 | 14 | 15);
    let mut profile = match primaries {
        9 if ordinary => ColorProfile::new_bt2020(),
        12 if ordinary => ColorProfile::new_display_p3(),
        _ => return None,
    };
    let curve = ColorProfile::new_srgb().red_trc;
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
    profile.encode().ok()
}

/// The colours of one profile in those of another, sRGB where there is none.
pub(crate) fn converted(pixels: Pixels, from: Option<&[u8]>, to: Option<&[u8]>) -> Pixels {
    match Conversion::between(from, to) {
        Some(conversion) => conversion.apply(pixels),
        None => pixels,
    }
}

/// What a profile that is not sRGB calls itself.
pub(crate) fn name(icc: &[u8]) -> Option<String> {
    Conversion::to_srgb(icc)?;
    let text = match ColorProfile::new_from_slice(icc).ok()?.description? {
        ProfileText::PlainString(text) => text,
        ProfileText::Localizable(texts) => texts.into_iter().next()?.value,
        ProfileText::Description(text) => text.ascii_string,
    };
    (!text.trim().is_empty()).then_some(text)
}

struct Conversion(Arc<Transform8BitExecutor>);

impl Conversion {
    /// Nothing where there is nothing to do: the profile is sRGB by whatever name, or cannot be understood.
    fn to_srgb(icc: &[u8]) -> Option<Conversion> {
        Conversion::between(Some(icc), None)
    }

    fn between(from: Option<&[u8]>, to: Option<&[u8]>) -> Option<Conversion> {
        if from == to {
            return None;
        }
        let profile = |icc: Option<&[u8]>| {
            icc.map_or_else(|| Some(ColorProfile::new_srgb()), |icc| ColorProfile::new_from_slice(icc).ok())
        };
        let options = TransformOptions::default();
        let transform =
            profile(from)?.create_transform_8bit(Layout::Rgba, &profile(to)?, Layout::Rgba, options).ok()?;
        let conversion = Conversion(transform);
        let colours = probe();
        let converted = conversion
            .apply(Pixels { size: plan::Size::new(colours.len() as u32, 1), rgba: colours.clone() });
        let moves = |(one, other): (&[u8; 4], &[u8; 4])| {
            one.iter().zip(other).any(|(a, b)| a.abs_diff(*b) > UNNOTICED)
        };
        colours.iter().zip(&converted.rgba).any(moves).then_some(conversion)
    }

    /// Alpha stays as it is.
    fn apply(&self, mut pixels: Pixels) -> Pixels {
        let mut converted = vec![[0; 4]; pixels.rgba.len()];
        // It refuses only lengths that do not fit each other.
        if self.0.transform(pixels.rgba.as_flattened(), converted.as_flattened_mut()).is_ok() {
            pixels.rgba = converted;
        }
        pixels
    }
}

/// Colours from all over the cube.
fn probe() -> Vec<[u8; 4]> {
    const STEPS: [u8; 4] = [0, 85, 170, 255];
    STEPS.iter().flat_map(|r| STEPS.iter().flat_map(move |g| STEPS.map(|b| [*r, *g, b, 255]))).collect()
}

#[cfg(test)]
mod tests {
    use plan::{Format, Size};
    use proptest::prelude::*;

    use super::*;

    /// By the matrices and curves of the two standards, computed apart.
    const P3_AS_SRGB: [([u8; 3], [u8; 3]); 3] =
        [([200, 100, 50], [215, 93, 31]), ([60, 160, 90], [0, 163, 82]), ([90, 60, 180], [95, 58, 187])];

    fn target(format: Format) -> Target {
        Target::new(&plan::Plan::default(), format)
    }

    fn keeping(format: Format) -> Target {
        Target { colour_space: plan::ColourSpace::Original, ..target(format) }
    }

    fn picture(colour: [u8; 4]) -> Picture {
        Picture::Pixels(Pixels::filled(Size::new(2, 2), colour))
    }

    fn settled(colour: [u8; 4], icc: &[u8], target: &Target) -> ([u8; 4], bool) {
        match settle(picture(colour), Some(icc.to_vec()), target, &mut Resampler::default()).unwrap() {
            (Picture::Pixels(pixels), icc) => (pixels.rgba[3], icc.is_some()),
            (Picture::Planes(_), _) => panic!("pixels stay pixels"),
        }
    }

    #[test]
    fn display_p3_becomes_srgb_where_it_is_not_to_stay_or_cannot() {
        let p3 = ColorProfile::new_display_p3().encode().unwrap();
        for ([r, g, b], expected) in P3_AS_SRGB {
            for target in Format::ALL.map(target).into_iter().chain([keeping(Format::Avif)]) {
                let (found, kept) = settled([r, g, b, 77], &p3, &target);
                assert!(!kept);
                assert_eq!(found[3], 77);
                for (found, expected) in found.iter().zip(expected) {
                    assert!(found.abs_diff(expected) <= 1, "{r} {g} {b}: {found} instead of {expected}");
                }
            }
            for format in [Format::Jpeg, Format::Png, Format::Webp] {
                assert_eq!(settled([r, g, b, 77], &p3, &keeping(format)), ([r, g, b, 77], true));
            }
        }
    }

    #[test]
    fn colours_named_by_number_are_those_of_the_profile() {
        for ([r, g, b], expected) in P3_AS_SRGB {
            let ([r, g, b, _], _) =
                settled([r, g, b, 255], &of_code_points(12, 13).unwrap(), &target(Format::Webp));
            for (found, expected) in [r, g, b].into_iter().zip(expected) {
                assert!(found.abs_diff(expected) <= 1, "{r} {g} {b} instead of {expected:?}");
            }
        }
        assert!(of_code_points(9, 1).is_some());
        // sRGB's own; unspecified; PQ.
        assert_eq!([of_code_points(1, 13), of_code_points(2, 2), of_code_points(9, 16)], [None, None, None]);
    }

    #[test]
    fn planes_are_converted_whatever_their_size() {
        let p3 = ColorProfile::new_display_p3().encode().unwrap();
        for (width, height) in [(1, 1), (2, 2), (3, 2), (16, 9), (15, 10), (401, 7)] {
            let ([r, g, b], expected) = P3_AS_SRGB[0];
            let planes = colour::to_planes(&Pixels::filled(Size::new(width, height), [r, g, b, 255]), (2, 2));
            let made = settle(
                Picture::Planes(planes),
                Some(p3.clone()),
                &target(Format::Avif),
                &mut Resampler::default(),
            );
            let (Picture::Planes(made), None) = made.unwrap() else { panic!("planes stay planes") };
            let [r, g, b] = expected;
            let wanted = colour::to_planes(&Pixels::filled(Size::new(width, height), [r, g, b, 255]), (2, 2));
            let pairs = [(&made.luma, &wanted.luma)]
                .into_iter()
                .chain(made.chroma.iter().flatten().zip(wanted.chroma.iter().flatten()));
            for (found, wanted) in pairs {
                assert_eq!((found.width, found.height), (wanted.width, wanted.height));
                let far = |(a, b): (&u8, &u8)| a.abs_diff(*b) > 2;
                assert!(!found.samples.iter().zip(&wanted.samples).any(far), "{width}x{height}");
            }
        }
    }

    #[test]
    fn srgb_and_nonsense_change_nothing() {
        let srgb = ColorProfile::new_srgb().encode().unwrap();
        for icc in [srgb.as_slice(), &srgb[..100], b"", b"RGB "] {
            assert!(Conversion::to_srgb(icc).is_none());
            for target in [target(Format::Webp), keeping(Format::Jpeg)] {
                assert_eq!(settled([200, 100, 50, 255], icc, &target), ([200, 100, 50, 255], false));
            }
        }
    }

    proptest! {
        #[test]
        fn no_profile_panics(cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..9)) {
            let mut icc = ColorProfile::new_display_p3().encode().unwrap();
            for (at, value) in cuts {
                let at = at.index(icc.len());
                icc[at] = value;
            }
            settled([1, 2, 3, 4], &icc, &target(Format::Webp));
        }
    }
}
