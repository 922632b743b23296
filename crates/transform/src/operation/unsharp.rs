//! Sharpening by an unsharp mask: what a blurred copy lacks is added once more. On luma only, where eyes are sharp.

use plan::Sigma;

use crate::colour::luma_of;
use crate::operation::blur::{blurred, plane};
use crate::pixels::Pixels;
use crate::planes::Planes;

pub(super) fn planes(hundredths: i32, sigma: Sigma, mut planes: Planes) -> Planes {
    let mut soft = planes.luma.clone();
    plane(&mut soft, (sigma.pixels(), sigma.pixels()));
    for (sample, soft) in planes.luma.samples.iter_mut().zip(soft.samples) {
        let lacking = i32::from(*sample) - i32::from(soft);
        *sample = (i32::from(*sample) + added(lacking, hundredths)).clamp(0, 255) as u8;
    }
    planes
}

/// Half away from zero, so that edges gain the same on both sides.
fn added(lacking: i32, hundredths: i32) -> i32 {
    let product = lacking * hundredths;
    (product + 50 * product.signum()) / 100
}

/// What is transparent has no say in what its neighbours lack.
pub(super) fn pixels(hundredths: i32, sigma: Sigma, mut pixels: Pixels) -> Pixels {
    let width = pixels.size.width as usize;
    let sigmas = (sigma.pixels(), sigma.pixels());
    let luma = |[r, g, b, _]: [u8; 4]| luma_of([r, g, b]);
    let weighed =
        pixels.rgba.iter().map(|&pixel| (luma(pixel) * f32::from(pixel[3])).round() as u16).collect();
    let seen = pixels.rgba.iter().map(|pixel| u16::from(pixel[3]) * 255).collect();
    let (weighed, seen) = (blurred(weighed, width, sigmas), blurred(seen, width, sigmas));
    for ((pixel, weighed), seen) in pixels.rgba.iter_mut().zip(weighed).zip(seen) {
        if seen == 0 {
            continue;
        }
        let soft = f32::from(weighed) * 255.0 / f32::from(seen);
        let lacking = (luma(*pixel) - soft).round() as i32;
        for channel in &mut pixel[..3] {
            *channel = (i32::from(*channel) + added(lacking, hundredths)).clamp(0, 255) as u8;
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planes::Plane;
    use plan::{Operation, Percent, Plan, Size};

    /// From 60 to 180, in the middle.
    fn edge() -> Vec<u8> {
        (0..3).flat_map(|_| (0..40).map(|x| if x < 20 { 60 } else { 180 })).collect()
    }

    fn sharp(amount: i16) -> (i32, Sigma) {
        let plan = Plan { sharpness: Percent::new(amount).unwrap(), ..Plan::default() };
        match plan.operations()[1] {
            Operation::Unsharp { hundredths, sigma } => (hundredths, sigma),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_edge_gains_contrast_on_both_sides_and_flat_parts_none() {
        let (hundredths, sigma) = sharp(50);
        let luma = Plane { width: 40, height: 3, samples: edge() };
        let grey = Planes { luma, chroma: None, subsampling: (1, 1), matrix: crate::colour::Matrix::Bt601 };
        let made = planes(hundredths, sigma, grey).luma.samples;
        let row = &made[40..80];
        assert!(row[19] < 45 && row[20] > 195, "{row:?}");
        assert!(row[..15].iter().all(|value| *value == 60) && row[25..].iter().all(|value| *value == 180));
        assert_eq!(u16::from(row[19]) + u16::from(row[20]), 240);
    }

    #[test]
    fn pixels_and_planes_agree() {
        let (hundredths, sigma) = sharp(80);
        let luma = Plane { width: 40, height: 3, samples: edge() };
        let grey = Planes { luma, chroma: None, subsampling: (1, 1), matrix: crate::colour::Matrix::Bt601 };
        let rgba = edge().into_iter().map(|value| [value, value, value, 255]).collect();
        let one = pixels(hundredths, sigma, Pixels { size: Size::new(40, 3), rgba });
        let other = planes(hundredths, sigma, grey).luma.samples;
        for (pixel, sample) in one.rgba.iter().zip(other) {
            assert!(pixel[0].abs_diff(sample) <= 2, "{pixel:?} {sample}");
        }
    }
}
