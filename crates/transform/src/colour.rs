//! Between YCbCr and RGB, and between the ranges and depths in which samples are stored.

use crate::pixels::Pixels;
use crate::planes::{Plane, Planes};

/// The luma coefficients that YCbCr was made with (ITU-T H.273 §8.3).
///
/// Primaries and transfer curves are another matter: pictures in wide-gamut or HDR colour spaces pass through as they
/// are, with their ICC profile where the output keeps one (JPEG and PNG). Converting them is left for later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matrix {
    /// What JPEG and WebP use, and what we write.
    Bt601,
    Bt709,
    Bt2020,
}

impl Matrix {
    /// The weights of red and blue in luma.
    const fn red_blue(self) -> (f64, f64) {
        match self {
            Matrix::Bt601 => (0.299, 0.114),
            Matrix::Bt709 => (0.2126, 0.0722),
            Matrix::Bt2020 => (0.2627, 0.0593),
        }
    }
}

const FRACTION: u32 = 16;
const HALF: i32 = 1 << (FRACTION - 1);

fn fixed(value: f64) -> i32 {
    (value * f64::from(1u32 << FRACTION)).round() as i32
}

fn byte(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}

/// Luma of RGB, not rounded.
pub(crate) fn luma_of([r, g, b]: [u8; 3]) -> f32 {
    0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b)
}

/// How far the colour of this luma is from grey: Cb and Cr, not rounded.
pub(crate) fn chroma_of([r, _, b]: [u8; 3], luma: f32) -> (f32, f32) {
    ((f32::from(b) - luma) / 1.772, (f32::from(r) - luma) / 1.402)
}

/// The nearest RGB to luma and distances from grey.
pub(crate) fn to_rgb(luma: f32, cb: f32, cr: f32) -> [u8; 3] {
    let channel = |value: f32| value.round() as u8;
    [channel(luma + 1.402 * cr), channel(luma - 0.344_136 * cb - 0.714_136 * cr), channel(luma + 1.772 * cb)]
}

/// What becomes of luma.
pub(crate) struct Luma([f32; 256]);

impl Luma {
    /// From a curve between 0 (black) and 1 (white).
    pub fn of(curve: impl Fn(f32) -> f32) -> Luma {
        Luma(std::array::from_fn(|value| 255.0 * curve(value as f32 / 255.0)))
    }

    pub fn table(&self) -> [u8; 256] {
        self.0.map(|value| value.round() as u8)
    }

    /// Between the table's places too.
    pub fn at(&self, luma: f32) -> f32 {
        let below = (luma as usize).min(254);
        self.0[below] + (luma - below as f32) * (self.0[below + 1] - self.0[below])
    }
}

/// Pixels from planes that have chroma for every pixel.
///
/// Chroma planes of another size than luma would be a mistake of ours; missing samples count as grey.
pub(crate) fn to_pixels(planes: &Planes) -> Pixels {
    let size = planes.size();
    let Some([cb, cr]) = &planes.chroma else {
        return Pixels { size, rgba: planes.luma.samples.iter().map(|&y| [y, y, y, 255]).collect() };
    };
    let (kr, kb) = planes.matrix.red_blue();
    let kg = 1.0 - kr - kb;
    let red_cr = fixed(2.0 * (1.0 - kr));
    let green_cb = fixed(2.0 * kb * (1.0 - kb) / kg);
    let green_cr = fixed(2.0 * kr * (1.0 - kr) / kg);
    let blue_cb = fixed(2.0 * (1.0 - kb));
    let rgba = planes
        .luma
        .samples
        .iter()
        .zip(cb.samples.iter().zip(&cr.samples))
        .map(|(&y, (&cb, &cr))| {
            let y = (i32::from(y) << FRACTION) + HALF;
            let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
            [
                byte((y + red_cr * cr) >> FRACTION),
                byte((y - green_cb * cb - green_cr * cr) >> FRACTION),
                byte((y + blue_cb * cb) >> FRACTION),
                255,
            ]
        })
        .collect();
    Pixels { size, rgba }
}

/// BT.601 planes where so many pixels share a chroma sample, across and down.
///
/// A pixel's say in its chroma sample is its alpha, so that the colour of what cannot be seen does not bleed.
pub(crate) fn to_planes(pixels: &Pixels, subsampling: (u8, u8)) -> Planes {
    let (across, down) = (usize::from(subsampling.0), usize::from(subsampling.1));
    let (width, height) = (pixels.size.width as usize, pixels.size.height as usize);
    let (kr, kb) = Matrix::Bt601.red_blue();
    let (red, blue) = (fixed(kr), fixed(kb));
    let green = (1 << FRACTION) - red - blue;
    let luma = |[r, g, b, _]: [u8; 4]| {
        byte((red * i32::from(r) + green * i32::from(g) + blue * i32::from(b) + HALF) >> FRACTION)
    };
    let samples = pixels.rgba.iter().copied().map(luma).collect();

    let (chroma_width, chroma_height) = (width.div_ceil(across), height.div_ceil(down));
    let mut cb_plane = Plane::filled(chroma_width, chroma_height, 128);
    let mut cr_plane = Plane::filled(chroma_width, chroma_height, 128);
    let (cb_scale, cr_scale) = (0.5 / (1.0 - kb), 0.5 / (1.0 - kr));
    for y in 0..chroma_height {
        for x in 0..chroma_width {
            let mut sums = [0u32; 4];
            for row in down * y..(down * y + down).min(height) {
                for &[r, g, b, a] in &pixels.rgba[row * width..][across * x..(across * x + across).min(width)]
                {
                    let alpha = u32::from(a);
                    sums[0] += alpha * u32::from(r);
                    sums[1] += alpha * u32::from(g);
                    sums[2] += alpha * u32::from(b);
                    sums[3] += alpha;
                }
            }
            if sums[3] == 0 {
                continue;
            }
            let [r, g, b] = [sums[0], sums[1], sums[2]].map(|sum| f64::from(sum) / f64::from(sums[3]));
            let luma = kr * r + (1.0 - kr - kb) * g + kb * b;
            // Rounded: what is not negative need not be asked which way that is.
            cb_plane.samples[y * chroma_width + x] = (128.5 + (b - luma) * cb_scale) as u8;
            cr_plane.samples[y * chroma_width + x] = (128.5 + (r - luma) * cr_scale) as u8;
        }
    }
    Planes {
        luma: Plane { width, height, samples },
        chroma: Some([cb_plane, cr_plane]),
        subsampling,
        matrix: Matrix::Bt601,
    }
}

