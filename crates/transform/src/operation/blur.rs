//! Gaussian blur: exactly for small radii, as three box blurs for large ones, at a cost that does not grow with them.
//!
//! In integers throughout, so that every machine makes the same bytes.

use plan::Sigma;

use crate::error::TransformError;
use crate::limits::Deadline;
use crate::pixels::Pixels;
use crate::planes::{Plane, Planes};

/// From this standard deviation on, three boxes look like the bell, are as wide to within a twentieth (their lengths are
/// whole numbers), and a kernel would be long.
const BOXES_FROM: f64 = 4.0;
/// Samples are blurred with this many bits of fraction, so that passes do not add up their rounding.
const FRACTION: u32 = 8;

pub(super) fn planes(
    sigma: Sigma,
    mut planes: Planes,
    deadline: &Deadline,
) -> Result<Planes, TransformError> {
    let sigma = sigma.pixels();
    plane(&mut planes.luma, (sigma, sigma));
    let (across, down) = (f64::from(planes.subsampling.0), f64::from(planes.subsampling.1));
    for chroma in planes.chroma.iter_mut().flatten() {
        deadline.check()?;
        plane(chroma, (sigma / across, sigma / down));
    }
    Ok(planes)
}

/// Blurs a plane, by a standard deviation of its own across and down.
pub(super) fn plane(plane: &mut Plane, sigmas: (f64, f64)) {
    let samples = plane.samples.iter().map(|&sample| u16::from(sample) << FRACTION).collect();
    let blurred = blurred(samples, plane.width, sigmas);
    for (to, from) in plane.samples.iter_mut().zip(blurred) {
        *to = rounded(from);
    }
}

fn rounded(value: u16) -> u8 {
    ((u32::from(value) + (1 << (FRACTION - 1))) >> FRACTION).min(255) as u8
}

/// Colours count as much as they can be seen.
pub(super) fn pixels(sigma: f64, mut pixels: Pixels, deadline: &Deadline) -> Result<Pixels, TransformError> {
    let width = pixels.size.width as usize;
    let channel = |pixels: &Pixels, index: usize| -> Vec<u16> {
        let weighed = |pixel: &[u8; 4]| u16::from(pixel[index]) * u16::from(pixel[3]);
        pixels.rgba.iter().map(weighed).collect()
    };
    if pixels.is_opaque() {
        for index in 0..3 {
            deadline.check()?;
            let samples = pixels.rgba.iter().map(|pixel| u16::from(pixel[index]) << FRACTION).collect();
            for (pixel, value) in pixels.rgba.iter_mut().zip(blurred(samples, width, (sigma, sigma))) {
                pixel[index] = rounded(value);
            }
        }
        return Ok(pixels);
    }
    let alpha = pixels.rgba.iter().map(|pixel| u16::from(pixel[3]) * 255).collect();
    let alpha = blurred(alpha, width, (sigma, sigma));
    for index in 0..3 {
        deadline.check()?;
        let colour = blurred(channel(&pixels, index), width, (sigma, sigma));
        for ((pixel, colour), alpha) in pixels.rgba.iter_mut().zip(colour).zip(&alpha) {
            let (colour, alpha) = (u32::from(colour), u32::from(*alpha));
            pixel[index] = (colour * 255 + alpha / 2).checked_div(alpha).unwrap_or(0).min(255) as u8;
        }
    }
    for (pixel, alpha) in pixels.rgba.iter_mut().zip(alpha) {
        pixel[3] = ((u32::from(alpha) + 127) / 255) as u8;
    }
    Ok(pixels)
}

/// Rows of this width, blurred across and down; beyond its edges a picture goes on as it ends.
pub(crate) fn blurred(samples: Vec<u16>, width: usize, (across, down): (f64, f64)) -> Vec<u16> {
    if width == 0 || samples.is_empty() {
        return samples;
    }
    let height = samples.len() / width;
    let samples = rows_blurred(samples, width, across);
    let turned = transposed(&samples, width, height);
    transposed(&rows_blurred(turned, height, down), height, width)
}

fn rows_blurred(mut samples: Vec<u16>, width: usize, sigma: f64) -> Vec<u16> {
    if sigma < BOXES_FROM {
        let kernel = kernel(sigma);
        let mut row = Vec::with_capacity(width + 2 * kernel.len());
        for samples in samples.chunks_exact_mut(width) {
            extend_over_edges(&mut row, samples, kernel.len() / 2);
            for (to, around) in samples.iter_mut().zip(row.windows(kernel.len())) {
                let sum: u64 =
                    around.iter().zip(&kernel).map(|(s, weight)| u64::from(*s) * u64::from(*weight)).sum();
                *to = ((sum + (1 << 15)) >> 16) as u16;
            }
        }
    } else {
        let radii = box_radii(sigma);
        let mut row = Vec::with_capacity(width + 2 * radii[2]);
        for samples in samples.chunks_exact_mut(width) {
            for radius in radii {
                extend_over_edges(&mut row, samples, radius);
                boxed(&row, radius, samples);
            }
        }
    }
    samples
}

fn extend_over_edges(row: &mut Vec<u16>, samples: &[u16], radius: usize) {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return };
    row.clear();
    row.extend(std::iter::repeat_n(*first, radius));
    row.extend_from_slice(samples);
    row.extend(std::iter::repeat_n(*last, radius));
}

