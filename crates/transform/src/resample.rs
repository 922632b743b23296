//! Resizing of interleaved samples from a fractional box; the one place that knows the resizing library.

use std::f64::consts::PI;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x4};
use fast_image_resize::{Filter, FilterType, MulDiv, PixelTrait, ResizeAlg, ResizeOptions, Resizer};
use plan::{CropBox, Size};

use crate::error::TransformError;

/// The buffers of one transform's resizes.
#[derive(Default)]
pub(crate) struct Resampler {
    resizer: Resizer,
    weights: MulDiv,
}

/// What one pixel of a buffer is.
#[derive(Clone, Copy)]
pub(crate) enum Samples {
    /// One plane.
    Single,
    /// Four channels, the last of them opaque throughout.
    Rgbx,
    /// Colours are weighted with alpha: a transparent pixel has none that could bleed into its neighbours.
    Rgba,
}

impl Resampler {
    /// Fills `resized`, a buffer of `to_width x to_height`, with the part `crop` of one of `width x height`
    /// (Lanczos, three lobes).
    pub fn resample(
        &mut self,
        samples: &[u8],
        kind: Samples,
        (width, height): (usize, usize),
        crop: CropBox,
        (to_width, to_height): (usize, usize),
        resized: &mut [u8],
    ) -> Result<(), TransformError> {
        match kind {
            Samples::Single => {
                self.typed::<U8>(samples, false, (width, height), crop, (to_width, to_height), resized)
            }
            Samples::Rgbx => {
                self.typed::<U8x4>(samples, false, (width, height), crop, (to_width, to_height), resized)
            }
            Samples::Rgba => {
                self.typed::<U8x4>(samples, true, (width, height), crop, (to_width, to_height), resized)
            }
        }
    }

    /// Weights colours with alpha, in place.
    pub fn multiply_by_alpha(&self, rgba: &mut [u8], size: Size) -> Result<(), TransformError> {
        let failed = |why: String| TransformError::failed("resizing", why);
        let mut image = TypedImage::<U8x4>::from_buffer(size.width, size.height, rgba)
            .map_err(|error| failed(error.to_string()))?;
        self.weights.multiply_alpha_inplace_typed(&mut image).map_err(|error| failed(error.to_string()))
    }

    /// Undoes [`Resampler::multiply_by_alpha`], in place.
    pub fn divide_by_alpha(&self, rgba: &mut [u8], size: Size) -> Result<(), TransformError> {
        let failed = |why: String| TransformError::failed("resizing", why);
        let mut image = TypedImage::<U8x4>::from_buffer(size.width, size.height, rgba)
            .map_err(|error| failed(error.to_string()))?;
        self.weights.divide_alpha_inplace_typed(&mut image).map_err(|error| failed(error.to_string()))
    }

    /// By the type of its pixels, for letting the library choose would compile it for every type that it has.
    fn typed<P: PixelTrait>(
        &mut self,
        samples: &[u8],
        has_alpha: bool,
        (width, height): (usize, usize),
        crop: CropBox,
        (to_width, to_height): (usize, usize),
        resized: &mut [u8],
    ) -> Result<(), TransformError> {
        let failed = |why: String| TransformError::failed("resizing", why);
        let side = |side: usize| u32::try_from(side).map_err(|error| failed(error.to_string()));
        let from = TypedImageRef::<P>::from_buffer(side(width)?, side(height)?, samples)
            .map_err(|error| failed(error.to_string()))?;
        let mut to = TypedImage::<P>::from_buffer(side(to_width)?, side(to_height)?, resized)
            .map_err(|error| failed(error.to_string()))?;
        let (x, crop_width) = within(crop.x, crop.width, width);
        let (y, crop_height) = within(crop.y, crop.height, height);
        let filter =
            Filter::new("Lanczos, three lobes", lanczos, LOBES).map_err(|error| failed(error.to_string()))?;
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Custom(filter)))
            .use_alpha(has_alpha)
            .crop(x, y, crop_width, crop_height);
        self.resizer.resize_typed(&from, &mut to, &options).map_err(|error| failed(error.to_string()))
    }
}

const LOBES: f64 = 3.0;

/// `sinc(x) * sinc(x / 3)` by one sine: `sin 3t` is `3 sin t - 4 sin³ t`. Of a picture that becomes small the library's own
/// two take longer than what they weigh.
fn lanczos(x: f64) -> f64 {
    if x.abs() >= LOBES {
        return 0.0;
    }
    let angle = (x * PI / LOBES).abs();
    if angle < 1e-6 {
        return 1.0;
    }
    let squared = sine(angle).powi(2);
    squared * (3.0 - 4.0 * squared) / (LOBES * angle * angle)
}

/// Of 15, 13 and so on, to 3.
const FACTORIALS: [f64; 7] =
    [1_307_674_368_000.0, 6_227_020_800.0, 39_916_800.0, 362_880.0, 5_040.0, 120.0, 6.0];

/// From 0 to π, to eleven digits: the series up to the fifteenth power of what is at most a right angle.
fn sine(angle: f64) -> f64 {
    let angle = angle.min(PI - angle);
    let square = angle * angle;
    // Each power has the other sign than the one before it.
    let series = FACTORIALS.iter().fold(0.0, |sum, factorial| -square * (sum + 1.0 / factorial));
    angle * (1.0 + series)
}

/// A stretch of samples, moved inside the buffer where arithmetic has pushed it out, and put on whole samples where
/// arithmetic has just missed them (so that an unchanged size stays an unchanged picture).
fn within(start: f64, length: f64, available: usize) -> (f64, f64) {
    let whole = |value: f64| if (value - value.round()).abs() < 1e-6 { value.round() } else { value };
    let available = available as f64;
    let start = whole(start).clamp(0.0, (available - 1e-3).max(0.0));
    let end = whole(start + length).clamp(start, available);
    // `start + (end - start)` may come out one bit above `end`, which the resizer refuses at the very edge.
    let length = end - start;
    if start + length > available { (start, (available - start).next_down()) } else { (start, length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_are_those_of_lanczos() {
        let sinc = |x: f64| if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
        for step in -3500..=3500 {
            let x = f64::from(step) / 1000.0;
            let expected = if x.abs() < LOBES { sinc(x) * sinc(x / LOBES) } else { 0.0 };
            assert!((lanczos(x) - expected).abs() < 1e-10, "{x}: {} instead of {expected}", lanczos(x));
        }
    }
}
