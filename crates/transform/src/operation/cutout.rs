//! The background made transparent, and its colours taken out of the edges of what stands before it.

use super::blur::blurred;
use crate::error::TransformError;
use crate::foreground::Matte;
use crate::limits::Deadline;
use crate::pixels::Pixels;
use crate::resample::Resampler;

/// How far around a pixel its foreground and its background are looked for (a standard deviation), in pixels and in what
/// the model saw as one.
const NEAR: f64 = 2.0;

pub(super) fn pixels(
    matte: &Matte,
    mut pixels: Pixels,
    deadline: &Deadline,
    resampler: &mut Resampler,
) -> Result<Pixels, TransformError> {
    let cover = matte.alpha(&pixels, deadline, resampler)?;
    if cover.iter().any(|cover| (1..255).contains(cover)) {
        let near = NEAR * matte.enlargement(pixels.size).max(1.0);
        without_background(&mut pixels, &cover, near, deadline)?;
    }
    for (pixel, cover) in pixels.rgba.iter_mut().zip(cover) {
        let [r, g, b, alpha] = *pixel;
        let alpha = ((u32::from(alpha) * u32::from(cover) + 127) / 255) as u8;
        // What was removed is not to be found in the file either.
        *pixel = if alpha == 0 { [0; 4] } else { [r, g, b, alpha] };
    }
    Ok(pixels)
}

/// What is half foreground has half the background's colour, which would be a fringe before another one. Both colours are
/// guessed from the pixels around, weighed with how much they are of each, and then moved to where together they make
/// the pixel (M. Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021).
fn without_background(
    pixels: &mut Pixels,
    cover: &[u8],
    near: f64,
    deadline: &Deadline,
) -> Result<(), TransformError> {
    let width = pixels.size.width as usize;
    let spread = |samples: Vec<u16>| blurred(samples, width, (near, near));
    let fore = spread(cover.iter().map(|&cover| u16::from(cover) * 255).collect());
    deadline.check()?;
    let back = spread(cover.iter().map(|&cover| u16::from(255 - cover) * 255).collect());
    for channel in 0..3 {
        let weighed = |weight: fn(u8) -> u8| {
            let each = pixels.rgba.iter().zip(cover);
            spread(each.map(|(pixel, &cover)| u16::from(pixel[channel]) * u16::from(weight(cover))).collect())
        };
        deadline.check()?;
        let fore_colour = weighed(|cover| cover);
        deadline.check()?;
        let back_colour = weighed(|cover| 255 - cover);
        let both = fore_colour.iter().zip(&fore).zip(back_colour.iter().zip(&back));
        for ((pixel, &cover), (of_fore, of_back)) in pixels.rgba.iter_mut().zip(cover).zip(both) {
            if matches!(cover, 0 | 255) {
                continue;
            }
            let own = f32::from(pixel[channel]);
            let mean = |(colour, weight): (&u16, &u16)| {
                if *weight == 0 { own } else { f32::from(*colour) / f32::from(*weight) * 255.0 }
            };
            let share = f32::from(cover) / 255.0;
            let (fore, back) = (mean(of_fore), mean(of_back));
            let rest = own - share * fore - (1.0 - share) * back;
            pixel[channel] = (fore + share * rest).round().clamp(0.0, 255.0) as u8;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planes::Plane;
    use plan::Size;

    fn cut(cover: Vec<u8>, rgba: Vec<[u8; 4]>) -> Pixels {
        let side = (cover.len() as f64).sqrt() as usize;
        let plane = |samples: Vec<u8>| Plane { width: side, height: side, samples };
        let light = rgba.iter().map(|pixel| pixel[1]).collect();
        let resampler = &mut Resampler::default();
        let matte = Matte::new(plane(cover), plane(light), resampler).unwrap();
        let size = Size::new(side as u32, side as u32);
        let deadline = Deadline::after(std::time::Duration::from_secs(60));
        pixels(&matte, Pixels { size, rgba }, &deadline, resampler).unwrap()
    }

    #[test]
    fn nothing_is_left_of_the_background_not_even_its_colour() {
        let made =
            cut(vec![255, 0, 255, 0], vec![[1, 2, 3, 255], [4, 5, 6, 255], [7, 8, 9, 100], [9, 9, 9, 9]]);
        assert_eq!(made.rgba, [[1, 2, 3, 255], [0; 4], [7, 8, 9, 100], [0; 4]]);
    }

    #[test]
    fn an_edge_has_the_colour_of_the_foreground() {
        // Red before green, half of each in between.
        let of = |at: usize| {
            [(255, [255, 0, 0, 255]), (128, [128, 127, 0, 255]), (0, [0, 255, 0, 255])]
                [((at % 16).max(7) - 7).min(2)]
        };
        let made = cut((0..256).map(|at| of(at).0).collect(), (0..256).map(|at| of(at).1).collect());
        let [r, g, b, alpha] = made.rgba[16 * 8 + 8];
        assert!(r > 210 && g < 45 && b == 0 && alpha == 128, "{:?}", [r, g, b, alpha]);
        assert_eq!(made.rgba[16 * 8 + 3], [255, 0, 0, 255]);
    }
}
