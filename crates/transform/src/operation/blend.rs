//! A colour or another picture over the picture, in the ways of Compositing and Blending Level 1.

use plan::{BlendMode, Colour, Opacity, Rect};

use crate::pixels::{Pixels, over};

type Rgb = [f32; 3];

/// Only where there is picture: what is transparent stays so.
pub(super) fn pixels(colour: Colour, mode: BlendMode, opacity: Opacity, mut pixels: Pixels) -> Pixels {
    let [r, g, b, a] = colour.rgba().map(|channel| f32::from(channel) / 255.0);
    let weight = a * opacity.percent() as f32 / 100.0;
    for pixel in &mut pixels.rgba {
        *pixel = mixed(mode, *pixel, [r, g, b], weight);
    }
    pixels
}

/// Another picture on a part of this one; as with a colour, what is transparent stays so.
pub(super) fn picture(
    with: &Pixels,
    covered: Rect,
    mode: BlendMode,
    opacity: Opacity,
    mut pixels: Pixels,
) -> Pixels {
    for (y, above) in (0..).zip(with.rgba.chunks_exact(with.size.width.max(1) as usize)) {
        let below = pixels.row_of(covered, y).unwrap_or_default();
        for (below, above) in below.iter_mut().zip(above) {
            let [r, g, b, a] = above.map(|channel| f32::from(channel) / 255.0);
            *below = mixed(mode, *below, [r, g, b], a * opacity.percent() as f32 / 100.0);
        }
    }
    pixels
}

/// A pixel with so much of what becomes of it with a colour.
fn mixed(mode: BlendMode, [r, g, b, alpha]: [u8; 4], with: Rgb, weight: f32) -> [u8; 4] {
    let below = [r, g, b].map(|channel| f32::from(channel) / 255.0);
    let mixed = blended(mode, below, with);
    let channel = |index: usize| {
        ((below[index] + weight * (mixed[index] - below[index])).clamp(0.0, 1.0) * 255.0).round() as u8
    };
    [channel(0), channel(1), channel(2), alpha]
}

/// One pixel over another, both with their alpha (Compositing and Blending Level 1, §10.1, with simple alpha compositing).
pub(super) fn composited(mode: BlendMode, below: [u8; 4], above: [u8; 4]) -> [u8; 4] {
    if mode == BlendMode::Normal {
        return over(above, below);
    }
    let unit = |[r, g, b, a]: [u8; 4]| [r, g, b, a].map(|channel| f32::from(channel) / 255.0);
    let ([br, bg, bb, below_alpha], [ar, ag, ab, above_alpha]) = (unit(below), unit(above));
    let alpha = above_alpha + below_alpha * (1.0 - above_alpha);
    if alpha <= 0.0 {
        return [0; 4];
    }
    let mixed = blended(mode, [br, bg, bb], [ar, ag, ab]);
    let channel = |below: f32, above: f32, mixed: f32| {
        let sum = above * above_alpha * (1.0 - below_alpha)
            + mixed * above_alpha * below_alpha
            + below * below_alpha * (1.0 - above_alpha);
        ((sum / alpha).clamp(0.0, 1.0) * 255.0).round() as u8
    };
    [
        channel(br, ar, mixed[0]),
        channel(bg, ag, mixed[1]),
        channel(bb, ab, mixed[2]),
        (alpha * 255.0).round() as u8,
    ]
}

