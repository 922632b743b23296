//! What the samples of a TIFF's pixels mean, and the colours that they come to.

use super::directory::Directory;
use super::{corrupt, unsupported};
use crate::codec::jpeg::PartColours;
use crate::error::TransformError;
use crate::pixels::divided;

const BITS: u64 = 258;
const PHOTOMETRIC: u64 = 262;
const SAMPLES: u64 = 277;
const PLANES: u64 = 284;
const PREDICTOR: u64 = 317;
const PALETTE: u64 = 320;
const EXTRA: u64 = 338;
const NUMBERS: u64 = 339;

/// Of a pixel: colours, and what else scanners put beside them.
const SAMPLES_MAX: u64 = 8;

/// Alpha that is multiplied into the colours, and alpha that is not (TIFF 6.0 §18).
const ASSOCIATED: u64 = 1;
const UNASSOCIATED: u64 = 2;

/// What the samples of a pixel are.
pub(super) struct Samples {
    pub count: usize,
    /// Of each of them.
    pub bits: u8,
    /// Each sample in a picture of its own, instead of pixel after pixel.
    pub apart: bool,
    /// Each sample tells how far it is from that of the pixel before.
    differences: bool,
    little: bool,
    colours: Colours,
    alpha: Option<Alpha>,
}

enum Colours {
    Grey,
    /// White is 0.
    Negative,
    Rgb,
    Cmyk,
    Palette(Vec<[u8; 3]>),
    /// As a JPEG inside holds it, which makes RGB of it itself.
    YCbCr,
}

