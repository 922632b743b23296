//! Fur: which way it is combed, its hairs, its pattern, and the light on it.

use crate::noise::{fractal, value};
use crate::scene::cat::Coat;
use crate::scene::cat::form::{Form, egg};
use crate::vector::{Vector, mix, smoothstep, vector};

/// The hair at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hair {
    along: (f32, f32),
    /// Tufts of hair, and hairs; from about -1, a gap, to 1.
    clump: f32,
    pub(super) strand: f32,
}

impl Hair {
    pub(super) fn at(x: f32, y: f32, form: Form) -> Self {
        let along = combed(x, y, form);
        Self { along, clump: strands(x, y, along, 34.0, 62), strand: strands(x, y, along, 150.0, 63) }
    }

    /// From where a hair grows that ends here.
    pub(super) fn root(self, x: f32, y: f32) -> (f32, f32) {
        let reach = 0.020 + 0.022 * self.clump + 0.020 * self.strand;
        (x - self.along.0 * reach, y - self.along.1 * reach)
    }

    /// How hairs turn the light: across themselves.
    pub(super) fn tilt(self) -> (f32, f32) {
        let tuft = 0.34 * self.clump + 0.42 * self.strand;
        (-self.along.1 * tuft, self.along.0 * tuft)
    }
}

/// Where the fur points to.
fn combed(x: f32, y: f32, form: Form) -> (f32, f32) {
    let (mut dx, mut dy) = if form.head.min(form.ear) < 0.02 {
        // Away from the bridge of the nose, and up the ears.
        let (dx, dy) = (x * 1.05, (y + 0.02) * 0.9 - 0.06 - 0.5 * smoothstep(0.05, -0.35, y) * x.abs());
        let up = smoothstep(0.02, -0.04, form.ear) * smoothstep(0.45, 0.62, y);
        (mix(dx, x.signum() * 0.25, up), mix(dy, 0.9, up))
    } else {
        (x * 0.55, -0.8 - 0.2 * y)
    };
    let sway = 0.55 * value(x * 5.0, y * 5.0, 61);
    (dx, dy) = (dx - dy * sway, dy + dx * sway);
    let length = (dx * dx + dy * dy).sqrt().max(1e-4);
    (dx / length, dy / length)
}

/// Hair: specks smeared along the direction of the fur; about -1 to 1.
fn strands(x: f32, y: f32, (dx, dy): (f32, f32), fineness: f32, seed: u32) -> f32 {
    let step = 1.35;
    let (x, y) = (x * fineness, y * fineness);
    let sum: f32 =
        (-3..=3).map(|tap| tap as f32 * step).map(|tap| value(x + dx * tap, y + dy * tap, seed)).sum();
    sum * (1.0 / 3.2)
}

impl Coat {
    /// The colour of the fur, before light.
    pub(super) fn pattern(&self, x: f32, y: f32, form: Form, hair: Hair) -> Vector {
        let side = x.abs();
        let on_head = form.on_head();
        let warp = 0.05 * fractal(x * 3.0, y * 3.0, 3, 64) + 0.012 * hair.clump;

        let band = |phase: f32| smoothstep(0.15, 0.75, phase.sin());
        let forehead =
            band((side + warp) * 26.0 + 1.4) * smoothstep(0.20, 0.34, y) * smoothstep(0.36, 0.26, side);
        let fan = (y + 0.10).atan2(side - 0.12);
        let cheeks =
            band((fan + warp * 2.4) * 11.0 + 0.6) * smoothstep(0.30, 0.42, side) * smoothstep(0.45, 0.2, y);
        let flanks = band((y + 0.9 * warp + 0.10 * (x * 4.0).cos()) * 19.0)
            * smoothstep(0.16, 0.36, side + 0.25 * warp);
        let stripes = mix(flanks, (forehead + cheeks).min(1.0), on_head) * self.tabby;

        let jowls = egg(side, y, 0.10, -0.25, 0.19, 0.17).min(egg(side, y, 0.0, -0.36, 0.22, 0.12));
        let muzzle = smoothstep(0.05, -0.10, jowls + 0.5 * warp);
        let around_eye =
            smoothstep(0.035, -0.01, egg(side, y, 0.245, 0.06, 0.175, 0.125).abs() - 0.012) * 0.55;
        let chest = smoothstep(0.10, -0.16, egg(side, y, 0.0, -0.86, 0.30, 0.46) + warp);
        let pale = mix(chest, muzzle.max(around_eye), on_head);

        let shade = 1.0 + 0.16 * fractal(x * 2.0, y * 2.0, 3, 65);
        let outside =
            self.base.mix(self.stripe, (stripes * 0.85).clamp(0.0, 1.0)).mix(self.belly, pale) * shade;

        // Inside an ear there is skin behind long pale hair.
        let on_ear = smoothstep(0.0, -0.02, form.ear) * (1.0 - on_head * smoothstep(0.60, 0.42, y));
        let inside = smoothstep(-0.030, -0.070, form.ear) * smoothstep(0.02, 0.07, form.head) * on_ear;
        let skin = self.nose.mix(self.base, 0.25) * 0.75;
        let long_hair = smoothstep(0.0, 0.9, hair.clump + 0.6 * hair.strand) * 0.8;
        outside.mix(skin.mix(self.belly, long_hair), inside)
    }

    /// The sun from the upper left, the sky, what the cat throws back on itself, and a rim from behind.
    pub(super) fn lit(
        &self,
        paint: Vector,
        x: f32,
        y: f32,
        form: Form,
        hair: Hair,
        normal: Vector,
    ) -> Vector {
        let towards_sun = normal.dot(vector(-0.55, 0.62, 0.56));
        // Light goes round the edge of fur.
        let wrapped = towards_sun * 0.5 + 0.5;
        let sky = 0.5 + 0.5 * normal.y;
        let light = self.sun * (0.60 * towards_sun.max(0.0) + 0.32 * wrapped * wrapped)
            + self.backdrop[2] * (0.22 * sky)
            + self.base * (0.30 * (1.0 - sky))
            + vector(0.10, 0.11, 0.13);
        let between_hairs = 0.78 + 0.30 * hair.strand + 0.16 * hair.clump;
        let near_head = smoothstep(0.30, 0.02, form.head) * smoothstep(0.1, -0.2, y);
        let under_head = 1.0 - 0.62 * near_head * (1.0 - form.on_head());
        let rim = smoothstep(-0.05, 0.0, form.edge) * smoothstep(-0.2, 0.6, x + 0.5 * y);
        let through = self.sun * self.base.mix(Vector::ONE, 0.5) * (rim * 0.30 * (0.6 + 0.5 * hair.strand));
        paint * light * (between_hairs * under_head) + through
    }
}
