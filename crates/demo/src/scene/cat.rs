//! A cat that looks at you: fur combed along a field of directions, over forms that swell out of flat shapes.

mod face;
mod form;
mod fur;

use crate::canvas::{Canvas, Film, vignette};
use crate::noise::{fractal, speck};
use crate::scene::Frame;
use crate::scene::blurred::Blurred;
use crate::scene::cat::form::form;
use crate::scene::cat::fur::Hair;
use crate::vector::{Vector, colour, mix, smoothstep};

/// The colours of one cat and of what is behind it.
struct Coat {
    base: Vector,
    stripe: Vector,
    belly: Vector,
    eye: [Vector; 2],
    nose: Vector,
    /// How strong the stripes are.
    tabby: f32,
    backdrop: [Vector; 3],
    sun: Vector,
}

impl Coat {
    fn new(edition: u32) -> Self {
        let (base, stripe, belly, eye, nose, tabby, backdrop, sun) = match edition % 5 {
            1 => (
                0xd98a3c,
                0x8f4716,
                0xf6e3c6,
                [0x6f9a2a, 0xd9d354],
                0xd27a6c,
                1.0,
                [0x2f5d3a, 0x8fb04a, 0xe9dca0],
                0xffe6c0,
            ),
            2 => (
                0x8b8f96,
                0x3a3d44,
                0xe9e9ea,
                [0x2f7fa8, 0xa8dcef],
                0xb07a78,
                1.0,
                [0x5b3a4e, 0xb0647a, 0xf0c8b8],
                0xfff0e4,
            ),
            3 => (
                0x34302f,
                0x151314,
                0xefe9e2,
                [0xc98a14, 0xffe27a],
                0x6b4a48,
                0.35,
                [0x2a4a6e, 0x5c8fc0, 0xd9ecf7],
                0xf2f2ff,
            ),
            4 => (
                0xeee3d0,
                0xc9ad85,
                0xfffaf0,
                [0x3f73c9, 0xb4d8ff],
                0xe0968e,
                0.55,
                [0x6e4a2a, 0xc98a4a, 0xf7dfae],
                0xffe9cf,
            ),
            _ => (
                0x7a5a3e,
                0x33231a,
                0xdcc7a8,
                [0x4f8a4a, 0xc7e08a],
                0xa86a5c,
                1.0,
                [0x2b3f5c, 0x6a6aa8, 0xe4c4dc],
                0xffe2d2,
            ),
        };
        let turn = (edition.saturating_sub(1) / 5) as f32 * 0.381_966;
        Self {
            base: colour(base),
            stripe: colour(stripe),
            belly: colour(belly),
            eye: eye.map(|eye| colour(eye).hue_turned(turn)),
            nose: colour(nose),
            tabby,
            backdrop: backdrop.map(|backdrop| colour(backdrop).hue_turned(turn)),
            sun: colour(sun) * 1.9,
        }
    }
}

/// Leaves and the light between them, far behind.
fn out_of_focus(coat: &Coat, x: f32, y: f32) -> Vector {
    let [deep, middle, bright] = coat.backdrop;
    let drift = fractal(x * 0.9 + 4.0, y * 0.9, 3, 71);
    let mut light = deep
        .mix(middle, smoothstep(-0.9, 0.8, y + 0.5 * drift))
        .mix(bright, smoothstep(0.1, 1.3, x * 0.5 + y * 0.8 + drift) * 0.6);
    light = light * 0.75;
    // Discs of light out of focus, one for most cells of a coarse lattice, larger cells overlapping.
    for layer in 0..2 {
        let cell = [0.34, 0.21][layer as usize];
        let (cx, cy) = ((x / cell).floor() as i32, (y / cell).floor() as i32);
        for (ix, iy) in (-1..=1).flat_map(|ix| (-1..=1).map(move |iy| (cx + ix, cy + iy))) {
            if speck(ix, iy, 81 + layer) < 0.6 {
                continue;
            }
            let (px, py) = (
                (ix as f32 + speck(ix, iy, 82 + layer)) * cell,
                (iy as f32 + speck(ix, iy, 84 + layer)) * cell,
            );
            let radius = cell * (0.28 + 0.30 * speck(ix, iy, 86 + layer));
            let distance = ((x - px) * (x - px) + (y - py) * (y - py)).sqrt() / radius;
            let disc = smoothstep(1.08, 0.86, distance) * (0.75 + 0.25 * smoothstep(0.5, 1.0, distance));
            light += bright.mix(coat.sun, 0.3) * (disc * 0.20 * speck(ix, iy, 88 + layer));
        }
    }
    light
}

