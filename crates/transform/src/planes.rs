//! Pictures as YCbCr planes: what JPEG, WebP and AVIF hold, resized without ever becoming RGB.
//!
//! Samples are full-range. Each chroma sample lies in the middle of the pixels that share it, as in JPEG; the quarter
//! of a pixel by which WebP and AVIF may place it elsewhere is let go.

use plan::{CropBox, Size};

use crate::colour::Matrix;
use crate::error::TransformError;
use crate::orientation::Orientation;
use crate::resample::{Resampler, Samples};

/// One component of a picture, row by row without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plane {
    pub width: usize,
    pub height: usize,
    pub samples: Vec<u8>,
}

impl Plane {
    pub fn filled(width: usize, height: usize, value: u8) -> Plane {
        Plane { width, height, samples: vec![value; width * height] }
    }

    pub fn resized(
        &self,
        crop: CropBox,
        (width, height): (usize, usize),
        resampler: &mut Resampler,
    ) -> Result<Plane, TransformError> {
        let mut resized = Plane::filled(width, height, 0);
        let from = (self.width, self.height);
        let to = &mut resized.samples;
        resampler.resample(&self.samples, Samples::Single, from, crop, (width, height), to)?;
        Ok(resized)
    }

    /// The same of a part that may reach over the edge by what a chroma sample covers.
    fn resized_beyond(
        &self,
        crop: CropBox,
        to: (usize, usize),
        resampler: &mut Resampler,
    ) -> Result<Plane, TransformError> {
        let (left, right) = missing(crop.x, crop.width, self.width);
        let (top, bottom) = missing(crop.y, crop.height, self.height);
        if (left, top, right, bottom) == (0, 0, 0, 0) {
            return self.resized(crop, to, resampler);
        }
        let moved = CropBox { x: crop.x + left as f64, y: crop.y + top as f64, ..crop };
        self.extended(left, top, right, bottom).resized(moved, to, resampler)
    }

    /// The same of a plane that is not needed any more: one that stays as it is, is not copied.
    fn into_resized(
        self,
        crop: CropBox,
        to: (usize, usize),
        resampler: &mut Resampler,
    ) -> Result<Plane, TransformError> {
        if to == (self.width, self.height) && is_whole(crop, to) {
            return Ok(self);
        }
        self.resized_beyond(crop, to, resampler)
    }

    pub fn upright(self, orientation: Orientation) -> Plane {
        let (width, height) =
            if orientation.transposed { (self.height, self.width) } else { (self.width, self.height) };
        Plane { width, height, samples: orientation.apply(self.samples, self.width) }
    }

    /// Leaves only the upper left part of this size, if the plane is larger.
    pub fn cut(&mut self, width: usize, height: usize) {
        let (width, height) = (width.min(self.width), height.min(self.height));
        if width < self.width {
            for y in 1..height {
                self.samples.copy_within(y * self.width..y * self.width + width, y * width);
            }
        }
        self.samples.truncate(width * height);
        (self.width, self.height) = (width, height);
    }

    /// A part of it, which ends where the plane does.
    pub fn part(&self, x: usize, y: usize, width: usize, height: usize) -> Plane {
        let width = width.min(self.width.saturating_sub(x));
        let rows = self.samples.chunks_exact(self.width.max(1)).skip(y).take(height);
        let samples: Vec<u8> = rows.flat_map(|row| &row[x.min(self.width)..][..width]).copied().collect();
        Plane { width, height: height.min(self.height.saturating_sub(y)), samples }
    }

    /// Another plane over a part of this one; what reaches beyond is not seen.
    pub fn lay(&mut self, other: &Plane, x: usize, y: usize) {
        let (width, x) = (self.width, x.min(self.width));
        let rows = self.samples.chunks_exact_mut(width.max(1)).skip(y);
        for (to, from) in rows.zip(other.samples.chunks_exact(other.width.max(1))) {
            let length = from.len().min(width - x);
            to[x..x + length].copy_from_slice(&from[..length]);
        }
    }

    /// The plane with its outermost samples repeated, this many times on each side.
    pub fn extended(&self, left: usize, top: usize, right: usize, bottom: usize) -> Plane {
        let (width, height) = (left + self.width + right, top + self.height + bottom);
        let mut samples = Vec::with_capacity(width * height);
        for y in 0..height {
            let row = &self.samples[y.saturating_sub(top).min(self.height - 1) * self.width..][..self.width];
            samples.extend(std::iter::repeat_n(row[0], left));
            samples.extend_from_slice(row);
            samples.extend(std::iter::repeat_n(row[self.width - 1], right));
        }
        Plane { width, height, samples }
    }
}

/// A picture as luma and, unless it is grey, two chroma planes.
#[derive(Debug, Clone)]
pub(crate) struct Planes {
    pub luma: Plane,
    pub chroma: Option<[Plane; 2]>,
    /// How many luma samples share one chroma sample, across and down.
    pub subsampling: (u8, u8),
    pub matrix: Matrix,
}

