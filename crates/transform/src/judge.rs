//! How much an encoded picture still looks like what was encoded: SSIMULACRA2.
//!
//! 100 is the same picture, at 90 most people see no difference side by side, 70 is what photographs on the web mostly
//! have, at 50 faults are plain to see.

use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Reference};
use plan::CropBox;

use crate::codec::Picture;
use crate::colour;
use crate::error::TransformError;
use crate::pixels::Pixels;
use crate::resample::Resampler;
use crate::sample;

/// Bytes for each pixel of a sample: what is known of it and what is compared, at six scales in numbers of four bytes.
pub(crate) const MEMORY: u64 = 130;

/// Compares with one picture, or with a sample of it.
pub(crate) struct Judge {
    sample: Picture,
    reference: Ssimulacra2Reference,
}

impl Judge {
    /// Of the picture that an encoder is given, whose pixels share chroma as those of what is made do: what is lost by
    /// that is not for its quality to win back.
    pub fn new(
        given: &Picture,
        shared_chroma: (u8, u8),
        resampler: &mut Resampler,
    ) -> Result<Judge, TransformError> {
        let sample = sample::sample(given);
        let seen = match &sample {
            Picture::Planes(_) => seen(&sample, resampler)?,
            Picture::Pixels(pixels) => {
                let planes = Picture::Planes(colour::to_planes(pixels, shared_chroma));
                let mut seen = seen(&planes, resampler)?;
                for (seen, given) in seen.rgba.iter_mut().zip(&pixels.rgba) {
                    seen[3] = given[3];
                }
                seen
            }
        };
        let reference = Ssimulacra2Reference::new(&slice(&seen)?).map_err(failed)?;
        Ok(Judge { sample, reference })
    }

    /// What is to be encoded for being judged.
    pub fn sample(&self) -> &Picture {
        &self.sample
    }

    /// Of what was made of the sample.
    pub fn score(&self, made: &Picture, resampler: &mut Resampler) -> Result<f64, TransformError> {
        self.reference.compare(&slice(&seen(made, resampler)?)?).map_err(failed)
    }
}

/// Every pixel with a colour of its own.
fn seen(picture: &Picture, resampler: &mut Resampler) -> Result<Pixels, TransformError> {
    Ok(match picture {
        Picture::Pixels(pixels) => pixels.clone(),
        Picture::Planes(planes) => {
            let size = planes.size();
            colour::to_pixels(&planes.resized_444(CropBox::whole(size), size, resampler)?)
        }
    })
}

/// What is transparent is compared in front of a dark and of a light ground.
fn slice(pixels: &Pixels) -> Result<PixelSlice<'_>, TransformError> {
    let plan::Size { width, height } = pixels.size;
    let kind = if pixels.is_opaque() { PixelDescriptor::RGBX8_SRGB } else { PixelDescriptor::RGBA8_SRGB };
    PixelSlice::new(pixels.rgba.as_flattened(), width, height, width as usize * 4, kind).map_err(failed)
}

fn failed(error: impl ToString) -> TransformError {
    TransformError::failed("judging", error)
}
