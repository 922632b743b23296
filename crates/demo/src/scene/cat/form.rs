//! The flat shapes of a cat, and how they swell.

use crate::vector::{Vector, smoothstep, vector};

/// A soft egg: negative inside, about the distance to its edge.
pub(super) fn egg(x: f32, y: f32, cx: f32, cy: f32, rx: f32, ry: f32) -> f32 {
    let (px, py) = ((x - cx) / rx, (y - cy) / ry);
    ((px * px + py * py).sqrt() - 1.0) * rx.min(ry)
}

/// The union of two shapes with a fillet of radius `k`.
pub(super) fn join(a: f32, b: f32, k: f32) -> f32 {
    let h = (k - (a - b).abs()).max(0.0) / k;
    a.min(b) - h * h * k * 0.25
}

/// The ear on the right: a triangle with a bowed outer side; negative inside.
fn ear(x: f32, y: f32) -> f32 {
    let (tx, ty) = (x - 0.53, y - 0.83);
    let along = (-ty / 0.68).clamp(0.0, 1.0);
    let outer = tx * 0.994 + ty * 0.109 - 0.16 * along * (1.0 - along);
    let inner = tx * -0.615 + ty * 0.788 - 0.05 * along * (1.0 - along);
    let root = (x - 0.575) * -0.555 + (y - 0.16) * -0.832;
    -join(-outer, -inner, 0.10).min(-root)
}

/// What the flat shapes say at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) edge: f32,
    pub(super) head: f32,
    pub(super) ear: f32,
    pub(super) body: f32,
}

/// The cat is the same on both sides: `x` counts by its distance from the middle.
pub(super) fn form(x: f32, y: f32) -> Form {
    let side = x.abs();
    let skull = egg(side, y, 0.0, 0.10, 0.60, 0.50);
    let cheek = egg(side, y, 0.30, -0.16, 0.36, 0.29);
    let chin = egg(side, y, 0.0, -0.34, 0.20, 0.13);
    let head = join(join(skull, cheek, 0.18), chin, 0.12);
    let ear = ear(side, y);
    let shoulders = egg(side, y, 0.0, -1.18, 0.92, 0.84);
    let chest = egg(side, y, 0.0, -0.75, 0.46, 0.50);
    let body = join(shoulders, chest, 0.25);
    Form { edge: head.min(ear).min(body), head, ear, body }
}

impl Form {
    /// 1 on the head, 0 beside it.
    pub(super) fn on_head(self) -> f32 {
        smoothstep(0.012, -0.012, self.head)
    }

    /// The surface's direction at a place of the part that these shapes say is on top; `tilt` adds the hair's own.
    pub(super) fn normal(self, x: f32, y: f32, tilt: (f32, f32)) -> Vector {
        let around = 0.012;
        let here = self.height(x, y);
        let slope_x = (self.height(x + around, y) - here) / around;
        let slope_y = (self.height(x, y + around) - here) / around;
        vector(tilt.0 - slope_x, tilt.1 - slope_y, 1.15).unit()
    }

    fn height(self, x: f32, y: f32) -> f32 {
        let (shape, side) = (form(x, y), x.abs());
        // Each part swells from its edge like a ball cut from below.
        let swell = |edge: f32, depth: f32| (1.0 - (1.0 + edge / depth).clamp(0.0, 1.0).powi(2)).sqrt();
        let bump = |cx: f32, cy: f32, rx: f32, ry: f32| {
            (-(((side - cx) / rx).powi(2) + ((y - cy) / ry).powi(2))).exp()
        };
        if self.head < 0.0 {
            let (muzzle, bridge) = (bump(0.11, -0.24, 0.13, 0.11), bump(0.0, 0.06, 0.11, 0.26));
            let socket = bump(0.245, 0.07, 0.15, 0.12);
            0.42 * swell(shape.head, 0.46) + 0.10 * muzzle + 0.07 * bridge - 0.09 * socket
        } else if self.ear < 0.0 {
            0.14 * swell(shape.ear, 0.16) - 0.12 * smoothstep(-0.02, -0.10, shape.ear)
        } else {
            0.50 * swell(shape.body, 0.6)
        }
    }
}