/// B(Cb, Cs), with the letters of the recommendation.
fn blended(mode: BlendMode, b: Rgb, s: Rgb) -> Rgb {
    let each = |mix: fn(f32, f32) -> f32| [mix(b[0], s[0]), mix(b[1], s[1]), mix(b[2], s[2])];
    match mode {
        BlendMode::Normal => s,
        BlendMode::Multiply => each(|b, s| b * s),
        BlendMode::Screen => each(screen),
        BlendMode::Overlay => each(|b, s| hard_light(s, b)),
        BlendMode::Darken => each(f32::min),
        BlendMode::Lighten => each(f32::max),
        BlendMode::Dodge => each(|b, s| match (b, s) {
            (0.0, _) => 0.0,
            (_, 1.0) => 1.0,
            _ => (b / (1.0 - s)).min(1.0),
        }),
        BlendMode::Burn => each(|b, s| match (b, s) {
            (1.0, _) => 1.0,
            (_, 0.0) => 0.0,
            _ => 1.0 - ((1.0 - b) / s).min(1.0),
        }),
        BlendMode::HardLight => each(hard_light),
        BlendMode::SoftLight => each(soft_light),
        BlendMode::Difference => each(|b, s| (b - s).abs()),
        BlendMode::Exclusion => each(|b, s| b + s - 2.0 * b * s),
        BlendMode::Hue => with_luminosity(with_saturation(s, saturation(b)), luminosity(b)),
        BlendMode::Saturation => with_luminosity(with_saturation(b, saturation(s)), luminosity(b)),
        BlendMode::Colour => with_luminosity(s, luminosity(b)),
        BlendMode::Luminosity => with_luminosity(b, luminosity(s)),
    }
}

fn screen(b: f32, s: f32) -> f32 {
    b + s - b * s
}

fn hard_light(b: f32, s: f32) -> f32 {
    if s <= 0.5 { b * 2.0 * s } else { screen(b, 2.0 * s - 1.0) }
}

fn soft_light(b: f32, s: f32) -> f32 {
    if s <= 0.5 {
        return b - (1.0 - 2.0 * s) * b * (1.0 - b);
    }
    let d = if b <= 0.25 { ((16.0 * b - 12.0) * b + 4.0) * b } else { b.sqrt() };
    b + (2.0 * s - 1.0) * (d - b)
}

fn luminosity([r, g, b]: Rgb) -> f32 {
    0.3 * r + 0.59 * g + 0.11 * b
}

fn saturation([r, g, b]: Rgb) -> f32 {
    r.max(g).max(b) - r.min(g).min(b)
}

fn with_luminosity(colour: Rgb, wanted: f32) -> Rgb {
    let more = wanted - luminosity(colour);
    let [r, g, b] = colour.map(|channel| channel + more);
    let (least, most) = (r.min(g).min(b), r.max(g).max(b));
    [r, g, b].map(|channel| {
        let mut clipped = channel;
        if least < 0.0 {
            clipped = wanted + (clipped - wanted) * wanted / (wanted - least);
        }
        if most > 1.0 {
            clipped = wanted + (clipped - wanted) * (1.0 - wanted) / (most - wanted);
        }
        clipped
    })
}

