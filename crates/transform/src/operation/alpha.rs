//! How much of each pixel could be seen, as light.

use crate::pixels::Pixels;

pub(super) fn shown(mut pixels: Pixels) -> Pixels {
    for pixel in &mut pixels.rgba {
        let [_, _, _, alpha] = *pixel;
        *pixel = [alpha, alpha, alpha, 255];
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::Size;

    #[test]
    fn what_cannot_be_seen_is_black_and_what_can_white() {
        let rgba = vec![[9, 8, 7, 0], [1, 2, 3, 100], [4, 5, 6, 255]];
        let made = shown(Pixels { size: Size::new(3, 1), rgba });
        assert_eq!(made.rgba, [[0, 0, 0, 255], [100, 100, 100, 255], [255; 4]]);
    }
}
