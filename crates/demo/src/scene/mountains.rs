//! Mountains beyond a lake: a landscape of heights, seen column by column from front to back.

mod land;

use crate::canvas::{Canvas, Film, Pixel, vignette};
use crate::noise::{fractal, sloped, value};
use crate::scene::Frame;
use crate::scene::mountains::land::{EXTENT, Land};
use crate::vector::{Vector, colour, mix, smoothstep, vector};

/// Kilometres of the eye above the lake.
const EYE: f32 = 0.055;
const FAR: f32 = EXTENT - 0.2;
/// Nearer than so many kilometres there is only water.
const SHORE: f32 = 0.9;
/// The length of the lens, in widths of the picture.
const LENS: f32 = 0.95;

/// The light of one day.
struct Season {
    sun: Vector,
    sun_light: Vector,
    zenith: Vector,
    haze: Vector,
    glow: Vector,
    cloud: Vector,
    meadow: Vector,
    forest: Vector,
    snow_line: f32,
    thickness: f32,
}

impl Season {
    fn new(edition: u32) -> Self {
        let season = |sun: Vector, lights: [u32; 7], strength: f32, snow_line: f32, thickness: f32| {
            let [sun_light, zenith, haze, glow, cloud, meadow, forest] = lights.map(colour);
            Self {
                sun: sun.unit(),
                sun_light: sun_light * strength,
                zenith,
                haze,
                glow,
                cloud,
                meadow,
                forest,
                snow_line,
                thickness,
            }
        };
        match edition % 4 {
            // A summer morning, evening light, winter, autumn.
            1 => season(
                vector(-0.75, 0.55, -0.35),
                [0xfff2dc, 0x2a62b8, 0xb4cce4, 0xf4efe0, 0xffffff, 0x5d7a35, 0x1e3a1f],
                3.0,
                1.45,
                1.0,
            ),
            2 => season(
                vector(0.95, 0.16, -0.20),
                [0xff9a5c, 0x31477e, 0xd89a8c, 0xffc08a, 0xffb59a, 0x5a5a30, 0x232f24],
                3.4,
                1.35,
                1.25,
            ),
            3 => season(
                vector(-0.60, 0.30, -0.55),
                [0xfff4ea, 0x4a7fc4, 0xcbd9ea, 0xf2f2f6, 0xf6f8ff, 0xdfe6ee, 0x3c4a52],
                2.6,
                0.30,
                1.1,
            ),
            _ => season(
                vector(0.80, 0.38, -0.25),
                [0xffd9a0, 0x3a6db0, 0xd9d3c2, 0xffe6b8, 0xfff0dc, 0xb8862c, 0x8a4a1a],
                3.1,
                1.60,
                1.15,
            ),
        }
    }

    fn sky(&self, across: f32, up: f32) -> Vector {
        let ahead = vector(across, up, 1.0).unit();
        let base = self.haze.mix(self.zenith, smoothstep(-0.02, 0.55, up).powf(0.7));
        let towards = ahead.dot(vector(self.sun.x, self.sun.y, 0.4).unit()).max(0.0);
        let mut light = base + self.glow * (0.32 * towards.powi(5));
        if up > 0.02 {
            // Clouds lie on a plane far above; what we see of it is wider the lower we look.
            let (x, z) = (across / (up + 0.10) * 0.75, 1.0 / (up + 0.10) * 0.55);
            let drift = fractal(x * 0.7 + 9.0, z * 0.7, 3, 11);
            let density = fractal(x + drift * 0.9, z * 1.7 + drift, 6, 12) + 0.35 * drift;
            let cover = smoothstep(0.02, 0.55, density) * smoothstep(0.02, 0.16, up);
            let lit = 0.80 + 0.55 * smoothstep(0.5, 0.0, density) * towards.max(0.3);
            light = light.mix(self.cloud * lit, cover * 0.85);
        }
        light
    }

