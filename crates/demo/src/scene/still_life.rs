//! A still life: balls of glaze, chrome, marble and peel on a chequered cloth, by a window.

use crate::canvas::{Canvas, Film, vignette};
use crate::noise::{fractal, value};
use crate::scene::Frame;
use crate::vector::{Vector, colour, mix, smoothstep, vector};

#[derive(Debug, Clone, Copy)]
struct Ball {
    centre: Vector,
    radius: f32,
    coat: Coat,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Coat {
    Glaze(u32),
    Metal(u32),
    Marble,
    Peel(u32),
    Plaster,
}

#[derive(Debug, Clone, Copy)]
struct Hit {
    distance: f32,
    /// A number for each thing, and for each square of the cloth: where it changes there is an edge.
    thing: i32,
}

const CLOTH: i32 = 100;
const WALL: i32 = 99;
const EYE: Vector = vector(0.15, 1.75, -5.4);
const LAMP: Vector = vector(-0.56, 0.70, -0.44);

struct Room {
    balls: [Ball; 8],
    cloth: [Vector; 2],
    wall: Vector,
    sun: Vector,
}

impl Room {
    fn new(edition: u32) -> Self {
        let ball = |x, z, radius, coat| Ball { centre: vector(x, radius, z), radius, coat };
        let (glaze, small, peel, cloth, wall, sun) = match edition % 4 {
            1 => (0x1f4e8c, 0xb3202a, 0xe8801a, 0x9c2f2b, 0x4a5a58, 0xfff0d8),
            2 => (0x1d7a4f, 0xe0b020, 0xb8c43a, 0x2b4f7d, 0x6a5344, 0xffe2b8),
            3 => (0x8e2f7a, 0x2a8fa0, 0xd9542b, 0x3d6b45, 0x3c4766, 0xf2f4ff),
            _ => (0xd0d4d8, 0x6a3fa8, 0xe9b92f, 0x55514c, 0x7a4038, 0xffd9a8),
        };
        Self {
            balls: [
                ball(-1.05, 0.75, 0.86, Coat::Glaze(glaze)),
                ball(0.55, 0.05, 0.60, Coat::Metal(0xf0f0f2)),
                ball(1.72, 0.62, 0.50, Coat::Peel(peel)),
                ball(-1.75, -0.75, 0.34, Coat::Plaster),
                ball(-0.42, -1.05, 0.30, Coat::Marble),
                ball(1.35, -0.95, 0.24, Coat::Glaze(small)),
                ball(0.38, -1.55, 0.15, Coat::Metal(0xe2b04a)),
                ball(2.35, -0.35, 0.27, Coat::Peel(peel)),
            ],
            cloth: [colour(0xe9e3d5), colour(cloth)],
            wall: colour(wall),
            sun: colour(sun) * 2.6,
        }
    }

    fn first_hit(&self, from: Vector, along: Vector) -> Hit {
        let mut hit = Hit { distance: f32::MAX, thing: WALL };
        if along.y < -1e-4 {
            let distance = -from.y / along.y;
            let place = from + along * distance;
            if place.z < 4.0 {
                let squares = (place.x * 1.6 + 40.0).floor() as i32 + (place.z * 1.6 + 40.0).floor() as i32;
                hit = Hit { distance, thing: CLOTH + (squares & 1) };
            }
        }
        for (thing, ball) in (0..).zip(&self.balls) {
            let to = from - ball.centre;
            let half = to.dot(along);
            let root = half * half - to.dot(to) + ball.radius * ball.radius;
            if root > 0.0 {
                let distance = -half - root.sqrt();
                if distance > 1e-3 && distance < hit.distance {
                    hit = Hit { distance, thing };
                }
            }
        }
        hit
    }

    /// How much of the lamp, which has a size, is seen from a place (after I. Quilez: the ball that covers most counts).
    fn lamp_seen(&self, from: Vector, but: i32) -> f32 {
        let lamp = LAMP.unit();
        (0..).zip(&self.balls).filter(|(thing, _)| *thing != but).fold(1.0, |seen: f32, (_, ball)| {
            let to = from - ball.centre;
            let half = to.dot(lamp);
            let root = half * half - to.dot(to) + ball.radius * ball.radius;
            let near = (ball.radius * ball.radius - root).max(0.0).sqrt() - ball.radius;
            let distance = -half - root.max(0.0).sqrt();
            if distance < 0.0 {
                seen
            } else {
                seen.min(smoothstep(-0.06, 1.0, 9.0 * near / (distance + 0.05)))
            }
        })
    }

