//! A frame around a picture; where that is going to be cut to a shape, the frame's inner edge has the same.

use plan::{Colour, Mask};

use crate::operation::mask::Shape;
use crate::operation::surrounded;
use crate::pixels::Pixels;

pub(super) fn pixels(width: u32, colour: Colour, inner: Option<Mask>, mut pixels: Pixels) -> Pixels {
    let frame = colour.rgba();
    if let Some(inner) = inner
        && !pixels.size.is_empty()
    {
        let shape = Shape::of(inner, pixels.size);
        for (y, row) in pixels.rgba.chunks_exact_mut(pixels.size.width as usize).enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                let covered = shape.covered(x as f32 + 0.5, y as f32 + 0.5);
                if covered < 1.0 {
                    *pixel = beside(*pixel, frame, covered);
                }
            }
        }
    }
    surrounded(pixels, [width; 4], frame)
}

/// Two colours that share a pixel, the first with this part of it.
fn beside(one: [u8; 4], other: [u8; 4], part: f32) -> [u8; 4] {
    let (one_weight, other_weight) = (f32::from(one[3]) * part, f32::from(other[3]) * (1.0 - part));
    let alpha = one_weight + other_weight;
    if alpha <= 0.0 {
        return [0; 4];
    }
    let channel = |index: usize| {
        let sum = f32::from(one[index]) * one_weight + f32::from(other[index]) * other_weight;
        (sum / alpha).round() as u8
    };
    [channel(0), channel(1), channel(2), alpha.round() as u8]
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::Size;

    #[test]
    fn the_frame_is_around_the_picture_and_around_its_shape() {
        let picture = || Pixels::filled(Size::new(20, 20), [1, 2, 3, 255]);
        let red = Colour::opaque(0xff0000);
        let square = pixels(2, red, None, picture());
        let at = |made: &Pixels, x: usize, y: usize| made.rgba[y * 24 + x];
        assert_eq!(
            (square.size, at(&square, 1, 1), at(&square, 2, 2)),
            (Size::new(24, 24), [255, 0, 0, 255], [1, 2, 3, 255])
        );
        let round = pixels(2, red, Some(Mask::Ellipse), picture());
        assert_eq!((at(&round, 2, 2), at(&round, 12, 12)), ([255, 0, 0, 255], [1, 2, 3, 255]));
        assert!(round.is_opaque());
    }

    #[test]
    fn a_picture_that_is_clear_inside_stays_so() {
        let clear = Pixels::filled(Size::new(20, 20), [0; 4]);
        let made = pixels(2, Colour::BLACK, Some(Mask::Ellipse), clear);
        assert_eq!((made.rgba[12 * 24 + 12], made.rgba[0]), ([0; 4], [0, 0, 0, 255]));
    }
}