/// How the samples of a plane are stored (ITU-T H.273 §8.3, `VideoFullRangeFlag`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// All values are used.
    Full,
    /// Luma 16..=235, chroma 16..=240 (times four or sixteen at 10 and 12 bits).
    Limited,
}

/// For every stored luma value of this depth, the 8-bit full-range one.
pub(crate) fn luma_to_full(bits: u8, range: Range) -> Vec<u8> {
    let unit = f64::from(1u32 << (bits - 8));
    let (zero, span) = match range {
        Range::Full => (0.0, f64::from((1u32 << bits) - 1)),
        Range::Limited => (16.0 * unit, 219.0 * unit),
    };
    (0..1u32 << bits).map(|value| ((f64::from(value) - zero) * 255.0 / span).round() as u8).collect()
}

/// For every stored chroma value of this depth, the 8-bit full-range one.
pub(crate) fn chroma_to_full(bits: u8, range: Range) -> Vec<u8> {
    let unit = f64::from(1u32 << (bits - 8));
    let span = match range {
        Range::Full => f64::from((1u32 << bits) - 1),
        Range::Limited => 224.0 * unit,
    };
    (0..1u32 << bits)
        .map(|value| (128.0 + (f64::from(value) - 128.0 * unit) * 255.0 / span).round() as u8)
        .collect()
}

/// For every 8-bit full-range luma value, the limited-range one.
pub(crate) fn luma_to_limited() -> [u8; 256] {
    std::array::from_fn(|value| (16.0 + value as f64 * 219.0 / 255.0).round() as u8)
}

/// For every 8-bit full-range chroma value, the limited-range one.
pub(crate) fn chroma_to_limited() -> [u8; 256] {
    std::array::from_fn(|value| (128.0 + (value as f64 - 128.0) * 224.0 / 255.0).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::Size;

    fn flat(colour: [u8; 3]) -> Pixels {
        let [r, g, b] = colour;
        Pixels { size: Size::new(3, 3), rgba: vec![[r, g, b, 255]; 9] }
    }

    #[test]
    fn colours_survive_the_way_to_planes_and_back() {
        for colour in [
            [0, 0, 0],
            [255, 255, 255],
            [128, 128, 128],
            [255, 0, 0],
            [0, 255, 0],
            [0, 0, 255],
            [10, 200, 90],
        ] {
            let mut planes = to_planes(&flat(colour), (2, 2));
            let spread = |plane: &Plane| Plane { width: 3, height: 3, samples: vec![plane.samples[0]; 9] };
            planes.chroma = planes.chroma.map(|[cb, cr]| [spread(&cb), spread(&cr)]);
            let [r, g, b, a] = to_pixels(&planes).rgba[4];
            assert_eq!(a, 255);
            for (found, expected) in [r, g, b].into_iter().zip(colour) {
                assert!(found.abs_diff(expected) <= 2, "{colour:?} came back as {:?}", [r, g, b]);
            }
        }
    }

    #[test]
    fn the_values_of_red_are_those_of_the_standard() {
        let planes = to_planes(&flat([255, 0, 0]), (2, 2));
        let [cb, cr] = planes.chroma.unwrap();
        assert_eq!((planes.luma.samples[0], cb.samples[0], cr.samples[0]), (76, 85, 255));
    }

    #[test]
    fn what_cannot_be_seen_has_no_say_in_chroma() {
        let rgba = vec![[255, 0, 0, 255], [0, 0, 255, 0]];
        let [cb, cr] = to_planes(&Pixels { size: Size::new(2, 1), rgba }, (2, 2)).chroma.unwrap();
        assert_eq!((cb.samples[0], cr.samples[0]), (85, 255));
    }

    #[test]
    fn ranges_and_depths_meet_at_black_white_and_grey() {
        for bits in [8, 10, 12] {
            let unit = 1usize << (bits - 8);
            let (limited, full) = (luma_to_full(bits, Range::Limited), luma_to_full(bits, Range::Full));
            assert_eq!((limited[16 * unit], limited[235 * unit], limited[0]), (0, 255, 0));
            assert_eq!((full[0], full[full.len() - 1]), (0, 255));
            for range in [Range::Limited, Range::Full] {
                assert_eq!(chroma_to_full(bits, range)[128 * unit], 128, "{bits} bits, {range:?}");
            }
        }
        assert_eq!((luma_to_limited()[0], luma_to_limited()[255]), (16, 235));
        assert_eq!(
            (chroma_to_limited()[128], chroma_to_limited()[0], chroma_to_limited()[255]),
            (128, 16, 240)
        );
    }
}