/// Each of `to` becomes the mean of those around it in `row`, which has `radius` more on either side.
fn boxed(row: &[u16], radius: usize, to: &mut [u16]) {
    let length = 2 * radius + 1;
    // The mean by a multiplication: exact to a 256th of a sample's step for every length that a blur can have.
    let inverse = (1u64 << 40).div_ceil(length as u64);
    let mut sum: u64 = row[..length - 1].iter().map(|sample| u64::from(*sample)).sum();
    for (to, (leaves, enters)) in to.iter_mut().zip(row.iter().zip(&row[length - 1..])) {
        sum += u64::from(*enters);
        *to = ((sum * inverse + (1 << 39)) >> 40) as u16;
        sum -= u64::from(*leaves);
    }
}

/// Weights of a bell curve in 65536ths, of an odd number of samples.
fn kernel(sigma: f64) -> Vec<u32> {
    let radius = (3.0 * sigma).ceil() as i32;
    let bell = |x: i32| (-f64::from(x * x) / (2.0 * sigma * sigma).max(1e-9)).exp();
    let sum: f64 = (-radius..=radius).map(bell).sum();
    let mut weights: Vec<u32> =
        (-radius..=radius).map(|x| (bell(x) / sum * 65536.0).round() as u32).collect();
    // What rounding has added or lost belongs to the middle, so that flat stays flat.
    let total: u32 = weights.iter().sum();
    let middle = &mut weights[radius as usize];
    *middle = (*middle + 65536).saturating_sub(total);
    weights
}

/// Three boxes whose variances add up to that of the bell, as nearly as whole radii can.
fn box_radii(sigma: f64) -> [usize; 3] {
    let variance = |radius: f64| ((2.0 * radius + 1.0).powi(2) - 1.0) / 12.0;
    let wanted = sigma * sigma;
    let small = (((4.0 * wanted + 1.0).sqrt() - 1.0) / 2.0).floor();
    let larger = |count: usize| {
        let sum = (3 - count) as f64 * variance(small) + count as f64 * variance(small + 1.0);
        (sum - wanted).abs()
    };
    let count = (0..=3).min_by(|one, other| larger(*one).total_cmp(&larger(*other))).unwrap_or(0);
    std::array::from_fn(|index| small as usize + usize::from(index >= 3 - count))
}

/// In squares that fit a cache.
fn transposed(samples: &[u16], width: usize, height: usize) -> Vec<u16> {
    const SIDE: usize = 32;
    let mut turned = vec![0; samples.len()];
    for top in (0..height).step_by(SIDE) {
        for left in (0..width).step_by(SIDE) {
            for y in top..(top + SIDE).min(height) {
                for x in left..(left + SIDE).min(width) {
                    turned[x * height + y] = samples[y * width + x];
                }
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::Size;
    use std::time::Duration;

    /// The standard deviation of what a single bright sample becomes.
    fn measured(sigma: f64) -> f64 {
        let width = (20.0 * sigma) as usize | 1;
        let mut samples = vec![0u16; width];
        samples[width / 2] = u16::MAX;
        let made = rows_blurred(samples, width, sigma);
        let sum: f64 = made.iter().map(|value| f64::from(*value)).sum();
        let at = |index: usize| index as f64 - (width / 2) as f64;
        (made.iter().enumerate().map(|(x, value)| at(x).powi(2) * f64::from(*value)).sum::<f64>() / sum)
            .sqrt()
    }

    #[test]
    fn a_point_becomes_as_wide_as_was_asked() {
        for sigma in [0.8, 1.5, 3.9, 4.0, 5.3, 10.0, 25.0] {
            let found = measured(sigma);
            assert!((found - sigma).abs() <= 0.05 * sigma, "{sigma}: {found}");
        }
    }

    #[test]
    fn what_is_flat_stays_flat() {
        for value in [0, 1, 100, 255] {
            for sigma in [0.1, 0.8, 3.0, 4.0, 17.3, 200.0] {
                let mut flat = Plane::filled(37, 5, value);
                plane(&mut flat, (sigma, sigma));
                assert_eq!(flat, Plane::filled(37, 5, value), "{value}, {sigma}");
            }
        }
    }

    #[test]
    fn across_and_down_are_the_same() {
        let samples: Vec<u16> = (0..35).map(|index| index * 1000).collect();
        let one = blurred(samples.clone(), 7, (1.2, 1.2));
        let other = transposed(&blurred(transposed(&samples, 7, 5), 5, (1.2, 1.2)), 5, 7);
        let off = one.iter().zip(&other).map(|(one, other)| one.abs_diff(*other)).max();
        assert!(off <= Some(2), "{off:?}");
    }

    #[test]
    fn what_cannot_be_seen_lends_no_colour() {
        let mut picture = Pixels::filled(Size::new(40, 9), [0, 255, 0, 0]);
        for row in picture.rgba.chunks_exact_mut(40) {
            row[20..].fill([200, 40, 10, 255]);
        }
        let made = pixels(3.0, picture, &Deadline::after(Duration::from_secs(60))).unwrap();
        for [r, g, b, a] in made.rgba {
            assert!(a < 8 || (r.abs_diff(200) <= 2 && g.abs_diff(40) <= 2 && b.abs_diff(10) <= 2));
        }
    }
}
