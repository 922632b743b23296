//! An enamel badge with a bevelled rim and a cast shadow: what lies around it is transparent, its shadow half so.

use std::f32::consts::{FRAC_1_SQRT_2, TAU};

use crate::canvas::{Canvas, plain};
use crate::noise::{fractal, value};
use crate::scene::Frame;
use crate::vector::{Vector, colour, mix, smoothstep, vector};

const LAMP: Vector = vector(-0.45, 0.62, 0.64);
const LOBES: f32 = 16.0;

struct Enamel {
    field: [Vector; 2],
    star: Vector,
    metal: Vector,
}

impl Enamel {
    fn new(edition: u32) -> Self {
        let (field, star, metal) = match edition % 5 {
            1 => ([0x0d4f8c, 0x1f8fc4], 0xf6f1e2, 0xe0b45c),
            2 => ([0x8c1430, 0xd23a4a], 0xf9e6c8, 0xd8dade),
            3 => ([0x0f5c40, 0x2fa06a], 0xf4f6e4, 0xd9925c),
            4 => ([0x3d1f70, 0x8450c4], 0xf6e7fa, 0xe0b45c),
            _ => ([0x9a4a06, 0xe8962a], 0xfff6e0, 0xc8ccd2),
        };
        Self { field: field.map(colour), star: colour(star), metal: colour(metal) }
    }
}

