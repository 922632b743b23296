//! The browns of old photographs (the matrix is that of the Filter Effects Module Level 1, §12.1.2).

use plan::Percent;

use crate::pixels::Pixels;

const SEPIA: [[f32; 3]; 3] = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]];

pub(super) fn pixels(amount: Percent, mut pixels: Pixels) -> Pixels {
    let amount = amount.size() as f32 / 100.0;
    for pixel in &mut pixels.rgba {
        let [r, g, b, a] = *pixel;
        let from = [r, g, b].map(f32::from);
        let mixed = |row: usize| {
            let sepia: f32 = SEPIA[row].iter().zip(from).map(|(weight, channel)| weight * channel).sum();
            (from[row] + amount * (sepia - from[row])).round() as u8
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
    fn grey_turns_brown_by_the_amount() {
        let of = |amount| {
            pixels(Percent::new(amount).unwrap(), Pixels::filled(Size::new(1, 1), [100, 100, 100, 7])).rgba[0]
        };
        assert_eq!(of(100), [135, 120, 94, 7]);
        assert_eq!(of(50), [118, 110, 97, 7]);
    }
}
