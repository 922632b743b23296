//! A picture on a canvas that it does not fill.

use plan::{Behind, CropBox, Size};

use crate::error::TransformError;
use crate::operation::{Bench, blur, gradient, mark, sheet};
use crate::pixels::Pixels;

/// A background out of focus has no detail to lose: it is made this many times smaller and enlarged again.
const SMALLER: u32 = 8;
/// The standard deviation of its blur, as a part of its larger side.
const BLUR: f64 = 1.0 / 32.0;

pub(super) fn pixels(
    behind: &Behind,
    pixels: Pixels,
    bench: &mut Bench<'_>,
) -> Result<Pixels, TransformError> {
    let (canvas, placed) = (bench.geometry.canvas, bench.geometry.placed);
    let mut canvas = match *behind {
        // Through a picture that fills the canvas it is seen too.
        Behind::Sheet { ref sheet, blur, opacity } => {
            let (_, spread) = sheet::spread(sheet, canvas, bench)?;
            mark::faded(softened(spread, blur.pixels(), bench)?, opacity.percent())
        }
        _ if !bench.geometry.is_padded() => return Ok(pixels),
        // What is left transparent is closed by `Flatten`.
        Behind::Nothing => return Ok(pixels.padded(canvas, placed, [0; 4])),
        Behind::Gradient(ref gradient) => gradient::canvas(gradient, canvas),
        Behind::Itself { blur: None, opacity } => {
            mark::faded(out_of_focus(&pixels, canvas, bench)?, opacity.percent())
        }
        Behind::Itself { blur: Some(blur), opacity } => {
            let covering = CropBox::covering(pixels.size, canvas);
            let spread = pixels.resized(covering, canvas, bench.resampler)?;
            mark::faded(softened(spread, blur.pixels(), bench)?, opacity.percent())
        }
    };
    canvas.lay_over(&pixels, placed.x, placed.y);
    Ok(canvas)
}

/// As far out of focus as suits what is only there to fill.
fn out_of_focus(pixels: &Pixels, canvas: Size, bench: &mut Bench<'_>) -> Result<Pixels, TransformError> {
    let smaller = |side: u32| side.div_ceil(SMALLER);
    let small = Size { width: smaller(canvas.width), height: smaller(canvas.height) };
    let covering = CropBox::covering(pixels.size, small);
    let small = pixels.resized(covering, small, bench.resampler)?;
    let sigma = f64::from(small.size.width.max(small.size.height)) * BLUR;
    let soft = blur::pixels(sigma, small, bench.deadline)?;
    soft.resized(CropBox::whole(soft.size), canvas, bench.resampler)
}

fn softened(pixels: Pixels, sigma: f64, bench: &Bench<'_>) -> Result<Pixels, TransformError> {
    if sigma > 0.0 { blur::pixels(sigma, pixels, bench.deadline) } else { Ok(pixels) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Deadline;
    use crate::other::Other;
    use crate::resample::Resampler;
    use plan::{Background, Fill, Fit, Operation, Plan, Resize};
    use std::time::Duration;

    fn placed(background: Background, canvas: (u32, u32)) -> Pixels {
        let (width, height) = (Some(canvas.0), Some(canvas.1));
        let resize = Resize { width, height, fit: Fit::Fill, ..Resize::default() };
        let plan = Plan { resize, background, ..Plan::default() };
        let geometry = plan::geometry(&plan, Size::new(40, 20), 1000).unwrap();
        let covering = plan.operations().into_iter().find_map(|operation| match operation {
            Operation::Place(covering) => Some(covering),
            _ => None,
        });
        let wood = Pixels::filled(Size::new(90, 30), [160, 110, 60, 255]);
        let mut bench = Bench {
            geometry: &geometry,
            faces: &[],
            matte: None,
            others: &[Other { size: wood.size, pixels: wood }],
            texts: &[],
            fonts: &[],
            deadline: &Deadline::after(Duration::from_secs(60)),
            resampler: &mut Resampler::default(),
        };
        let picture = Pixels::filled(geometry.placed.size(), [10, 200, 30, 255]);
        pixels(&covering.unwrap().behind, picture, &mut bench).unwrap()
    }

    #[test]
    fn what_is_not_covered_is_left_for_the_background() {
        let made = placed(Background::default(), (40, 40));
        assert_eq!((made.rgba[0], made.rgba[20 * 40]), ([0; 4], [10, 200, 30, 255]));
    }

    #[test]
    fn a_background_out_of_focus_has_the_colours_of_the_picture() {
        let blurred = Background { fill: Fill::Blur, ..Background::default() };
        let wished = Background { blur: "30".parse().ok(), ..blurred.clone() };
        for (background, canvas) in [(40, 40), (9, 90), (90, 9)]
            .into_iter()
            .flat_map(|canvas| [(&blurred, canvas), (&wished, canvas)])
        {
            let made = placed(background.clone(), canvas);
            assert!(made.is_opaque() && made.size == Size::new(canvas.0, canvas.1));
            assert!(
                made.rgba.iter().all(|[r, g, b, _]| *r < 14 && g.abs_diff(200) < 4 && b.abs_diff(30) < 4)
            );
        }
    }

    #[test]
    fn another_picture_covers_the_canvas_as_much_as_it_is_to_be_seen() {
        let fill = Fill::Picture("brand/wood.jpg".parse().unwrap());
        let wood = Background { fill, ..Background::default() };
        let made = placed(wood.clone(), (40, 40));
        assert_eq!((made.rgba[0], made.rgba[20 * 40]), ([160, 110, 60, 255], [10, 200, 30, 255]));
        let half = Background { opacity: "50".parse().unwrap(), ..wood.clone() };
        assert_eq!(placed(half, (40, 40)).rgba[0], [160, 110, 60, 128]);
        let soft = Background { blur: "50".parse().ok(), ..wood };
        assert_eq!(placed(soft, (40, 40)).rgba[0], [160, 110, 60, 255]);
    }
}
