//! A turn by less than a quarter, about the middle, in a frame of a given size.

use plan::{Rotation, Size};

use crate::error::TransformError;
use crate::limits::Deadline;
use crate::pixels::Pixels;

/// `pixels` turned anticlockwise; what they do not reach of the frame is transparent.
///
/// By cubic interpolation (Catmull and Rom), colours weighed with their alpha.
pub(crate) fn rotated(
    pixels: &Pixels,
    angle: Rotation,
    frame: Size,
    deadline: &Deadline,
) -> Result<Pixels, TransformError> {
    let (sin, cos) = angle.radians().sin_cos();
    let middle = |size: Size| (f64::from(size.width) / 2.0, f64::from(size.height) / 2.0);
    let ((from_x, from_y), (to_x, to_y)) = (middle(pixels.size), middle(frame));
    let mut turned = Pixels::filled(frame, [0; 4]);
    for (y, row) in turned.rgba.chunks_exact_mut(frame.width.max(1) as usize).enumerate() {
        deadline.check()?;
        let dy = y as f64 + 0.5 - to_y;
        for (x, pixel) in row.iter_mut().enumerate() {
            let dx = x as f64 + 0.5 - to_x;
            *pixel = between(pixels, dx * cos - dy * sin + from_x - 0.5, dx * sin + dy * cos + from_y - 0.5);
        }
    }
    Ok(turned)
}

/// The colour at a place between pixels, whose middles are on whole numbers.
fn between(pixels: &Pixels, x: f64, y: f64) -> [u8; 4] {
    let (width, height) = (i64::from(pixels.size.width), i64::from(pixels.size.height));
    let (left, top) = (x.floor() as i64 - 1, y.floor() as i64 - 1);
    if left <= -4 || top <= -4 || left >= width || top >= height {
        return [0; 4];
    }
    let (across, down) = (weights((x - x.floor()) as f32), weights((y - y.floor()) as f32));
    let mut sums = [0f32; 4];
    for (row, weight_down) in (top..).zip(down) {
        if row < 0 || row >= height {
            continue;
        }
        for (column, weight_across) in (left..).zip(across) {
            if column < 0 || column >= width {
                continue;
            }
            let [r, g, b, a] = pixels.rgba[(row * width + column) as usize].map(f32::from);
            let weight = weight_down * weight_across * a;
            sums[0] += weight * r;
            sums[1] += weight * g;
            sums[2] += weight * b;
            sums[3] += weight;
        }
    }
    let [r, g, b, a] = sums;
    if a < 0.5 {
        return [0; 4];
    }
    let channel = |sum: f32| (sum / a).round() as u8;
    [channel(r), channel(g), channel(b), a.round() as u8]
}

/// Of the four samples around a place that is `t` beyond the second.
fn weights(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (-t3 + 2.0 * t2 - t),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (-3.0 * t3 + 4.0 * t2 + t),
        0.5 * (t3 - t2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn turn(pixels: &Pixels, degrees: &str, frame: Size) -> Pixels {
        let deadline = Deadline::after(Duration::from_secs(60));
        rotated(pixels, degrees.parse().unwrap(), frame, &deadline).unwrap()
    }

    /// Black, with a red right half.
    fn halves(side: u32) -> Pixels {
        let mut pixels = Pixels::filled(Size::new(side, side), [0, 0, 0, 255]);
        for row in pixels.rgba.chunks_exact_mut(side as usize) {
            row[side as usize / 2..].fill([200, 0, 0, 255]);
        }
        pixels
    }

    #[test]
    fn no_turn_changes_nothing() {
        let pixels = halves(20);
        assert_eq!(turn(&pixels, "0", pixels.size), pixels);
    }

    #[test]
    fn what_was_at_the_right_goes_up() {
        let made = turn(&halves(40), "60", Size::new(40, 40));
        let at = |x: usize, y: usize| made.rgba[y * 40 + x];
        assert_eq!((at(26, 8), at(14, 32)), ([200, 0, 0, 255], [0, 0, 0, 255]));
    }

    #[test]
    fn corners_are_transparent_and_edges_smooth() {
        let made = turn(&halves(40), "45", Size::new(57, 57));
        assert_eq!(made.rgba[0], [0; 4]);
        assert!(made.rgba.iter().any(|pixel| (50..200).contains(&pixel[3])));
        assert!(made.rgba[28 * 57 + 28][3] == 255);
        // Nothing around lends its colour to an edge.
        assert!(made.rgba.iter().all(|[r, g, b, _]| *r <= 220 && *g == 0 && *b == 0));
    }

    #[test]
    fn it_stops_when_time_is_up() {
        let made =
            rotated(&halves(4), Rotation::default(), Size::new(4, 4), &Deadline::after(Duration::ZERO));
        assert!(matches!(made, Err(TransformError::OutOfTime { .. })));
    }
}