struct Cat {
    coat: Coat,
    backdrop: Blurred,
}

impl Cat {
    fn new(coat: Coat) -> Self {
        let backdrop = Blurred::new((-1.6, -1.3), (1.6, 1.3), 0.01, |x, y| out_of_focus(&coat, x, y));
        Self { coat, backdrop }
    }

    fn light(&self, x: f32, y: f32) -> Vector {
        let rough = form(x, y);
        if rough.edge > 0.07 {
            return self.backdrop.at(x, y);
        }
        // The coat ends where hairs end: each place asks the shape where its own hair grows.
        let hair = Hair::at(x, y, rough);
        let root = hair.root(x, y);
        let form = form(root.0, root.1);
        let cover = smoothstep(0.004, -0.010, form.edge);
        if cover <= 0.0 {
            return self.backdrop.at(x, y);
        }

        let normal = form.normal(root.0, root.1, hair.tilt());
        let paint = self.coat.pattern(x, y, form, hair);
        let mut light = self.coat.lit(paint, x, y, form, hair, normal);
        if form.on_head() > 0.0 {
            light = self.coat.face(x, y, light, normal, hair.strand);
        }
        if cover < 1.0 { self.backdrop.at(x, y).mix(light, cover) } else { light }
    }
}

pub(crate) fn paint(width: usize, height: usize, edition: u32) -> Canvas {
    let cat = Cat::new(Coat::new(edition));
    let frame = Frame::new(width, height);
    let film = Film { grain: 0.028, seed: edition ^ 0xca7 };
    let mut canvas = Canvas::by_pixels(width, height, |x, y| {
        let (u, v) = frame.place(x as f32 + 0.5, y as f32 + 0.5);
        // A little to the left and below the middle, as a photographer would frame it.
        let light = cat.light((u + 0.10) * 1.30, (v + 0.03) * 1.30);
        film.expose(x, y, light * vignette(u, v, 0.35))
    });
    whiskers(&mut canvas);
    canvas
}

/// Long pale hairs, drawn as curves that thin out.
fn whiskers(canvas: &mut Canvas) {
    let scale = canvas.width as f32 * 0.5 / 1.30;
    let (middle_x, middle_y) =
        (canvas.width as f32 * (0.5 - 0.05), canvas.height as f32 * 0.5 + 0.03 * 0.5 * canvas.width as f32);
    for number in 0..16 {
        let side = if number % 2 == 0 { 1.0 } else { -1.0 };
        let row = (number / 2) as f32;
        let chance = |salt| speck(number, salt, 91);
        let (x0, y0) = (side * (0.125 + 0.030 * (row % 3.0)), -0.205 - 0.020 * row * 0.8 + 0.012 * chance(1));
        let length = 0.50 + 0.22 * chance(2);
        let lift = 0.16 - 0.055 * row + 0.06 * chance(3);
        let (x1, y1) = (x0 + side * length * 0.5, y0 + lift * 0.9 + 0.02);
        let (x2, y2) = (x0 + side * length, y0 + lift - 0.12);
        let steps = (length * scale * 1.4) as usize + 2;
        for step in 0..=steps {
            let t = step as f32 / steps as f32;
            let curve = |a: f32, b: f32, c: f32| mix(mix(a, b, t), mix(b, c, t), t);
            let (x, y) = (middle_x + curve(x0, x1, x2) * scale, middle_y - curve(y0, y1, y2) * scale);
            let radius = (1.0 - t * 0.85) * 0.0032 * scale;
            let (left, top) = ((x - radius - 1.0) as i32, (y - radius - 1.0) as i32);
            let reach = (radius * 2.0) as i32 + 3;
            for (px, py) in (0..reach).flat_map(|px| (0..reach).map(move |py| (left + px, top + py))) {
                let (dx, dy) = (px as f32 + 0.5 - x, py as f32 + 0.5 - y);
                let cover = (radius + 0.5 - (dx * dx + dy * dy).sqrt()).clamp(0.0, 1.0) * radius.min(1.0);
                canvas.blend(px, py, [250, 246, 238], cover * 0.35);
            }
        }
    }
}
