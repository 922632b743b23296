//! One colour with black and white: middle grey becomes the colour.

use plan::Colour;

use crate::colour::luma_of;
use crate::pixels::Pixels;

pub(super) fn pixels(colour: Colour, mut pixels: Pixels) -> Pixels {
    let [r, g, b, _] = colour.rgba();
    let table: [[u8; 3]; 256] = std::array::from_fn(|luma| {
        let luma = luma as f32 / 255.0;
        [r, g, b].map(|channel| {
            let channel = f32::from(channel);
            let lit = if luma < 0.5 {
                channel * 2.0 * luma
            } else {
                channel + (255.0 - channel) * (2.0 * luma - 1.0)
            };
            lit.round() as u8
        })
    });
    for pixel in &mut pixels.rgba {
        let [r, g, b, a] = *pixel;
        let [r, g, b] = table[luma_of([r, g, b]).round() as usize & 255];
        *pixel = [r, g, b, a];
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::Size;

    #[test]
    fn black_and_white_stay_and_the_middle_is_the_colour() {
        let rgba = vec![[0, 0, 0, 255], [255, 255, 255, 255], [128, 128, 128, 9]];
        let made = pixels(Colour::opaque(0x2040c0), Pixels { size: Size::new(3, 1), rgba });
        assert_eq!(made.rgba, [[0, 0, 0, 255], [255, 255, 255, 255], [33, 65, 192, 9]]);
    }
}
