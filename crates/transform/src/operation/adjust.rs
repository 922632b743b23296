//! Light and colour, pixel by pixel.
//!
//! All of it is defined on luma and chroma, so that a picture that never becomes RGB and one that must look the same.
//! What is a straight line on each of red, green and blue (exposure, brightness, contrast, inversion) is the same line
//! on luma, and its slope on chroma.

use plan::Adjustments;

use crate::colour::{Luma, chroma_of, luma_of, to_rgb};
use crate::pixels::Pixels;
use crate::planes::Planes;

/// What becomes of luma, and of each pair of chroma values.
struct Tone {
    luma: Luma,
    chroma: Chroma,
}

impl Tone {
    fn of(adjustments: &Adjustments) -> Tone {
        let part = |amount: i16| f32::from(amount) / 100.0;
        // Two stops at most, through the usual curve of display light.
        let exposure = (2.0 * part(adjustments.exposure.get()) / 2.2).exp2();
        let brightness = part(adjustments.brightness.get()) / 2.0;
        let contrast = 1.0 + part(adjustments.contrast.get());
        let gamma = (-part(adjustments.gamma.get())).exp2();
        let highlights = -part(adjustments.highlights.get());
        let shadows = part(adjustments.shadows.get());
        let curve = |light: f32| {
            let line = (light * exposure + brightness - 0.5) * contrast + 0.5;
            let bent = line.clamp(0.0, 1.0).powf(gamma);
            let lowered = 1.0 - raised(1.0 - bent, highlights);
            let light = raised(lowered, shadows);
            if adjustments.invert { 1.0 - light } else { light }
        };
        let saturation = if adjustments.greyscale { 0.0 } else { 1.0 + part(adjustments.saturation.get()) };
        let sign = if adjustments.invert { -1.0 } else { 1.0 };
        let (sin, cos) = f32::from(adjustments.hue.get()).to_radians().sin_cos();
        Tone {
            luma: Luma::of(curve),
            chroma: Chroma {
                scale: exposure * contrast * saturation * sign,
                vibrance: part(adjustments.vibrance.get()),
                turn: (sin, cos),
            },
        }
    }
}

/// The darker half with more light in it: black stays black, middle grey and all above stay as they are.
fn raised(light: f32, amount: f32) -> f32 {
    if light >= 0.5 {
        return light;
    }
    let depth = 1.0 - 2.0 * light;
    light + amount * depth * (0.5 * (2.0 * light).sqrt() - light)
}

struct Chroma {
    scale: f32,
    vibrance: f32,
    /// Sine and cosine.
    turn: (f32, f32),
}

impl Chroma {
    /// `cb` and `cr` as distances from grey.
    fn of(&self, cb: f32, cr: f32) -> (f32, f32) {
        let (sin, cos) = self.turn;
        // The strongest colours of sRGB are some 140 away from grey.
        let vibrance = match self.vibrance {
            0.0 => 1.0,
            vibrance => 1.0 + vibrance * (1.0 - (cb.hypot(cr) / 140.0).min(1.0)),
        };
        let scale = self.scale * vibrance;
        (scale * (cb * cos - cr * sin), scale * (cb * sin + cr * cos))
    }
}

pub(super) fn planes(adjustments: &Adjustments, mut planes: Planes) -> Planes {
    let tone = Tone::of(adjustments);
    let table = tone.luma.table();
    for sample in &mut planes.luma.samples {
        *sample = table[usize::from(*sample)];
    }
    if adjustments.is_grey() {
        planes.chroma = None;
    }
    if let Some([cb, cr]) = &mut planes.chroma {
        for (cb, cr) in cb.samples.iter_mut().zip(&mut cr.samples) {
            let (b, r) = tone.chroma.of(f32::from(*cb) - 128.0, f32::from(*cr) - 128.0);
            (*cb, *cr) = ((b + 128.0).round() as u8, (r + 128.0).round() as u8);
        }
    }
    planes
}

