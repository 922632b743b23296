//! Boats in a harbour: a sky, two headlands with a lighthouse, and water that mirrors them, broken by waves.

use crate::canvas::{Canvas, Film, vignette};
use crate::noise::{fractal, value};
use crate::scene::Frame;
use crate::vector::{Vector, colour, mix, smoothstep};

/// Where sea and sky meet, in the measure of the frame.
const HORIZON: f32 = 0.09;

/// The light of one hour.
struct Hour {
    low: Vector,
    high: Vector,
    sun: Vector,
    sun_at: (f32, f32),
    cloud_lit: Vector,
    cloud_dark: Vector,
    deep: Vector,
    /// What falls on a sail or a hull that faces us.
    front: Vector,
    hulls: [u32; 4],
}

impl Hour {
    fn new(edition: u32) -> Self {
        let hour = |lights: [u32; 7], sun_strength: f32, sun_at, hulls| {
            let [low, high, sun, cloud_lit, cloud_dark, deep, front] = lights.map(colour);
            Self { low, high, sun: sun * sun_strength, sun_at, cloud_lit, cloud_dark, deep, front, hulls }
        };
        match edition % 4 {
            // Sunset, noon, blue hour, a morning in mist.
            1 => hour(
                [0xffb066, 0x3a4a86, 0xffd08a, 0xff9a66, 0x6a4a6e, 0x16283c, 0xb08a80],
                5.0,
                (-0.32, 0.16),
                [0x8c2a22, 0x1f3f6a, 0x2e5a48, 0xe4dccb],
            ),
            2 => hour(
                [0xbfdcf0, 0x2a6cc0, 0xfff6e0, 0xffffff, 0x9ab4cc, 0x0a4660, 0xfffaf0],
                3.0,
                (0.36, 0.58),
                [0x1f4f9a, 0xc23a2a, 0xf0efe8, 0xe0a020],
            ),
            3 => hour(
                [0x8a7aa8, 0x141f4a, 0xe8ecff, 0x6a6aa0, 0x2a2f5a, 0x080f24, 0x4a5478],
                2.4,
                (0.22, 0.46),
                [0xb0b4c0, 0x8c2a3a, 0x2a5a70, 0xc09040],
            ),
            _ => hour(
                [0xf2e4cc, 0xa8bcc8, 0xfff4d8, 0xfff8ec, 0xc0c4c4, 0x4a6468, 0xdcd4c4],
                3.2,
                (-0.12, 0.24),
                [0x3a6a5a, 0xa04830, 0xe8e4dc, 0x2f4f7f],
            ),
        }
    }
}

/// A sailing boat; sizes are in lengths of its mast's foot to the horizon line it was drawn with.
#[derive(Debug, Clone, Copy)]
struct Boat {
    x: f32,
    waterline: f32,
    scale: f32,
    /// 1 sails to the right, -1 to the left.
    heading: f32,
    hull: usize,
    sails: bool,
}

/// Far to near.
const BOATS: [Boat; 7] = [
    Boat { x: 0.30, waterline: 0.070, scale: 0.050, heading: -1.0, hull: 3, sails: true },
    Boat { x: -0.05, waterline: 0.060, scale: 0.062, heading: 1.0, hull: 1, sails: true },
    Boat { x: -0.80, waterline: 0.030, scale: 0.105, heading: 1.0, hull: 2, sails: false },
    Boat { x: 0.78, waterline: 0.005, scale: 0.150, heading: -1.0, hull: 1, sails: false },
    Boat { x: 0.22, waterline: -0.050, scale: 0.215, heading: 1.0, hull: 0, sails: true },
    Boat { x: -0.55, waterline: -0.150, scale: 0.330, heading: 1.0, hull: 3, sails: true },
    Boat { x: 0.60, waterline: -0.300, scale: 0.260, heading: -1.0, hull: 2, sails: false },
];