impl Planes {
    pub fn size(&self) -> Size {
        Size { width: self.luma.width as u32, height: self.luma.height as u32 }
    }

    /// The part `crop` (in luma samples) at `size`, where so many pixels share a sample of chroma, across and down, once
    /// the picture is upright.
    ///
    /// With an odd size the outermost chroma samples cover a line of pixels that is not there. Which side that is
    /// must be known before the picture is turned: `orientation` tells.
    pub fn resized_sharing(
        self,
        (across, down): (u8, u8),
        crop: CropBox,
        size: Size,
        orientation: Orientation,
        resampler: &mut Resampler,
    ) -> Result<Planes, TransformError> {
        let (width, height) = (size.width as usize, size.height as usize);
        let (x_backwards, y_backwards) = orientation.backwards();
        let subsampling = if orientation.transposed { (down, across) } else { (across, down) };
        let (across, down) = (usize::from(subsampling.0), usize::from(subsampling.1));
        let (x, chroma_width) = covered(crop.x, crop.width, (width, across), x_backwards);
        let (y, chroma_height) = covered(crop.y, crop.height, (height, down), y_backwards);
        let part = self.of_chroma(CropBox { x, y, width: chroma_width, height: chroma_height });
        let to = (width.div_ceil(across), height.div_ceil(down));
        let luma = self.luma.into_resized(crop, (width, height), resampler)?;
        let chroma = match self.chroma {
            Some([cb, cr]) => {
                Some([cb.into_resized(part, to, resampler)?, cr.into_resized(part, to, resampler)?])
            }
            None => None,
        };
        Ok(Planes { luma, chroma, subsampling, matrix: self.matrix })
    }

    /// The part `crop` (in luma samples) at `size`, with chroma for every pixel.
    pub fn resized_444(
        &self,
        crop: CropBox,
        size: Size,
        resampler: &mut Resampler,
    ) -> Result<Planes, TransformError> {
        let to = (size.width as usize, size.height as usize);
        let luma = self.luma.resized(crop, to, resampler)?;
        let part = self.of_chroma(crop);
        let chroma = match &self.chroma {
            Some([cb, cr]) => {
                Some([cb.resized_beyond(part, to, resampler)?, cr.resized_beyond(part, to, resampler)?])
            }
            None => None,
        };
        Ok(Planes { luma, chroma, subsampling: (1, 1), matrix: self.matrix })
    }

    /// The part `crop` (in luma samples) in samples of chroma.
    fn of_chroma(&self, crop: CropBox) -> CropBox {
        let (across, down) = (f64::from(self.subsampling.0), f64::from(self.subsampling.1));
        CropBox {
            x: crop.x / across,
            y: crop.y / down,
            width: crop.width / across,
            height: crop.height / down,
        }
    }

    pub fn upright(self, orientation: Orientation) -> Planes {
        let (across, down) = self.subsampling;
        Planes {
            luma: self.luma.upright(orientation),
            chroma: self.chroma.map(|planes| planes.map(|plane| plane.upright(orientation))),
            subsampling: if orientation.transposed { (down, across) } else { (across, down) },
            matrix: self.matrix,
        }
    }
}

/// Arithmetic aside.
fn is_whole(crop: CropBox, (width, height): (usize, usize)) -> bool {
    let [x, y] = [crop.x, crop.y];
    let [width, height] = [crop.width - width as f64, crop.height - height as f64];
    [x, y, width, height].into_iter().all(|apart| apart.abs() < 1e-6)
}

/// The stretch that the chroma samples of `pixels` resized pixels cover, each shared by `shared` of them, where the
/// pixels cover `start..start+length`.
fn covered(start: f64, length: f64, (pixels, shared): (usize, usize), backwards: bool) -> (f64, f64) {
    let missing = pixels.next_multiple_of(shared) - pixels;
    let more = missing as f64 * length / pixels as f64;
    if backwards { (start - more, length + more) } else { (start, length + more) }
}