    /// What air does to the light of something so far away.
    fn through_air(&self, light: Vector, kilometres: f32, across: f32) -> Vector {
        let clear = |density: f32| (-kilometres * density * self.thickness).exp();
        let left = vector(clear(0.013), clear(0.018), clear(0.027));
        let air = self.haze.mix(self.glow, smoothstep(-0.3, 0.6, across * self.sun.x) * 0.45) * 0.95;
        light * left + air * (Vector::ONE - left)
    }
}

struct View<'a> {
    land: &'a Land,
    season: &'a Season,
    /// Pixels of the lens.
    focal: f32,
    horizon: f32,
}

impl View<'_> {
    /// The land's light at a place, without air.
    fn land_light(&self, x: f32, z: f32) -> Vector {
        let season = self.season;
        let around = (0.006 * z).max(0.010);
        let ground = self.land.at(x, z);
        let slope_x = (self.land.at(x + around, z).height - ground.height) / around;
        let slope_z = (self.land.at(x, z + around).height - ground.height) / around;
        let coarse = fractal(x * 3.1, z * 3.1, 3, 230);
        let (fine, fine_x, fine_y) = sloped(x * 46.0, z * 46.0 + ground.height * 60.0, 233);
        let (finer, finer_x, finer_y) = sloped(x * 120.0, z * 120.0 + ground.height * 150.0, 234);
        let crag = 0.10 * smoothstep(0.25, 0.9, slope_x.abs() + slope_z.abs());
        let normal =
            vector(-slope_x - crag * (fine_x + finer_x), 1.0, -slope_z - crag * (fine_y + finer_y)).unit();

        let strata = value(ground.height * 26.0 + coarse * 2.0, x * 0.4, 235);
        let rock =
            colour(0x6e665d).mix(colour(0x9a8f82), 0.5 + 0.3 * fine + 0.3 * strata) * (0.85 + 0.25 * finer);
        let gentle = normal.y + 0.10 * coarse + 0.06 * fine;
        let tree_line = season.snow_line.max(0.75) * 0.62 + 0.20 * coarse;
        let meadow = season.meadow * (0.85 + 0.30 * coarse + 0.25 * fine);
        let woods = season.forest * (0.55 + 0.75 * (0.5 + 0.5 * finer) + 0.25 * fine);
        let wooded = smoothstep(-0.30, 0.02, coarse + 0.25 * fine)
            * smoothstep(tree_line, tree_line - 0.16, ground.height);
        let mut paint = rock;
        paint = paint.mix(
            meadow,
            smoothstep(0.66, 0.82, gentle) * smoothstep(tree_line + 0.45, tree_line, ground.height),
        );
        paint = paint.mix(woods, wooded * smoothstep(0.52, 0.66, gentle));
        let sand = smoothstep(0.030, 0.008, ground.height);
        paint = paint.mix(colour(0x9c9484) * (0.8 + 0.3 * fine), sand * 0.8);
        let snow_line = season.snow_line + 0.35 * coarse + 0.12 * fine;
        let snow = smoothstep(snow_line, snow_line + 0.30, ground.height) * smoothstep(0.48, 0.70, gentle);
        paint = paint.mix(colour(0xf4f7fc), snow);

        let sun = normal.dot(season.sun).max(0.0) * ground.sunlit;
        let sky = season.zenith.mix(season.haze, 0.5) * (0.55 + 0.45 * normal.y);
        paint * (season.sun_light * sun + sky * 0.42)
    }

    /// Fills a column from the horizon's foot upwards, as an eye at this height sees it; a negative one sees the
    /// mirror image that the lake shows.
    fn land_column(&self, across: f32, eye: f32, column: &mut [Vector]) {
        let bottom = column.len() as f32;
        let mut skyline = bottom;
        let mut z = SHORE;
        let (mut last_z, mut last_row) = (z, bottom);
        while z < FAR && skyline > 0.0 {
            let x = across * z;
            let ground = self.land.at(x, z).height;
            let row = self.horizon - (ground - eye) * self.focal / z;
            if ground > 0.0 && row < skyline {
                let (from, to) = (row.max(0.0).ceil() as usize, skyline.ceil() as usize);
                for (offset, light) in column.iter_mut().enumerate().take(to).skip(from) {
                    // Rows between two samples show what lies between them.
                    let part = ((last_row - offset as f32) / (last_row - row).max(1e-3)).clamp(0.0, 1.0);
                    let distance = mix(last_z, z, part);
                    *light = self.season.through_air(
                        self.land_light(across * distance, distance),
                        distance,
                        across,
                    );
                }
                skyline = row;
            }
            (last_z, last_row) = (z, row);
            z += (0.0016 * z).max(0.004);
        }
    }

    fn column(&self, across: f32, upright: &mut [Vector], mirrored: &mut [Vector]) {
        for (row, (light, mirrored)) in upright.iter_mut().zip(mirrored.iter_mut()).enumerate() {
            let up = (self.horizon - row as f32) / self.focal;
            *light = self.season.sky(across, up.max(0.0));
            *mirrored = *light;
        }
        self.land_column(across, EYE, upright);
        self.land_column(across, -EYE, mirrored);

        for (row, light) in upright.iter_mut().enumerate().skip(self.horizon.ceil() as usize + 1) {
            if let Some(water) = self.water(across, row as f32 - self.horizon, mirrored) {
                *light = water;
            }
        }
    }

    /// The lake so many rows below the horizon, if it is there and not land: what a ray meets after it left the water.
    fn water(&self, across: f32, below: f32, mirrored: &[Vector]) -> Option<Vector> {
        let z = EYE * self.focal / below;
        let x = across * z;
        let bed = if z > SHORE { self.land.at(x, z).height } else { f32::MIN };
        if bed > 0.0 {
            return None;
        }
        let wind = smoothstep(-0.25, 0.45, fractal(x * 1.3 + 5.0, z * 0.5, 3, 240));
        // Waves finer than pixels are not drawn.
        let scale = (SHORE / z).min(6.0).sqrt();
        let ripples = 0.5 * value(x * 160.0, z * 220.0, 245) * smoothstep(1.2, 0.3, z);
        let waves = fractal(x * 26.0 * scale, z * 34.0 * scale, 4, 241) + ripples;
        let tilt = waves * (0.10 + 0.55 * wind) * (below * self.focal).sqrt() * 0.060;
        let seen = (self.horizon - below + tilt - below * 0.06 * wind).clamp(0.0, self.horizon);
        let image = mirrored[seen as usize];
        let mirror = (1.0 - below / self.focal * 1.9).clamp(0.28, 0.94);
        let deep = self.season.zenith.mix(colour(0x123a3c), 0.65) * 0.32;
        let shallow = smoothstep(-0.045, 0.0, bed) * 0.35;
        let water = deep.mix(image, mirror * (1.0 + 0.05 * waves)).mix(colour(0x4a5048) * 0.4, shallow);
        Some(self.season.through_air(water, z.min(6.0) * 0.6, across))
    }
}

pub(crate) fn paint(width: usize, height: usize, edition: u32) -> Canvas {
    let season = Season::new(edition);
    let land = Land::new(season.sun, width / 2);
    let view =
        View { land: &land, season: &season, focal: width as f32 * LENS, horizon: height as f32 * 0.63 };
    let frame = Frame::new(width, height);
    let film = Film { grain: 0.022, seed: edition ^ 0x4077 };
    let turned = Canvas::by_lines(height, width, |x, column: &mut [Pixel]| {
        let across = (x as f32 + 0.5 - width as f32 * 0.5) / view.focal;
        let (mut upright, mut mirrored) = (vec![Vector::ZERO; height], vec![Vector::ZERO; height]);
        view.column(across, &mut upright, &mut mirrored);
        for (y, (pixel, light)) in column.iter_mut().zip(upright).enumerate() {
            let (u, v) = frame.place(x as f32, y as f32);
            *pixel = film.expose(x, y, light * vignette(u, v, 0.35) * 0.74);
        }
    });
    turned.transposed()
}
