//! A shadow behind a picture, of its shape, on a canvas that has grown by what it needs.

use plan::{Colour, Sigma};

use crate::operation::blur::blurred;
use crate::operation::surrounded;
use crate::pixels::{Pixels, over};

pub(super) fn pixels(
    sigma: Option<Sigma>,
    (x, y): (i32, i32),
    colour: Colour,
    margins: [u32; 4],
    pixels: Pixels,
) -> Pixels {
    let mut made = surrounded(pixels, margins, [0; 4]);
    let (width, height) = (made.size.width as usize, made.size.height as usize);
    let shape: Vec<u16> = made.rgba.iter().map(|pixel| u16::from(pixel[3]) << 8).collect();
    let sigma = sigma.map_or(0.0, Sigma::pixels);
    let shape = if sigma > 0.0 { blurred(shape, width, (sigma, sigma)) } else { shape };
    let [r, g, b, alpha] = colour.rgba();
    let moved = |at: usize, by: i32, side: usize| {
        let from = at as i64 - i64::from(by);
        usize::try_from(from).ok().filter(|from| *from < side)
    };
    for (row, line) in made.rgba.chunks_exact_mut(width.max(1)).enumerate() {
        let Some(from_row) = moved(row, y, height) else { continue };
        for (column, pixel) in line.iter_mut().enumerate() {
            let Some(from_column) = moved(column, x, width) else { continue };
            let thrown = u32::from(shape[from_row * width + from_column]);
            let thrown = ((thrown * u32::from(alpha) + (255 << 7)) / (255 << 8)) as u8;
            *pixel = over(*pixel, [r, g, b, thrown]);
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::{Operation, Plan, ShadowOffset, Size, Swing};

    fn made(shadow: &str, x: i16, y: i16) -> Pixels {
        let offset = ShadowOffset { x: Swing::new(x).unwrap(), y: Swing::new(y).unwrap() };
        let plan = Plan { shadow: shadow.parse().ok(), shadow_offset: offset, ..Plan::default() };
        let found = plan.operations().into_iter().find_map(|operation| match operation {
            Operation::Shadow { sigma, offset, colour, margins } => Some((sigma, offset, colour, margins)),
            _ => None,
        });
        let (sigma, offset, colour, margins) = found.unwrap();
        let picture = Pixels::filled(Size::new(20, 10), [200, 10, 10, 255]);
        let made = pixels(sigma, offset, colour, margins, picture);
        let geometry = plan::geometry(&plan, Size::new(20, 10), 1000).unwrap();
        assert_eq!(made.size, geometry.output);
        made
    }

    #[test]
    fn a_sharp_shadow_is_the_shape_elsewhere() {
        let made = made("0,80000000", 3, -2);
        assert_eq!(made.size, Size::new(23, 12));
        let at = |x: usize, y: usize| made.rgba[y * 23 + x];
        assert_eq!((at(0, 0), at(22, 0)), ([0; 4], [0, 0, 0, 128]));
        assert_eq!((at(0, 11), at(22, 11)), ([200, 10, 10, 255], [0; 4]));
    }

    #[test]
    fn a_soft_shadow_fades_all_around_and_is_not_cut_off() {
        let made = made("4,000000", 0, 0);
        let width = made.size.width as usize;
        assert!(made.rgba[..width].iter().all(|pixel| pixel[3] <= 4));
        let below = made.rgba[(made.size.height as usize - 10) * width + width / 2];
        assert!((20..200).contains(&below[3]) && below[..3] == [0; 3], "{below:?}");
    }
}
