//! AVIF in: any depth, layout and number of tiles, brought to eight full-range bits and cut to what is seen.

use plan::Size;

use super::dav1d::{self, Decoder};
use super::{movie, obu, sequence};
use crate::codec::heif::boxes::Unreadable;
use crate::codec::heif::container::{self, Codec, Coded, Container};
use crate::codec::heif::look::Coding;
use crate::codec::heif::samples::{Samples, assembled};
use crate::codec::{Decoded, EdgeFilter, Shape};
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::resample::Resampler;
use crate::sniff::InputFormat;

pub(super) const AV1: Codec = Codec {
    item: b"av01",
    configuration: None,
    others: ["a picture that is not AV1", "a tile that is not AV1"],
};

/// What is seen so many times smaller is halved while it is copied out of the decoder, in a tenth of what the filter takes for
/// it; the filter, which decides what is seen, has the rest. At three times that costs 0.14 of SSIMULACRA2 in the middle of
/// nine photographs.
const HALVED_FROM: f64 = 3.0;

pub(crate) fn header(original: &[u8], limits: &Limits) -> Result<Shape, TransformError> {
    if let Some(shape) = sequence::header(original, limits)? {
        return Ok(shape);
    }
    let container = open(original)?;
    container.shape(limits)
}

/// As it is decoded, by the container alone.
pub(crate) fn size(original: &[u8]) -> Option<Size> {
    match movie::size(original).ok()? {
        Some(size) => Some(size),
        None => container::size(original).ok(),
    }
}

/// As planes, unless there is alpha or the file holds RGB itself. Of what moves, the first picture.
pub(crate) fn decode(
    original: &[u8],
    shrink: f64,
    deadline: &Deadline,
    resampler: &mut Resampler,
) -> Result<Decoded, TransformError> {
    if let Some(first) = sequence::first(original)? {
        return Ok(first);
    }
    let Container { colour, alpha, premultiplied, look } = open(original)?;
    let halved =
        shrink >= HALVED_FROM && alpha.is_none() && look.aperture.is_none() && colour.can_be_halved();
    let samples = samples(&colour, look.coding, EdgeFilter::where_seen(shrink), halved, deadline)?;
    let icc = samples.profile(look.icc);
    let alpha = match alpha {
        Some(alpha) => {
            let alpha = self::samples(&alpha, None, EdgeFilter::Applied, false, deadline)?;
            Some(alpha.alpha(colour.size, resampler)?)
        }
        None => None,
    };
    let picture = assembled(samples, alpha, premultiplied, look.aperture, resampler)?;
    Ok(Decoded { icc, ..Decoded::at_scale(if halved { 0.5 } else { 1.0 }, picture) })
}

fn open(original: &[u8]) -> Result<Container<'_>, TransformError> {
    container::parse(original, &AV1).map_err(refused)
}

pub(super) fn refused(unreadable: Unreadable) -> TransformError {
    unreadable.of(InputFormat::Avif)
}

/// `coding`, if the container has one, overrides what the stream says.
fn samples(
    coded: &Coded<'_>,
    coding: Option<Coding>,
    filter: EdgeFilter,
    halved: bool,
    deadline: &Deadline,
) -> Result<Samples, TransformError> {
    Samples::of(coded, halved, |tile| {
        deadline.check()?;
        let frames = obu::check(&tile.data).map_err(refused)?;
        // Of a picture in layers each is predicted from what of the one before it was filtered.
        let filter = if frames == 1 { filter } else { EdgeFilter::Applied };
        let decoded = Decoder::open(coded.tile, filter)?.decode(&tile.data)?;
        let decoded = decoded.ok_or_else(|| TransformError::corrupt(InputFormat::Avif, "it has no frame"))?;
        if decoded.size() != coded.tile {
            return Err(TransformError::corrupt(
                InputFormat::Avif,
                "the picture has not the size that its header says",
            ));
        }
        samples_of(&decoded, coding, halved)
    })
}