    /// How much of the half room above a place is free of balls.
    fn openness(&self, place: Vector, normal: Vector, but: i32) -> f32 {
        (0..).zip(&self.balls).filter(|(thing, _)| *thing != but).fold(1.0, |open, (_, ball)| {
            let to = ball.centre - place;
            let distance = to.dot(to).sqrt();
            let part = ball.radius / distance;
            open * (1.0 - (normal.dot(to) / distance).max(0.0) * part * part)
        })
    }

    /// What lies behind everything: the wall, and for reflections the window with its bars and the ceiling.
    fn surroundings(&self, from: Vector, along: Vector) -> Vector {
        let up = smoothstep(-0.2, 0.9, along.y);
        let glow =
            (-((along.x + 0.25) * (along.x + 0.25) * 5.0 + (along.y - 0.02) * (along.y - 0.02) * 9.0)).exp();
        let rough = fractal(along.x * 9.0, along.y * 9.0, 3, 5) * 0.06;
        let ceiling = colour(0xb9b0a2) * (0.34 * up * up);
        let room =
            self.sun * (0.10 * smoothstep(0.3, -0.9, along.z) * smoothstep(-0.3, 0.5, along.x + along.y));
        let wall =
            self.wall * (0.22 + 1.15 * glow * f32::from(along.z > 0.0) + rough * glow) + ceiling + room;
        if along.y < 0.05 {
            return wall;
        }
        let place = from + along * ((4.6 - from.y) / along.y);
        let (x, z) = ((place.x + 3.7) / 1.9, (place.z + 2.6) / 1.7);
        let inside = smoothstep(1.0, 0.94, x.abs()) * smoothstep(1.0, 0.94, z.abs());
        let bars = smoothstep(0.03, 0.06, x.abs()) * smoothstep(0.03, 0.06, z.abs());
        wall + self.sun * (3.4 * inside * bars)
    }

    fn light(&self, from: Vector, along: Vector, mirrors: u32) -> (Vector, i32) {
        let hit = self.first_hit(from, along);
        if hit.thing == WALL {
            return (self.surroundings(from, along), WALL);
        }
        let place = from + along * hit.distance;
        if hit.thing >= CLOTH {
            // In a small mirror the far squares would be finer than pixels.
            let blur = if mirrors > 0 { 0.0 } else { smoothstep(2.0, 7.0, hit.distance) };
            return (self.cloth_light(place, along, hit, blur), hit.thing);
        }
        let ball = self.balls[hit.thing as usize];
        let mut normal = (place - ball.centre) * (1.0 / ball.radius);
        let (round, high) = (normal.z.atan2(normal.x), normal.y);
        let (paint, shine, rough) = match ball.coat {
            Coat::Glaze(paint) => {
                let crackle = fractal(round * 4.0, high * 5.0, 4, 11);
                (colour(paint) * (1.0 + 0.25 * crackle), 0.045, 0.0)
            }
            Coat::Metal(paint) => (colour(paint), 1.0, 0.0),
            Coat::Marble => {
                let vein = (fractal(normal.x * 2.4 + 3.0, normal.y * 2.4 + normal.z, 5, 23) * 9.0
                    + normal.y * 4.0)
                    .sin();
                (colour(0xe8e6e0).mix(colour(0x51585c), smoothstep(0.72, 1.0, vein) * 0.8), 0.035, 0.0)
            }
            Coat::Peel(paint) => {
                let (across, up) = (round * 22.0, high.asin() * 22.0);
                let bump = |x, y| value(x, y, 31) + 0.5 * value(x * 2.1, y * 2.1, 32);
                let here = bump(across, up);
                let slope = vector(bump(across + 0.2, up) - here, bump(across, up + 0.2) - here, 0.0);
                normal = (normal
                    + vector(-normal.z, 0.0, normal.x) * (slope.x * 0.30)
                    + vector(0.0, slope.y * 0.30, 0.0))
                .unit();
                (
                    colour(paint)
                        .mix(colour(0xb03c08), 0.25 + 0.25 * fractal(round * 1.5, high * 2.0, 3, 33)),
                    0.03,
                    0.35,
                )
            }
            Coat::Plaster => {
                let grit = fractal(round * 30.0, high * 30.0, 3, 41);
                (colour(0xc9c2b4) * (1.0 + 0.16 * grit), 0.0, 1.0)
            }
        };

        let facing = -normal.dot(along);
        let fresnel = shine + (1.0 - shine) * (1.0 - facing.clamp(0.0, 1.0)).powi(5) * (1.0 - rough * 0.8);
        let lamp = normal.dot(LAMP.unit()).max(0.0) * self.lamp_seen(place, hit.thing);
        let open = self.openness(place, normal, hit.thing);
        let bounce = self.cloth[0].mix(self.cloth[1], 0.5) * (0.5 - 0.5 * normal.y) * 0.35;
        let diffuse =
            paint * (self.sun * lamp + vector(0.30, 0.34, 0.40) * (0.45 + 0.55 * normal.y) * open + bounce);
        let mirrored = if rough >= 1.0 {
            Vector::ZERO
        } else if mirrors > 0 {
            self.light(place + normal * 1e-3, along.reflect(normal), mirrors - 1).0
        } else {
            self.surroundings(place, along.reflect(normal)) * open
        };
        let tint = if shine >= 1.0 { paint } else { Vector::ONE };
        (diffuse * (1.0 - fresnel) + mirrored * tint * (fresnel * (1.0 - rough * 0.6)), hit.thing)
    }

