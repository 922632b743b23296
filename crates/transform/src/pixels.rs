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
        // All of them are looked at before anybody asks whether one was not: one by one takes several times as long.
        const AT_ONCE: usize = 4096;
        self.rgba.chunks(AT_ONCE).all(are_opaque)
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

    /// As [`Pixels::resized`], of pixels that nobody needs afterwards: no second picture of their size is made.
    pub fn into_resized(
        mut self,
        crop: CropBox,
        size: Size,
        resampler: &mut Resampler,
    ) -> Result<Pixels, TransformError> {
        if self.size == size && crop == CropBox::whole(size) {
            return Ok(self);
        }
        if self.is_opaque() {
            return self.resized(crop, size, resampler);
        }
        resampler.multiply_by_alpha(self.rgba.as_flattened_mut(), self.size)?;
        let mut resized = Pixels::filled(size, [0; 4]);
        resampler.resample(
            self.rgba.as_flattened(),
            Samples::Rgbx,
            (self.size.width as usize, self.size.height as usize),
            crop,
            (size.width as usize, size.height as usize),
            resized.rgba.as_flattened_mut(),
        )?;
        resampler.divide_by_alpha(resized.rgba.as_flattened_mut(), size)?;
        Ok(resized)
    }

    pub fn upright(self, orientation: Orientation) -> Pixels {
        Pixels {
            size: orientation.size(self.size),
            rgba: orientation.apply(self.rgba, self.size.width as usize),
        }
    }

    /// A part of them that lies within.
    pub fn part(&self, part: Rect) -> Pixels {
        let (x, width) = (part.x as usize, part.width as usize);
        let rows = self.rgba.chunks_exact(self.size.width.max(1) as usize);
        let mut rgba = Vec::with_capacity(width * part.height as usize);
        for row in rows.skip(part.y as usize).take(part.height as usize) {
            rgba.extend_from_slice(&row[x..][..width]);
        }
        Pixels { size: part.size(), rgba }
    }

    /// A row of a part that lies within.
    pub fn row(&self, part: Rect, y: u32) -> &[[u8; 4]] {
        let start = (part.y + y) as usize * self.size.width as usize + part.x as usize;
        &self.rgba[start..start + part.width as usize]
    }

    /// The row of an area that is this far below its upper edge; nothing outside of these pixels.
    pub fn row_of(&mut self, area: Rect, y: u32) -> Option<&mut [[u8; 4]]> {
        let width = self.size.width as usize;
        let start = (area.y as usize).checked_add(y as usize)?.checked_mul(width)?;
        let row = self.rgba.get_mut(start..)?.get_mut(..width)?;
        let left = area.x as usize;
        row.get_mut(left..left.checked_add(area.width as usize)?)
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

    /// These pixels as seen in front of a colour.
    pub fn flattened(mut self, colour: [u8; 4]) -> Pixels {
        for pixel in &mut self.rgba {
            *pixel = over(*pixel, colour);
        }
        self
    }

    /// Another picture in front of this one, its upper left corner there; what reaches beyond is not seen.
    pub fn lay_over(&mut self, other: &Pixels, x: u32, y: u32) {
        let (width, x) = (self.size.width as usize, x as usize);
        let rows = self.rgba.chunks_exact_mut(width.max(1)).skip(y as usize);
        for (below, above) in rows.zip(other.rgba.chunks_exact(other.size.width.max(1) as usize)) {
            for (below, above) in below.iter_mut().skip(x).zip(above) {
                *below = over(*above, *below);
            }
        }
    }
}

pub(crate) fn are_opaque(pixels: &[[u8; 4]]) -> bool {
    pixels.iter().fold(255, |all, pixel| all & pixel[3]) == 255
}

/// A colour that alpha was multiplied into, without it.
pub(crate) fn divided([r, g, b, _]: [u8; 4], alpha: u8) -> [u8; 4] {
    let alpha = u32::from(alpha).max(1);
    let divided = |value: u8| ((u32::from(value) * 255 + alpha / 2) / alpha).min(255) as u8;
    [divided(r), divided(g), divided(b), 255]
}

/// A pixel that its own alpha was multiplied into, without that.
pub(crate) fn unmultiplied(pixel: [u8; 4]) -> [u8; 4] {
    match pixel {
        [_, _, _, 0] => [0; 4],
        [_, _, _, 255] => pixel,
        [_, _, _, alpha] => {
            let [r, g, b, _] = divided(pixel, alpha);
            [r, g, b, alpha]
        }
    }
}

/// One pixel in front of another.
pub(crate) fn over(above: [u8; 4], below: [u8; 4]) -> [u8; 4] {
    let (seen, left) = (u32::from(above[3]), 255 - u32::from(above[3]));
    // Both in parts of 255 times 255.
    let (above_weight, below_weight) = (seen * 255, u32::from(below[3]) * left);
    let sum = above_weight + below_weight;
    let channel = |index: usize| {
        let mixed = u32::from(above[index]) * above_weight + u32::from(below[index]) * below_weight;
        (mixed + sum / 2).checked_div(sum).unwrap_or(0) as u8
    };
    [channel(0), channel(1), channel(2), ((sum + 127) / 255) as u8]
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
        let again = pixels.into_resized(crop, Size::new(4, 4), &mut Resampler::default()).unwrap();
        assert_eq!(again, made);
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
    fn flattening_shows_the_colour_through() {
        let rgba = vec![[0, 0, 0, 0], [0, 0, 0, 255], [0, 100, 200, 128]];
        let pixels = Pixels { size: Size::new(3, 1), rgba };
        let made = pixels.clone().flattened([255; 4]);
        assert_eq!(made.rgba, [[255, 255, 255, 255], [0, 0, 0, 255], [127, 177, 227, 255]]);
        // What can be seen through stays so.
        let made = pixels.flattened([255, 0, 0, 51]);
        assert_eq!(made.rgba, [[255, 0, 0, 51], [0, 0, 0, 255], [42, 83, 167, 153]]);
    }

    #[test]
    fn what_reaches_beyond_the_picture_is_not_seen() {
        let mut below = Pixels::filled(Size::new(3, 3), [0, 0, 0, 255]);
        below.lay_over(&Pixels::filled(Size::new(9, 9), [9, 9, 9, 255]), 2, 1);
        let seen: String = below.rgba.iter().map(|pixel| if pixel[0] == 9 { '#' } else { '.' }).collect();
        assert_eq!(seen, ".....#..#");
        below.lay_over(&Pixels::filled(Size::new(1, 1), [7; 4]), 3, 3);
    }
}
