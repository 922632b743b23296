//! Edges as sharp as the picture's own, where it is larger than what a model saw of it.
//!
//! The fast guided filter (K. He, J. Sun, "Fast Guided Filter", 2015): around each place of the small picture, how much is
//! foreground is told as a line through how light it is; these lines hold for the large picture too, between whose
//! pixels light changes where the edge really is. Where a model is sure, all around is the same, and stays so.

use plan::CropBox;

use crate::colour;
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::pixels::Pixels;
use crate::planes::Plane;

/// How far around a place its line is looked for, in samples of the small picture.
const RADIUS: usize = 2;
/// What is less uneven than this (as a variance of light from 0 to 1) is no edge.
const EVEN: f32 = 1e-3;

/// Numbers for each sample of the small picture.
struct Field {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

pub(super) fn refined(
    cover: &Plane,
    light: &Plane,
    part: CropBox,
    pixels: &Pixels,
    deadline: &Deadline,
) -> Result<Vec<u8>, TransformError> {
    let field = |value: &dyn Fn(f32, f32) -> f32| {
        let both = light.samples.iter().zip(&cover.samples);
        let values = both.map(|(&light, &cover)| value(f32::from(light) / 255.0, f32::from(cover) / 255.0));
        Field { width: cover.width, height: cover.height, values: values.collect() }.around()
    };
    let (lights, covers) = (field(&|light, _| light), field(&|_, cover| cover));
    let (squares, products) = (field(&|light, _| light * light), field(&|light, cover| light * cover));
    deadline.check()?;
    let slopes = lights.with(&covers, |light, cover| light * cover);
    let slopes = products.with(&slopes, |product, of_means| product - of_means);
    let unevenness = squares.with(&lights, |square, light| (square - light * light).max(0.0));
    let slopes = slopes.with(&unevenness, |slope, unevenness| slope / (unevenness + EVEN));
    let starts = slopes.with(&lights, |slope, light| slope * light);
    let starts = covers.with(&starts, |cover, rise| cover - rise);
    let (slopes, starts) = (slopes.around(), starts.around());

    let width = pixels.size.width.max(1) as usize;
    let step = |length: f64, count: u32| length / f64::from(count.max(1));
    let (across, down) = (step(part.width, pixels.size.width), step(part.height, pixels.size.height));
    let columns: Vec<Between> =
        (0..width).map(|x| Between::of(part.x + (x as f64 + 0.5) * across - 0.5, cover.width)).collect();
    let mut alpha = Vec::with_capacity(pixels.rgba.len());
    for (y, row) in pixels.rgba.chunks_exact(width).enumerate() {
        deadline.check()?;
        let row_at = Between::of(part.y + (y as f64 + 0.5) * down - 0.5, cover.height);
        alpha.extend(row.iter().zip(&columns).map(|(&[r, g, b, _], column)| {
            let light = colour::luma_of([r, g, b]) / 255.0;
            let cover = slopes.at(*column, row_at) * light + starts.at(*column, row_at);
            (cover.clamp(0.0, 1.0) * 255.0).round() as u8
        }));
    }
    Ok(alpha)
}

/// Two neighbours, and how much the second counts.
#[derive(Clone, Copy)]
struct Between {
    first: usize,
    second: usize,
    share: f32,
}

impl Between {
    /// At the edges what is outermost goes on.
    fn of(at: f64, length: usize) -> Between {
        let last = length.saturating_sub(1);
        let at = at.clamp(0.0, last as f64);
        let first = at.floor() as usize;
        Between { first, second: (first + 1).min(last), share: (at - at.floor()) as f32 }
    }
}

impl Field {
    fn with(&self, other: &Field, both: impl Fn(f32, f32) -> f32) -> Field {
        let values = self.values.iter().zip(&other.values).map(|(&one, &other)| both(one, other)).collect();
        Field { width: self.width, height: self.height, values }
    }

    /// The mean around each.
    fn around(&self) -> Field {
        self.means_of_rows().turned().means_of_rows().turned()
    }

    fn means_of_rows(&self) -> Field {
        let mut values = Vec::with_capacity(self.values.len());
        for row in self.values.chunks_exact(self.width.max(1)) {
            values.extend((0..row.len()).map(|x| {
                let near = &row[x.saturating_sub(RADIUS)..(x + RADIUS + 1).min(row.len())];
                near.iter().sum::<f32>() / near.len() as f32
            }));
        }
        Field { values, ..*self }
    }

    fn turned(&self) -> Field {
        let mut values = Vec::with_capacity(self.values.len());
        for x in 0..self.width {
            values.extend(self.values.iter().skip(x).step_by(self.width.max(1)));
        }
        Field { width: self.height, height: self.width, values }
    }

    fn at(&self, column: Between, row: Between) -> f32 {
        let mixed = |row: usize| {
            let row = &self.values[row * self.width..];
            row[column.first] * (1.0 - column.share) + row[column.second] * column.share
        };
        mixed(row.first) * (1.0 - row.share) + mixed(row.second) * row.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::Size;

    fn plane(width: usize, sample: impl Fn(usize) -> u8) -> Plane {
        Plane { width, height: width, samples: (0..width * width).map(|at| sample(at % width)).collect() }
    }

    fn refined_row(cover: &Plane, light: &Plane, edge: u32) -> Vec<u8> {
        let size = Size::new(160, 160);
        let rgba =
            (0..160 * 160).map(|at| if at % 160 < edge { [20, 20, 20, 255] } else { [220, 220, 220, 255] });
        let pixels = Pixels { size, rgba: rgba.collect() };
        let part = CropBox { x: 0.0, y: 0.0, width: 16.0, height: 16.0 };
        let deadline = Deadline::after(std::time::Duration::from_secs(60));
        refined(cover, light, part, &pixels, &deadline).unwrap()[160 * 80..][..160].to_vec()
    }

    #[test]
    fn a_soft_edge_goes_where_the_picture_has_its_own() {
        // The model is unsure over three of its samples, thirty pixels; the picture changes at one place.
        let cover = plane(16, |x| [255, 128, 0][(x.max(7) - 7).min(2)]);
        let light = plane(16, |x| if x < 8 { 20 } else { 220 });
        let row = refined_row(&cover, &light, 80);
        assert!(row[..70].iter().all(|&alpha| alpha > 250), "{row:?}");
        assert!(row[130..].iter().all(|&alpha| alpha < 5), "{row:?}");
        let (before, after) = (row[79], row[80]);
        assert!(before > 170 && after < 85, "from {before} to {after}: {row:?}");
    }

    #[test]
    fn what_is_sure_stays_whatever_is_painted_there() {
        let light = plane(16, |x| (x * 97 % 251) as u8);
        for sure in [0, 255] {
            let row = refined_row(&plane(16, |_| sure), &light, 33);
            assert!(row.iter().all(|&alpha| alpha.abs_diff(sure) <= 1), "{row:?}");
        }
    }

    #[test]
    fn what_has_one_sample_is_filtered_too() {
        let one = Plane { width: 1, height: 1, samples: vec![255] };
        let pixels = Pixels::filled(Size::new(3, 2), [9; 4]);
        let deadline = Deadline::after(std::time::Duration::from_secs(60));
        let part = CropBox { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
        assert_eq!(refined(&one, &one, part, &pixels, &deadline).unwrap(), [255; 6]);
    }
}
