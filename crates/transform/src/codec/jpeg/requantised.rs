//! A JPEG at another quality whose pixels all stay where they are: its frequencies are rounded to other steps and written
//! again, without a sample in between.
//!
//! What comes out is what a decoder and an encoder would make of it, but for what those lose on the way; it takes half of
//! their time and a fraction of their memory.

mod head;
mod steps;
mod tokens;

use std::cell::Cell;

use jpeg_scaled::{Budget, DecodeError, Frequencies};

use self::head::Head;
use self::steps::Steps;
use self::tokens::Tokens;
use super::encode::{Settings, with_exif};
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};

/// Noise has so many frequencies that its samples take less memory.
const BYTES_PER_PIXEL: usize = 1;
/// In what is small enough nobody has to save.
const BYTES_AT_LEAST: usize = 64 << 10;

/// Nothing if it has to be decoded, because it is progressive, or in several scans, or has chroma for another number of
/// pixels than `shared`; or because it is broken, of which the decoder has more to say.
pub(crate) fn requantised(
    original: &[u8],
    shared: (u8, u8),
    settings: &Settings<'_>,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Option<Vec<u8>>, TransformError> {
    let budget = Budget { pixels: limits.pixels, ..Budget::default() };
    let Ok(frequencies) = Frequencies::open(original, budget) else { return Ok(None) };
    let sampling = match *frequencies.sampling() {
        [(1, 1)] => None,
        [luma, (1, 1), (1, 1)] if luma == (shared.0.into(), shared.1.into()) => Some(shared),
        _ => return Ok(None),
    };
    let head = Head::of((frequencies.width(), frequencies.height()), sampling, settings)?;
    let steps: Vec<Steps> = head
        .quantization
        .iter()
        .zip(frequencies.quantization())
        .map(|(to, from)| Steps::between(from, to))
        .collect();
    let pixels = frequencies.width() as usize * frequencies.height() as usize;
    let most = (BYTES_PER_PIXEL * pixels).max(BYTES_AT_LEAST);
    let mut tokens = Tokens::default();
    let is_noise = Cell::new(false);
    let read = frequencies.read(
        || !is_noise.get() && !deadline.has_passed(),
        |component, block| {
            if let (Some(steps), Some((first, others))) = (steps.get(component), block.split_first()) {
                let mean = steps.mean(first.level, others.is_empty());
                tokens.block(component, mean, steps.rounded(others));
                is_noise.set(tokens.len() > most);
            }
        },
    );
    match read {
        Ok(()) if !is_noise.get() => {}
        Err(DecodeError::Stopped) if !is_noise.get() => return Err(deadline.error()),
        _ => return Ok(None),
    }
    let blocks = sampling.map_or(vec![1], |(across, down)| vec![usize::from(across * down), 1, 1]);
    Ok(Some(with_exif(tokens.written(head, &blocks), settings)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jpeg_scaled::Frequency;
    use plan::Size;
    use proptest::prelude::*;

    use super::super::encode::{Codes, compressed, encode};
    use super::super::own_codes::tests::planes;
    use super::*;
    use crate::metadata::Beside;
    use crate::quality::{Level, number};

    fn settings(quality: u8, beside: &Beside) -> Settings<'_> {
        Settings { quality: Level::alike(number(quality)).jpeg(), progressive: false, beside }
    }

    fn again(jpeg: &[u8], shared: (u8, u8), settings: &Settings<'_>) -> Option<Vec<u8>> {
        let deadline = Deadline::after(Duration::from_secs(60));
        requantised(jpeg, shared, settings, &Limits::default(), &deadline).unwrap()
    }

    type Blocks = Vec<(usize, Vec<Frequency>)>;

    /// The steps of each component, and each block with its component.
    fn blocks(jpeg: &[u8]) -> (Vec<[u16; 64]>, Blocks) {
        let frequencies = Frequencies::open(jpeg, Budget::default()).unwrap();
        let quantization = frequencies.quantization().to_vec();
        let mut blocks = Blocks::new();
        frequencies.read(|| true, |component, block| blocks.push((component, block.to_vec()))).unwrap();
        (quantization, blocks)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn at_the_same_quality_not_a_byte_changes(
            width in 1u32..90, height in 1u32..70, seed: u32, quality in 1u8..=100,
            subsampling in prop_oneof![
                Just(None), Just(Some((1, 1))), Just(Some((2, 1))), Just(Some((2, 2)))
            ],
        ) {
            let planes = planes(Size { width, height }, subsampling, seed % 1000);
            let beside = Beside::default();
            let jpeg = encode(&planes, &settings(quality, &beside)).unwrap();
            let shared = subsampling.unwrap_or((2, 2));
            prop_assert!(again(&jpeg, shared, &settings(quality, &beside)) == Some(jpeg));
        }

        #[test]
        fn each_frequency_is_the_nearest_of_the_other_quality(
            width in 1u32..90, height in 1u32..70, seed: u32, from in 1u8..=100, to in 1u8..=100,
            subsampling in prop_oneof![
                Just(None), Just(Some((1, 1))), Just(Some((2, 1))), Just(Some((2, 2)))
            ],
        ) {
            let planes = planes(Size { width, height }, subsampling, seed % 1000);
            let beside = Beside::default();
            let jpeg = encode(&planes, &settings(from, &beside)).unwrap();
            let made = again(&jpeg, subsampling.unwrap_or((2, 2)), &settings(to, &beside)).unwrap();
            // The library says the same of quantization, and reads it.
            let directly = encode(&planes, &settings(to, &beside)).unwrap();
            let ((old, given), (new, found)) = (blocks(&jpeg), blocks(&made));
            prop_assert_eq!(&new, &blocks(&directly).0);
            let expected: Blocks = given
                .iter()
                .map(|(component, block)| {
                    let steps = Steps::between(&old[*component], &new[*component]);
                    let mean = steps.mean(block[0].level, block.len() == 1);
                    let rounded = std::iter::once((0, mean)).chain(steps.rounded(&block[1..]));
                    let block = rounded.map(|(index, level)| Frequency { index, level: level as i16 });
                    (*component, block.collect())
                })
                .collect();
            prop_assert!(found == expected);
            let deadline = Deadline::after(Duration::from_secs(60));
            prop_assert!(super::super::decode(&made, 1.0, &Limits::default(), &deadline).is_ok());
        }

        #[test]
        fn what_is_broken_is_left_to_the_decoder_or_comes_out_as_something(
            at in 0usize..3000, byte: u8, keep in 0usize..3000
        ) {
            let beside = Beside::default();
            let planes = planes(Size { width: 48, height: 40 }, Some((2, 2)), 1);
            let mut jpeg = encode(&planes, &settings(90, &beside)).unwrap();
            let (place, end) = (at % jpeg.len(), keep % jpeg.len());
            prop_assert!(again(&jpeg[..end], (2, 2), &settings(50, &beside)).is_none());
            jpeg[place] = byte;
            let _ = again(&jpeg, (2, 2), &settings(50, &beside));
        }
    }

    #[test]
    fn what_has_to_be_decoded_is_left_alone() {
        let beside = Beside::default();
        let wanted = settings(50, &beside);
        let planes = planes(Size { width: 48, height: 40 }, Some((2, 1)), 1);
        let plain = encode(&planes, &wanted).unwrap();
        assert!(again(&plain, (2, 1), &wanted).is_some());
        assert!(again(&plain, (2, 2), &wanted).is_none(), "chroma is for other pixels");
        let progressive = Settings { progressive: true, ..settings(50, &beside) };
        assert!(again(&compressed(&planes, &progressive, Codes::Own).unwrap(), (2, 1), &wanted).is_none());
    }

    #[test]
    fn it_stops_when_its_time_is_over() {
        let beside = Beside::default();
        let planes = planes(Size { width: 48, height: 40 }, Some((2, 2)), 1);
        let jpeg = encode(&planes, &settings(90, &beside)).unwrap();
        let late = Deadline::after(Duration::ZERO);
        let made = requantised(&jpeg, (2, 2), &settings(50, &beside), &Limits::default(), &late);
        assert_eq!(made, Err(late.error()));
    }

    /// Where nearly every frequency is there, its planes are less than its symbols.
    #[test]
    fn noise_is_decoded() {
        let beside = Beside::default();
        let mut planes = planes(Size { width: 320, height: 320 }, None, 1);
        let mut state = 1_u32;
        for sample in &mut planes.luma.samples {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = (state >> 24) as u8;
        }
        let jpeg = encode(&planes, &settings(100, &beside)).unwrap();
        assert!(again(&jpeg, (2, 2), &settings(100, &beside)).is_none());
        assert!(again(&jpeg, (2, 2), &settings(5, &beside)).is_some());
    }
}
