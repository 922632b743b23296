//! Pixels, and the way from light to pixels: all processors paint, each a band of lines.

use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::noise::speck;
use crate::vector::{Vector, vector};

/// Red, green, blue, alpha; sRGB, not premultiplied.
pub(crate) type Pixel = [u8; 4];

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Canvas {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<Pixel>,
}

const LINES_PER_BAND: usize = 16;
/// Places along each side of a pixel on an edge.
const EDGE_TAPS: usize = 4;

impl Canvas {
    /// Paints each line of pixels on its own; `paint` gets the line's number.
    pub(crate) fn by_lines(width: usize, height: usize, paint: impl Fn(usize, &mut [Pixel]) + Sync) -> Self {
        let mut pixels = vec![[0; 4]; width * height];
        fill_lines(&mut pixels, width, paint);
        Self { width, height, pixels }
    }

    /// Paints each pixel on its own; `paint` gets its column and line.
    pub(crate) fn by_pixels(
        width: usize,
        height: usize,
        paint: impl Fn(usize, usize) -> Pixel + Sync,
    ) -> Self {
        Self::by_lines(width, height, |y, line| {
            for (x, pixel) in line.iter_mut().enumerate() {
                *pixel = paint(x, y);
            }
        })
    }

    /// Paints pixels that lie within one thing from their centre, and those on an edge between things from many places.
    ///
    /// `thing` numbers what is seen at a place; `paint` gets column, line and places, to mix what it sees at them.
    pub(crate) fn with_smooth_edges(
        width: usize,
        height: usize,
        thing: impl Fn(f32, f32) -> i32 + Sync,
        paint: impl Fn(usize, usize, &[(f32, f32)]) -> Pixel + Sync,
    ) -> Self {
        Self::by_lines(width, height, |y, line| {
            let corners = |y: usize| -> Vec<i32> { (0..=width).map(|x| thing(x as f32, y as f32)).collect() };
            let (above, below) = (corners(y), corners(y + 1));
            for (x, pixel) in line.iter_mut().enumerate() {
                let edge = [above[x + 1], below[x], below[x + 1]].iter().any(|thing| *thing != above[x]);
                let side = if edge { EDGE_TAPS } else { 1 };
                let offset = |tap: usize| (tap as f32 + 0.5) / side as f32;
                let places: [(f32, f32); EDGE_TAPS * EDGE_TAPS] =
                    std::array::from_fn(|tap| (x as f32 + offset(tap % side), y as f32 + offset(tap / side)));
                *pixel = paint(x, y, &places[..side * side]);
            }
        })
    }

    /// Lines become columns.
    pub(crate) fn transposed(&self) -> Self {
        Self::by_lines(self.height, self.width, |y, line| {
            for (x, pixel) in line.iter_mut().enumerate() {
                *pixel = self.pixels[x * self.width + y];
            }
        })
    }

    /// Lays a colour over a pixel; outside of the canvas nothing happens.
    pub(crate) fn blend(&mut self, x: i32, y: i32, colour: [u8; 3], cover: f32) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x >= self.width || y >= self.height {
            return;
        }
        let cover = cover.clamp(0.0, 1.0);
        let pixel = &mut self.pixels[y * self.width + x];
        let below = f32::from(pixel[3]) / 255.0 * (1.0 - cover);
        let alpha = cover + below;
        if alpha <= 0.0 {
            return;
        }
        for (channel, colour) in pixel.iter_mut().zip(colour) {
            let mixed = (f32::from(colour) * cover + f32::from(*channel) * below) / alpha;
            *channel = mixed.round() as u8;
        }
        pixel[3] = (alpha * 255.0).round() as u8;
    }
}

/// Fills lines of `width` items on all processors; `fill` gets a line's number.
pub(crate) fn fill_lines<T: Send>(items: &mut [T], width: usize, fill: impl Fn(usize, &mut [T]) + Sync) {
    let bands = Mutex::new(items.chunks_mut(width * LINES_PER_BAND).enumerate());
    let work = || {
        loop {
            let band = bands.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((band, items)) = band else { return };
            for (line, items) in items.chunks_mut(width).enumerate() {
                fill(band * LINES_PER_BAND + line, items);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
        work();
    });
}

/// Film: from linear light of any strength to a pixel, with the grain of the medium.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Film {
    /// How much the brightness of a grain differs, as a part of white.
    pub(crate) grain: f32,
    pub(crate) seed: u32,
}

impl Film {
    pub(crate) fn expose(self, x: usize, y: usize, light: Vector) -> Pixel {
        let (ix, iy) = (x as i32, y as i32);
        // Two specks make a triangular distribution, one shared by two pixels makes the grain larger than a pixel.
        let grain = speck(ix, iy, self.seed) + speck(ix / 2, iy / 2, self.seed ^ 1) - 1.0;
        let tone = |light: f32| {
            let shown = srgb(toned(light));
            // Shadows and highlights show less of it.
            let grain = grain * self.grain * (0.35 + 2.6 * shown * (1.0 - shown));
            ((shown + grain).clamp(0.0, 1.0) * 255.0 + 0.5) as u8
        };
        [tone(light.x), tone(light.y), tone(light.z), 255]
    }
}

/// A pixel without grain, of some transparency.
pub(crate) fn plain(light: Vector, alpha: f32) -> Pixel {
    let tone = |light: f32| (srgb(toned(light)) * 255.0 + 0.5) as u8;
    [tone(light.x), tone(light.y), tone(light.z), (alpha.clamp(0.0, 1.0) * 255.0 + 0.5) as u8]
}

/// Highlights roll off instead of clipping (the curve that K. Narkowicz fitted to the film response of ACES).
fn toned(light: f32) -> f32 {
    let x = light.max(0.0) * 0.8;
    ((x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)).min(1.0)
}

/// The curve of sRGB from roots instead of a power, to half a step of eight bits (the fit is I. Taylor's).
fn srgb(linear: f32) -> f32 {
    let root = linear.sqrt();
    let fourth = root.sqrt();
    let eighth = fourth.sqrt();
    (0.662_002_7 * root + 0.684_122_1 * fourth - 0.323_583_6 * eighth - 0.022_541_1 * linear).clamp(0.0, 1.0)
}

/// Corners get less light than the centre. `u` and `v` run from -1 to 1 over the picture.
pub(crate) fn vignette(u: f32, v: f32, strength: f32) -> Vector {
    vector(1.0, 1.0, 1.0) * (1.0 - strength * (u * u + v * v) * 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_painted_once_with_its_own_place() {
        let canvas = Canvas::by_pixels(37, 53, |x, y| [x as u8, y as u8, 0, 255]);
        for (at, pixel) in canvas.pixels.iter().enumerate() {
            assert_eq!(*pixel, [(at % 37) as u8, (at / 37) as u8, 0, 255]);
        }
        assert_eq!(canvas.transposed().transposed(), canvas);
        assert_eq!(canvas.transposed().pixels[1], [0, 1, 0, 255]);
    }

    #[test]
    fn light_becomes_brighter_pixels_and_never_wraps_around() {
        let mut last = 0;
        for step in 0..2_000 {
            let [grey, ..] = plain(Vector::ONE * (step as f32 * 0.01 - 0.1), 1.0);
            assert!(grey >= last);
            last = grey;
        }
        assert_eq!(last, 255);
    }
}
