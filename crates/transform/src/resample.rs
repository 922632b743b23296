//! Resizing of interleaved samples from a fractional box; the one place that knows the resizing library.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use plan::CropBox;

use crate::error::TransformError;

/// The buffers of one transform's resizes.
#[derive(Default)]
pub(crate) struct Resampler {
    resizer: Resizer,
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
        let failed = |why: String| TransformError::failed("resizing", why);
        let side = |side: usize| u32::try_from(side).map_err(|error| failed(error.to_string()));
        let pixel_type = match kind {
            Samples::Single => PixelType::U8,
            Samples::Rgbx | Samples::Rgba => PixelType::U8x4,
        };
        let from = ImageRef::new(side(width)?, side(height)?, samples, pixel_type)
            .map_err(|error| failed(error.to_string()))?;
        let mut to = Image::from_slice_u8(side(to_width)?, side(to_height)?, resized, pixel_type)
            .map_err(|error| failed(error.to_string()))?;
        let (x, crop_width) = within(crop.x, crop.width, width);
        let (y, crop_height) = within(crop.y, crop.height, height);
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
            .use_alpha(matches!(kind, Samples::Rgba))
            .crop(x, y, crop_width, crop_height);
        self.resizer.resize(&from, &mut to, &options).map_err(|error| failed(error.to_string()))
    }
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
