//! Animated WebP out: of each picture what differs from the one before, in a container of our own making.
//!
//! libwebp has an encoder of animations too. It encodes every difference with an alpha channel, which for pictures that
//! change as a whole, as films do, costs more time than the picture itself.

use std::time::Duration;

use plan::{Rect, Size};

use super::encode::{Fidelity, encode_pixels, encode_planes};
use super::riff::{self, ALPHA, ANIMATION};
use crate::codec::difference::{Care, Drawing, Seen};
use crate::colour;
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::pixels::Pixels;
use crate::quality::WebpQuality;

/// A frame says in 24 bits for how many milliseconds it is shown.
const LONGEST: u128 = 0xFF_FFFF;
/// The frame replaces what is below it, transparent pixels and all.
const NO_BLENDING: u8 = 0x02;
/// Lossy encoders and alpha channels like whole blocks; 8 by 8 is what libwebp looks at when it empties what is not seen.
const BLOCK: u32 = 8;

/// Takes pictures of one size, and finds out what changes from one to the next.
pub(crate) struct AnimationEncoder {
    fidelity: Fidelity,
    seen: Seen,
    frames: Vec<Drawn>,
}

/// One frame of the file.
struct Drawn {
    area: Rect,
    blends: bool,
    shown: Duration,
    has_alpha: bool,
    /// A still WebP.
    file: Vec<u8>,
}

impl AnimationEncoder {
    pub fn new(fidelity: Fidelity) -> AnimationEncoder {
        let care = match fidelity {
            Fidelity::Lossless => Care { block: 1, grid: 2, pays: 4, unnoticed: 0 },
            Fidelity::Lossy(quality) => {
                Care { block: BLOCK, grid: 2, pays: 16, unnoticed: unnoticed(quality) }
            }
        };
        AnimationEncoder { fidelity, seen: Seen::new(care), frames: Vec::new() }
    }

    pub fn add(
        &mut self,
        pixels: Pixels,
        shown: Duration,
        deadline: &Deadline,
    ) -> Result<(), TransformError> {
        let Some(Drawing { area, pixels, blends }) = self.seen.draw(pixels) else {
            if let Some(last) = self.frames.last_mut() {
                last.shown = last.shown.saturating_add(shown);
            }
            return Ok(());
        };
        let has_alpha = !pixels.is_opaque();
        let file = match self.fidelity {
            Fidelity::Lossy(quality) if !has_alpha => {
                encode_planes(&colour::to_planes(&pixels, (2, 2)), quality, deadline)?
            }
            fidelity => encode_pixels(&pixels, fidelity, deadline)?,
        };
        self.frames.push(Drawn { area, blends, shown, has_alpha, file });
        Ok(())
    }

    /// The file (WebP container specification, "Animation"), all of which is shown `plays` times, with 0 without end. A
    /// single picture is no animation.
    pub fn finish(self, size: Size, plays: u32) -> Vec<u8> {
        if let [still] = &self.frames[..] {
            return still.file.clone();
        }
        let alpha = if self.frames.iter().any(|frame| frame.has_alpha) { ALPHA } else { 0 };
        let mut body = b"WEBP".to_vec();
        riff::push(&mut body, b"VP8X", &riff::header(ANIMATION | alpha, size));
        let mut control = vec![0; 4];
        control.extend(u16::try_from(plays).unwrap_or(0).to_le_bytes());
        riff::push(&mut body, b"ANIM", &control);
        for frame in self.frames {
            let Drawn { area, blends, shown, file, .. } = frame;
            let millis = shown.as_millis().min(LONGEST) as u32;
            let mut data = Vec::with_capacity(16 + file.len());
            for value in [area.x / 2, area.y / 2, area.width - 1, area.height - 1, millis] {
                data.extend_from_slice(&value.to_le_bytes()[..3]);
            }
            data.push(if blends { 0 } else { NO_BLENDING });
            data.extend_from_slice(picture(&file));
            riff::push(&mut body, b"ANMF", &data);
        }
        riff::file(&body)
    }
}

/// How far a channel may be off that this quality keeps no better: 6 at 80.
fn unnoticed(quality: WebpQuality) -> u8 {
    ((100.0 - quality.get()).max(0.0) * 3.0 / 10.0) as u8
}

