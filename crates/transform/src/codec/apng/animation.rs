//! Animated PNG out: of each picture what differs from the one before, in chunks of our own making (PNG third edition
//! §11.3.6), for how many there will be stands at the beginning of the file.

use std::time::Duration;

use plan::Rect;

use crate::codec::difference::{Care, Drawing, Seen};
use crate::codec::png::encode_with_alpha;
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::metadata::Beside;
use crate::palette::Palette;
use crate::pixels::Pixels;

const SIGNATURE: usize = 8;
/// Leave what was drawn, and draw over it, or replace it.
const KEEP: u8 = 0;
const REPLACE: u8 = 0;
const OVER: u8 = 1;

/// Takes pictures of one size, and finds out what changes from one to the next.
pub(crate) struct AnimationEncoder {
    /// The most for each picture, if there is a limit: chosen anew for what is drawn, as one file has but one palette.
    colours: Option<usize>,
    seen: Seen,
    frames: Vec<Drawn>,
}

struct Drawn {
    area: Rect,
    blends: bool,
    shown: Duration,
    /// A still PNG.
    file: Vec<u8>,
}

impl AnimationEncoder {
    pub fn new(colours: Option<usize>) -> AnimationEncoder {
        let care = Care { block: 1, grid: 1, pays: 4, unnoticed: 0 };
        AnimationEncoder { colours, seen: Seen::new(care), frames: Vec::new() }
    }

    pub fn add(
        &mut self,
        pixels: Pixels,
        shown: Duration,
        beside: &Beside,
        deadline: &Deadline,
    ) -> Result<(), TransformError> {
        deadline.check()?;
        let Some(Drawing { area, mut pixels, blends }) = self.seen.draw(pixels) else {
            if let Some(last) = self.frames.last_mut() {
                last.shown = last.shown.saturating_add(shown);
            }
            return Ok(());
        };
        if let Some(colours) = self.colours {
            let palette = Palette::of(&pixels, colours, deadline)?;
            let places = palette.dithered(&pixels, deadline)?;
            for (pixel, place) in pixels.rgba.iter_mut().zip(places) {
                *pixel = palette.colours.get(usize::from(place)).copied().unwrap_or_default();
            }
        }
        // All frames of a file have one type of colour.
        let file = encode_with_alpha(&pixels, beside)?;
        self.frames.push(Drawn { area, blends, shown, file });
        Ok(())
    }

    /// The file, all of which is shown `plays` times, with 0 without end. A single picture is no animation.
    pub fn finish(self, plays: u32) -> Vec<u8> {
        let Some(first) = self.frames.first() else { return Vec::new() };
        if self.frames.len() == 1 {
            return first.file.clone();
        }
        let mut file = Vec::with_capacity(self.frames.iter().map(|frame| frame.file.len() + 64).sum());
        file.extend_from_slice(first.file.get(..SIGNATURE).unwrap_or_default());
        let mut sequence = 0u32;
        for frame in &self.frames {
            let mut announced = false;
            for (kind, data) in chunks(&frame.file) {
                match (kind, sequence) {
                    (b"IDAT", _) => {
                        if sequence == 0 {
                            let count = self.frames.len() as u32;
                            push(&mut file, b"acTL", &[count.to_be_bytes(), plays.to_be_bytes()].concat());
                        }
                        if !announced {
                            push(&mut file, b"fcTL", &frame.control(sequence));
                            sequence += 1;
                            announced = true;
                        }
                        if sequence == 1 {
                            push(&mut file, b"IDAT", data);
                        } else {
                            push(&mut file, b"fdAT", &[&sequence.to_be_bytes(), data].concat());
                            sequence += 1;
                        }
                    }
                    (b"IEND", _) => {}
                    // What is beside the picture is the same for all.
                    (kind, 0) => push(&mut file, kind, data),
                    _ => {}
                }
            }
        }
        push(&mut file, b"IEND", &[]);
        file
    }
}

impl Drawn {
    /// What an `fcTL` chunk says.
    fn control(&self, sequence: u32) -> Vec<u8> {
        let Rect { x, y, width, height } = self.area;
        let millis = self.shown.as_millis();
        // In thousandths of a second, or if that is too long in tenths.
        let (number, parts) = match u16::try_from(millis) {
            Ok(millis) => (millis, 1000u16),
            Err(_) => (u16::try_from(millis / 100).unwrap_or(u16::MAX), 10),
        };
        let mut control = Vec::with_capacity(26);
        for value in [sequence, width, height, x, y] {
            control.extend(value.to_be_bytes());
        }
        control.extend(number.to_be_bytes());
        control.extend(parts.to_be_bytes());
        control.extend([KEEP, if self.blends { OVER } else { REPLACE }]);
        control
    }
}

/// The chunks of a file that we have written ourselves.
fn chunks(file: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = file.get(SIGNATURE..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let data = after.get(..length)?;
        rest = after.get(length + 4..)?;
        Some((kind, data))
    })
}

fn push(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let start = file.len();
    file.extend_from_slice(kind);
    file.extend_from_slice(data);
    let checksum = crc32fast::hash(&file[start..]);
    file.extend(checksum.to_be_bytes());
}
