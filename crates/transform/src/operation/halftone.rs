//! Dots of the four inks of print, larger where there is more of an ink, on white.

use plan::Size;

use crate::error::TransformError;
use crate::limits::Deadline;
use crate::operation::blur;
use crate::pixels::Pixels;

/// The angles at which printers turn the screens of cyan, magenta, yellow and black, so that they make no other pattern.
const ANGLES: [f32; 4] = [15.0, 75.0, 0.0, 45.0];

pub(super) fn pixels(
    distance: u32,
    mut pixels: Pixels,
    deadline: &Deadline,
) -> Result<Pixels, TransformError> {
    let distance = distance as f32;
    // A dot speaks for its surroundings.
    let soft = blur::pixels(f64::from(distance) / 3.0, pixels.clone(), deadline)?;
    let screens = ANGLES.map(|angle| angle.to_radians().sin_cos());
    let width = pixels.size.width as usize;
    for (y, row) in pixels.rgba.chunks_exact_mut(width.max(1)).enumerate() {
        deadline.check()?;
        for (x, pixel) in row.iter_mut().enumerate() {
            let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
            let [c, m, y, k] = std::array::from_fn(|ink| covered(&soft, ink, screens[ink], distance, (x, y)));
            let light = |ink: f32| (255.0 * (1.0 - ink) * (1.0 - k)).round() as u8;
            *pixel = [light(c), light(m), light(y), pixel[3]];
        }
    }
    Ok(pixels)
}

/// How much of the pixel the dots of an ink cover.
fn covered(soft: &Pixels, ink: usize, (sin, cos): (f32, f32), distance: f32, (x, y): (f32, f32)) -> f32 {
    // On the screen, where dots stand on whole numbers.
    let (across, down) = ((x * cos + y * sin) / distance, (y * cos - x * sin) / distance);
    let mut most = 0f32;
    for (column, row) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
        let (column, row) = (across.floor() + column, down.floor() + row);
        let (dot_x, dot_y) = ((column * cos - row * sin) * distance, (column * sin + row * cos) * distance);
        let amount = inks(at(soft, dot_x, dot_y))[ink];
        let radius = radius_of(amount);
        let from_rim = (radius - (across - column).hypot(down - row)) * distance;
        most = most.max((from_rim + 0.5).clamp(0.0, 1.0) * (2.0 * amount * distance).min(1.0));
    }
    most
}

/// The radius at which a dot covers that part of its cell. From where dots begin to overlap it grows faster, and with all
/// of an ink they reach the middle between four of them.
fn radius_of(amount: f32) -> f32 {
    let alone = (amount / std::f32::consts::PI).sqrt();
    let overlapping = std::f32::consts::FRAC_1_SQRT_2 * std::f32::consts::PI.sqrt() - 1.0;
    alone * (1.0 + overlapping * amount.powi(8))
}

fn at(pixels: &Pixels, x: f32, y: f32) -> [u8; 4] {
    let Size { width, height } = pixels.size;
    let inside = |value: f32, side: u32| (value.max(0.0) as usize).min(side.saturating_sub(1) as usize);
    pixels.rgba[inside(y, height) * width as usize + inside(x, width)]
}

/// What the three colours have in common is printed in black.
fn inks([r, g, b, _]: [u8; 4]) -> [f32; 4] {
    let [c, m, y] = [r, g, b].map(|channel| 1.0 - f32::from(channel) / 255.0);
    let black = c.min(m).min(y);
    [c - black, m - black, y - black, black]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn printed(colour: [u8; 4]) -> Pixels {
        let deadline = Deadline::after(Duration::from_secs(60));
        pixels(8, Pixels::filled(Size::new(96, 96), colour), &deadline).unwrap()
    }

    fn mean(pixels: &Pixels, channel: usize) -> f64 {
        pixels.rgba.iter().map(|pixel| f64::from(pixel[channel])).sum::<f64>() / pixels.rgba.len() as f64
    }

    #[test]
    fn white_stays_white_and_black_black() {
        assert!(printed([255; 4]).rgba.iter().all(|pixel| *pixel == [255; 4]));
        assert!(mean(&printed([0, 0, 0, 255]), 0) < 8.0);
    }

    #[test]
    fn darker_is_darker_and_the_colour_shows() {
        let greys = [220, 160, 90, 30].map(|grey| mean(&printed([grey, grey, grey, 255]), 0));
        assert!(greys.is_sorted_by(|one, next| one > next), "{greys:?}");
        // Seen from afar, the print is as light as the picture.
        for (grey, seen) in [220, 160, 90, 30].into_iter().zip(greys) {
            assert!((seen - f64::from(grey)).abs() < 16.0, "{grey}: {seen}");
        }
        let orange = printed([240, 130, 20, 255]);
        assert!(mean(&orange, 0) > mean(&orange, 1) + 20.0 && mean(&orange, 1) > mean(&orange, 2) + 20.0);
    }

    #[test]
    fn it_stops_when_time_is_up() {
        let deadline = Deadline::after(Duration::ZERO);
        let made = pixels(8, Pixels::filled(Size::new(9, 9), [0; 4]), &deadline);
        assert!(matches!(made, Err(TransformError::OutOfTime { .. })));
    }
}
