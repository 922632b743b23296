//! Two colours: one for the dark, one for the light, and everything between them by luma.

use plan::{Duotone, Opacity};

use crate::colour::luma_of;
use crate::pixels::Pixels;

pub(super) fn pixels(duotone: Duotone, opacity: Opacity, mut pixels: Pixels) -> Pixels {
    let (dark, light) = (duotone.dark.rgba().map(f32::from), duotone.light.rgba().map(f32::from));
    let opacity = opacity.percent() as f32 / 100.0;
    for pixel in &mut pixels.rgba {
        let [r, g, b, a] = *pixel;
        let luma = luma_of([r, g, b]) / 255.0;
        let mixed = |channel: usize| {
            let from = f32::from(pixel[channel]);
            let toned = dark[channel] + luma * (light[channel] - dark[channel]);
            (from + opacity * (toned - from)).round() as u8
        };
        *pixel = [mixed(0), mixed(1), mixed(2), a];
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::Size;

    #[test]
    fn black_and_white_become_the_two_colours() {
        let rgba = vec![[0, 0, 0, 255], [255, 255, 255, 5]];
        let black_and_white = Pixels { size: Size::new(2, 1), rgba };
        let duotone: Duotone = "204060,ffe0c0".parse().unwrap();
        let all = pixels(duotone, Opacity::default(), black_and_white.clone());
        assert_eq!(all.rgba, [[0x20, 0x40, 0x60, 255], [0xff, 0xe0, 0xc0, 5]]);
        let half = pixels(duotone, Opacity::new(50).unwrap(), black_and_white);
        assert_eq!(half.rgba, [[0x10, 0x20, 0x30, 255], [0xff, 0xf0, 0xe0, 5]]);
    }
}
