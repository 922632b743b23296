//! How much of each pixel is foreground: from what a model saw in a small picture to the picture as it is made.

use plan::{CropBox, Rotation, Size};

use super::edges;
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::operation;
use crate::pixels::Pixels;
use crate::planes::Plane;
use crate::resample::Resampler;

/// What a model saw, and the light of what it looked at.
pub(crate) struct Matte {
    cover: Plane,
    light: Plane,
    /// What is made is this part of it.
    part: CropBox,
}

impl Matte {
    /// Of all that a model has seen.
    pub fn new(cover: Plane, light: Plane, resampler: &mut Resampler) -> Result<Matte, TransformError> {
        let size = (light.width, light.height);
        let cover = if (cover.width, cover.height) == size {
            cover
        } else {
            cover.resized(whole(&cover), size, resampler)?
        };
        let part = whole(&cover);
        Ok(Matte { cover, light, part })
    }

    /// In a picture's own proportions, and turned as the picture will be.
    pub fn turned(
        self,
        size: Size,
        angle: Rotation,
        frame: Size,
        deadline: &Deadline,
        resampler: &mut Resampler,
    ) -> Result<Matte, TransformError> {
        let both = self.cover.samples.iter().zip(&self.light.samples);
        let rgba = both.map(|(&cover, &light)| [cover, light, 0, 255]).collect();
        let own = Size { width: self.cover.width as u32, height: self.cover.height as u32 };
        let pixels = Pixels { size: own, rgba }.resized(CropBox::whole(own), size, resampler)?;
        let pixels = operation::rotated(&pixels, angle, frame, deadline)?;
        let (width, height) = (frame.width as usize, frame.height as usize);
        let plane = |sample: fn(&[u8; 4]) -> u8| Plane {
            width,
            height,
            samples: pixels.rgba.iter().map(sample).collect(),
        };
        // There is nothing in the corners.
        let cover = plane(|&[cover, _, _, alpha]| (u16::from(cover) * u16::from(alpha) / 255) as u8);
        let light = plane(|&[_, light, _, _]| light);
        let part = whole(&cover);
        Ok(Matte { cover, light, part })
    }

    /// Of what is made, this part of a picture of that size.
    pub fn of(self, part: CropBox, size: Size) -> Matte {
        let across = self.cover.width as f64 / f64::from(size.width);
        let down = self.cover.height as f64 / f64::from(size.height);
        let part = CropBox {
            x: part.x * across,
            y: part.y * down,
            width: part.width * across,
            height: part.height * down,
        };
        Matte { part, ..self }
    }

    /// How many pixels of what is made there are for each that the model saw, in the direction that has more.
    pub fn enlargement(&self, size: Size) -> f64 {
        (f64::from(size.width) / self.part.width).max(f64::from(size.height) / self.part.height)
    }

    /// For each pixel of what is made.
    pub fn alpha(
        &self,
        pixels: &Pixels,
        deadline: &Deadline,
        resampler: &mut Resampler,
    ) -> Result<Vec<u8>, TransformError> {
        if self.enlargement(pixels.size) > 1.0 {
            return edges::refined(&self.cover, &self.light, self.part, pixels, deadline);
        }
        let size = (pixels.size.width as usize, pixels.size.height as usize);
        Ok(self.cover.resized(self.part, size, resampler)?.samples)
    }
}

fn whole(plane: &Plane) -> CropBox {
    CropBox { x: 0.0, y: 0.0, width: plane.width as f64, height: plane.height as f64 }
}
