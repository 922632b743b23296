//! A picture on a canvas that it does not fill.

use plan::{Background, CropBox, Fill, Size};

use crate::error::TransformError;
use crate::operation::{Bench, blur, gradient};
use crate::pixels::Pixels;

/// A background out of focus has no detail to lose: it is made this many times smaller and enlarged again.
const SMALLER: u32 = 8;
/// The standard deviation of its blur, as a part of its larger side.
const BLUR: f64 = 1.0 / 32.0;

pub(super) fn pixels(
    background: &Background,
    pixels: Pixels,
    bench: &mut Bench<'_>,
) -> Result<Pixels, TransformError> {
    let (canvas, placed) = (bench.geometry.canvas, bench.geometry.placed);
    if !bench.geometry.is_padded() {
        return Ok(pixels);
    }
    match background.fill {
        // What is left transparent is closed by `Flatten`.
        Fill::Solid => Ok(pixels.padded(canvas, placed, [0; 4])),
        Fill::Gradient => {
            let mut behind = gradient::canvas(&background.gradient, canvas);
            behind.lay_over(&pixels, placed.x, placed.y);
            Ok(behind)
        }
        Fill::Blur => {
            let mut behind = out_of_focus(&pixels, canvas, bench)?;
            behind.lay_over(&pixels, placed.x, placed.y);
            Ok(behind)
        }
    }
}

fn out_of_focus(pixels: &Pixels, canvas: Size, bench: &mut Bench<'_>) -> Result<Pixels, TransformError> {
    let smaller = |side: u32| side.div_ceil(SMALLER);
    let small = Size { width: smaller(canvas.width), height: smaller(canvas.height) };
    let covering = CropBox::covering(pixels.size, small);
    let small = pixels.resized(covering, small, bench.resampler)?;
    let sigma = f64::from(small.size.width.max(small.size.height)) * BLUR;
    let soft = blur::pixels(sigma, small, bench.deadline)?;
    soft.resized(CropBox::whole(soft.size), canvas, bench.resampler)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Deadline;
    use crate::resample::Resampler;
    use plan::{Fit, Plan, Resize};
    use std::time::Duration;

    fn placed(background: Background, canvas: (u32, u32)) -> Pixels {
        let (width, height) = (Some(canvas.0), Some(canvas.1));
        let resize = Resize { width, height, fit: Fit::Fill, ..Resize::default() };
        let plan = Plan { resize, background, ..Plan::default() };
        let geometry = plan::geometry(&plan, Size::new(40, 20), 1000).unwrap();
        let mut bench = Bench {
            geometry: &geometry,
            others: &[],
            deadline: &Deadline::after(Duration::from_secs(60)),
            resampler: &mut Resampler::default(),
        };
        let picture = Pixels::filled(geometry.placed.size(), [10, 200, 30, 255]);
        pixels(&background, picture, &mut bench).unwrap()
    }

    #[test]
    fn what_is_not_covered_is_left_for_the_background() {
        let made = placed(Background::default(), (40, 40));
        assert_eq!((made.rgba[0], made.rgba[20 * 40]), ([0; 4], [10, 200, 30, 255]));
    }

    #[test]
    fn a_background_out_of_focus_has_the_colours_of_the_picture() {
        let blurred = Background { fill: Fill::Blur, ..Background::default() };
        for canvas in [(40, 40), (9, 90), (90, 9)] {
            let made = placed(blurred, canvas);
            assert!(made.is_opaque() && made.size == Size::new(canvas.0, canvas.1));
            assert!(
                made.rgba.iter().all(|[r, g, b, _]| *r < 14 && g.abs_diff(200) < 4 && b.abs_diff(30) < 4)
            );
        }
    }
}
