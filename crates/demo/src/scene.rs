//! What the pictures show: one file for each motif.

pub(crate) mod badge;
pub(crate) mod blurred;
pub(crate) mod boats;
pub(crate) mod cat;
pub(crate) mod mountains;
pub(crate) mod still_life;

/// A picture's plane: `u` from -1 to 1 across, `v` upwards in the same measure, 0 in the middle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    width: f32,
    height: f32,
    /// One pixel in the measure of `u` and `v`.
    pub(crate) pixel: f32,
}

impl Frame {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { width: width as f32, height: height as f32, pixel: 2.0 / width as f32 }
    }

    /// The place of a point of the canvas; pixels have their centres at halves.
    pub(crate) fn place(self, x: f32, y: f32) -> (f32, f32) {
        ((x - self.width * 0.5) * self.pixel, (self.height * 0.5 - y) * self.pixel)
    }
}