fn with_saturation(colour: Rgb, wanted: f32) -> Rgb {
    let [r, g, b] = colour;
    let (least, range) = (r.min(g).min(b), saturation(colour));
    if range == 0.0 { [0.0; 3] } else { colour.map(|channel| (channel - least) * wanted / range) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::Size;

    fn laid(mode: BlendMode, opacity: u8, below: [u8; 4], colour: u32) -> [u8; 4] {
        let opacity = Opacity::new(opacity).unwrap();
        pixels(Colour::from_argb(colour), mode, opacity, Pixels::filled(Size::new(1, 1), below)).rgba[0]
    }

    #[test]
    fn every_mode_mixes_as_the_recommendation_says() {
        use BlendMode::*;
        // Over 204, 102, 51 (0.8, 0.4, 0.2), the colour 51, 128, 230 (0.2, 0.5, 0.9).
        for (mode, expected) in [
            (Normal, [51, 128, 230]),
            (Multiply, [41, 51, 46]),
            (Screen, [214, 179, 235]),
            (Darken, [51, 102, 51]),
            (Lighten, [204, 128, 230]),
            (Difference, [153, 26, 179]),
            (Exclusion, [173, 128, 189]),
            (Overlay, [173, 102, 92]),
            (HardLight, [82, 103, 214]),
            (Dodge, [255, 205, 255]),
            (Burn, [0, 0, 29]),
        ] {
            let [r, g, b, _] = laid(mode, 100, [204, 102, 51, 255], 0xff3380e6);
            for (found, expected) in [r, g, b].into_iter().zip(expected) {
                assert!(found.abs_diff(expected) <= 1, "{mode}: {:?}", [r, g, b]);
            }
        }
    }

    #[test]
    fn the_modes_of_colour_keep_what_they_say() {
        use BlendMode::*;
        let (photo, blue) = ([204, 102, 51, 255], 0xff3380e6);
        let rgb = |[r, g, b, _]: [u8; 4]| [r, g, b].map(|channel| f32::from(channel) / 255.0);
        for mode in [Hue, Saturation, Colour] {
            let made = rgb(laid(mode, 100, photo, blue));
            assert!((luminosity(made) - luminosity(rgb(photo))).abs() < 0.01, "{mode}: {made:?}");
        }
        let made = rgb(laid(Luminosity, 100, photo, blue));
        assert!((luminosity(made) - luminosity([0.2, 0.5, 0.9])).abs() < 0.01, "{made:?}");
        // Grey has no hue to give.
        assert_eq!(laid(Hue, 100, [204, 102, 51, 255], 0xff808080), laid(Saturation, 100, photo, 0xff808080));
    }

    #[test]
    fn opacity_and_alpha_weigh_the_colour_and_transparency_stays() {
        assert_eq!(laid(BlendMode::Normal, 50, [100, 100, 100, 9], 0xffc86464), [150, 100, 100, 9]);
        assert_eq!(laid(BlendMode::Normal, 100, [100, 100, 100, 0], 0x00c86464), [100, 100, 100, 0]);
    }

    #[test]
    fn a_picture_mixes_as_its_colours_do_where_it_lies() {
        let (below, above) = ([204, 102, 51, 255], [200, 100, 100, 128]);
        let covered = Rect { x: 1, y: 1, width: 2, height: 1 };
        let with = Pixels::filled(covered.size(), above);
        let opacity = Opacity::new(50).unwrap();
        for mode in BlendMode::ALL {
            let made = picture(&with, covered, mode, opacity, Pixels::filled(Size::new(4, 3), below));
            let there = laid(mode, 50, below, 0x80c86464);
            for (at, pixel) in made.rgba.iter().enumerate() {
                assert_eq!(*pixel, if matches!(at, 5 | 6) { there } else { below }, "{mode} {at}");
            }
        }
        let nothing = Pixels::filled(Size::new(4, 3), [9, 9, 9, 0]);
        let made = picture(&with, covered, BlendMode::Normal, opacity, nothing);
        assert!(made.rgba.iter().all(|pixel| pixel[3] == 0));
    }

    #[test]
    fn soft_light_is_gentle_at_both_ends() {
        for below in [0.0, 0.1, 0.25, 0.5, 1.0] {
            assert!((soft_light(below, 0.5) - below).abs() < 1e-6);
            assert!((0.0..=1.0).contains(&soft_light(below, 0.0)) && soft_light(below, 1.0) <= 1.0);
        }
    }

    #[test]
    fn two_pictures_mix_where_both_are_and_stay_themselves_where_one_is() {
        let (photo, grey) = ([204, 102, 51, 255], [128, 128, 128, 255]);
        assert_eq!(
            composited(BlendMode::Multiply, photo, grey),
            laid(BlendMode::Multiply, 100, photo, 0xff808080)
        );
        for mode in BlendMode::ALL {
            assert_eq!(composited(mode, [9, 9, 9, 0], grey), grey, "{mode}");
            assert_eq!(composited(mode, photo, [9, 9, 9, 0]), photo, "{mode}");
            assert_eq!(composited(mode, [0; 4], [0; 4]), [0; 4], "{mode}");
        }
    }
}
