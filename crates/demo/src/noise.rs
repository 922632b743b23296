//! Noise that is the same on every machine and at every start: hashed lattices, and sums of them.

/// The lattice repeats after so many points. No motif shows that many of them side by side in one octave.
const PERIOD: usize = 256;

static SPECKS: [f32; PERIOD * PERIOD] = specks();

const fn specks() -> [f32; PERIOD * PERIOD] {
    let mut specks = [0.0; PERIOD * PERIOD];
    let mut at = 0;
    while at < specks.len() {
        let mut h = (at as u32).wrapping_mul(0x9e37_79b1);
        h = (h ^ h >> 15).wrapping_mul(0x2c1b_3c6d);
        h = (h ^ h >> 12).wrapping_mul(0x297a_2d39);
        specks[at] = ((h ^ h >> 15) >> 8) as f32 / 16_777_216.0;
        at += 1;
    }
    specks
}

/// 0 to 1 for each lattice point.
pub(crate) fn speck(x: i32, y: i32, seed: u32) -> f32 {
    let (down, right) = (seed.wrapping_mul(0x9e37_79b1) >> 24, seed.wrapping_mul(0x85eb_ca77) >> 24);
    let row = (y as u32).wrapping_add(down) as usize % PERIOD;
    let column = (x as u32).wrapping_add(right) as usize % PERIOD;
    SPECKS[row * PERIOD + column]
}

/// Smooth noise from -1 to 1.
pub(crate) fn value(x: f32, y: f32, seed: u32) -> f32 {
    let cell = Cell::around(x, y, seed);
    2.0 * cell.blend(ease(cell.x), ease(cell.y)) - 1.0
}

/// Smooth noise from -1 to 1, and its slopes along x and y.
pub(crate) fn sloped(x: f32, y: f32, seed: u32) -> (f32, f32, f32) {
    let cell = Cell::around(x, y, seed);
    let (across, down) = (ease(cell.x), ease(cell.y));
    let [along_x, along_y, both] = cell.slopes;
    let slope = |t: f32| 60.0 * t * t * (t * (t - 2.0) + 1.0);
    (
        2.0 * cell.blend(across, down) - 1.0,
        slope(cell.x) * (along_x + both * down),
        slope(cell.y) * (along_y + both * across),
    )
}

/// The four lattice points around a place.
struct Cell {
    /// Where in the cell the place is, 0 to 1.
    x: f32,
    y: f32,
    corner: f32,
    slopes: [f32; 3],
}

impl Cell {
    fn around(x: f32, y: f32, seed: u32) -> Self {
        let (ix, iy) = (floor(x), floor(y));
        let a = speck(ix, iy, seed);
        let b = speck(ix.wrapping_add(1), iy, seed);
        let c = speck(ix, iy.wrapping_add(1), seed);
        let d = speck(ix.wrapping_add(1), iy.wrapping_add(1), seed);
        Self { x: x - ix as f32, y: y - iy as f32, corner: a, slopes: [b - a, c - a, a - b - c + d] }
    }

    fn blend(&self, across: f32, down: f32) -> f32 {
        let [along_x, along_y, both] = self.slopes;
        self.corner + along_x * across + along_y * down + both * across * down
    }
}

/// Without the call that `f32::floor` is where the processor may be any x86-64.
fn floor(x: f32) -> i32 {
    let towards_zero = x as i32;
    towards_zero.wrapping_sub(i32::from(x < towards_zero as f32))
}

/// Quintic, so that the slopes are smooth too.
fn ease(t: f32) -> f32 {
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

/// Octaves of noise, each finer and fainter; about -1 to 1.
pub(crate) fn fractal(mut x: f32, mut y: f32, octaves: u32, seed: u32) -> f32 {
    let (mut sum, mut amplitude) = (0.0, 0.5);
    for octave in 0..octaves {
        sum += amplitude * value(x, y, seed.wrapping_add(octave));
        // A turn by the angle of the 3-4-5 triangle hides the lattice.
        (x, y) = (1.6 * x - 1.2 * y + 7.1, 1.2 * x + 1.6 * y - 3.7);
        amplitude *= 0.5;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_stays_in_its_range_and_has_its_slopes() {
        for step in 0..2_000 {
            let (x, y) = (step as f32 * 0.173 - 60.0, step as f32 * -0.091 + 11.0);
            let (here, slope_x, slope_y) = sloped(x, y, 7);
            assert!((-1.0..=1.0).contains(&here));
            assert!((-1.0..=1.0).contains(&fractal(x, y, 6, 7)));
            let near = 1.0 / 64.0;
            assert!(((value(x + near, y, 7) - here) / near - slope_x).abs() < 0.3);
            assert!(((value(x, y + near, 7) - here) / near - slope_y).abs() < 0.3);
        }
    }
}
