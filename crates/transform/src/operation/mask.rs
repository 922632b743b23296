//! A picture cut to a shape, its edge smoothed over one pixel.

use plan::{Mask, MaskMode, Rect, Size};

use crate::colour;
use crate::pixels::Pixels;

pub(super) fn pixels(mask: Mask, mut pixels: Pixels) -> Pixels {
    let size = pixels.size;
    if size.is_empty() {
        return pixels;
    }
    let shape = Shape::of(mask, size);
    for (y, row) in pixels.rgba.chunks_exact_mut(size.width as usize).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let covered = shape.covered(x as f32 + 0.5, y as f32 + 0.5);
            if covered < 1.0 {
                pixel[3] = (f32::from(pixel[3]) * covered).round() as u8;
            }
        }
    }
    pixels
}

/// As much of each pixel as there is of another picture's; nothing where that does not reach.
pub(super) fn by_picture(by: &Pixels, covered: Rect, mode: MaskMode, mut pixels: Pixels) -> Pixels {
    let by_alpha = match mode {
        MaskMode::Auto => !by.is_opaque(),
        MaskMode::Alpha => true,
        MaskMode::Luminance => false,
    };
    let shown = |&[r, g, b, alpha]: &[u8; 4]| {
        let light = if by_alpha { 1.0 } else { colour::luma_of([r, g, b]) / 255.0 };
        f32::from(alpha) / 255.0 * light.clamp(0.0, 1.0)
    };
    let mut shares = Vec::with_capacity(pixels.size.width as usize);
    let mut rows = by.rgba.chunks_exact(by.size.width.max(1) as usize);
    for (y, row) in (0..).zip(pixels.rgba.chunks_exact_mut(pixels.size.width.max(1) as usize)) {
        shares.clear();
        if (covered.y..covered.y + covered.height).contains(&y) {
            shares.resize(covered.x as usize, 0.0);
            shares.extend(rows.next().unwrap_or_default().iter().map(shown));
        }
        for (pixel, share) in row.iter_mut().zip(shares.iter().copied().chain(std::iter::repeat(0.0))) {
            pixel[3] = (f32::from(pixel[3]) * share).round() as u8;
        }
    }
    pixels
}

/// A shape that fills a picture's frame.
pub(super) enum Shape {
    Ellipse {
        width: f32,
        height: f32,
    },
    /// Upper left, upper right, lower right, lower left.
    Corners {
        width: f32,
        height: f32,
        radii: [f32; 4],
    },
}

impl Shape {
    pub fn of(mask: Mask, size: Size) -> Shape {
        let (width, height) = (size.width as f32, size.height as f32);
        match mask {
            Mask::Ellipse => Shape::Ellipse { width, height },
            Mask::Corners(radii) => {
                let most = width.min(height) / 2.0;
                let radii = radii.map(|radius| radius.map_or(most, |radius| (radius as f32).min(most)));
                Shape::Corners { width, height, radii }
            }
        }
    }

    /// How much of the pixel with this middle lies in the shape.
    pub fn covered(&self, x: f32, y: f32) -> f32 {
        let inside = match *self {
            Shape::Ellipse { width, height } => {
                let (a, b) = (width / 2.0, height / 2.0);
                inside_ellipse((x - a, y - b), (a, b))
            }
            Shape::Corners { width, height, radii } => {
                let (left, top) = (x < width / 2.0, y < height / 2.0);
                let radius = match (left, top) {
                    (true, true) => radii[0],
                    (false, true) => radii[1],
                    (false, false) => radii[2],
                    (true, false) => radii[3],
                };
                let (from_side, from_end) = (x.min(width - x), y.min(height - y));
                if from_side >= radius || from_end >= radius {
                    return 1.0;
                }
                radius - (radius - from_side).hypot(radius - from_end)
            }
        };
        (inside + 0.5).clamp(0.0, 1.0)
    }
}

