//! BlurHash: the lowest frequencies of a picture in base 83 (<https://github.com/woltapp/blurhash>, Algorithm.md).

use std::f64::consts::PI;

use crate::pixels::Pixels;

const DIGITS: &[u8; 83] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/// More frequencies along the longer side.
const FREQUENCIES: (usize, usize) = (4, 3);

/// On white, as the hash knows no transparency.
pub(super) fn of(pixels: &Pixels) -> String {
    let (width, height) = (pixels.size.width as usize, pixels.size.height as usize);
    let (across, down) = if width >= height { FREQUENCIES } else { (FREQUENCIES.1, FREQUENCIES.0) };
    let light: [f64; 256] = std::array::from_fn(|value| linear(value as f64 / 255.0));
    let colours: Vec<[f64; 3]> = pixels
        .clone()
        .flattened([255; 4])
        .rgba
        .iter()
        .map(|&[r, g, b, _]| [r, g, b].map(|value| light[usize::from(value)]))
        .collect();
    let waves = |count: usize, length: usize| -> Vec<Vec<f64>> {
        let wave = |number: usize| move |at: usize| (PI * number as f64 * at as f64 / length as f64).cos();
        (0..count).map(|number| (0..length).map(wave(number)).collect()).collect()
    };
    let (horizontal, vertical) = (waves(across, width), waves(down, height));
    let mut factors = Vec::with_capacity(across * down);
    for vertical in &vertical {
        for horizontal in &horizontal {
            let first = factors.is_empty();
            let mut sum = [0.0; 3];
            for (row, down) in colours.chunks_exact(width.max(1)).zip(vertical) {
                for (colour, across) in row.iter().zip(horizontal) {
                    for (sum, value) in sum.iter_mut().zip(colour) {
                        *sum += value * across * down;
                    }
                }
            }
            let scale = if first { 1.0 } else { 2.0 } / (width * height).max(1) as f64;
            factors.push(sum.map(|sum| sum * scale));
        }
    }
    written(&factors, across, down)
}

fn written(factors: &[[f64; 3]], across: usize, down: usize) -> String {
    let mut hash = digits((across - 1) + (down - 1) * 9, 1);
    let (average, others) = factors.split_first().map_or(([0.0; 3], &[][..]), |(first, rest)| (*first, rest));
    let largest = others.iter().flatten().fold(0.0f64, |largest, value| largest.max(value.abs()));
    let quantised = (largest * 166.0 - 0.5).floor().clamp(0.0, 82.0);
    hash += &digits(quantised as usize, 1);
    let [r, g, b] = average.map(|value| (gamma(value) * 255.0).round().clamp(0.0, 255.0) as usize);
    hash += &digits(r << 16 | g << 8 | b, 4);
    let largest = (quantised + 1.0) / 166.0;
    for factor in others {
        let [r, g, b] = factor.map(|value| {
            let root = (value / largest).abs().sqrt().copysign(value);
            (root * 9.0 + 9.5).floor().clamp(0.0, 18.0) as usize
        });
        hash += &digits((r * 19 + g) * 19 + b, 2);
    }
    hash
}

fn digits(value: usize, length: u32) -> String {
    let digit = |place: u32| char::from(DIGITS[value / 83usize.pow(place) % 83]);
    (0..length).rev().map(digit).collect()
}

/// Light of an sRGB value (IEC 61966-2-1), and back.
fn linear(value: f64) -> f64 {
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn gamma(light: f64) -> f64 {
    let light = light.clamp(0.0, 1.0);
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use plan::Size;

    use super::*;

    #[test]
    fn the_average_stands_in_front() {
        let hash = |colour| of(&Pixels::filled(Size::new(8, 4), colour));
        assert_eq!(hash([255, 0, 0, 255])[2..6], digits(0xff_00_00, 4));
        assert_eq!(hash([0, 0, 0, 255]), format!("L00000{}", "fQ".repeat(11)));
        assert_eq!(hash([0, 0, 0, 0]), hash([255, 255, 255, 255]));
    }

    #[test]
    fn the_longer_side_has_more_frequencies() {
        let hash = |width, height| of(&Pixels::filled(Size::new(width, height), [9, 9, 9, 255]));
        for (width, height, expected) in [(8, 4, "L"), (4, 8, "T"), (1, 1, "L")] {
            assert!(hash(width, height).starts_with(expected), "{}", hash(width, height));
            assert_eq!(hash(width, height).len(), 28);
        }
    }

    #[test]
    fn left_and_right_differ_in_the_first_horizontal_frequency() {
        let half = |left: u8, right: u8| {
            let rgba = (0..64).map(|at| if at % 8 < 4 { [left; 3] } else { [right; 3] });
            of(&Pixels { size: Size::new(8, 8), rgba: rgba.map(|[r, g, b]| [r, g, b, 255]).collect() })
        };
        let (one, other) = (half(255, 0), half(0, 255));
        assert_eq!(one[2..6], other[2..6], "the same on average");
        assert_eq!((&one[6..8], &other[6..8]), (&*digits(18 * 361 + 18 * 19 + 18, 2), &*digits(0, 2)));
    }
}
