//! Squares of two colours behind a picture.

use plan::GridColours;

use crate::pixels::{Pixels, over};

pub(super) fn pixels(side: u32, colours: GridColours, mut pixels: Pixels) -> Pixels {
    let (one, other) = (colours.one.rgba(), colours.other.rgba());
    let side = side.max(1) as usize;
    for (y, row) in pixels.rgba.chunks_exact_mut(pixels.size.width.max(1) as usize).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let behind = if (x / side + y / side).is_multiple_of(2) { one } else { other };
            *pixel = over(*pixel, behind);
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::Size;

    #[test]
    fn squares_are_seen_where_nothing_else_is() {
        let mut picture = Pixels::filled(Size::new(4, 2), [0; 4]);
        picture.rgba[5] = [9, 9, 9, 255];
        let colours = "000,fff".parse().unwrap();
        let made = pixels(2, colours, picture);
        let (black, white) = ([0, 0, 0, 255], [255; 4]);
        assert_eq!(made.rgba, [black, black, white, white, black, [9, 9, 9, 255], white, white]);
    }
}
