//! A canvas of two colours that go over into each other.

use plan::{Gradient, GradientShape, Side, Size};

use crate::pixels::Pixels;

pub(super) fn canvas(gradient: &Gradient, size: Size) -> Pixels {
    let (from, to) = (gradient.colours.from.rgba(), gradient.colours.to.rgba());
    let sign = |side: Side| match side {
        Side::Start => -1.0f32,
        Side::Middle => 0.0,
        Side::End => 1.0,
    };
    let towards = gradient.towards.place();
    let (across, down) = (sign(towards.x), sign(towards.y));
    // From -1 to 1, at the middle of each pixel.
    let places = |length: u32| -> Vec<f32> {
        (0..length).map(|at| (at as f32 + 0.5) * 2.0 / length as f32 - 1.0).collect()
    };
    let (columns, rows) = (places(size.width), places(size.height));
    let part = |x: f32, y: f32| match gradient.shape {
        GradientShape::Linear => 0.5 + 0.5 * (x * across + y * down) / (across.abs() + down.abs()).max(1.0),
        GradientShape::Radial => x.hypot(y) / std::f32::consts::SQRT_2,
    };
    let rgba = rows.iter().flat_map(|&y| columns.iter().map(move |&x| (x, y)));
    Pixels { size, rgba: rgba.map(|(x, y)| between(from, to, part(x, y))).collect() }
}

/// Colours count as much as they can be seen.
fn between(from: [u8; 4], to: [u8; 4], part: f32) -> [u8; 4] {
    let (before, after) = (f32::from(from[3]) * (1.0 - part), f32::from(to[3]) * part);
    let alpha = before + after;
    if alpha <= 0.0 {
        return [0; 4];
    }
    let channel = |index: usize| {
        ((f32::from(from[index]) * before + f32::from(to[index]) * after) / alpha).round() as u8
    };
    [channel(0), channel(1), channel(2), alpha.round() as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(shape: GradientShape, towards: &str) -> Pixels {
        let colours = "ff0000,0000ff".parse().unwrap();
        let towards = towards.parse().unwrap();
        canvas(&Gradient { shape, colours, towards }, Size::new(101, 51))
    }

    fn at(pixels: &Pixels, x: usize, y: usize) -> [u8; 4] {
        pixels.rgba[y * 101 + x]
    }

    #[test]
    fn the_second_colour_is_where_it_should_be() {
        let near =
            |found: [u8; 4], wanted: [u8; 4]| found.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 4);
        let (red, blue, middle) = ([255, 0, 0, 255], [0, 0, 255, 255], [128, 0, 128, 255]);
        for (towards, first, last) in [
            ("bottom", (50, 0), (50, 50)),
            ("top", (50, 50), (50, 0)),
            ("right", (0, 25), (100, 25)),
            ("left", (100, 25), (0, 25)),
            ("bottom,right", (0, 0), (100, 50)),
            ("top,right", (0, 50), (100, 0)),
        ] {
            let made = made(GradientShape::Linear, towards);
            assert!(near(at(&made, first.0, first.1), red), "{towards}");
            assert!(near(at(&made, last.0, last.1), blue), "{towards}");
            assert!(near(at(&made, 50, 25), middle), "{towards}");
        }
        let round = made(GradientShape::Radial, "bottom");
        assert!(near(at(&round, 50, 25), red));
        for (x, y) in [(0, 0), (100, 0), (0, 50), (100, 50)] {
            assert!(near(at(&round, x, y), blue), "{x},{y}");
        }
    }

    #[test]
    fn what_fades_away_keeps_its_colour() {
        assert_eq!(between([200, 0, 0, 255], [0, 0, 0, 0], 0.5), [200, 0, 0, 128]);
        assert_eq!(between([9; 4], [0; 4], 1.0), [0; 4]);
        assert_eq!(canvas(&Gradient::default(), Size::new(1, 1)).rgba, [[128, 128, 128, 255]]);
    }
}