/// The height of the badge over the table at a place, and what lies on top there.
fn relief(x: f32, y: f32) -> (f32, Surface) {
    let radius = (x * x + y * y).sqrt();
    if radius > 0.87 {
        return (0.0, Surface::Table);
    }
    let round = y.atan2(x);
    // A rosette: its rim swings between two radii, rounded on the outside and pointed on the inside.
    let lobe = (round * LOBES * 0.5).cos().abs();
    let rim = 0.80 + 0.060 * lobe.sqrt();
    let dome = |inside: f32, width: f32, height: f32| {
        let t = (inside / width).clamp(0.0, 1.0);
        height * (1.0 - (1.0 - t) * (1.0 - t)).sqrt()
    };
    let petals =
        dome(rim - radius, 0.11, 0.06) + 0.010 * (round * LOBES * 4.0).cos() * smoothstep(0.68, 0.80, radius);
    let ring = |at: f32, width: f32| dome(width - (radius - at).abs(), width, 0.055);
    if radius > 0.66 {
        return (
            petals.max(0.03 + ring(0.67, 0.035)),
            if radius < rim { Surface::Metal } else { Surface::Table },
        );
    }
    let points = star(x, y);
    if points < 0.0 {
        // Each ray of the star has a ridge along its middle.
        return (0.035 + 0.34 * (-points).min(0.12), Surface::Star);
    }
    let wire = dome(0.012 - points, 0.012, 0.03);
    if points < 0.012 {
        return (0.03 + wire, Surface::Metal);
    }
    let inner = 0.03 + ring(0.67, 0.035);
    if radius > 0.635 { (inner, Surface::Metal) } else { (0.030, Surface::Field) }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surface {
    Table,
    Metal,
    Field,
    Star,
}

/// How far a place lies outside of a star with eight rays, every second one longer.
fn star(x: f32, y: f32) -> f32 {
    let ray = |x: f32, y: f32, rays: f32, long: f32, broad: f32| {
        let sector = TAU / rays;
        let round = (y.atan2(x) + sector * 0.5).rem_euclid(sector) - sector * 0.5;
        let radius = (x * x + y * y).sqrt();
        let (along, aside) = (radius * round.cos(), radius * round.sin().abs());
        (aside - broad * (1.0 - along / long)) / (1.0 + (broad / long) * (broad / long)).sqrt()
    };
    let long = ray(x, y, 4.0, 0.56, 0.150);
    let (tx, ty) = ((x - y) * FRAC_1_SQRT_2, (x + y) * FRAC_1_SQRT_2);
    long.min(ray(tx, ty, 4.0, 0.36, 0.130))
}

/// A window, a wall and a dark floor: what metal shows.
fn reflected(along: Vector) -> Vector {
    let wall = mix(0.10, 0.85, smoothstep(-0.5, 0.8, along.y));
    let window =
        smoothstep(0.35, 0.20, (along.x + 0.45).abs()) * smoothstep(0.30, 0.18, (along.y - 0.62).abs());
    let stripe = 0.35 * smoothstep(0.12, 0.05, (along.x - 0.55).abs());
    Vector::ONE * (wall + 2.2 * window + stripe)
}

impl Enamel {
    /// Light and cover of one place.
    fn light(&self, x: f32, y: f32) -> (Vector, f32) {
        let (height, surface) = relief(x, y);
        if surface == Surface::Table {
            return (Vector::ZERO, self.shadow(x, y));
        }
        let around = 0.0022;
        let slope = |dx: f32, dy: f32| (relief(x + dx, y + dy).0 - height) / around;
        let brushed = 0.05 * value(x * 260.0, y * 18.0, 401);
        let mut normal = vector(-slope(around, 0.0) + brushed * 0.3, -slope(0.0, around), 1.0).unit();
        let radius = (x * x + y * y).sqrt();
        let paint = match surface {
            Surface::Metal | Surface::Table => self.metal,
            Surface::Star => self.star,
            Surface::Field => {
                // Engraved under the enamel: rays that cross rings.
                let round = y.atan2(x);
                let engraved = (round * 64.0 + 6.0 * (radius * 26.0).sin()).cos();
                normal = (normal + vector(x, y, 0.0) * (0.10 * engraved)).unit();
                let [deep, bright] = self.field;
                deep.mix(
                    bright,
                    0.42 + 0.26 * engraved
                        + 0.25 * smoothstep(0.6, 0.1, radius)
                        + 0.1 * fractal(x * 3.0, y * 3.0, 3, 402),
                )
            }
        };
        let mirror = vector(0.0, 0.0, -1.0).reflect(normal);
        let lamp = normal.dot(LAMP.unit()).max(0.0);
        let shown = reflected(mirror);
        let light = match surface {
            Surface::Metal | Surface::Table => paint * shown * 0.85 + paint * (0.35 * lamp),
            Surface::Field | Surface::Star => {
                let clear = 0.04 + 0.30 * (1.0 - normal.z.clamp(0.0, 1.0)).powi(3);
                // A broad soft gleam lies over the upper half of the glass.
                let gleam = 0.10 * smoothstep(0.02, 0.30, y + 0.35 * x) * smoothstep(0.66, 0.40, radius);
                paint * (0.28 + 0.80 * lamp) + shown * clear + Vector::ONE * gleam
            }
        };
        // The ring throws a small shadow on the field.
        let sunk = if surface == Surface::Field {
            0.55 + 0.45 * smoothstep(0.640, 0.585, ((x + 0.012).powi(2) + (y - 0.018).powi(2)).sqrt())
        } else {
            1.0
        };
        (light * sunk, 1.0)
    }

    fn shadow(&self, x: f32, y: f32) -> f32 {
        let (dx, dy) = (x - 0.030, y + 0.052);
        let radius = (dx * dx + dy * dy).sqrt();
        0.52 * smoothstep(0.935, 0.775, radius)
    }
}

pub(crate) fn paint(width: usize, height: usize, edition: u32) -> Canvas {
    let enamel = Enamel::new(edition);
    let frame = Frame::new(width, height);
    let place = |x, y| {
        let (u, v) = frame.place(x, y);
        (u * 1.06, v * 1.06 + 0.01)
    };
    let thing = |x, y| {
        let (x, y) = place(x, y);
        relief(x, y).1 as i32
    };
    // No grain: it would not let the transparent part be one colour.
    Canvas::with_smooth_edges(width, height, thing, |_, _, places| {
        let (mut light, mut cover) = (Vector::ZERO, 0.0);
        for (x, y) in places {
            let (x, y) = place(*x, *y);
            let (place_light, place_cover) = enamel.light(x, y);
            light += place_light * place_cover;
            cover += place_cover;
        }
        if cover <= 0.0 { [0; 4] } else { plain(light * (1.0 / cover), cover / places.len() as f32) }
    })
}
