//! Draws one glyph: from a font's units, upwards, to lines in pixels, downwards.

use harfrust::font::glyph::outline::PathSink;

use super::coverage::Coverage;

pub(super) struct Pen<'a> {
    on: &'a mut Coverage,
    scale: f32,
    origin: (f32, f32),
    start: (f32, f32),
    at: (f32, f32),
}

/// How far a curve may be from the lines that stand for it, in pixels.
const FLATNESS: f32 = 0.02;
const PIECES_MAX: f32 = 64.0;

impl<'a> Pen<'a> {
    pub fn new(on: &'a mut Coverage, scale: f32, origin: (f32, f32)) -> Pen<'a> {
        Pen { on, scale, origin, start: origin, at: origin }
    }

    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (self.origin.0 + x * self.scale, self.origin.1 - y * self.scale)
    }

    fn to(&mut self, point: (f32, f32)) {
        self.on.line(self.at, point);
        self.at = point;
    }

    /// A curve that bends by so much at most.
    fn curve(&mut self, bend: f32, point: impl Fn(f32) -> (f32, f32)) {
        let pieces = (bend / FLATNESS).sqrt().ceil().clamp(1.0, PIECES_MAX);
        for piece in 1..=pieces as u32 {
            self.to(point(piece as f32 / pieces));
        }
    }
}

/// How far the middle of three points is from where a straight line would have it, twice.
fn bend(a: (f32, f32), b: (f32, f32), c: (f32, f32)) -> f32 {
    (a.0 - 2.0 * b.0 + c.0).hypot(a.1 - 2.0 * b.1 + c.1)
}

impl PathSink for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.close();
        self.at = self.place(x, y);
        self.start = self.at;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let point = self.place(x, y);
        self.to(point);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (a, b, c) = (self.at, self.place(x1, y1), self.place(x, y));
        self.curve(bend(a, b, c) / 4.0, |t| {
            let (u, v, w) = ((1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t);
            (u * a.0 + v * b.0 + w * c.0, u * a.1 + v * b.1 + w * c.1)
        });
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (a, b, c, d) = (self.at, self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        self.curve(bend(a, b, c).max(bend(b, c, d)) * 0.75, |t| {
            let s = 1.0 - t;
            let (p, q, r, w) = (s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t);
            (p * a.0 + q * b.0 + r * c.0 + w * d.0, p * a.1 + q * b.1 + r * c.1 + w * d.1)
        });
    }

    fn close(&mut self) {
        let start = self.start;
        self.to(start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_of_curves_has_the_area_of_a_circle() {
        let k = 0.552_284_8 * 20.0;
        let mut coverage = Coverage::new(50, 50);
        {
            let pen = &mut Pen::new(&mut coverage, 1.0, (0.0, 50.0));
            pen.move_to(45.0, 25.0);
            pen.curve_to(45.0, 25.0 + k, 25.0 + k, 45.0, 25.0, 45.0);
            pen.curve_to(25.0 - k, 45.0, 5.0, 25.0 + k, 5.0, 25.0);
            pen.curve_to(5.0, 25.0 - k, 25.0 - k, 5.0, 25.0, 5.0);
            pen.curve_to(25.0 + k, 5.0, 45.0, 25.0 - k, 45.0, 25.0);
            pen.close();
        }
        let area: f64 = coverage.finish().iter().map(|covered| f64::from(*covered) / 255.0).sum();
        assert!((area - std::f64::consts::PI * 400.0).abs() < 2.0, "{area}");
    }
}