pub(super) fn pixels(adjustments: &Adjustments, mut pixels: Pixels) -> Pixels {
    let tone = Tone::of(adjustments);
    for pixel in &mut pixels.rgba {
        let [r, g, b, a] = *pixel;
        let luma = luma_of([r, g, b]);
        let (cb, cr) = chroma_of([r, g, b], luma);
        let (cb, cr) = tone.chroma.of(cb, cr);
        let [r, g, b] = to_rgb(tone.luma.at(luma), cb, cr);
        *pixel = [r, g, b, a];
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::{to_pixels, to_planes};
    use plan::{Amount, Size, Swing};

    fn swing(value: i16) -> Swing {
        Swing::new(value).unwrap()
    }

    fn of(adjustments: Adjustments, colour: [u8; 3]) -> [u8; 3] {
        let [r, g, b] = colour;
        let made = pixels(&adjustments, Pixels::filled(Size::new(1, 1), [r, g, b, 77]));
        let [r, g, b, a] = made.rgba[0];
        assert_eq!(a, 77);
        [r, g, b]
    }

    #[track_caller]
    fn check(adjustments: Adjustments, from: [u8; 3], to: [u8; 3]) {
        let found = of(adjustments, from);
        let off = found.iter().zip(to).map(|(found, to)| found.abs_diff(to)).max();
        assert!(off <= Some(1), "{adjustments:?}: {from:?} became {found:?}, not {to:?}");
    }

    #[test]
    fn each_adjustment_does_what_it_says() {
        let nothing = Adjustments::default();
        let (orange, grey) = ([200, 120, 40], [128; 3]);
        check(nothing, orange, orange);
        check(Adjustments { brightness: swing(20), ..nothing }, orange, [226, 146, 66]);
        check(Adjustments { brightness: swing(-100), ..nothing }, grey, [0; 3]);
        check(Adjustments { contrast: swing(-100), ..nothing }, orange, grey);
        check(Adjustments { contrast: swing(50), ..nothing }, [100, 128, 150], [86, 128, 161]);
        // One stop is half the way: light is doubled, of which the curve of displays leaves 1.37.
        check(Adjustments { exposure: swing(50), ..nothing }, [100, 50, 20], [137, 69, 27]);
        check(Adjustments { gamma: swing(100), ..nothing }, [64; 3], [128; 3]);
        check(Adjustments { gamma: swing(-100), ..nothing }, [128; 3], [64; 3]);
        check(Adjustments { invert: true, ..nothing }, orange, [55, 135, 215]);
        check(Adjustments { greyscale: true, ..nothing }, orange, [135; 3]);
        check(Adjustments { saturation: swing(-100), ..nothing }, orange, [135; 3]);
        check(Adjustments { saturation: swing(50), ..nothing }, [140, 130, 120], [144, 129, 115]);
        for ends in [[0; 3], [255; 3], grey] {
            check(Adjustments { shadows: Amount::new(100).unwrap(), ..nothing }, ends, ends);
            check(Adjustments { highlights: Amount::new(-100).unwrap(), ..nothing }, ends, ends);
            check(Adjustments { hue: Amount::new(180).unwrap(), ..nothing }, ends, ends);
        }
        assert!(of(Adjustments { shadows: Amount::new(50).unwrap(), ..nothing }, [20; 3])[0] > 25);
        assert!(of(Adjustments { highlights: Amount::new(-50).unwrap(), ..nothing }, [235; 3])[0] < 230);
    }

    #[test]
    fn a_third_of_a_turn_makes_red_green_and_green_blue() {
        let hue = Adjustments { hue: Amount::new(120).unwrap(), ..Adjustments::default() };
        let [r, g, b] = of(hue, [180, 60, 60]);
        assert!(g > r && g > b, "{:?}", [r, g, b]);
        let [r, g, b] = of(hue, [60, 180, 60]);
        assert!(b > r && b > g, "{:?}", [r, g, b]);
    }

    #[test]
    fn vibrance_leaves_strong_colours_alone() {
        let vibrance = Adjustments { vibrance: swing(100), ..Adjustments::default() };
        let gain = |colour: [u8; 3]| {
            let spread = |[r, _, b]: [u8; 3]| f64::from(r) - f64::from(b);
            spread(of(vibrance, colour)) / spread(colour)
        };
        assert!(gain([140, 128, 116]) > 1.7 && gain([230, 100, 40]) < 1.4);
    }

    #[test]
    fn curves_never_make_the_lighter_darker() {
        for (highlights, shadows, gamma) in [(-100, 0, 0), (0, 100, 0), (-100, 100, 50), (-100, 100, -50)] {
            let adjustments = Adjustments {
                highlights: Amount::new(highlights).unwrap(),
                shadows: Amount::new(shadows).unwrap(),
                gamma: swing(gamma),
                ..Adjustments::default()
            };
            assert!(Tone::of(&adjustments).luma.table().is_sorted(), "{adjustments:?}");
        }
    }

    #[test]
    fn planes_and_pixels_agree() {
        let adjustments = Adjustments {
            contrast: swing(20),
            brightness: swing(-10),
            hue: Amount::new(40).unwrap(),
            vibrance: swing(30),
            ..Adjustments::default()
        };
        for colour in [[200, 120, 40], [90, 100, 160], [128; 3], [60, 140, 70]] {
            let [r, g, b] = colour;
            let flat = Pixels::filled(Size::new(2, 2), [r, g, b, 255]);
            let mut made = planes(&adjustments, to_planes(&flat, (2, 2)));
            made.chroma = made.chroma.map(|both| {
                both.map(|one| crate::planes::Plane { width: 2, height: 2, samples: vec![one.samples[0]; 4] })
            });
            let ([r, g, b, _], expected) = (to_pixels(&made).rgba[0], of(adjustments, colour));
            for (found, expected) in [r, g, b].into_iter().zip(expected) {
                assert!(found.abs_diff(expected) <= 4, "{colour:?}: {:?} and {expected:?}", [r, g, b]);
            }
        }
    }
}