/// How far a point lies outside of a triangle, whose corners go around clockwise; negative inside.
fn triangle((x, y): (f32, f32), corners: [(f32, f32); 3]) -> f32 {
    let mut outside = f32::MIN;
    for (at, from) in corners.into_iter().enumerate() {
        let to = corners[(at + 1) % 3];
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let away = ((x - from.0) * -dy + (y - from.1) * dx) / (dx * dx + dy * dy).sqrt();
        outside = outside.max(away);
    }
    outside
}

fn slab(x: f32, y: f32, (left, bottom): (f32, f32), (right, top): (f32, f32)) -> f32 {
    (left - x).max(x - right).max(bottom - y).max(y - top)
}

impl Boat {
    /// Lays the boat over what is behind it.
    fn over(&self, behind: Vector, u: f32, v: f32, hour: &Hour, pixel: f32) -> Vector {
        let (x, y) = ((u - self.x) / self.scale * self.heading, (v - self.waterline) / self.scale);
        if !(-1.2..1.3).contains(&x) || !(-0.02..2.1).contains(&y) {
            return behind;
        }
        let soft = pixel / self.scale;
        let cover = |outside: f32| smoothstep(soft, -soft, outside);
        let mut light = behind;

        // Rigging: mast, boom, and the stays as hair lines.
        let wood = hour.front * colour(0x6a4a30) * 0.8;
        light = light.mix(
            wood,
            cover((x - 0.06).abs() - 0.014 + 0.004 * y).min(cover(slab(x, y, (0.0, 0.1), (0.2, 1.95)))),
        );
        for (foot, top) in [((0.93, 0.30), (0.06, 1.80)), ((-0.78, 0.26), (0.06, 1.92))] {
            let (dx, dy) = (top.0 - foot.0, top.1 - foot.1);
            let along = (((x - foot.0) * dx + (y - foot.1) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            let away = ((x - foot.0 - dx * along).powi(2) + (y - foot.1 - dy * along).powi(2)).sqrt();
            light = light.mix(wood * 0.7, cover(away - 0.004) * 0.7);
        }
        if self.sails {
            // A sail swells: its edges are bowed and its light changes across.
            let swell = 0.09 * (y * 1.9).sin().max(0.0);
            let main = triangle((x + swell * 0.6, y), [(0.045, 0.42), (-0.74, 0.40), (0.045, 1.86)]);
            let jib = triangle((x - swell, y), [(0.88, 0.36), (0.10, 0.44), (0.085, 1.70)]);
            let seams = 1.0 - 0.10 * smoothstep(0.90, 1.0, (y * 9.0 * std::f32::consts::TAU * 0.5).cos());
            let weave = 1.0 + 0.05 * fractal(x * 14.0, y * 14.0, 3, 301);
            let canvas = colour(0xf2ead8) * (seams * weave);
            let through = hour.low * 0.25;
            let shade = 0.62 + 0.55 * smoothstep(-0.75, 0.1, x) - 0.18 * smoothstep(0.5, 1.8, y);
            light = light.mix(canvas * (hour.front * shade + through), cover(main));
            let shade = 0.98 - 0.45 * smoothstep(0.1, 0.85, x);
            light = light.mix(canvas * (hour.front * shade + through), cover(jib));
        } else {
            // Sails are stowed on the boom.
            let bundle =
                ((x + 0.34) / 0.40).powi(2) + ((y - 0.47 - 0.02 * (x * 22.0).sin()) / 0.055).powi(2) - 1.0;
            light = light.mix(hour.front * colour(0x2f4a66) * (0.6 + 3.0 * (y - 0.44)), cover(bundle * 0.05));
            let cabin = slab(x + 0.12 * (y - 0.3), y, (-0.46, 0.18), (0.34, 0.43));
            light = light.mix(hour.front * colour(0xe8e2d4) * (0.72 + 0.8 * (y - 0.3)), cover(cabin));
            for window in [-0.30, -0.08, 0.14] {
                let pane = slab(x, y, (window - 0.06, 0.29), (window + 0.06, 0.37)) - 0.01;
                light = light.mix(hour.deep * 0.8 + hour.low * 0.12, cover(pane));
            }
        }

        // Hull: sheer rises to the bow, the stem leans forward.
        let sheer = 0.21 + 0.10 * x * x + 0.05 * x;
        let stem = x - (0.74 + 0.85 * y * (1.0 - 0.55 * y));
        let stern = -x - (0.74 + 0.22 * y);
        let hull = (y - sheer).max(stem).max(stern).max(-0.03 - y);
        let below_sheer = sheer - y;
        let mut paint = colour(hour.hulls[self.hull]);
        paint = paint.mix(colour(0xf4f0e6), smoothstep(0.012, 0.0, (below_sheer - 0.045).abs() - 0.010));
        paint = paint.mix(colour(0x7a2018), smoothstep(0.035, 0.020, y));
        paint = paint.mix(colour(0x8a5a34), smoothstep(0.022, 0.012, below_sheer));
        let planks = 1.0 - 0.10 * smoothstep(0.86, 1.0, (below_sheer * 78.0).cos())
            + 0.06 * value(x * 9.0, y * 60.0, 302);
        let round = 0.55 + 0.50 * smoothstep(0.0, 0.24, y) - 0.22 * smoothstep(0.2, 0.9, x.abs());
        light = light.mix(paint * hour.front * (planks * round) + hour.deep * 0.05, cover(hull));
        light
    }
}

struct Harbour {
    hour: Hour,
    pixel: f32,
}

impl Harbour {
    fn sky(&self, u: f32, v: f32) -> Vector {
        let hour = &self.hour;
        let up = v - HORIZON;
        let mut light = hour.low.mix(hour.high, smoothstep(-0.02, 0.62, up).powf(0.75));
        let (dx, dy) = (u - hour.sun_at.0, v - hour.sun_at.1);
        let away = (dx * dx + dy * dy * 1.3).sqrt();
        light += hour.sun * (0.05 * (-away * 3.2).exp() + 0.06 * (-away * 11.0).exp());
        let (x, y) = (u / (up + 0.22) * 0.8, 0.62 / (up + 0.22));
        let drift = fractal(x * 0.6, y * 0.8 + 5.0, 3, 311);
        let density = fractal(x + drift, y * 2.2 + 0.7 * drift, 6, 312) + 0.45 * drift;
        let lit = smoothstep(0.75, 0.05, density) * (0.45 + 0.9 * (-away * 1.5).exp());
        let cloud = hour.cloud_dark.mix(hour.cloud_lit * 1.25, lit.min(1.0));
        light = light.mix(cloud, smoothstep(0.02, 0.42, density) * smoothstep(0.0, 0.10, up) * 0.88);
        light + hour.sun * (smoothstep(0.052, 0.046, away) * (1.0 - 0.7 * smoothstep(0.1, 0.5, density)))
    }

    /// All that rises behind the boats.
    fn shore(&self, u: f32, v: f32) -> Vector {
        let hour = &self.hour;
        let mut light = self.sky(u, v);
        let up = v - HORIZON;
        if up > 0.45 {
            return light;
        }
        let far = 0.055 * smoothstep(0.15, -0.9, u)
            + 0.018 * fractal(u * 6.0, 0.0, 5, 321) * smoothstep(0.25, -0.2, u)
            - 0.012;
        let haze = hour.low * 0.72 + hour.high * 0.12;
        light = light.mix(
            haze * (0.80 + 0.10 * fractal(u * 30.0, v * 40.0, 3, 322)),
            smoothstep(self.pixel, -self.pixel, up - far),
        );

        let cape = 0.115 * smoothstep(0.36, 0.74, u)
            + (0.020 * fractal(u * 9.0, 3.0, 5, 323) + 0.006 * value(u * 120.0, 1.0, 324))
                * smoothstep(0.36, 0.46, u)
            - 0.004 * smoothstep(0.40, 0.34, u);
        // The lighthouse stands on the cape.
        let tower = (u - 0.66).abs() - (0.0165 - 0.045 * (up - 0.10));
        let body = tower.max(up - 0.245).max(0.05 - up);
        let bands = smoothstep(-0.1, 0.1, ((up - 0.10) * 96.0).sin());
        let curve = 0.62 + 0.5 * smoothstep(-0.016, 0.016, (u - 0.66) * (hour.sun_at.0 - 0.66).signum());
        let stripes = colour(0xf0ece2).mix(colour(0xa8281e), bands);
        light = light.mix(stripes * hour.front * curve, smoothstep(self.pixel, -self.pixel, body));
        let room = slab(u - 0.66, up, (-0.010, 0.245), (0.010, 0.268));
        light =
            light.mix(hour.sun.mix(colour(0xffe08a), 0.6) * 0.55, smoothstep(self.pixel, -self.pixel, room));
        let roof = (up - 0.288 + (u - 0.66).abs() * 1.4).max(0.268 - up);
        light = light.mix(colour(0x5a1a16) * hour.front, smoothstep(self.pixel, -self.pixel, roof));
        let glow = ((u - 0.66).powi(2) + (up - 0.257).powi(2)).sqrt();
        light += colour(0xffd890) * (0.25 * (-glow * 34.0).exp());

        let rocks = 0.30 + 0.30 * fractal(u * 22.0, v * 34.0, 4, 325);
        let grass = colour(0x4a5a34)
            .mix(colour(0x5a5048), smoothstep(0.35, 0.55, rocks + smoothstep(0.05, 0.0, up) * 0.3));
        light.mix(
            grass * hour.front * (0.35 + rocks) + haze * 0.10,
            smoothstep(self.pixel, -self.pixel, up - cape),
        )
    }

    fn water(&self, u: f32, v: f32) -> Vector {
        let hour = &self.hour;
        let below = HORIZON - v;
        let z = 0.16 / (below + 0.004);
        let (x, far) = (u * z, z * 2.4);
        let detail = smoothstep(30.0, 4.0, z);
        let swell = fractal(x * 2.2 + 0.3 * far, far * 2.6, 3, 331);
        let ripples = fractal(x * 9.0, far * 11.0, 4, 332) * detail;
        let calm = smoothstep(-0.3, 0.4, fractal(x * 0.5, far * 0.35, 3, 333));
        let tilt = (0.55 * swell + ripples) * mix(0.35, 1.0, calm);
        let (du, dv) = (tilt * below * 0.07, tilt * (0.010 + below * 0.34));

        let mut image = self.shore(u + du, HORIZON + below * 0.92 + dv.abs() * 0.6 + dv * 0.4);
        for boat in &BOATS {
            if v < boat.waterline {
                image = boat.over(image, u + du, 2.0 * boat.waterline - v + dv * 0.8, hour, self.pixel * 2.0);
            }
        }
        let mirror = (0.92 - below * 0.75 - 0.22 * tilt).clamp(0.25, 0.95);
        let mut light = hour.deep.mix(image, mirror);
        let path = (-((u - hour.sun_at.0) / (0.05 + below * 0.42)).powi(2)).exp();
        let sparkle = smoothstep(0.18, 0.55, ripples + 0.45 * swell) * path * detail;
        light += hour.sun * (sparkle * 0.30);
        light.mix(self.hour.low, smoothstep(0.020, 0.0, below) * 0.35)
    }

    fn light(&self, u: f32, v: f32) -> Vector {
        let mut light = if v > HORIZON { self.shore(u, v) } else { self.water(u, v) };
        for boat in &BOATS {
            // Where hull and water meet, it is dark, and a little uneven.
            let edge =
                boat.waterline + 0.003 * value(u * 60.0, boat.waterline * 50.0, 341) * (boat.scale * 4.0);
            if v > edge {
                light = boat.over(light, u, v, &self.hour, self.pixel);
            }
        }
        light
    }
}

pub(crate) fn paint(width: usize, height: usize, edition: u32) -> Canvas {
    let frame = Frame::new(width, height);
    let harbour = Harbour { hour: Hour::new(edition), pixel: frame.pixel };
    let film = Film { grain: 0.026, seed: edition ^ 0xb0a7 };
    Canvas::by_pixels(width, height, |x, y| {
        let (u, v) = frame.place(x as f32 + 0.5, y as f32 + 0.5);
        film.expose(x, y, harbour.light(u, v) * vignette(u, v, 0.35) * 0.85)
    })
}