pub(super) fn samples_of(
    decoded: &dav1d::Decoded,
    coding: Option<Coding>,
    halved: bool,
) -> Result<Samples, TransformError> {
    let coding = coding.unwrap_or(decoded.coding());
    let [of_luma, of_chroma] = coding.to_full(decoded.bits());
    let luma = decoded.plane(0, &of_luma, halved)?;
    let subsampling = decoded.subsampling();
    let chroma = match subsampling {
        Some(_) => Some([decoded.plane(1, &of_chroma, halved)?, decoded.plane(2, &of_chroma, halved)?]),
        None => None,
    };
    Ok(Samples {
        format: InputFormat::Avif,
        luma,
        chroma,
        subsampling: subsampling.unwrap_or((1, 1)),
        coding,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::super::encode::encode_planes;
    use super::*;
    use crate::codec::Picture;
    use crate::colour::Matrix;
    use crate::metadata::Beside;
    use crate::planes::{Plane, Planes};
    use crate::quality::AvifQuantizer;

    #[test]
    fn the_filter_of_edges_is_left_out_of_what_is_seen_at_half_its_size_and_hardly_seen() {
        let wave = |at: usize| {
            (128.0 + 90.0 * ((at % 96) as f64 / 7.0).sin() * ((at / 96) as f64 / 5.0).cos()) as u8
        };
        let luma = Plane { width: 96, height: 64, samples: (0..96 * 64).map(wave).collect() };
        let coarse = Planes { luma, chroma: None, subsampling: (1, 1), matrix: Matrix::Bt601 };
        let original = encode_planes(&coarse, AvifQuantizer::new(50), &Beside::default()).unwrap();
        let luma = |shrink: f64| {
            let deadline = Deadline::after(Duration::from_secs(60));
            match decode(&original, shrink, &deadline, &mut Resampler::default()).unwrap().picture {
                Picture::Planes(planes) => planes.luma.samples,
                Picture::Pixels(_) => panic!("it holds planes"),
            }
        };
        let filtered = luma(1.0);
        assert_eq!(luma(1.9), filtered);
        let unfiltered = luma(2.0);
        assert_ne!(unfiltered, filtered);
        let off: u32 = unfiltered.iter().zip(&filtered).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        assert!(off < 8 * filtered.len() as u32, "{off} in {} samples", filtered.len());
    }

    #[test]
    fn what_is_seen_at_a_third_is_halved_on_its_way() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let names =
            ["400-8", "420-8-full-601", "422-10-limited-709", "444-12-full-601", "grid", "turned-left"];
        for name in names {
            let original = std::fs::read(fixtures.join(format!("{name}.avif"))).unwrap();
            let planes = |shrink: f64| {
                let deadline = Deadline::after(Duration::from_secs(60));
                let decoded = decode(&original, shrink, &deadline, &mut Resampler::default()).unwrap();
                match decoded.picture {
                    Picture::Planes(Planes { luma, chroma, .. }) => {
                        [luma].into_iter().chain(chroma.into_iter().flatten())
                    }
                    Picture::Pixels(_) => panic!("{name} holds planes"),
                }
            };
            for (whole, half) in planes(2.9).zip(planes(3.0)) {
                let (width, height) = (whole.width.div_ceil(2), whole.height.div_ceil(2));
                assert_eq!((half.width, half.height), (width, height), "{name}");
                for (at, &made) in half.samples.iter().enumerate() {
                    let (x, y) = (at % width * 2, at / width * 2);
                    let sample = |right: usize, down: usize| {
                        let (x, y) = ((x + right).min(whole.width - 1), (y + down).min(whole.height - 1));
                        u16::from(whole.samples[y * whole.width + x])
                    };
                    let sum = sample(0, 0) + sample(1, 0) + sample(0, 1) + sample(1, 1);
                    // Of more bits, and of limited range, it is the mean that is brought to eight full ones.
                    assert!(u16::from(made).abs_diff((sum + 2) / 4) <= 1, "{name} at {x}, {y}");
                }
            }
        }
    }
}
