//! The face: eyes, nose and mouth.

use crate::noise::{fractal, value};
use crate::scene::cat::Coat;
use crate::scene::cat::form::{egg, join};
use crate::vector::{Vector, smoothstep};

impl Coat {
    /// Eyes, nose and mouth, laid over the fur.
    pub(super) fn face(&self, x: f32, y: f32, fur: Vector, normal: Vector, strand: f32) -> Vector {
        let side = x.abs();
        let mut shown = fur;

        // Nose: a rounded triangle; mouth: two arcs and a line.
        let (nx, ny) = (side, y + 0.125);
        let nose = -join(0.028 - ny, (ny + 0.040) * 0.62 - nx * 0.785, 0.030) - 0.014;
        let mouth_arc =
            ((((side - 0.070).powi(2) + (y + 0.215).powi(2)).sqrt() - 0.070).abs() - 0.0045).max(y + 0.222);
        let philtrum = (side - 0.0035).max(y + 0.150).max(-(y + 0.222));
        let mouth = mouth_arc.min(philtrum) + 0.0025 * strand;
        shown = shown.mix(self.stripe * 0.16, smoothstep(0.006, -0.004, mouth) * 0.85);
        shown = shown * (1.0 - 0.45 * smoothstep(0.035, 0.0, nose) * (1.0 - smoothstep(0.0, -0.01, nose)));
        let pores = 1.0 + 0.22 * fractal(x * 90.0, y * 90.0, 2, 66);
        let gloss = (-(((x + 0.018) / 0.022).powi(2) + ((y + 0.106) / 0.010).powi(2))).exp();
        let nostril = (-(((side - 0.030) / 0.012).powi(2) + ((y + 0.140) / 0.008).powi(2))).exp();
        let leather = self.nose * (pores * (0.55 + 0.5 * normal.y.max(0.0)) * (1.0 - 0.85 * nostril))
            + Vector::ONE * (gloss * 0.30);
        shown = shown.mix(leather, smoothstep(0.004, -0.004, nose));

        // Eyes: an almond cut from two circles, tilted up outwards.
        let (ex, ey) = (side - 0.245, y - 0.068);
        let (ex, ey) = (ex * 0.975 + ey * 0.22, ey * 0.975 - ex * 0.22);
        let lid = |by: f32, r: f32| (ex * ex + (ey - by) * (ey - by)).sqrt() - r;
        let almond = lid(-0.052, 0.150).max(lid(0.060, 0.158));
        shown = shown * (1.0 - 0.80 * smoothstep(0.030, 0.006, almond));
        if almond < 0.012 {
            shown = shown.mix(self.eye(x, y, side - 0.245, almond), smoothstep(0.004, -0.004, almond));
        }
        shown
    }

    fn eye(&self, x: f32, y: f32, across: f32, almond: f32) -> Vector {
        // The gaze converges a little.
        let (px, py) = (across + 0.006, y - 0.074);
        let radius = (px * px + py * py).sqrt();
        let round = py.atan2(px);
        let fibres =
            value(round * 14.0, radius * 26.0, 67) * 0.5 + value(round * 40.0, radius * 12.0, 68) * 0.5;
        let ring = smoothstep(0.035, 0.105, radius);
        let mut iris = self.eye[1].mix(self.eye[0], ring) * (0.85 + 0.42 * fibres);
        // Light comes in from above and gathers at the bottom of the iris.
        iris = iris
            * (0.62 + 0.9 * smoothstep(0.06, -0.09, py))
            * (1.0 - 0.75 * smoothstep(0.100, 0.122, radius));
        let pupil = ((px / 0.030).powi(2) + (py / 0.088).powi(2)).sqrt() - 1.0;
        iris = iris.mix(Vector::ZERO, smoothstep(0.10, -0.10, pupil));
        // The upper lid throws a shadow; the window and the sky shine in the wet.
        let shade = smoothstep(-0.002, -0.040, almond) * (0.35 + 0.65 * smoothstep(0.075, 0.02, py));
        let lamp = |cx: f32, cy: f32, rx: f32, ry: f32| {
            let centre = if x < 0.0 { -0.245 } else { 0.245 };
            let edge = egg(x, y, centre + cx, 0.074 + cy, rx, ry);
            smoothstep(0.003, -0.003, edge)
        };
        iris * (1.5 * shade)
            + Vector::ONE
                * (1.6 * lamp(-0.032, 0.036, 0.020, 0.016) + 0.22 * lamp(0.034, -0.036, 0.026, 0.012))
    }
}