impl Colours {
    /// In how many samples they are.
    fn own(&self) -> usize {
        match self {
            Colours::Grey | Colours::Negative | Colours::Palette(_) => 1,
            Colours::Rgb | Colours::YCbCr => 3,
            Colours::Cmyk => 4,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Alpha {
    Associated,
    Apart,
}

impl Samples {
    pub fn of(directory: &Directory<'_>) -> Result<Samples, TransformError> {
        let count = directory.number(SAMPLES).unwrap_or(1);
        if !(1..=SAMPLES_MAX).contains(&count) {
            return Err(unsupported(format!("{count} samples a pixel")));
        }
        let bits = directory.numbers(BITS).unwrap_or(vec![1]);
        let first = bits.first().copied().unwrap_or(1);
        if bits.iter().any(|bits| *bits != first) {
            return Err(unsupported("samples of different depths"));
        }
        if !(1..=16).contains(&first) {
            return Err(unsupported(format!("{first} bits a sample")));
        }
        // 1 is a whole number, and 4 whatever it may be.
        if let Some(kind @ (2 | 3 | 5 | 6)) = directory.number(NUMBERS) {
            let what = if kind == 3 { "floating point" } else { "samples that may be negative or complex" };
            return Err(unsupported(what));
        }
        let differences = match directory.number(PREDICTOR).unwrap_or(1) {
            1 => false,
            2 if matches!(first, 8 | 16) => true,
            other => return Err(unsupported(format!("predictor {other} at {first} bits a sample"))),
        };
        let colours = match directory.number(PHOTOMETRIC) {
            Some(0) => Colours::Negative,
            Some(1 | 4) => Colours::Grey,
            None if count < 3 => Colours::Grey,
            Some(2) | None => Colours::Rgb,
            Some(3) => Colours::Palette(palette(directory)?),
            Some(5) => Colours::Cmyk,
            Some(6) => Colours::YCbCr,
            Some(8..=10) => return Err(unsupported("the colours Lab")),
            Some(32844 | 32845) => return Err(unsupported("the colours LogLuv")),
            Some(other) => return Err(unsupported(format!("colours of the kind {other}"))),
        };
        let own = colours.own();
        let count = count as usize;
        if count < own {
            return Err(corrupt(format!("{count} samples a pixel are too few")));
        }
        let alpha = match directory.number(EXTRA) {
            Some(ASSOCIATED) => Some(Alpha::Associated),
            Some(UNASSOCIATED) => Some(Alpha::Apart),
            // Some writers do not say what the fourth of three colours is.
            None if matches!(colours, Colours::Rgb) => Some(Alpha::Apart),
            _ => None,
        };
        Ok(Samples {
            count,
            bits: first as u8,
            apart: count > 1 && directory.number(PLANES) == Some(2),
            differences,
            little: directory.is_little(),
            colours,
            alpha: alpha.filter(|_| count > own),
        })
    }

    pub fn has_alpha(&self) -> bool {
        self.alpha.is_some()
    }

    /// How many of a pixel's samples are looked at: its colours, and alpha.
    pub fn used(&self) -> usize {
        self.colours.own() + usize::from(self.has_alpha())
    }

    /// Whether only a JPEG can make colours of them.
    pub fn are_of_jpeg(&self) -> bool {
        matches!(self.colours, Colours::YCbCr)
    }

    /// What a JPEG inside has to know of them; nothing where none can hold them.
    pub fn in_jpeg(&self) -> Option<PartColours> {
        if self.apart || self.bits != 8 {
            return None;
        }
        match self.colours {
            Colours::Grey | Colours::Negative | Colours::YCbCr => Some(PartColours::Grey),
            Colours::Rgb => Some(PartColours::Rgb),
            Colours::Cmyk => Some(PartColours::Cmyk),
            Colours::Palette(_) => None,
        }
    }

    /// What a pixel out of a JPEG comes to.
    pub fn of_jpeg(&self, pixel: [u8; 4]) -> [u8; 4] {
        match self.colours {
            Colours::Negative => [255 - pixel[0], 255 - pixel[1], 255 - pixel[2], 255],
            Colours::Cmyk => of_inks(pixel),
            _ => pixel,
        }
    }

    /// In a row of so many pixels: of each strip or tile; where they are apart, each of which has one of them.
    pub fn in_row(&self, width: usize) -> usize {
        width.saturating_mul(if self.apart { 1 } else { self.count })
    }

    /// The numbers in a row of bytes.
    pub fn read(&self, row: &[u8], line: &mut Vec<u16>) {
        line.clear();
        match self.bits {
            8 => line.extend(row.iter().map(|byte| u16::from(*byte))),
            16 if self.little => line.extend(row.as_chunks().0.iter().map(|two| u16::from_le_bytes(*two))),
            16 => line.extend(row.as_chunks().0.iter().map(|two| u16::from_be_bytes(*two))),
            bits => {
                // The first is in the highest bits.
                let (mut held, mut count) = (0u32, 0);
                for byte in row {
                    held = held << 8 | u32::from(*byte);
                    count += 8;
                    while count >= bits {
                        count -= bits;
                        line.push((held >> count) as u16);
                        held &= (1 << count) - 1;
                    }
                }
            }
        }
        if self.differences {
            let step = if self.apart { 1 } else { self.count };
            let most = self.most() as u16;
            for at in step..line.len() {
                line[at] = line[at].wrapping_add(line[at - step]) & most;
            }
        }
    }

    fn most(&self) -> u32 {
        (1 << self.bits) - 1
    }

    /// In eight bits.
    fn byte(&self, number: u16) -> u8 {
        match self.bits {
            8 => number as u8,
            // 257 is 65535 / 255.
            16 => ((u32::from(number) + 128) / 257) as u8,
            _ => ((u32::from(number) * 255 + self.most() / 2) / self.most()) as u8,
        }
    }

    /// Of pixel `x`, whose numbers are in one line or in one each.
    pub fn pixel(&self, lines: &[Vec<u16>], x: usize) -> [u8; 4] {
        let number = |index: usize| match self.apart {
            true => lines[index][x],
            false => lines[0][x * self.count + index],
        };
        let at = |index: usize| self.byte(number(index));
        let ([r, g, b], next) = match &self.colours {
            Colours::Grey => ([at(0); 3], 1),
            Colours::Negative => ([255 - at(0); 3], 1),
            Colours::Palette(palette) => {
                (palette.get(usize::from(number(0))).copied().unwrap_or_default(), 1)
            }
            Colours::Rgb | Colours::YCbCr => ([at(0), at(1), at(2)], 3),
            Colours::Cmyk => {
                let [r, g, b, _] = of_inks([at(0), at(1), at(2), at(3)]);
                ([r, g, b], 4)
            }
        };
        match self.alpha {
            None => [r, g, b, 255],
            Some(Alpha::Apart) => [r, g, b, at(next)],
            Some(Alpha::Associated) => {
                let [r, g, b, _] = divided([r, g, b, 255], at(next));
                [r, g, b, at(next)]
            }
        }
    }
}

/// By the plain formula, as of JPEG; here 255 is all ink.
fn of_inks([c, m, y, k]: [u8; 4]) -> [u8; 4] {
    let white = 255 - u32::from(k);
    let light = |ink: u8| (((255 - u32::from(ink)) * white + 127) / 255) as u8;
    [light(c), light(m), light(y), 255]
}

/// All reds, then all greens, then all blues, each of sixteen bits.
fn palette(directory: &Directory<'_>) -> Result<Vec<[u8; 3]>, TransformError> {
    let numbers = directory.numbers(PALETTE).ok_or_else(|| corrupt("it has no palette"))?;
    // Some writers have put eight bits there.
    let shift = if numbers.iter().all(|number| *number < 256) { 0 } else { 8 };
    let third = numbers.len() / 3;
    let byte = |at: usize| (numbers[at] >> shift) as u8;
    Ok((0..third).map(|at| [byte(at), byte(third + at), byte(2 * third + at)]).collect())
}