    fn cloth_light(&self, place: Vector, along: Vector, hit: Hit, blur: f32) -> Vector {
        let weave = (place.x * 260.0).sin() * (place.z * 260.0).sin();
        let folds = fractal(place.x * 0.9, place.z * 0.9, 3, 51);
        let threads = value(place.x * 140.0, place.z * 30.0, 52) * value(place.x * 30.0, place.z * 140.0, 53);
        let near = smoothstep(9.0, 3.5, hit.distance);
        let square = self.cloth[(hit.thing - CLOTH) as usize];
        let paint = square.mix(self.cloth[0].mix(self.cloth[1], 0.5), blur)
            * (1.0 + near * (0.07 * weave + 0.22 * threads) + 0.14 * folds);
        let normal = vector(value(place.x * 1.4, place.z * 1.4, 54) * 0.07, 1.0, folds * 0.07).unit();
        let lamp = normal.dot(LAMP.unit()).max(0.0) * self.lamp_seen(place, CLOTH);
        let open = self.openness(place, normal, CLOTH);
        let lit = paint * (self.sun * lamp + vector(0.34, 0.38, 0.44) * (open * open));
        // The table's end lies in the dusk of the room.
        let far = smoothstep(2.0, 4.0, place.z);
        lit.mix(self.surroundings(place, along) * 0.8, far * 0.85)
    }
}

pub(crate) fn paint(width: usize, height: usize, edition: u32) -> Canvas {
    let room = Room::new(edition);
    let frame = Frame::new(width, height);
    let ahead = (vector(0.22, 0.52, 0.0) - EYE).unit();
    let right = vector(0.0, 1.0, 0.0).cross(ahead).unit();
    let up = ahead.cross(right);
    let ray = |x: f32, y: f32| {
        let (u, v) = frame.place(x, y);
        (ahead + right * (u * 0.52) + up * (v * 0.52)).unit()
    };
    let film = Film { grain: 0.034, seed: edition ^ 0x57111 };
    let thing = |x, y| room.first_hit(EYE, ray(x, y)).thing;
    Canvas::with_smooth_edges(width, height, thing, |x, y, places| {
        let sum = places.iter().fold(Vector::ZERO, |sum, (x, y)| {
            let light = room.light(EYE, ray(*x, *y), 1).0;
            // One glint among sixteen must not make an edge glitter.
            sum + vector(light.x.min(3.0), light.y.min(3.0), light.z.min(3.0))
        });
        let (u, v) = frame.place(x as f32, y as f32);
        let exposure = mix(0.62, 0.58, v) / places.len() as f32;
        film.expose(x, y, sum * vignette(u, v, 0.45) * exposure)
    })
}
