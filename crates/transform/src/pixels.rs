//! Pictures as RGBA pixels: whatever has alpha, and whatever has to be padded.

use plan::{CropBox, Rect, Size};

use crate::error::TransformError;
use crate::orientation::Orientation;
use crate::resample::{Resampler, Samples};

/// Eight bits a channel, alpha not multiplied in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pixels {
    pub size: Size,
    pub rgba: Vec<[u8; 4]>,
}

impl Pixels {
    pub fn filled(size: Size, colour: [u8; 4]) -> Pixels {
        Pixels { size, rgba: vec![colour; size.width as usize * size.height as usize] }
    }

    pub fn is_opaque(&self) -> bool {
        self.rgba.iter().all(|pixel| pixel[3] == 255)
    }

    pub fn resized(
        &self,
        crop: CropBox,
        size: Size,
        resampler: &mut Resampler,
    ) -> Result<Pixels, TransformError> {
        let kind = if self.is_opaque() { Samples::Rgbx } else { Samples::Rgba };
        let mut resized = Pixels::filled(size, [0; 4]);
        resampler.resample(
            self.rgba.as_flattened(),
            kind,
            (self.size.width as usize, self.size.height as usize),
            crop,
            (size.width as usize, size.height as usize),
            resized.rgba.as_flattened_mut(),
        )?;
        Ok(resized)
    }

    pub fn upright(self, orientation: Orientation) -> Pixels {
        Pixels {
            size: orientation.size(self.size),
            rgba: orientation.apply(self.rgba, self.size.width as usize),
        }
    }

    /// These pixels at a place of a larger canvas.
    pub fn padded(self, canvas: Size, placed: Rect, background: [u8; 4]) -> Pixels {
        let mut padded = Pixels::filled(canvas, background);
        let width = self.size.width as usize;
        let rows = padded.rgba.chunks_exact_mut(canvas.width as usize).skip(placed.y as usize);
        for (to, from) in rows.zip(self.rgba.chunks_exact(width)) {
            to[placed.x as usize..][..width].copy_from_slice(from);
        }
        padded
    }

    /// These pixels as seen in front of white.
    pub fn flattened(mut self) -> Pixels {
        for pixel in &mut self.rgba {
            let alpha = u32::from(pixel[3]);
            let over_white = |value: u8| ((u32::from(value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
            *pixel = [over_white(pixel[0]), over_white(pixel[1]), over_white(pixel[2]), 255];
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transparent_pixel_does_not_lend_its_colour_to_its_neighbours() {
        let mut pixels = Pixels::filled(Size::new(16, 16), [0, 255, 0, 0]);
        for pixel in pixels.rgba.iter_mut().skip(1).step_by(2) {
            *pixel = [255, 0, 0, 255];
        }
        let crop = CropBox { x: 0.0, y: 0.0, width: 16.0, height: 16.0 };
        let made = pixels.resized(crop, Size::new(4, 4), &mut Resampler::default()).unwrap();
        for [r, g, b, a] in made.rgba {
            assert!(r >= 253 && g <= 2 && b <= 2 && (100..156).contains(&a), "{:?}", [r, g, b, a]);
        }
    }

    #[test]
    fn padding_goes_all_around() {
        let placed = Rect { x: 1, y: 1, width: 1, height: 2 };
        let made = Pixels::filled(Size::new(1, 2), [1, 2, 3, 255]).padded(Size::new(3, 4), placed, [9; 4]);
        let seen: String = made.rgba.iter().map(|pixel| if pixel[0] == 1 { '#' } else { '.' }).collect();
        assert_eq!(seen, "....#..#....");
    }

    #[test]
    fn flattening_shows_white_through() {
        let rgba = vec![[0, 0, 0, 0], [0, 0, 0, 255], [0, 100, 200, 128]];
        let made = Pixels { size: Size::new(3, 1), rgba }.flattened();
        assert_eq!(made.rgba, [[255, 255, 255, 255], [0, 0, 0, 255], [127, 177, 227, 255]]);
    }
}