/// How many samples a stretch needs before the first and after the last one that there is.
fn missing(start: f64, length: f64, available: usize) -> (usize, usize) {
    // A thousandth of a sample more or less is arithmetic, not need.
    let before = (-start - 1e-3).ceil().max(0.0);
    let after = (start + length - available as f64 - 1e-3).ceil().max(0.0);
    (before as usize, after as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Luma and chroma both hold a ramp that rises by one each pixel, so any shift between them shows as a number.
    fn ramp(width: usize, height: usize) -> Planes {
        let plane = |step: usize| Plane {
            width: width.div_ceil(step),
            height: height.div_ceil(step),
            samples: (0..height.div_ceil(step))
                .flat_map(|_| {
                    (0..width.div_ceil(step)).map(move |x| (x * step) as u8 + (step as u8 - 1) / 2 + 20)
                })
                .collect(),
        };
        Planes {
            luma: plane(1),
            chroma: Some([plane(2), plane(2)]),
            subsampling: (2, 2),
            matrix: Matrix::Bt601,
        }
    }

    fn whole(planes: &Planes) -> CropBox {
        CropBox { x: 0.0, y: 0.0, width: planes.luma.width as f64, height: planes.luma.height as f64 }
    }

    #[test]
    fn cutting_and_extending_undo_each_other() {
        let plane = Plane { width: 3, height: 2, samples: vec![1, 2, 3, 4, 5, 6] };
        let mut extended = plane.extended(0, 0, 1, 2);
        assert_eq!(extended.samples, [1, 2, 3, 3, 4, 5, 6, 6, 4, 5, 6, 6, 4, 5, 6, 6]);
        extended.cut(3, 2);
        assert_eq!(extended, plane);
        assert_eq!(plane.extended(1, 1, 0, 0).samples, [1, 1, 2, 3, 1, 1, 2, 3, 4, 4, 5, 6]);
    }

    #[test]
    fn parts_are_laid_where_they_were_taken() {
        let whole = Plane { width: 3, height: 3, samples: (1..=9).collect() };
        let part = whole.part(1, 1, 2, 2);
        assert_eq!(part.samples, [5, 6, 8, 9]);
        assert_eq!(whole.part(2, 2, 9, 9).samples, [9]);
        assert_eq!((whole.part(7, 7, 1, 1).width, whole.part(7, 7, 1, 1).height), (0, 0));
        let mut laid = Plane::filled(3, 3, 0);
        laid.lay(&part, 1, 1);
        assert_eq!(laid.samples, [0, 0, 0, 0, 5, 6, 0, 8, 9]);
        laid.lay(&part, 2, 2);
        assert_eq!(laid.samples, [0, 0, 0, 0, 5, 6, 0, 8, 5]);
        laid.lay(&part, 7, 7);
    }

    #[test]
    fn an_unchanged_size_leaves_every_sample_alone() {
        for (width, height) in [(16, 8), (15, 7), (1, 1), (2, 5)] {
            let planes = ramp(width, height);
            let (whole, size) = (whole(&planes), planes.size());
            let places = |planes: &Planes| {
                let chroma = planes.chroma.iter().flatten();
                [&planes.luma]
                    .into_iter()
                    .chain(chroma)
                    .map(|plane| plane.samples.as_ptr())
                    .collect::<Vec<_>>()
            };
            let (expected, before) = (planes.clone(), places(&planes));
            let resized = planes
                .resized_sharing((2, 2), whole, size, Orientation::UPRIGHT, &mut Resampler::default())
                .unwrap();
            assert_eq!(resized.luma, expected.luma, "{width}x{height}");
            assert_eq!(resized.chroma, expected.chroma, "{width}x{height}");
            assert_eq!(places(&resized), before, "{width}x{height} was copied");
        }
    }

    #[test]
    fn chroma_stays_on_its_pixels_in_odd_sizes_and_all_orientations() {
        for (width, to_width) in [(200, 101), (201, 101), (201, 67), (199, 99), (200, 100)] {
            for value in 1..=8 {
                let orientation = Orientation::from_exif(value);
                let planes = ramp(width, 9);
                let (whole, size) = (whole(&planes), Size { width: to_width as u32, height: 9 });
                let made = planes
                    .resized_sharing((2, 2), whole, size, orientation, &mut Resampler::default())
                    .unwrap()
                    .upright(orientation);
                let [cb, _] = made.chroma.unwrap();
                // Along the upright picture's direction in which the ramp runs.
                let (luma, chroma): (Vec<u8>, Vec<u8>) = if orientation.transposed {
                    (
                        made.luma.samples.chunks(made.luma.width).map(|row| row[4]).collect(),
                        cb.samples.chunks(cb.width).map(|row| row[2]).collect(),
                    )
                } else {
                    (
                        made.luma.samples[4 * made.luma.width..][..made.luma.width].to_vec(),
                        cb.samples[2 * cb.width..][..cb.width].to_vec(),
                    )
                };
                // The outermost samples see the edge, where a ramp ends.
                for index in 3..chroma.len() - 3 {
                    let expected = (f64::from(luma[2 * index]) + f64::from(luma[2 * index + 1])) / 2.0;
                    let off = (f64::from(chroma[index]) - expected).abs();
                    assert!(
                        off <= 1.6,
                        "{width}->{to_width}, orientation {value}, sample {index}: off by {off}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_fractional_crop_box_is_kept_to_the_fraction() {
        let planes = ramp(200, 9);
        let crop = CropBox { x: 50.5, y: 0.0, width: 100.0, height: 9.0 };
        let made = planes.resized_444(crop, Size::new(100, 9), &mut Resampler::default()).unwrap();
        // Pixel 40 of the result covers 90.5..91.5 of the original: half of the ramp's 110, half of its 111.
        let middle = made.luma.samples[4 * 100 + 40];
        assert!(middle == 110 || middle == 111, "{middle}");
    }
}
