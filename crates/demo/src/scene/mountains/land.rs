//! The land: heights on a grid, and where the sun falls on them.

use crate::canvas::fill_lines;
use crate::noise::{sloped, value};
use crate::vector::{Vector, mix, smoothstep};

/// Kilometres along each side of the land; it lies before the eye, half of it to each hand.
pub(super) const EXTENT: f32 = 24.0;

pub(super) struct Land {
    /// Samples along each side.
    side: usize,
    ground: Vec<Ground>,
}

/// One sample of the land.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ground {
    pub(super) height: f32,
    /// How much of the sun is seen from here.
    pub(super) sunlit: f32,
}

impl Land {
    pub(super) fn new(sun: Vector, samples: usize) -> Self {
        let side = samples.clamp(64, 1500);
        let cell = EXTENT / (side - 1) as f32;
        let mut ground = vec![Ground::default(); side * side];
        fill_lines(&mut ground, side, |row, line| {
            for (column, ground) in line.iter_mut().enumerate() {
                ground.height = height(column as f32 * cell - EXTENT * 0.5, row as f32 * cell);
            }
        });
        let mut land = Self { side, ground };
        land.cast_shadows(sun, cell);
        land
    }

    /// Height and sunlight at a place, between the samples.
    pub(super) fn at(&self, x: f32, z: f32) -> Ground {
        let scale = (self.side - 1) as f32 / EXTENT;
        let limit = (self.side - 2) as f32;
        let (column, row) = (((x + EXTENT * 0.5) * scale).clamp(0.0, limit), (z * scale).clamp(0.0, limit));
        let corner = row as usize * self.side + column as usize;
        let (right, down) = (column.fract(), row.fract());
        let (upper, lower) =
            (&self.ground[corner..=corner + 1], &self.ground[corner + self.side..=corner + self.side + 1]);
        let of = |part: fn(&Ground) -> f32| {
            mix(
                mix(part(&upper[0]), part(&upper[1]), right),
                mix(part(&lower[0]), part(&lower[1]), right),
                down,
            )
        };
        Ground { height: of(|ground| ground.height), sunlit: of(|ground| ground.sunlit) }
    }

    /// Walks away from the sun, and carries along how high the shadow reaches.
    fn cast_shadows(&mut self, sun: Vector, cell: f32) {
        let size = self.side;
        // Row by row, or column by column, whichever way the sun comes from more.
        let by_columns = sun.x.abs() > sun.z.abs();
        let (main, aside) = if by_columns { (sun.x, sun.z) } else { (sun.z, sun.x) };
        let index = |line: usize, at: usize| if by_columns { at * size + line } else { line * size + at };
        let shift = aside / main.abs();
        let fall = sun.y / main.abs() * cell;
        let mut shadow = vec![f32::MIN; size];
        for step in 0..size {
            let line = if main < 0.0 { step } else { size - 1 - step };
            let before = shadow.clone();
            for (at, shadow) in shadow.iter_mut().enumerate() {
                let from = (at as f32 + shift).clamp(0.0, (size - 2) as f32);
                let carried = mix(before[from as usize], before[from as usize + 1], from.fract()) - fall;
                let ground = &mut self.ground[index(line, at)];
                ground.sunlit = smoothstep(0.035, -0.010, carried - ground.height);
                *shadow = carried.max(ground.height);
            }
        }
    }
}

/// Kilometres above the lake, negative in it.
fn height(x: f32, z: f32) -> f32 {
    // Slopes that add up damp the finer octaves: valleys fill, ridges stay sharp (after I. Quilez).
    let (mut sum, mut amplitude, mut slope_x, mut slope_y) = (0.0, 1.0, 0.0_f32, 0.0_f32);
    let (mut px, mut py) = (x * 0.17 + 3.3, z * 0.17 + 1.7);
    for octave in 0..10 {
        let (here, sx, sy) = sloped(px, py, 200 + octave);
        (slope_x, slope_y) = (slope_x + sx * 0.62, slope_y + sy * 0.62);
        sum += amplitude * (here * 0.5 + 0.5) / (1.0 + slope_x * slope_x + slope_y * slope_y);
        amplitude *= 0.49;
        (px, py) = (1.6 * px - 1.2 * py, 1.2 * px + 1.6 * py);
    }
    let shore = 0.55 * value(x * 0.55, z * 0.55, 220) + 0.25 * value(x * 1.7, z * 1.7, 221);
    let from_lake = ((x * 0.80).powi(2) + (z - 2.6).powi(2) * 0.62).sqrt() - 2.5 + shore;
    let rise = smoothstep(0.0, 11.0, from_lake);
    let massif = 2.7 * (-((x + 1.2) / 5.0).powi(2) - ((z - 15.5) / 4.5).powi(2)).exp();
    let wings = 1.5 * smoothstep(1.5, 7.0, x.abs()) * smoothstep(1.0, 8.0, z);
    let bank = 0.10 * smoothstep(-0.1, 0.6, from_lake) - 0.05;
    let trees = smoothstep(0.10, 0.35, from_lake) * smoothstep(-0.35, 0.15, value(x * 1.1, z * 1.1, 222));
    let trees = trees * (0.014 + 0.020 * value(x * 27.0, z * 27.0, 223)).max(0.0);
    bank + trees + rise * (sum * 2.0 * (0.55 + massif * 0.55 + wings * 0.55) + massif * 0.35 - 0.12).max(0.0)
}
