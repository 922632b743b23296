//! What is out of focus, painted once on a coarse grid: no pixel of it differs much from the next.

use crate::vector::Vector;

pub(crate) struct Blurred {
    left: f32,
    bottom: f32,
    per_unit: f32,
    columns: usize,
    lights: Vec<Vector>,
}

impl Blurred {
    /// Paints the box between two corners with one sample each `step`.
    pub(crate) fn new(
        (left, bottom): (f32, f32),
        (right, top): (f32, f32),
        step: f32,
        paint: impl Fn(f32, f32) -> Vector,
    ) -> Self {
        let count = |from: f32, to: f32| ((to - from) / step).ceil() as usize + 2;
        let (columns, rows) = (count(left, right), count(bottom, top));
        let place = |start: f32, number: usize| start + number as f32 * step;
        let lights = (0..rows)
            .flat_map(|row| (0..columns).map(move |column| (column, row)))
            .map(|(column, row)| paint(place(left, column), place(bottom, row)))
            .collect();
        Self { left, bottom, per_unit: 1.0 / step, columns, lights }
    }

    /// The light at a place; outside of the box, that at its border.
    pub(crate) fn at(&self, x: f32, y: f32) -> Vector {
        let rows = self.lights.len() / self.columns;
        let x = ((x - self.left) * self.per_unit).clamp(0.0, (self.columns - 2) as f32);
        let y = ((y - self.bottom) * self.per_unit).clamp(0.0, (rows - 2) as f32);
        let (column, row) = (x as usize, y as usize);
        let (right, up) = (x - column as f32, y - row as f32);
        let corner = row * self.columns + column;
        let lower = self.lights[corner].mix(self.lights[corner + 1], right);
        let upper = self.lights[corner + self.columns].mix(self.lights[corner + self.columns + 1], right);
        lower.mix(upper, up)
    }
}