/// How far this place, seen from the middle of an ellipse with these half axes, lies within it.
pub(super) fn inside_ellipse((x, y): (f32, f32), (a, b): (f32, f32)) -> f32 {
    // The distance from the rim, by its slope: exact for a circle.
    let level = ((x / a).powi(2) + (y / b).powi(2)).sqrt();
    let slope = (x / (a * a)).hypot(y / (b * b));
    if level == 0.0 { a.min(b) } else { (1.0 - level) * level / slope }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(mask: Mask, width: u32, height: u32) -> Pixels {
        pixels(mask, Pixels::filled(Size::new(width, height), [1, 2, 3, 255]))
    }

    fn area(pixels: &Pixels) -> f64 {
        pixels.rgba.iter().map(|pixel| f64::from(pixel[3]) / 255.0).sum()
    }

    #[test]
    fn an_ellipse_touches_the_sides_and_has_its_area() {
        for (width, height) in [(100, 100), (200, 60), (31, 77)] {
            let made = masked(Mask::Ellipse, width, height);
            let expected = std::f64::consts::PI * f64::from(width) * f64::from(height) / 4.0;
            assert!(
                (area(&made) / expected - 1.0).abs() < 0.01,
                "{width}x{height}: {} {expected}",
                area(&made)
            );
            let at = |x: u32, y: u32| made.rgba[(y * width + x) as usize][3];
            assert_eq!((at(0, 0), at(width / 2, height / 2)), (0, 255));
            assert!(at(width / 2, 0) > 100 && at(0, height / 2) > 100);
        }
    }

    #[test]
    fn corners_are_rounded_each_by_its_own_radius() {
        let made = masked(Mask::Corners([Some(0), Some(10), Some(20), None]), 100, 60);
        let at = |x: usize, y: usize| made.rgba[y * 100 + x][3];
        assert_eq!((at(0, 0), at(99, 0), at(99, 59), at(0, 59)), (255, 0, 0, 0));
        // The pixel that the corner's arc is nearest to the middle at.
        assert_eq!((at(96, 3), at(93, 53), at(9, 50)), (255, 255, 255));
        let lost = |radius: f64| radius * radius * (1.0 - std::f64::consts::FRAC_PI_4);
        let expected = 6000.0 - lost(10.0) - lost(20.0) - lost(30.0);
        assert!((area(&made) - expected).abs() < 6.0, "{} {expected}", area(&made));
    }

    #[test]
    fn a_picture_masks_by_its_transparency_or_its_light() {
        let seen = |by: [u8; 4], mode: MaskMode| {
            let covered = Rect { x: 1, y: 1, width: 2, height: 1 };
            let by = Pixels::filled(covered.size(), by);
            let made = by_picture(&by, covered, mode, Pixels::filled(Size::new(4, 3), [1, 2, 3, 200]));
            let alpha: Vec<u8> = made.rgba.iter().map(|pixel| pixel[3]).collect();
            let bare = (0..12).filter(|at| !matches!(at, 5 | 6)).all(|at| alpha[at] == 0);
            assert!(bare && alpha[5] == alpha[6], "{alpha:?}");
            alpha[5]
        };
        let (white, grey, glass) = ([255; 4], [128, 128, 128, 255], [128, 128, 128, 128]);
        for (mode, expected) in [
            (MaskMode::Auto, [200, 100, 100]),
            (MaskMode::Alpha, [200, 200, 100]),
            (MaskMode::Luminance, [200, 100, 50]),
        ] {
            assert_eq!([white, grey, glass].map(|by| seen(by, mode)), expected, "{mode}");
        }
    }

    #[test]
    fn the_smallest_pictures_have_shapes_too() {
        for (width, height) in [(1, 1), (1, 9), (2, 1)] {
            assert!(area(&masked(Mask::Ellipse, width, height)) > 0.4);
            assert!(area(&masked(Mask::Corners([None; 4]), width, height)) > 0.4);
        }
    }
}