/// The chunks of a still file that hold its picture.
fn picture(file: &[u8]) -> &[u8] {
    let chunks = file.get(12..).unwrap_or_default();
    match chunks.starts_with(b"VP8X") {
        true => chunks.get(18..).unwrap_or_default(),
        false => chunks,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::webp::Frames;
    use crate::quality::{Level, number};

    const RED: [u8; 4] = [200, 20, 20, 255];
    const BLUE: [u8; 4] = [20, 20, 200, 255];
    const GLASS: [u8; 4] = [20, 200, 20, 100];
    const NOTHING: [u8; 4] = [0; 4];

    fn encoded(pictures: &[Pixels], fidelity: Fidelity) -> Vec<u8> {
        let mut encoder = AnimationEncoder::new(fidelity);
        for picture in pictures {
            encoder
                .add(picture.clone(), Duration::from_millis(40), &Deadline::after(Duration::from_secs(60)))
                .unwrap();
        }
        encoder.finish(pictures[0].size, 0)
    }

    /// Each picture for so many milliseconds.
    fn seen(file: &[u8], size: Size) -> Vec<(Vec<[u8; 4]>, u128)> {
        let mut frames = Frames::open(file, size).unwrap();
        let mut seen = Vec::new();
        while let Some(frame) = frames.next().unwrap() {
            seen.push((frame.pixels.rgba, frame.shown.as_millis()));
        }
        seen
    }

    fn has_chunk(file: &[u8], name: &[u8; 4]) -> bool {
        file.windows(4).any(|window| window == name)
    }

    fn pictures() -> impl Strategy<Value = Vec<Pixels>> {
        let colour = prop::sample::select(vec![RED, RED, RED, BLUE, GLASS, NOTHING]);
        (1u32..24, 1u32..20).prop_flat_map(move |(width, height)| {
            let size = Size { width, height };
            let rgba = prop::collection::vec(colour.clone(), size.pixels() as usize);
            // What comes next has a rectangle that is another.
            let change = (0..width, 0..height, 0..width, 0..height, colour.clone());
            (rgba, prop::collection::vec(change, 0..6)).prop_map(move |(rgba, changes)| {
                let mut pictures = vec![Pixels { size, rgba }];
                for (x, y, to_x, to_y, colour) in changes {
                    let mut next = pictures[pictures.len() - 1].clone();
                    for y in y.min(to_y)..=y.max(to_y) {
                        let part = Rect { x: x.min(to_x), y, width: x.abs_diff(to_x) + 1, height: 1 };
                        next.row_of(part, 0).unwrap().fill(colour);
                    }
                    pictures.push(next);
                }
                pictures
            })
        })
    }

    proptest! {
        #[test]
        fn what_is_encoded_without_loss_is_seen_as_it_was(pictures in pictures()) {
            let mut expected: Vec<(Vec<[u8; 4]>, u128)> = Vec::new();
            for picture in &pictures {
                match expected.last_mut() {
                    Some((before, shown)) if *before == picture.rgba => *shown += 40,
                    _ => expected.push((picture.rgba.clone(), 40)),
                }
            }
            let file = encoded(&pictures, Fidelity::Lossless);
            if expected.len() == 1 {
                prop_assert!(!has_chunk(&file, b"ANIM"));
                return Ok(());
            }
            prop_assert_eq!(seen(&file, pictures[0].size), expected);
        }

        #[test]
        fn with_loss_what_is_transparent_is_where_it_was(pictures in pictures()) {
            let file = encoded(&pictures, Fidelity::Lossy(Level::of_codec(number(80)).webp()));
            let mut different = pictures.clone();
            different.dedup_by(|later, before| later.rgba == before.rgba);
            if different.len() == 1 {
                return Ok(());
            }
            let alpha = |rgba: &[[u8; 4]]| -> Vec<u8> { rgba.iter().map(|pixel| pixel[3]).collect() };
            let seen = seen(&file, pictures[0].size);
            prop_assert_eq!(seen.len(), different.len());
            for ((rgba, _), picture) in seen.iter().zip(&different) {
                prop_assert_eq!(alpha(rgba), alpha(&picture.rgba));
            }
        }
    }

    #[test]
    fn a_film_has_no_alpha_channel_and_what_stays_is_not_drawn_again() {
        let size = Size { width: 64, height: 64 };
        let lossy = Fidelity::Lossy(Level::of_codec(number(80)).webp());
        let film = encoded(&[Pixels::filled(size, RED), Pixels::filled(size, BLUE)], lossy);
        assert!(!has_chunk(&film, b"ALPH"));
        // Two corners change: between them the first picture shines through.
        let mut corners = Pixels::filled(size, RED);
        for corner in [0, 56] {
            let part = Rect { x: corner, y: corner, width: 8, height: 8 };
            (0..8).for_each(|y| corners.row_of(part, y).unwrap().fill(BLUE));
        }
        let file = encoded(&[Pixels::filled(size, RED), corners], lossy);
        assert!(has_chunk(&file, b"ALPH"));
        let second = &seen(&file, size)[1].0;
        let is_blue = |at: usize| second[at][2] > second[at][0];
        assert_eq!([3 * 64 + 3, 32 * 64 + 32, 60 * 64 + 60].map(is_blue), [true, false, true]);
    }
}
